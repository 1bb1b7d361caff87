//! One run of the container: from its start to its end.

use masu_containers::document::{self, Head};
use masu_launch::{Launched, Scope};
use masu_steps::executor::{Tools, tear_down};
use masu_steps::failure::failed;
use masu_steps::time::now;
use masu_steps::undo::Undo;
use masu_sys::error::SysError;
use masu_sys::file::{self, OFlags};
use masu_sys::wait::{self, End};
use masu_sys::{memfd, pidfd, signalfd};
use masu_wire::error::CoreError;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use super::home::Home;
use super::streams::Streams;

/// Its first process is this one's child: until it is reaped nobody else has its pid.
pub(super) struct Running {
    pub(super) pid: u32,
    /// Its start time, clock ticks since boot.
    pub(super) start: u64,
    /// As its record has it.
    pub(super) started: String,
    pidfd: Option<OwnedFd>,
    since: Instant,
    /// It is killed then.
    pub(super) kill_at: Option<Instant>,
    undo: Undo,
}

/// A run that is over.
pub(super) struct Ended {
    pub(super) end: End,
    pub(super) started: String,
    pub(super) finished: String,
    pub(super) ran: Duration,
    undo: Undo,
}

/// Starts it. The container is locked. `init`: the sealed executable of its stage.
///
/// Errors: those of its document, and the step of its plan that failed; what was done is undone by then.
pub(super) fn start(home: &Home, streams: &mut Streams, init: BorrowedFd<'_>) -> Result<(Head, Running), CoreError> {
    let text = home.document()?;
    let head = document::parse_head(&text, home.data())?;
    let mut launch = masu_launch::read(document::launch(&text)?, init, Scope::Start)?;
    let stdio = streams.stdio().map_err(|error| failed("Make the container's streams", error))?;
    launch.set_stdio(stdio);
    launch.set_signal_mask(0);
    let mut launched = masu_launch::start(&mut launch)?;
    let undo = std::mem::take(&mut launch.undo);
    if let Err(error) = launched.terminal.take().map_or(Ok(()), |master| streams.set_terminal(master)) {
        launched.abandon();
        tear_down(undo.all(), Tools { init: Some(init) });
        return Err(failed("Open the container's terminal", error));
    }
    let Launched { pid, pidfd, start, .. } = launched;
    let started = home.record().map_or_else(now, |record| record.masu.started);
    Ok((head, Running { pid, start, started, pidfd, since: Instant::now(), kill_at: None, undo }))
}

impl Running {
    /// Sends a signal; one to a container that has ended is lost, as with any process.
    pub(super) fn signal(&self, signal: i32) -> Result<(), SysError> {
        match &self.pidfd {
            Some(pidfd) => pidfd::send_signal(pidfd.as_fd(), signal),
            None => signalfd::kill(self.pid, signal),
        }
    }

    /// Its first process has ended.
    pub(super) fn has_ended(&self) -> bool {
        wait::has_ended(self.pid).unwrap_or(true)
    }

    /// Once it has ended.
    pub(super) fn reap(self) -> Ended {
        let Self { pid, started, since, undo, .. } = self;
        // Nobody else could have reaped it.
        let end = wait::reap(pid).unwrap_or(End::Exited(255));
        Ended { end, started, finished: now(), ran: since.elapsed(), undo }
    }
}

impl Ended {
    /// Undoes what the start did. What cannot be undone shows up in `masu system prune`.
    pub(super) fn tear_down(&self) {
        let init = file::open("/proc/self/exe", OFlags::RDONLY).ok();
        tear_down(self.undo.all(), Tools { init: init.as_ref().map(AsFd::as_fd) });
    }
}

/// A sealed copy of this executable: what a container's first process is executed from can be reached from inside.
pub(super) fn sealed_init() -> Result<OwnedFd, CoreError> {
    let copy = || {
        let own = file::open("/proc/self/exe", OFlags::RDONLY)?;
        let length = usize::try_from(file::status(own.as_fd())?.st_size).unwrap_or(0);
        memfd::sealed_executable_copy(c"masu-init", own, length, (0, &[]))
    };
    copy().map_err(|error| failed("Copy masu's own executable", error))
}
