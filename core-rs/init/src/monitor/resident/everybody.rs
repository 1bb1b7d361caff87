//! All processes of a container.

use masu_steps::cgroup::processes;
use masu_sys::errno::values::ESRCH;
use masu_sys::error::SysError;
use masu_sys::file::{self, OFlags};
use masu_sys::pidfd;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use super::home::Home;

/// A container that makes processes faster than they are found is asked this often.
const ROUNDS: usize = 16;

/// Sends a signal to every process of the container whose first process, this one's child, has this pid.
///
/// Errors: those of pidfd_send_signal(2).
pub(super) fn signal(home: &Home, first: u32, signal: i32) -> Result<(), SysError> {
    let top = home.record().and_then(|record| {
        let mut directories = record.masu.cgroups.directories;
        let own = ["unified", "pids", "freezer", "memory"].iter().find_map(|name| directories.remove(*name));
        own.or_else(|| directories.into_values().next())
    });
    let list = || match &top {
        Some(top) => processes(Path::new(top)),
        None => in_namespace_of(first),
    };
    let mut told: Vec<u32> = Vec::new();
    for _ in 0..ROUNDS {
        let new: Vec<u32> = list().into_iter().filter(|pid| !told.contains(pid)).collect();
        let open: Vec<(u32, OwnedFd)> = new.iter().filter_map(|pid| Some((*pid, pidfd::open(*pid).ok()?))).collect();
        if open.is_empty() {
            break;
        }
        // A pid that is still the container's was that when its descriptor was opened, or has become it since.
        let still = list();
        for (_, pidfd) in open.iter().filter(|(pid, _)| still.contains(pid)) {
            unless_ended(pidfd::send_signal(pidfd.as_fd(), signal))?;
        }
        told.extend(new);
    }
    Ok(())
}

fn unless_ended(sent: Result<(), SysError>) -> Result<(), SysError> {
    match sent {
        Err(error) if error.errno == ESRCH => Ok(()),
        sent => sent,
    }
}

/// Where it has no cgroup of its own: those of its pid namespace, or itself alone where it shares this one's.
fn in_namespace_of(first: u32) -> Vec<u32> {
    let namespace = |pid: &str| {
        let path = format!("/proc/{pid}/ns/pid");
        let status = file::open(&path, OFlags::PATH).and_then(|file| file::status(file.as_fd()));
        status.ok().map(|status| (status.st_dev, status.st_ino))
    };
    let of_first = namespace(&first.to_string());
    if of_first.is_none() || of_first == namespace("self") {
        return vec![first];
    }
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names
        .filter_map(|name| Some((name.parse().ok()?, name)))
        .filter(|(_, name)| namespace(name) == of_first)
        .map(|(pid, _)| pid)
        .collect()
}
