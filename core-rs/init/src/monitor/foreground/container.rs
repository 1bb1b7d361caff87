//! The container's first process, this process's child.

use masu_sys::error::SysError;
use masu_sys::process::is_in_own_group;
use masu_sys::wait::{End, reap};
use masu_sys::{pidfd, signalfd};
use std::os::fd::{AsFd, OwnedFd};

use super::signals::{self, SIGKILL};

/// Until it is reaped nobody else has its pid.
pub(super) struct Container {
    pub(super) pid: u32,
    pidfd: Option<OwnedFd>,
    /// Its program is PID 1 of its own pid namespace.
    bare_init: bool,
    /// The signal that it was killed for, because PID 1 is immune to it.
    ended_for: Option<i32>,
}

impl Container {
    pub(super) const fn new(pid: u32, pidfd: Option<OwnedFd>, bare_init: bool) -> Self {
        Self { pid, pidfd, bare_init, ended_for: None }
    }

    /// Sends a signal; one to a container that has ended is lost, as with any process.
    pub(super) fn signal(&self, signal: i32) {
        let _ = match &self.pidfd {
            Some(pidfd) => pidfd::send_signal(pidfd.as_fd(), signal),
            None => signalfd::kill(self.pid, signal),
        };
    }

    /// Sends a signal to PID 1's whole process group, as a terminal does to a job: what a shell script started stops with it.
    pub(super) fn signal_job(&self, signal: i32) {
        // It leads a group of its own, unless a plan left that out.
        if signalfd::kill_group(self.pid, signal).is_err() {
            self.signal(signal);
        }
    }

    /// Sends a signal that came to masu: what would end a plain program ends this one.
    pub(super) fn forward(&mut self, signal: i32) {
        if self.bare_init && signals::must_end(signal, &self.status()) {
            self.ended_for = self.ended_for.or(Some(signal));
            self.signal(SIGKILL);
        } else {
            self.signal(signal);
        }
    }

    /// It has made no process group: the terminal's keys reach both.
    pub(super) fn is_in_own_group(&self) -> bool {
        is_in_own_group(self.pid)
    }

    /// PID 1 leaves this signal to its default, which the kernel does not do to it.
    pub(super) fn is_immune(&self, signal: i32) -> bool {
        self.bare_init && signals::is_left_to_default(signal, &self.status())
    }

    /// `/proc/PID/status`; of one that has ended, empty.
    fn status(&self) -> String {
        std::fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap_or_default()
    }

    /// Reaps it and returns what masu exits with.
    pub(super) fn exit_status(&self) -> Result<i32, SysError> {
        let end = reap(self.pid)?;
        Ok(match (end, self.ended_for) {
            (End::Signalled(SIGKILL), Some(signal)) => End::Signalled(signal).status(),
            _ => end.status(),
        })
    }
}
