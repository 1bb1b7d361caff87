//! Into the container's namespaces and identity, before its first step. setns(2), user_namespaces(7), time_namespaces(7)

use std::fmt::Write;
use std::os::fd::{AsFd, OwnedFd};

use masu_steps::failure::{failed, failed_because};
use masu_steps::process_identity::start_time;
use masu_steps::stage_protocol::{self as protocol, EnterOrder, StageDocument, StageMessage};
use masu_sys::credential::{self, Sets};
use masu_sys::errno::values::ESRCH;
use masu_sys::error::SysError;
use masu_sys::file::{self, OFlags};
use masu_sys::namespace::{self, flag};
use masu_sys::process::{self, Side, SingleThread};
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::plan::{JoinNamespace, JoinTarget, Namespace, PartStep, TimeOffset};

use super::kernel_object::{flag_of, name_of};
use super::setting::{join_cgroup_v2, join_opened_cgroup};

/// Joins namespaces and continues in a child with the new ones; the process that called this has ended then.
pub(super) fn enter(socket: &OwnedFd, order: &EnterOrder) -> Result<(), CoreError> {
    // The processes of a joined namespace could trace this one otherwise.
    credential::set_dumpable(false).map_err(|error| failed("Forbid others to trace the stage", error))?;
    // All are opened first: a joined mount namespace shows another /proc.
    let mut opened = Vec::with_capacity(order.join.len());
    for join in &order.join {
        let file = file::open(&join.path, OFlags::RDONLY).map_err(|error| {
            failed(format!("Open the {} namespace {:?}", name_of(join.namespace), join.path), error)
        })?;
        opened.push((join, file));
    }
    let places = Places::open(order.part.as_deref())?;
    let cgroup = order.cgroup.as_ref().map(|path| {
        file::open(path, OFlags::PATH | OFlags::DIRECTORY)
            .map_err(|error| failed(format!("Open the cgroup {path:?}"), error))
    });
    let cgroup = cgroup.transpose()?;
    // A user namespace gives the rights to enter the others; the sort keeps their order.
    opened.sort_by_key(|(join, _)| join.namespace != Namespace::User);
    if order.part.is_some() {
        enter_with_own_rights(&mut opened);
    }
    for (join, file) in &opened {
        namespace::enter(file.as_fd(), flag_of(join.namespace)).map_err(|error| {
            failed(format!("Enter the {} namespace {:?}", name_of(join.namespace), join.path), error)
        })?;
    }
    drop(opened);
    places.enter()?;
    let new =
        order.namespaces.iter().filter(|kind| **kind != Namespace::Time).fold(0, |flags, kind| flags | flag_of(*kind));
    let cloned =
        SingleThread::prove().and_then(|alone| process::fork_sibling(alone, new, cgroup.as_ref().map(AsFd::as_fd)));
    let (side, in_cgroup) = cloned.map_err(|error| of_clone(failed("Clone the container's first process", error)))?;
    match side {
        Side::Child => {
            if let (Some(cgroup), false) = (&cgroup, in_cgroup) {
                join_opened_cgroup(cgroup.as_fd(), order.cgroup.as_deref().unwrap_or_default())?;
            }
            // An ordinary user's core writes the maps of a new user namespace, for which the files in /proc must be the user's.
            let maps = new & flag::USER != 0;
            if maps {
                credential::set_dumpable(true).map_err(|error| failed("Open the stage to the core", error))
            } else {
                Ok(())
            }
        }
        Side::Parent { pid, pidfd } => {
            let message = StageMessage::Entered { pid };
            let sent = protocol::send(socket.as_fd(), &message, pidfd.as_ref().map(AsFd::as_fd).as_slice());
            process::exit(if sent.is_ok() { 0 } else { 125 })
        }
    }
}

/// Namespaces of any owners: what may be entered now may be closed to a user namespace, which is entered after them. nsenter(1)
fn enter_with_own_rights(opened: &mut Vec<(&JoinNamespace, OwnedFd)>) {
    if !opened.iter().any(|(join, _)| join.namespace == Namespace::User) {
        return;
    }
    opened.retain(|(join, file)| {
        join.namespace == Namespace::User || namespace::enter(file.as_fd(), flag_of(join.namespace)).is_err()
    });
}

/// Directories of the runtime namespace, opened while they can be named, and the process that has to be the same one still.
#[derive(Default)]
struct Places {
    root: Option<(String, OwnedFd)>,
    directory: Option<(String, OwnedFd)>,
}

impl Places {
    /// After the namespaces were opened: a process that still is who it was had their pid then, too.
    fn open(part: Option<&PartStep>) -> Result<Self, CoreError> {
        let Some(part) = part else { return Ok(Self::default()) };
        let open = |path: &Option<String>, what: &str| {
            path.as_ref().map_or(Ok(None), |path| {
                let opened = file::open(path, OFlags::PATH | OFlags::DIRECTORY);
                let opened = opened.map_err(|error| failed(format!("Open the {what} {path:?}"), error))?;
                Ok(Some((path.clone(), opened)))
            })
        };
        let places = Self { root: open(&part.root, "root")?, directory: open(&part.directory, "directory")? };
        if let Some(JoinTarget { pid, start }) = part.target
            && start_time(pid) != Ok(start)
        {
            let action = format!("Enter the namespaces of process {pid}");
            let mut failure = failed_because(&action, "it has ended", SysError::new("open", ESRCH));
            failure.code = ErrorCode::NotFound;
            return Err(failure);
        }
        Ok(places)
    }

    /// chroot(2) in the namespaces that were joined; a joined mount namespace has made its own root the directory.
    fn enter(self) -> Result<(), CoreError> {
        if let Some((path, root)) = self.root {
            let explain = |error| failed(format!("Make {path:?} the root"), error);
            process::change_directory(root.as_fd()).map_err(explain)?;
            process::change_root_to_cwd().map_err(explain)?;
        }
        if let Some((path, directory)) = self.directory {
            process::change_directory(directory.as_fd())
                .map_err(|error| failed(format!("Change directory to {path:?}"), error))?;
        }
        Ok(())
    }
}

fn of_clone(error: CoreError) -> CoreError {
    match error.errno {
        Some(libc::ENOSPC | libc::EUSERS) => {
            error.with_hint("a limit of namespaces is reached: see /proc/sys/user/max_*_namespaces")
        }
        Some(libc::EAGAIN) => error.with_hint(
            "a limit of processes is reached: see pids.max of the cgroup, ulimit -u and /proc/sys/kernel/pid_max",
        ),
        _ => error,
    }
}

/// What belongs to the clone but can only be done from inside.
pub(super) fn settle(document: &StageDocument) -> Result<(), CoreError> {
    if let Some(cgroup) = &document.cgroup {
        join_cgroup_v2(cgroup)?;
    }
    if document.user_namespace {
        if document.part.as_ref().is_some_and(|part| part.keep_ids) {
            forget_kept_capabilities().map_err(|error| failed("Clear the ambient capabilities", error))?;
        } else {
            become_root()?;
        }
    }
    if document.new_time_namespace {
        enter_new_time_namespace(&document.time_offsets)?;
    }
    Ok(())
}

/// Becomes the user namespace's uid 0 with all its capabilities, and nothing that execve(2) would keep of them.
fn become_root() -> Result<(), CoreError> {
    let explain = |error| {
        failed("Become the user namespace's root", error)
            .with_hint("the user namespace's maps must map the container's ids 0: see user_namespaces(7)")
    };
    credential::set_group(0).map_err(explain)?;
    credential::set_user(0).map_err(explain)?;
    forget_kept_capabilities().map_err(explain)
}

/// Those that this executable itself was executed with: a new user namespace gives them to nobody's execve(2).
fn forget_kept_capabilities() -> Result<(), SysError> {
    credential::clear_ambient()?;
    let sets = credential::capabilities()?;
    credential::set_capabilities(&Sets { inheritable: 0, ..sets })
}

/// Offsets can be written only while no process is in the namespace, and setns(2) is what enters it on every kernel that has it.
fn enter_new_time_namespace(offsets: &[TimeOffset]) -> Result<(), CoreError> {
    namespace::unshare(flag::TIME).map_err(|error| failed("Make a time namespace", error))?;
    if !offsets.is_empty() {
        let text = offset_lines(offsets);
        let file = file::open("/proc/self/timens_offsets", OFlags::WRONLY)
            .map_err(|error| failed("Open \"/proc/self/timens_offsets\"", error))?;
        file::write_control(file.as_fd(), &text).map_err(|error| {
            failed(format!("Write {:?} to \"/proc/self/timens_offsets\"", text.trim_end()), error)
                .with_hint("no clock may become negative or go beyond about 146 years: see time_namespaces(7)")
        })?;
    }
    let path = "/proc/self/ns/time_for_children";
    let enter = |error| failed("Enter the new time namespace", error);
    namespace::enter(file::open(path, OFlags::RDONLY).map_err(enter)?.as_fd(), flag::TIME).map_err(enter)
}

/// As `/proc/PID/timens_offsets` wants it.
fn offset_lines(offsets: &[TimeOffset]) -> String {
    let mut text = String::new();
    for TimeOffset { clock, seconds, nanoseconds } in offsets {
        // Writing to a String does not fail.
        let _ = writeln!(text, "{clock} {seconds} {nanoseconds}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offset_lines_writes_a_line_for_each_clock() {
        let offset = |clock: &str, seconds, nanoseconds| TimeOffset { clock: clock.to_owned(), seconds, nanoseconds };
        assert_eq!(
            offset_lines(&[offset("monotonic", -86400, 0), offset("boottime", 7, 5)]),
            "monotonic -86400 0\nboottime 7 5\n"
        );
        assert_eq!(offset_lines(&[]), "");
    }
}
