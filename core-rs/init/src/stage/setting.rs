//! Settings of the process and of its namespaces.

use std::os::fd::{AsFd, BorrowedFd};

use masu_steps::failure::failed;
use masu_sys::errno::values::{EACCES, EBUSY, ENOENT, EPERM};
use masu_sys::error::SysError;
use masu_sys::file::{self, OFlags};
use masu_sys::namespace::{self, flag};
use masu_sys::resolve::{Links, Root};
use masu_wire::error::CoreError;

pub(super) fn bring_loopback_up() -> Result<(), CoreError> {
    namespace::bring_loopback_up().map_err(|error| failed("Bring up \"lo\"", error))
}

/// By `tasks`, one thread at a time: moving a whole process waits for all processors.
pub(super) fn join_cgroups(paths: &[String]) -> Result<(), CoreError> {
    paths.iter().try_for_each(|path| join_cgroup(path))
}

/// The stage's own part where there is no clone3(2).
pub(super) fn join_cgroup_v2(directory: &str) -> Result<(), CoreError> {
    join_cgroup(&format!("{directory}/cgroup.procs"))
}

/// As [`join_cgroup_v2`], where the directory's path may lead elsewhere by now.
pub(super) fn join_opened_cgroup(directory: BorrowedFd<'_>, path: &str) -> Result<(), CoreError> {
    explain_join(
        path,
        file::open_in(directory, "cgroup.procs", OFlags::WRONLY, 0)
            .and_then(|file| file::write_control(file.as_fd(), "0")),
    )
}

fn join_cgroup(path: &str) -> Result<(), CoreError> {
    explain_join(path, file::open(path, OFlags::WRONLY).and_then(|file| file::write_control(file.as_fd(), "0")))
}

fn explain_join(path: &str, joined: Result<(), SysError>) -> Result<(), CoreError> {
    joined.map_err(|error| {
        let failure = failed(format!("Join the cgroup {path:?}"), error);
        match error.errno {
            ENOENT => {
                failure.with_hint("the cgroup or its controller is not there: see /proc/self/cgroup and /proc/cgroups")
            }
            EACCES | EPERM => failure.with_hint("this user has no right to the cgroup: it must be delegated"),
            EBUSY => failure.with_hint(
                "controllers are enabled for the cgroup's children, so that no process may be in it: see cgroups(7)",
            ),
            _ => failure,
        }
    })
}

pub(super) fn unshare_cgroup() -> Result<(), CoreError> {
    namespace::unshare(flag::CGROUP).map_err(|error| failed("Make a cgroup namespace", error))
}

pub(super) fn set_host_name(name: &str) -> Result<(), CoreError> {
    namespace::set_host_name(name).map_err(|error| failed(format!("Set the host name {name:?}"), error))
}

pub(super) fn set_domain_name(name: &str) -> Result<(), CoreError> {
    namespace::set_domain_name(name).map_err(|error| failed(format!("Set the domain name {name:?}"), error))
}

pub(super) fn set_oom_score_adj(proc: &Root, value: i32) -> Result<(), CoreError> {
    let file = proc.open("self/oom_score_adj", OFlags::WRONLY, Links::Follow);
    let written = file.and_then(|file| file::write_control(file.as_fd(), &value.to_string()));
    written.map_err(|error| {
        let failure = failed(format!("Set \"oom_score_adj\" to \"{value}\""), error);
        match error.errno {
            EACCES => failure.with_hint("only root of the host may go below the caller's own value"),
            _ => failure,
        }
    })
}
