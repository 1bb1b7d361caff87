//! Ops `stop`, `restart` and `await_end`.

use masu_wire::error::CoreError;
use masu_wire::lifecycle::{AwaitEndRequest, OutcomesReply, StopRequest};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::ending::{Ending, Goal, Means, end_all};
use crate::event::Subject;
use crate::start::{Wishes, start_found};
use crate::status::Condition;
use crate::store::Shelf;

/// Asks all to end at once, waits, and kills those that take too long. One that does not run is fine.
pub fn stop(request: &StopRequest, init: Option<BorrowedFd<'_>>) -> Result<OutcomesReply, CoreError> {
    let shelf = Shelf::open(&request.store)?;
    let goal = Goal::Stop { signal: request.signal, timeout_ms: request.timeout_ms, restart: false };
    let cancel = cancel_of(request.cancel)?;
    let endings = end_all(&shelf, &request.words, goal, Means { init, cancel: cancel.as_ref().map(AsFd::as_fd) });
    for ending in endings.iter().filter(|ending| ending.error.is_none()) {
        // None: it did not run.
        if let Some(subject) = &ending.subject {
            subject.tell(shelf.store, "stop", &[]);
        }
    }
    Ok(reply(endings))
}

/// As [`stop`], and starts each again, or for the first time.
pub fn restart(request: &StopRequest, init: BorrowedFd<'_>) -> Result<OutcomesReply, CoreError> {
    let shelf = Shelf::open(&request.store)?;
    let goal = Goal::Stop { signal: request.signal, timeout_ms: request.timeout_ms, restart: true };
    let cancel = cancel_of(request.cancel)?;
    let means = Means { init: Some(init), cancel: cancel.as_ref().map(AsFd::as_fd) };
    let mut endings = end_all(&shelf, &request.words, goal, means);
    for ending in endings.iter_mut().filter(|ending| ending.error.is_none() && !ending.restarted) {
        let Some(id) = &ending.id else { continue };
        ending.error = start_found(&shelf, id, Wishes::default(), init).err();
    }
    let restarted = endings.iter().filter(|ending| ending.error.is_none()).filter_map(|ending| ending.id.as_ref());
    restarted.for_each(|id| Subject::of(&Condition::of(shelf.entry(id))).tell(shelf.store, "restart", &[]));
    Ok(reply(endings))
}

/// Waits until each has ended and will not be started again.
///
/// Errors of each: `failed` it was never started, or it ran in the foreground: only the masu that ran it knows how it ended.
pub fn await_end(request: &AwaitEndRequest, init: Option<BorrowedFd<'_>>) -> Result<OutcomesReply, CoreError> {
    let shelf = Shelf::open(&request.store)?;
    let cancel = cancel_of(request.cancel)?;
    let means = Means { init, cancel: cancel.as_ref().map(AsFd::as_fd) };
    Ok(reply(end_all(&shelf, &request.words, Goal::Wait, means)))
}

/// The caller may close its own at any time.
fn cancel_of(number: Option<i32>) -> Result<Option<OwnedFd>, CoreError> {
    let duplicate = number.map(masu_sys::descriptor::duplicate_number).transpose();
    duplicate.map_err(|error| masu_steps::failure::failed("Use the descriptor that cancels a wait", error))
}

fn reply(endings: Vec<Ending<'_>>) -> OutcomesReply {
    OutcomesReply { outcomes: endings.into_iter().map(Ending::outcome).collect() }
}
