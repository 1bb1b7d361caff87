//! The end of a container of an OCI bundle: all that its creation made is removed, and its `poststop` hooks are run.

use masu_steps::executor::{Tools, execute, placed, tear_down};
use masu_wire::error::{CoreError, Group};
use masu_wire::plan::HostStep;
use std::os::fd::BorrowedFd;

use crate::event::Subject;
use crate::paths;
use crate::status::Condition;
use crate::store::Shelf;

/// Destroys a container that is locked, and of whose first process nothing is alive.
///
/// What it has been goes last: a deletion that failed, or was killed, can be repeated. A hook that fails changes nothing, as runtime.md, "Lifecycle",
/// step 13 has it; those who watch are told.
/// Errors: the first step that failed; then it is still there.
pub(crate) fn destroy(shelf: &Shelf<'_>, condition: &Condition, init: Option<BorrowedFd<'_>>) -> Result<(), CoreError> {
    let Some(record) = &condition.record else { return Ok(()) };
    let tools = Tools { init };
    let own = paths::runtime(shelf.store, condition.id());
    let is_hook = |step: &HostStep| matches!(step, HostStep::RunHook { .. });
    let is_own = |step: &HostStep| matches!(step, HostStep::RemoveTree { path, .. } if *path == own);
    let undo = || placed(Group::Afterwards, &record.masu.undo);
    let made = || undo().filter(|(_, step)| !is_hook(step) && !is_own(step));
    let mut failures = tear_down(made(), tools);
    if !failures.is_empty() {
        // Whoever ran it, and was killed, may have left a guard that is at the same files.
        failures = tear_down(made(), tools);
    }
    if let Some(failure) = failures.into_iter().next() {
        return Err(failure);
    }
    let subject = Subject::of(condition);
    for failure in tear_down(undo().filter(|(_, step)| is_hook(step)), tools) {
        subject.tell(shelf.store, "hook_failed", &[("error", failure.message)]);
    }
    execute(&HostStep::RemoveTree { path: own, user: None }, tools)
}
