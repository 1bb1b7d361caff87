//! Whose files: how their root is opened, and which rights remain.

use masu_steps::failure::{failed, failed_because};
use masu_steps::process_identity::start_time;
use masu_sys::capability::NAMES;
use masu_sys::credential::{self, Sets};
use masu_sys::errno::values::{EPERM, ESRCH};
use masu_sys::error::SysError;
use masu_sys::file::{self, OFlags};
use masu_sys::namespace::{self, flag};
use masu_sys::resolve::Root;
use masu_wire::error::CoreError;
use masu_wire::plan::StageStep;
use masu_wire::tree::TreePlace;
use std::os::fd::{AsFd, OwnedFd};

use crate::stage;

/// The way to the files.
pub(super) struct Way {
    pub(super) root: Root,
    /// They are the caller's own.
    pub(super) caller: bool,
}

/// What a container's root may do to files, whatever its program is denied: the person who asks is its master.
const ALWAYS: [&str; 5] = ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID"];
/// What it may do only where its program could: device files and capabilities of files are rights that stay behind.
const IF_GIVEN: [&str; 2] = ["CAP_MKNOD", "CAP_SETFCAP"];

/// Opens the root and gives up what is not needed any more.
pub(super) fn enter(place: &TreePlace, socket: &OwnedFd, layers: Vec<OwnedFd>) -> Result<Way, CoreError> {
    match place {
        TreePlace::Caller | TreePlace::Layers { .. } => {
            let root = open_directory("/")?;
            Ok(Way { root: Root::new(root), caller: matches!(place, TreePlace::Caller) })
        }
        TreePlace::Running { pid, start, capabilities } => {
            let root = enter_running(*pid, *start)?;
            confine(capabilities)?;
            Ok(Way { root: Root::new(root), caller: false })
        }
        TreePlace::Stopped { steps, capabilities, .. } => {
            let root = mount(socket, layers, steps)?;
            confine(capabilities)?;
            Ok(Way { root: Root::new(root), caller: false })
        }
    }
}

fn open_directory(path: &str) -> Result<OwnedFd, CoreError> {
    file::open(path, OFlags::PATH | OFlags::DIRECTORY).map_err(|error| failed(format!("Open {path:?}"), error))
}

/// The root as the process sees it, and the process's user namespace. The start time is compared before and after, so that all is of one process.
fn enter_running(pid: u32, start: u64) -> Result<OwnedFd, CoreError> {
    expect(pid, start)?;
    let root = open_directory(&format!("/proc/{pid}/root"))?;
    let open = |path: &str| file::open(path, OFlags::RDONLY).map_err(|error| failed(format!("Open {path:?}"), error));
    let (theirs, own) = (open(&format!("/proc/{pid}/ns/user"))?, open("/proc/self/ns/user")?);
    expect(pid, start)?;
    let explain = |error| failed("Enter the container's user namespace", error);
    let status = |file: &OwnedFd| file::status(file.as_fd()).map_err(explain);
    if !file::same_file(&status(&theirs)?, &status(&own)?) {
        namespace::enter(theirs.as_fd(), flag::USER).map_err(explain)?;
        become_root(true).map_err(explain)?;
    }
    Ok(root)
}

fn expect(pid: u32, start: u64) -> Result<(), CoreError> {
    let action = || format!("Find the container's process {pid}");
    match start_time(pid) {
        Ok(found) if found == start => Ok(()),
        Ok(_) => Err(failed_because(action(), "it has ended", SysError::new("open", ESRCH))),
        Err(error) if error.errno == ESRCH => Err(failed_because(action(), "it has ended", error)),
        Err(error) => Err(failed(action(), error)),
    }
}

/// Root of the user namespace that this process is in, with all capabilities there.
pub(super) fn become_root(drop_groups: bool) -> Result<(), SysError> {
    if drop_groups {
        match credential::set_groups(&[]) {
            // Denied in this namespace for good: user_namespaces(7), `/proc/PID/setgroups`.
            Err(error) if error.errno == EPERM => {}
            dropped => dropped?,
        }
    }
    credential::set_group(0)?;
    credential::set_user(0)
}

/// The root of a container that does not run, in a mount namespace that ends with this process.
fn mount(socket: &OwnedFd, layers: Vec<OwnedFd>, steps: &[StageStep]) -> Result<OwnedFd, CoreError> {
    namespace::unshare(flag::MOUNT).map_err(|error| failed("Make a mount namespace", error))?;
    stage::assemble(socket, layers, steps)
}

/// From here on nothing but what [`ALWAYS`] says, and what the container has of [`IF_GIVEN`].
fn confine(given: &[String]) -> Result<(), CoreError> {
    let wanted = ALWAYS.into_iter().chain(IF_GIVEN.into_iter().filter(|name| given.iter().any(|given| given == name)));
    let numbers = wanted.filter_map(|name| NAMES.iter().position(|known| *known == name));
    let explain = |error| failed("Give up capabilities", error);
    let keep = credential::set_of(numbers.filter_map(|number| u32::try_from(number).ok())).map_err(explain)?;
    let has = credential::capabilities().map_err(explain)?;
    let keep = has.permitted & keep;
    credential::set_capabilities(&Sets { effective: keep, permitted: keep, inheritable: 0 }).map_err(explain)
}
