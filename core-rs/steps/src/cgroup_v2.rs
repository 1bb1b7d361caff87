//! v2 cgroups on the way down to a container's: made, and given controllers.
//!
//! Source: kernel, Documentation/admin-guide/cgroup-v2.rst, "Threads", "Controlling Controllers".

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use masu_sys::errno::values::{EBUSY, EINVAL, ENOENT, EOPNOTSUPP};
use masu_sys::error::SysError;
use masu_sys::file::{self, OFlags};
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::plan::NeededController;

use crate::directory;
use crate::failure::{failed, failed_because};

const CONTROL: &str = "cgroup.subtree_control";
/// What single threads can be limited by. A group with processes of its own can give it to groups below, which are threaded then.
const THREADED: [&str; 4] = ["cpu", "cpuset", "perf_event", "pids"];
/// More than the longest word of `cgroup.type`.
const TYPE_LENGTH: usize = 32;

/// `HostStep::MakeCgroup`
pub(crate) fn make(path: &str) -> Result<(), CoreError> {
    directory::make(path, 0o755, true, None)?;
    let kind = format!("{path}/cgroup.type");
    // Without this file there are no threaded groups: Linux up to 4.13.
    let read = file::open(&kind, OFlags::RDONLY).and_then(|kind| file::read_start(kind.as_fd(), TYPE_LENGTH));
    if !read.is_ok_and(|text| text.trim_ascii() == b"domain invalid") {
        return Ok(());
    }
    file::open(&kind, OFlags::WRONLY)
        .and_then(|kind| file::write_control(kind.as_fd(), "threaded"))
        .map_err(|error| failed(format!("Make cgroup {path:?} threaded, as those above it are"), error))
}

/// `HostStep::EnableControllers`
pub(crate) fn enable(path: &str, needed: &[NeededController], usual: &[String]) -> Result<(), CoreError> {
    let refuse = |error: SysError| match blamed(Path::new(path), needed, error.errno) {
        Some(controller) => Err(not_enabled(path, controller, error)),
        None => Ok(()),
    };
    let control = match file::open(&format!("{path}/{CONTROL}"), OFlags::WRONLY) {
        Ok(control) => control,
        Err(error) => return refuse(error),
    };
    // Where it has processes, only what is threaded can be had, and then every group below has to be threaded: not for nothing.
    let is_spared = || needed.is_empty() && has_processes(Path::new(path));
    if usual.iter().all(|name| is_threaded(name)) && is_spared() {
        return Ok(());
    }
    let asked = || needed.iter().map(|controller| controller.name.as_str());
    if write(&control, asked().chain(usual.iter().map(String::as_str))).is_ok() || is_spared() {
        return Ok(());
    }
    // All or none: the group would be another one for nothing if it could give away some of them.
    let granted = if needed.is_empty() { Ok(()) } else { write(&control, asked()) };
    if let Err(error) = granted {
        return refuse(error);
    }
    for name in usual {
        // What cannot be had is left out: nothing was asked of it.
        let _ = write(&control, std::iter::once(name.as_str()));
    }
    Ok(())
}

fn is_threaded(controller: &str) -> bool {
    THREADED.contains(&controller)
}

/// cgroup-v2.rst, "No Internal Process Constraint": of the root, which has no type, nothing is demanded.
fn has_processes(cgroup: &Path) -> bool {
    let is_root = !cgroup.join("cgroup.type").exists();
    // That of a threaded group cannot be read.
    !is_root && std::fs::read_to_string(cgroup.join("cgroup.procs")).map_or(true, |pids| !pids.is_empty())
}

fn write<'a>(control: &OwnedFd, names: impl Iterator<Item = &'a str>) -> Result<(), SysError> {
    let text = names.map(|name| format!("+{name}")).collect::<Vec<_>>().join(" ");
    file::write_control(control.as_fd(), &text)
}

/// The controller for which the kernel refused all of them; none: none is needed.
fn blamed<'a>(cgroup: &Path, needed: &'a [NeededController], errno: i32) -> Option<&'a NeededController> {
    let missing = missing_controllers(cgroup);
    let is_blamed = |NeededController { name, .. }: &&NeededController| match errno {
        ENOENT | EINVAL => missing(name),
        EBUSY | EOPNOTSUPP => !is_threaded(name),
        _ => false,
    };
    needed.iter().find(is_blamed).or(needed.first())
}

fn not_enabled(path: &str, NeededController { name, by }: &NeededController, error: SysError) -> CoreError {
    let action = format!("Enable cgroup controller {name:?} in {path:?} for {by:?}");
    let (cause, code) = match error.errno {
        EBUSY => ("the cgroup has processes of its own", ErrorCode::Denied),
        EOPNOTSUPP => ("the cgroup is threaded", ErrorCode::Denied),
        ENOENT | EINVAL if missing_controllers(Path::new(path))(name) => {
            ("it is not available there", ErrorCode::KernelLacks)
        }
        _ => return failed(action, error),
    };
    let failure = CoreError { code, ..failed_because(action, cause, error) };
    match hint(Path::new(path), &[name], error.errno) {
        Some(hint) => failure.with_hint(hint),
        None => failure,
    }
}

/// What to do about controllers that the cgroup cannot enable; none: nothing is known.
pub(crate) fn hint(cgroup: &Path, names: &[&str], errno: i32) -> Option<String> {
    let missing = missing_controllers(cgroup);
    let missing: Vec<_> = names.iter().copied().filter(|name| missing(name)).collect();
    match errno {
        EBUSY => Some(
            "a cgroup with processes of its own gives none to those below it (no internal processes): move them, masu with them, into one below it".to_owned(),
        ),
        EOPNOTSUPP => Some(format!("threads can be limited by {} alone", THREADED.join(", "))),
        _ if !missing.is_empty() => Some(format!(
            "the cgroup controller \"{}\" is not available here: enable it in the parent's {CONTROL} (systemd: Delegate=yes), or leave out the limit that needs it",
            missing.join("\", \"")
        )),
        _ => None,
    }
}

/// Whether a cgroup has no such controller to give away.
fn missing_controllers(cgroup: &Path) -> impl Fn(&str) -> bool {
    let available = std::fs::read_to_string(cgroup.join("cgroup.controllers")).unwrap_or_default();
    move |name| !available.split_whitespace().any(|one| one == name)
}
