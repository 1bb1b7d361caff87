//! Ending a cgroup: its processes, what is below it, itself. Control groups are directories of the kernel's own file systems.

use std::collections::BTreeSet;
use std::fs::{File, read_dir, read_to_string};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use masu_sys::errno::values::{EBUSY, ENODEV, ENOENT, EOPNOTSUPP, ESRCH};
use masu_sys::error::SysError;
use masu_sys::{pidfd, signalfd};
use masu_wire::error::CoreError;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{self, OFlags};
use rustix::io::Errno;

use crate::failure::{failed, failed_because};
use crate::named;

/// A killed process can still be in an uninterruptible wait, for example of a disk; longer is a fault of the machine.
const PATIENCE: Duration = Duration::from_secs(10);
const SIGKILL: i32 = 9;

/// `HostStep::KillCgroup`
pub(crate) fn kill(path: &str) -> Result<(), CoreError> {
    let top = Path::new(path);
    let killed = match write_existing(&top.join("cgroup.kill"), "1") {
        Ok(()) => wait_until_empty(top),
        // v1, or before 5.14.
        Err(error) if error.errno == ENOENT && top.exists() => kill_each(top),
        // cgroup-v2.rst, "cgroup.kill": not of a threaded one.
        Err(error) if error.errno == EOPNOTSUPP => kill_each(top),
        Err(error) if matches!(error.errno, ENOENT | ENODEV) => Ok(()),
        Err(error) => Err(error),
    };
    killed.map_err(|error| {
        let action = format!("Kill the processes of cgroup {path:?}");
        if error.errno == EBUSY { failed_because(action, "some do not end", error) } else { failed(action, error) }
    })
}

/// These file systems make no files: one that is missing is ENOENT only without O_CREAT.
fn write_existing(path: &Path, text: &str) -> Result<(), SysError> {
    let path = path.to_string_lossy();
    masu_sys::file::open(&path, OFlags::WRONLY).and_then(|file| masu_sys::file::write_control(file.as_fd(), text))
}

/// v2: `cgroup.events` says `populated 0`, and poll(2) reports each change of it.
fn wait_until_empty(top: &Path) -> Result<(), SysError> {
    let deadline = Instant::now() + PATIENCE;
    let Ok(mut events) = File::open(top.join("cgroup.events")) else { return Ok(()) };
    loop {
        let mut text = String::new();
        std::io::Seek::rewind(&mut events).map_err(|error| SysError::from_io("lseek", &error))?;
        match std::io::Read::read_to_string(&mut events, &mut text) {
            Err(error) if error.raw_os_error() == Some(ENODEV) => return Ok(()),
            read => read.map_err(|error| SysError::from_io("read", &error))?,
        };
        if text.contains("populated 0") {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(SysError::new("poll", EBUSY));
        }
        let timeout = Timespec { tv_sec: 1, tv_nsec: 0 };
        let mut changed = [PollFd::new(&events, PollFlags::PRI)];
        named("poll", rustix::io::retry_on_intr(|| poll(&mut changed, Some(&timeout))))?;
    }
}

/// Kills whoever is listed, until nobody is: new ones may be forked meanwhile, unless there is a freezer.
fn kill_each(top: &Path) -> Result<(), SysError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        // Where this is no freezer, there is no such file.
        let _ = write_existing(&top.join("freezer.state"), "FROZEN");
        let pids = processes(top);
        let killed: Vec<_> = pids.iter().filter_map(|pid| kill_one(*pid).transpose()).collect();
        let _ = write_existing(&top.join("freezer.state"), "THAWED");
        if pids.is_empty() {
            return Ok(());
        }
        for pidfd in killed {
            pidfd::wait(pidfd?.as_fd(), Some(1000))?;
        }
        if Instant::now() > deadline {
            return Err(SysError::new("kill", EBUSY));
        }
        if !processes(top).is_empty() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Sends SIGKILL; the pidfd to wait for it by, where the kernel has any.
fn kill_one(pid: u32) -> Result<Option<std::os::fd::OwnedFd>, SysError> {
    let killed = match pidfd::open(pid) {
        Ok(pidfd) => pidfd::send_signal(pidfd.as_fd(), SIGKILL).map(|()| Some(pidfd)),
        Err(error) if error.errno == ESRCH => Ok(None),
        Err(_) => signalfd::kill(pid, SIGKILL).map(|()| None),
    };
    match killed {
        Err(error) if error.errno == ESRCH => Ok(None),
        killed => killed,
    }
}

/// The processes in a cgroup and below it. What cannot be read is gone.
#[must_use]
pub fn processes(top: &Path) -> Vec<u32> {
    let mut pids = match read_to_string(top.join("cgroup.procs")) {
        // A threaded cgroup tells of threads alone.
        Err(error) if error.raw_os_error() == Some(EOPNOTSUPP) => processes_of_threads(top),
        own => numbers(&own.unwrap_or_default()).collect(),
    };
    pids.extend(children(top).iter().flat_map(|child| processes(child)));
    pids
}

/// 0: a process that this pid namespace does not see.
fn numbers(lines: &str) -> impl Iterator<Item = u32> {
    lines.lines().filter_map(|line| line.parse().ok()).filter(|number| *number != 0)
}

fn processes_of_threads(cgroup: &Path) -> Vec<u32> {
    let threads = read_to_string(cgroup.join("cgroup.threads")).unwrap_or_default();
    let pids: BTreeSet<u32> = numbers(&threads).filter_map(process_of_thread).collect();
    pids.into_iter().collect()
}

/// proc_pid_status(5), `Tgid`; none: it has ended.
fn process_of_thread(thread: u32) -> Option<u32> {
    let status = read_to_string(format!("/proc/{thread}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("Tgid:"))?.trim().parse().ok()
}

fn children(top: &Path) -> Vec<PathBuf> {
    let Ok(entries) = read_dir(top) else { return Vec::new() };
    let directories = entries.filter_map(Result::ok).filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    directories.map(|entry| entry.path()).collect()
}

/// `HostStep::RemoveCgroup`
pub(crate) fn remove(path: &str, recursive: bool) -> Result<(), CoreError> {
    let top = Path::new(path);
    remove_one(top, recursive).map_err(|error| {
        let action = format!("Remove cgroup {path:?}");
        if error.errno == EBUSY { failed_because(action, "it has processes", error) } else { failed(action, error) }
    })
}

/// rmdir(2) says EBUSY both for cgroups below and for processes, also for those that have just ended and are about to leave.
fn remove_one(top: &Path, recursive: bool) -> Result<(), SysError> {
    let deadline = Instant::now() + PATIENCE;
    let mut pause = Duration::from_micros(50);
    loop {
        match fs::rmdir(top) {
            Ok(()) | Err(Errno::NOENT) => return Ok(()),
            Err(Errno::BUSY) => {}
            Err(errno) => return named("rmdir", Err(errno)),
        }
        let below = children(top);
        if !below.is_empty() && !recursive {
            return Ok(());
        }
        for child in &below {
            remove_one(child, true)?;
        }
        if Instant::now() > deadline {
            return Err(SysError::new("rmdir", EBUSY));
        }
        if below.is_empty() {
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }
}
