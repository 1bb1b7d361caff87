//! Signals and ends of a container that no resident monitor answers for: it was killed, or it is a masu in the foreground.

use masu_steps::failure::failed;
use masu_sys::errno::values::{EBUSY, ESRCH};
use masu_sys::error::SysError;
use masu_wire::container::ContainerRecord;
use masu_wire::error::CoreError;
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::freeze::{self, is_frozen};
use crate::process::Process;
use crate::status::Condition;

const SIGKILL: i32 = 9;
const SIGCHLD: i32 = 17;
const SIGCONT: i32 = 18;
const SIGSTOP: i32 = 19;
const SIGTSTP: i32 = 20;
const SIGTTIN: i32 = 21;
const SIGTTOU: i32 = 22;
const SIGWINCH: i32 = 28;

/// A killed process can still be in an uninterruptible wait, for example of a disk; longer is a fault of the machine.
const PATIENCE: Duration = Duration::from_secs(10);

/// The way of a first process to its end, and then of the masu that ran it in the foreground.
pub(crate) struct Direct {
    id: String,
    process: Process,
    /// It cleans up; waited for next.
    foreground: Option<Process>,
    deadline: Option<Instant>,
    killed: bool,
}

impl Direct {
    /// None: it has ended, and nobody cleans up after it.
    pub(crate) fn wait(condition: &Condition) -> Option<Self> {
        let mut foreground = if condition.is_lasting() { None } else { condition.watcher() };
        let process = condition.process().or_else(|| foreground.take())?;
        Some(Self { id: condition.id().to_owned(), process, foreground, deadline: None, killed: false })
    }

    /// To poll(2); none where the kernel has no pidfds.
    pub(crate) fn pidfd(&self) -> Option<BorrowedFd<'_>> {
        self.process.pidfd()
    }

    /// When something has to be done although nothing happened.
    pub(crate) const fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// True: it has ended, and so has whoever cleans up after it. Kills it when it takes too long.
    pub(crate) fn advance(&mut self) -> Result<bool, CoreError> {
        if self.process.has_ended() {
            let Some(next) = self.foreground.take() else { return Ok(true) };
            self.process = next;
            self.deadline = None;
            return Ok(self.process.has_ended());
        }
        if self.deadline.is_none_or(|deadline| Instant::now() < deadline) {
            return Ok(false);
        }
        let action = format!("Stop container {:?}", self.id);
        if self.killed {
            let error = SysError::new("poll", EBUSY);
            return Err(masu_steps::failure::failed_because(
                action,
                "its first process was killed, but does not end",
                error,
            ));
        }
        self.kill().map_err(|error| failed(action, error))?;
        Ok(false)
    }

    fn kill(&mut self) -> Result<(), SysError> {
        self.killed = true;
        self.deadline = Some(Instant::now() + PATIENCE);
        unless_ended(self.process.signal(SIGKILL))
    }
}

/// Asks it to end; none: it has.
pub(crate) fn stop(
    condition: &Condition,
    signal: Option<i32>,
    timeout_ms: Option<i64>,
) -> Result<Option<Direct>, CoreError> {
    let (Some(record), Some(mut direct)) = (&condition.record, Direct::wait(condition)) else { return Ok(None) };
    if !condition.alive {
        return Ok(Some(direct));
    }
    let own = condition.document.as_ref().map_or(&record.masu.stop, |document| &document.stop);
    let signal = signal.unwrap_or(own.signal);
    let timeout = timeout_ms.unwrap_or(own.timeout_ms);
    let told = if signal == SIGKILL {
        direct.kill()
    } else {
        direct.deadline = u64::try_from(timeout).ok().map(|timeout| Instant::now() + Duration::from_millis(timeout));
        unless_ended(target(&direct, signal).signal(signal))
    };
    told.map_err(|error| failed(format!("Stop container {:?}", condition.id()), error))?;
    thaw_frozen(condition);
    if let Some(foreground) = &direct.foreground {
        // Stopped at a terminal, neither it nor its container would hear anything.
        let _ = foreground.signal(SIGCONT);
    }
    Ok(Some(direct))
}

/// Sends a signal to its first process, or to all. False: it has ended.
pub(crate) fn signal(condition: &Condition, signal: i32, all: bool) -> Result<bool, CoreError> {
    let direct = Direct::wait(condition).filter(|_| condition.alive);
    let (Some(record), Some(direct)) = (&condition.record, direct) else { return Ok(false) };
    let sent = if all { signal_all(record, &direct, signal) } else { target(&direct, signal).signal(signal) };
    if signal == SIGKILL {
        thaw_frozen(condition);
    }
    match sent {
        Err(error) if error.errno == ESRCH => Ok(false),
        sent => sent
            .map(|()| true)
            .map_err(|error| failed(format!("Send signal {signal} to container {:?}", condition.id()), error)),
    }
}

/// To what is left in the cgroups of one whose first process has ended. False: nothing is.
pub(crate) fn signal_remaining(condition: &Condition, signal: i32) -> Result<bool, CoreError> {
    let Some(top) = condition.record.as_ref().and_then(top_cgroup) else { return Ok(false) };
    let processes = masu_steps::cgroup::processes(top);
    signal_each(&processes, signal)
        .map_err(|error| failed(format!("Send signal {signal} to container {:?}", condition.id()), error))?;
    Ok(!processes.is_empty())
}

/// A masu in the foreground passes signals on, and makes PID 1 end that would be immune; what it keeps to itself goes past it.
fn target(direct: &Direct, signal: i32) -> &Process {
    let past = matches!(signal, SIGKILL | SIGSTOP | SIGCONT | SIGCHLD | SIGTSTP | SIGTTIN | SIGTTOU | SIGWINCH);
    direct.foreground.as_ref().filter(|_| !past).unwrap_or(&direct.process)
}

/// To every process in its cgroups; those of them that are gone meanwhile need none.
fn signal_all(record: &ContainerRecord, direct: &Direct, signal: i32) -> Result<(), SysError> {
    match top_cgroup(record) {
        Some(top) => signal_each(&masu_steps::cgroup::processes(top), signal),
        None => direct.process.signal(signal),
    }
}

/// Every process is in all of them; v1's may be one of a controller that is shared with others.
pub(crate) fn top_cgroup(record: &ContainerRecord) -> Option<&Path> {
    let directories = &record.masu.cgroups.directories;
    let named = ["unified", "pids", "freezer", "memory"].iter().find_map(|name| directories.get(*name));
    named.or_else(|| directories.values().next()).map(Path::new)
}

fn signal_each(processes: &[u32], signal: i32) -> Result<(), SysError> {
    for pid in processes {
        let Ok(pidfd) = masu_sys::pidfd::open(*pid) else { continue };
        unless_ended(masu_sys::pidfd::send_signal(std::os::fd::AsFd::as_fd(&pidfd), signal))?;
    }
    Ok(())
}

/// v1's freezer keeps even killed processes.
pub(crate) fn thaw_frozen(condition: &Condition) {
    let freezer = condition.record.as_ref().and_then(|record| record.masu.cgroups.freezer.as_ref());
    if let Some(freezer) = freezer.filter(|freezer| is_frozen(freezer)) {
        freeze::thaw(freezer);
    }
}

fn unless_ended(sent: Result<(), SysError>) -> Result<(), SysError> {
    match sent {
        Err(error) if error.errno == ESRCH => Ok(()),
        sent => sent,
    }
}
