//! Into a running container, all but its pid namespace. setns(2)
//!
//! That one is for children alone (pid_namespaces(7)), so that nothing in the container can see the stage, let alone trace it. Its only
//! child there is the program's process, made by [`super::birth`] when nothing is left to take away from it.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use masu_steps::failure::{failed, failed_because};
use masu_steps::process_identity::start_time_in;
use masu_steps::stage_protocol::EnterOrder;
use masu_steps::systemd;
use masu_sys::errno::values::{EACCES, EINVAL, ENOENT, ENOSYS, EPERM, ESRCH};
use masu_sys::error::SysError;
use masu_sys::file::{self, OFlags};
use masu_sys::{credential, namespace, pidfd};
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::plan::{EnterProcess, Namespace};

use super::container::{Procfs, open_procfs};
use super::kernel_object::{flag_of, name_of};
use super::setting::{join_cgroup_v2, join_cgroups, set_oom_score_adj};

/// Enters; returns the runtime namespace's own procfs, which cannot be seen any more.
pub(super) fn enter(process: &EnterProcess, order: &EnterOrder) -> Result<Procfs, CoreError> {
    // Before anything of the container could look at it.
    credential::set_dumpable(false).map_err(|error| failed("Forbid others to trace the stage", error))?;
    let procfs = open_procfs()?;
    let target = Target::open(process)?;
    // While they can be seen, and before the rights to them are given up.
    if let Some(cgroup) = &order.cgroup {
        join(cgroup)?;
    }
    join_cgroups(&process.cgroup_tasks)?;
    if let Some(value) = order.oom_score_adj {
        set_oom_score_adj(procfs.root(), value)?;
    }
    target.enter(&process.namespaces)?;
    Ok(procfs)
}

/// By itself, or by the hand of whoever may move it from where it is.
fn join(cgroup: &str) -> Result<(), CoreError> {
    match join_cgroup_v2(cgroup) {
        Err(refusal) if refusal.errno == Some(EACCES) => {
            if systemd::attach(cgroup, std::process::id())? {
                Ok(())
            } else {
                Err(refusal)
            }
        }
        joined => joined,
    }
}

/// The container's first process, by descriptors that never become another's.
struct Target {
    /// `/proc/PID`.
    directory: OwnedFd,
    /// None before Linux 5.3.
    pidfd: Option<OwnedFd>,
}

impl Target {
    /// Errors: `not_found` it has ended, whoever has its pid now.
    fn open(process: &EnterProcess) -> Result<Self, CoreError> {
        let gone = |error| of_target(process.pid, error);
        let directory =
            file::open(&format!("/proc/{}", process.pid), OFlags::PATH | OFlags::DIRECTORY).map_err(gone)?;
        let pidfd = match pidfd::open(process.pid) {
            Err(error) if error.errno == ENOSYS => None,
            opened => Some(opened.map_err(gone)?),
        };
        // Last: a process that is still there now had the pid when the pidfd was opened, too.
        match start_time_in(directory.as_fd()) {
            Ok(start) if start == process.start => Ok(Self { directory, pidfd }),
            Ok(_) => Err(gone(SysError::new("open", ESRCH))),
            Err(error) => Err(gone(error)),
        }
    }

    /// All at once: the kernel begins with the user namespace, and enters all or none.
    fn enter(&self, namespaces: &[Namespace]) -> Result<(), CoreError> {
        let all = namespaces.iter().fold(0, |flags, namespace| flags | flag_of(*namespace));
        match &self.pidfd {
            _ if all == 0 => Ok(()),
            Some(pidfd) => match namespace::enter(pidfd.as_fd(), all) {
                // Before Linux 5.8 setns(2) takes no pidfd.
                Err(error) if error.errno == EINVAL => self.enter_each(namespaces),
                entered => entered.map_err(|error| of_entry("Enter the container's namespaces", error)),
            },
            None => self.enter_each(namespaces),
        }
    }

    /// All files are opened first: a joined mount namespace shows another /proc, a joined user namespace has no right to it.
    fn enter_each(&self, namespaces: &[Namespace]) -> Result<(), CoreError> {
        let action = |namespace| format!("Enter the container's {} namespace", name_of(namespace));
        let mut opened = Vec::with_capacity(namespaces.len());
        for namespace in namespaces {
            let path = format!("/proc/self/fd/{}/ns/{}", self.directory.as_raw_fd(), namespace.file());
            let file = file::open(&path, OFlags::RDONLY).map_err(|error| of_entry(&action(*namespace), error))?;
            opened.push((*namespace, file));
        }
        opened.sort_by_key(|(namespace, _)| *namespace != Namespace::User);
        for (namespace, file) in opened {
            namespace::enter(file.as_fd(), flag_of(namespace)).map_err(|error| of_entry(&action(namespace), error))?;
        }
        Ok(())
    }
}

fn of_target(pid: u32, error: SysError) -> CoreError {
    let action = "Enter the container";
    if !matches!(error.errno, ESRCH | ENOENT) {
        return failed(action, error);
    }
    let mut failure = failed_because(action, &format!("its first process, {pid}, has ended"), error);
    failure.code = ErrorCode::NotFound;
    failure
}

fn of_entry(action: &str, error: SysError) -> CoreError {
    match error.errno {
        ESRCH => failed_because(action, "its first process has ended", error),
        EPERM => failed(action, error).with_hint("only who made the container, and root, may enter it"),
        _ => failed(action, error),
    }
}
