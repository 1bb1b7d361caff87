//! A process that was written down: the same one still, and not another with its pid.

use masu_steps::process_identity::start_time;
use masu_sys::errno::values::ESRCH;
use masu_sys::error::SysError;
use masu_sys::{pidfd, signalfd};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

/// Between two looks at a process that has no pidfd.
const PAUSE: Duration = Duration::from_millis(1);

/// The process with this pid and start time runs. A zombie does not.
#[must_use]
pub fn is_alive(pid: u32, start: u64) -> bool {
    pid > 1 && start_time(pid).is_ok_and(|found| found == start)
}

/// A process that ran a moment ago.
#[derive(Debug)]
pub struct Process {
    pid: u32,
    start: u64,
    /// None before Linux 5.3.
    pidfd: Option<OwnedFd>,
}

impl Process {
    /// None: it has ended.
    #[must_use]
    pub fn find(pid: u32, start: u64) -> Option<Self> {
        let pidfd = match pidfd::open(pid) {
            Err(error) if error.errno == ESRCH => return None,
            opened => opened.ok(),
        };
        // After the pidfd: from here on the pid cannot become another's unnoticed.
        is_alive(pid, start).then_some(Self { pid, start, pidfd })
    }

    /// To poll(2) for its end; none where the kernel has no pidfds.
    #[must_use]
    pub fn pidfd(&self) -> Option<BorrowedFd<'_>> {
        self.pidfd.as_ref().map(AsFd::as_fd)
    }

    /// Errors: ESRCH: it has ended.
    pub fn signal(&self, signal: i32) -> Result<(), SysError> {
        match &self.pidfd {
            Some(pidfd) => pidfd::send_signal(pidfd.as_fd(), signal),
            None if is_alive(self.pid, self.start) => signalfd::kill(self.pid, signal),
            None => Err(SysError::new("kill", ESRCH)),
        }
    }

    /// It is a zombie, or gone.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        match &self.pidfd {
            Some(pidfd) => pidfd::wait(pidfd.as_fd(), Some(0)).unwrap_or(true),
            None => !is_alive(self.pid, self.start),
        }
    }

    /// Waits until it is a zombie, or gone. False: it is neither after that long.
    #[must_use]
    pub fn await_end(&self, patience: Duration) -> bool {
        if let Some(pidfd) = self.pidfd() {
            let timeout_ms = u32::try_from(patience.as_millis()).unwrap_or(u32::MAX);
            return pidfd::wait(pidfd, Some(timeout_ms)).unwrap_or_else(|_| self.has_ended());
        }
        let deadline = Instant::now() + patience;
        while !self.has_ended() {
            if Instant::now() >= deadline {
                return false;
            }
            std::thread::sleep(PAUSE);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn find_takes_only_the_very_process() {
        let mut child = std::process::Command::new("sleep").arg("100").spawn().unwrap();
        let start = start_time(child.id()).unwrap();
        assert!(Process::find(child.id(), start + 1).is_none());
        let process = Process::find(child.id(), start).unwrap();
        assert!(!process.has_ended());
        process.signal(9).unwrap();
        pidfd::wait(process.pidfd().unwrap(), None).unwrap();
        assert!(process.has_ended() && !is_alive(child.id(), start), "a zombie has ended");
        child.wait().unwrap();
        assert!(Process::find(child.id(), start).is_none());
        assert_eq!(process.signal(9).unwrap_err().errno, ESRCH);
    }

    #[test]
    fn await_end_sees_the_end_with_and_without_a_pidfd() {
        for has_pidfd in [true, false] {
            let mut child = std::process::Command::new("sleep").arg("100").spawn().unwrap();
            let mut process = Process::find(child.id(), start_time(child.id()).unwrap()).unwrap();
            process.pidfd = process.pidfd.filter(|_| has_pidfd);
            assert!(!process.await_end(Duration::from_millis(5)), "it sleeps");
            std::thread::scope(|scope| {
                let waiting = scope.spawn(|| process.await_end(Duration::from_secs(100)));
                process.signal(9).unwrap();
                assert!(waiting.join().unwrap());
            });
            child.wait().unwrap();
            assert!(process.await_end(Duration::ZERO), "it is gone");
        }
    }

    #[test]
    fn await_end_sleeps_once_where_there_are_pidfds() {
        // proc_pid_status(5): how often this thread waited for something.
        let waits = || {
            let text = std::fs::read_to_string("/proc/thread-self/status").unwrap();
            let line = text.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")).unwrap();
            line.trim().parse::<u64>().unwrap()
        };
        let mut child = std::process::Command::new("sleep").arg("100").spawn().unwrap();
        let process = Process::find(child.id(), start_time(child.id()).unwrap()).unwrap();
        let before = waits();
        assert!(!process.await_end(Duration::from_millis(200)));
        let waited = waits() - before;
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(waited < 20, "{waited} times");
    }
}
