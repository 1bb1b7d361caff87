//! From a plan to a running program.
//!
//! Used by the core for TypeScript, by the monitor that starts containers anew, and by the front.

mod attempt;
mod become_program;
mod clone_hint;
mod clone_place;
pub mod examine;
pub mod filter;
mod guard;
pub mod id_mapped;
mod journal;
mod kept_namespaces;
mod monitor;
mod request;
mod stage;
#[cfg(test)]
mod tests;

use std::os::fd::{BorrowedFd, IntoRawFd};

use masu_steps::executor::tear_down;
use masu_sys::hold::{Hold, hold};
use masu_sys::signal;
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::request::LaunchReply;

use attempt::attempt;
pub use attempt::{Claim, Launched};
pub use become_program::become_program;
use guard::Guard;
use journal::Journal;
pub use request::{Launch, LaunchText, Scope, read};

/// Starts the container and returns when its program runs. `init`: the sealed executable of its stage.
///
/// Errors: the plan's step that failed; what was done is undone by then.
pub fn launch(request: LaunchText<'_>, init: BorrowedFd<'_>) -> Result<LaunchReply, CoreError> {
    let launched = start(&mut read(request, init, Scope::Whole)?)?;
    Ok(LaunchReply {
        pid: launched.pid,
        pidfd: launched.pidfd.map_or(-1, IntoRawFd::into_raw_fd),
        start: launched.start,
        terminal: launched.terminal.map(IntoRawFd::into_raw_fd),
    })
}

/// Starts a launch that was read; it can be done once. Errors: as for [`launch`].
pub fn start(launch: &mut Launch<'_>) -> Result<Launched, CoreError> {
    start_for(launch, None, |_| Ok(()))
}

/// As [`start`], for somebody who claims the container's ID, and whom the started container is handed over to last.
///
/// Errors: also those of either, and everything is undone then.
pub fn start_for(
    launch: &mut Launch<'_>,
    claim: Option<Claim<'_>>,
    hand_over: impl FnOnce(&Launched) -> Result<(), CoreError>,
) -> Result<Launched, CoreError> {
    let mut journal = Journal::without_guard();
    let mask = launch.signal_mask.map_or_else(mask, Ok)?;
    let launched = attempt(launch, &mut journal, None, mask, claim).inspect_err(|_| undo(launch, &journal))?;
    match hand_over(&launched) {
        Ok(()) => Ok(launched),
        Err(error) => {
            launched.abandon();
            undo(launch, &journal);
            Err(error)
        }
    }
}

/// Starts the container and becomes its monitor: only an error comes back. `running` is called in between, and its error ends the container.
pub fn run(
    request: LaunchText<'_>,
    init: BorrowedFd<'_>,
    running: impl FnOnce(&Launched) -> Result<(), CoreError>,
) -> Result<std::convert::Infallible, CoreError> {
    let mut launch = read(request, init, Scope::Whole)?;
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
    let guard = Guard::start(&launch.undo, &journal, init)?;
    let failure = match block_signals().and_then(|()| attempt(&mut launch, &mut journal, Some(&guard), mask, None)) {
        Ok(launched) => match running(&launched) {
            Ok(()) => monitor::become_monitor(launched, &guard, &launch),
            Err(error) => {
                launched.abandon();
                error
            }
        },
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
fn undo(launch: &Launch<'_>, journal: &Journal) {
    tear_down(launch.undo.due(journal.done()), launch.tools());
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
    pub fn abandon(self) {
        stage::kill_and_reap(self.pid, self.pidfd.as_ref());
    }
}
