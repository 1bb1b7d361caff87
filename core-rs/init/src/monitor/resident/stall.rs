//! How long the container's output waits for a client that does not take it: a moment, never for good.

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::clients::Clients;

/// A client that merely writes slower than the container (`| gzip`) takes a full queue in far less time.
const LONGEST: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

/// Waiting, or not.
#[derive(Default)]
pub(super) struct Stall {
    timer: Option<OwnedFd>,
}

impl Stall {
    /// Readable when it was long enough; none: nothing is waited for.
    pub(super) fn timer(&self) -> Option<BorrowedFd<'_>> {
        self.timer.as_ref().map(AsFd::as_fd)
    }

    /// Begins to wait when a client's queue is full, and ends when all have taken most of theirs.
    pub(super) fn update(&mut self, clients: &Clients) {
        if self.timer.is_none() && clients.is_any_full() {
            // Without a timer nothing is waited for.
            self.timer = start().ok();
        } else if self.timer.is_some() && !clients.is_any_busy() {
            self.end();
        }
    }

    pub(super) fn end(&mut self) {
        self.timer = None;
    }
}

fn start() -> rustix::io::Result<OwnedFd> {
    let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK)?;
    let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: LONGEST };
    timerfd_settime(&timer, TimerfdTimerFlags::empty(), &once)?;
    Ok(timer)
}
