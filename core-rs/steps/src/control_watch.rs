//! Wakes when the kernel changes control files of a cgroup: without looking again and again.

use masu_sys::error::SysError;
use rustix::event::{EventfdFlags, eventfd};
use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

use crate::named;

/// A control file to be told about.
#[derive(Clone, Copy, Debug)]
pub struct Control<'a> {
    /// Absolute.
    pub path: &'a str,
    /// v1: what follows the two descriptors in `cgroup.event_control`. cgroup-v1/cgroups.rst, "Notification API"
    pub registration: Option<&'a str>,
}

/// What the kernel tells of control files, from when this is made on.
#[derive(Debug)]
pub struct ControlWatch {
    /// `memory.events`, `cgroup.events`, `pids.events` and their like: cgroup-v2.rst, "a file modified event is generated".
    changes: OwnedFd,
    /// One for each registered file, with its place in the list.
    signals: Vec<(usize, OwnedFd)>,
}

impl ControlWatch {
    /// Watches the files that exist, and the directories that their groups are in, so that a removal is seen.
    ///
    /// Errors: those of inotify_init(2), of inotify_add_watch(2) but ENOENT, of eventfd(2) and of the registration.
    pub fn open(controls: &[Control<'_>]) -> Result<Self, SysError> {
        let changes = named("inotify_init1", init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK))?;
        for control in controls {
            watch(&changes, control.path, WatchFlags::MODIFY | WatchFlags::DELETE_SELF)?;
            let group = Path::new(control.path).parent().unwrap_or(Path::new("/"));
            if let Some(parent) = group.parent().and_then(Path::to_str) {
                watch(&changes, parent, WatchFlags::DELETE | WatchFlags::MOVED_FROM | WatchFlags::ONLYDIR)?;
            }
        }
        let mut signals = Vec::new();
        for (at, control) in controls.iter().enumerate() {
            if let Some(registration) = control.registration {
                signals.push((at, register(control.path, registration)?));
            }
        }
        Ok(Self { changes, signals })
    }

    /// What to poll(2) for reading.
    pub fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        std::iter::once(self.changes.as_fd()).chain(self.signals.iter().map(|(_, signal)| signal.as_fd()))
    }

    /// Takes what was told, so that it can be waited again. The places of the registered files that were signalled.
    pub fn take(&self) -> Vec<usize> {
        // What changed is seen when looking.
        let mut block = [0; 4096];
        while rustix::io::read(&self.changes, &mut block).is_ok_and(|count| count > 0) {}
        let mut counter = [0; 8];
        let signalled = self.signals.iter().filter(|(_, signal)| rustix::io::read(signal, &mut counter).is_ok());
        signalled.map(|(at, _)| *at).collect()
    }
}

fn watch(changes: &OwnedFd, path: &str, flags: WatchFlags) -> Result<(), SysError> {
    match add_watch(changes, path, flags) {
        // Gone with its group, which is seen when looking.
        Ok(_) | Err(Errno::NOENT | Errno::NODEV) => Ok(()),
        Err(errno) => Err(SysError::new("inotify_add_watch", errno.raw_os_error())),
    }
}

/// cgroup-v1/memory.rst, "OOM Control": "<event_fd> <fd of memory.oom_control>" written to `cgroup.event_control`.
fn register(path: &str, registration: &str) -> Result<OwnedFd, SysError> {
    let signal = named("eventfd2", eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK))?;
    let file = named("openat", open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()))?;
    let group = Path::new(path).parent().unwrap_or(Path::new("/"));
    let flags = OFlags::WRONLY | OFlags::CLOEXEC;
    let control = named("openat", open(group.join("cgroup.event_control"), flags, Mode::empty()))?;
    let line = format!("{} {} {registration}", signal.as_raw_fd(), file.as_raw_fd());
    masu_sys::file::write_control(control.as_fd(), line.trim_end())?;
    Ok(signal)
}
