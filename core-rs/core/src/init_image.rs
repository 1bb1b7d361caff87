//! The static executable, in memory that nobody can change: what a container could reach of masu is this and nothing else.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Mutex;

use masu_steps::failure::failed;
use masu_sys::errno::values::EACCES;
use masu_sys::memfd::sealed_executable;
use masu_wire::error::CoreError;

const INIT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/init"));

/// Made once, and kept as long as the process.
static IMAGE: Mutex<Option<&'static OwnedFd>> = Mutex::new(None);

/// The sealed memfd of `init`.
///
/// Errors: `bug` when the library was built without it; those of memfd_create(2).
pub(crate) fn init() -> Result<BorrowedFd<'static>, CoreError> {
    if INIT.is_empty() {
        return Err(CoreError::bug("Execute init: this core was built without it")
            .with_hint("build masu-init first and name the executable in MASU_INIT when building masu-core"));
    }
    // A panic cannot leave a half-made descriptor behind, so a poisoned lock is as good as any.
    let mut image = IMAGE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(made) = *image {
        return Ok(made.as_fd());
    }
    let made = sealed_executable(c"masu", INIT).map_err(|error| {
        let failure = failed("Put init into sealed memory", error);
        if error.errno == EACCES {
            failure.with_hint("sysctl vm.memfd_noexec is 2 here; masu needs 0 or 1")
        } else {
            failure
        }
    })?;
    let made: &'static OwnedFd = Box::leak(Box::new(made));
    *image = Some(made);
    Ok(made.as_fd())
}

/// Makes the memfd on a thread of its own, so that it is there when a plan is: it takes a millisecond, which planning takes too.
pub(crate) fn prepare() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    if !INIT.is_empty() {
        // Who needs it finds it, waits for it, or makes it and hears why it cannot be made.
        ONCE.call_once(|| drop(std::thread::Builder::new().name("masu-init".to_owned()).spawn(init)));
    }
}

/// What host steps need; without an embedded init only steps in a user namespace fail.
pub(crate) fn tools() -> masu_steps::executor::Tools<'static> {
    masu_steps::executor::Tools { init: init().ok() }
}
