//! Ops `launch` and `run`: from a plan to a running program.

mod attempt;
mod clone_hint;
mod clone_place;
mod guard;
mod id_mapped;
mod journal;
mod monitor;
mod request;
mod stage;
#[cfg(test)]
mod tests;

use std::os::fd::IntoRawFd;

use masu_steps::executor::tear_down;
use masu_sys::hold::{Hold, hold};
use masu_sys::signal;
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::request::LaunchReply;

use attempt::{Launched, attempt};
use guard::Guard;
use journal::Journal;
use request::Launch;
pub(crate) use request::LaunchText;

use crate::init_image;

/// Starts the container and returns when its program runs.
pub(crate) fn launch(request: LaunchText<'_>) -> Result<LaunchReply, CoreError> {
    let mut launch = request::read(request)?;
    init_image::init()?;
    let mut journal = Journal::without_guard();
    let launched = attempt(&mut launch, &mut journal, None, mask()?).inspect_err(|_| undo(&launch, &journal))?;
    Ok(LaunchReply {
        pid: launched.pid,
        pidfd: launched.pidfd.map_or(-1, IntoRawFd::into_raw_fd),
        start: launched.start,
        terminal: launched.terminal.map(IntoRawFd::into_raw_fd),
    })
}

/// Starts the container and becomes its monitor: only an error comes back.
pub(crate) fn run(request: LaunchText<'_>) -> Result<std::convert::Infallible, CoreError> {
    let mut launch = request::read(request)?;
    if !launch.monitor.detach_keys.is_empty() {
        return Err(CoreError::new(
            ErrorCode::InvalidConfig,
            "Watch the keys that detach from a terminal: a container in the foreground ends with its masu",
        ));
    }
    let mask = mask()?;
    // What arrives from here on, whichever thread gets it, waits for the monitor, which takes it as if it had come a moment later.
    let hold = hold_signals()?;
    let mut journal = Journal::shared()?;
    let guard = Guard::start(&launch.undo, &journal)?;
    let failure = match block_signals().and_then(|()| attempt(&mut launch, &mut journal, Some(&guard), mask)) {
        Ok(launched) => monitor::become_monitor(launched, &guard, &launch),
        Err(error) => error,
    };
    undo(&launch, &journal);
    guard.dismiss();
    // What came does now what it does to any program. The mask was read from this thread, so it can be set again.
    drop(hold);
    let _ = signal::set_mask(mask);
    Err(failure)
}

/// Undoes what was done. The failure that led here is what the caller is told; what cannot be undone either has the same cause or
/// shows up in `masu system prune`.
fn undo(launch: &Launch, journal: &Journal) {
    tear_down(launch.undo.due(journal.done()), init_image::tools());
}

fn mask() -> Result<u64, CoreError> {
    signal::mask().map_err(|error| masu_steps::failure::failed("Read the signal mask", error))
}

fn hold_signals() -> Result<Hold, CoreError> {
    hold().map_err(|error| masu_steps::failure::failed("Hold signals back", error))
}

fn block_signals() -> Result<(), CoreError> {
    signal::block_all().map(drop).map_err(|error| masu_steps::failure::failed("Block signals", error))
}

impl Launched {
    /// Ends a container that cannot be watched after all.
    fn abandon(self) {
        attempt::kill_and_reap(self.pid, self.pidfd.as_ref());
    }
}
