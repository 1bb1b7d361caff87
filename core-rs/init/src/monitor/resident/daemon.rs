//! Out of reach of whoever started the monitor: its session, its signals, its descriptors, its working directory.

use masu_sys::error::SysError;
use masu_sys::file::{self, OFlags};
use masu_sys::process::{self, Side, SingleThread};
use masu_sys::{descriptor, signal};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

/// SIGRTMAX
const LAST_SIGNAL: i32 = 64;

/// True: this is the process that stays. False: this is the one that was started, whose parent waits for it.
///
/// Errors: those of setsid(2), clone(2) and open(2) of `/dev/null`.
pub(super) fn withdraw(socket: &OwnedFd) -> Result<bool, SysError> {
    signal::block_all()?;
    descriptor::close_from(3, &[socket.as_raw_fd().unsigned_abs()])?;
    descriptor::close_on_exec(socket.as_fd())?;
    process::new_session()?;
    // Who leads no session gets no controlling terminal; who has no parent here needs nobody to reap it.
    if let Side::Parent { .. } = process::fork(SingleThread::prove()?)? {
        return Ok(false);
    }
    // What a caller ignores (nohup(1)), a container is not to ignore for it; some numbers are the C library's own.
    for signal in 1..=LAST_SIGNAL {
        let _ = signal::reset(signal);
    }
    process::change_to_root()?;
    process::set_umask(0o077);
    let null = file::open("/dev/null", OFlags::RDWR)?;
    process::become_stdio([null.as_fd(); 3])?;
    Ok(true)
}
