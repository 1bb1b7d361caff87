//! Op `delete`: containers and all they left are removed.

use masu_steps::executor::{Tools, execute};
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::lifecycle::{DeleteRequest, Outcome, OutcomesReply, Status};
use masu_wire::plan::HostStep;
use std::os::fd::{AsFd, BorrowedFd};

use crate::bundle_delete::destroy;
use crate::ending::{Goal, Means, end_all};
use crate::event::Subject;
use crate::lock::{Lock, gone, lock};
use crate::removal::{remove, remove_links};
use crate::status::{Condition, will_restart};
use crate::store::{Shelf, Side};
use crate::teardown::settle;
use crate::{monitor, word};

/// Somebody may start it again and again meanwhile.
const TRIES: u32 = 16;
const SIGKILL: i32 = 9;
const ACTION: &str = "Delete container";

/// Deletes each. Errors of each: `failed` it runs; `not_found`, unless that is fine.
pub fn delete(request: &DeleteRequest, init: Option<BorrowedFd<'_>>) -> Result<OutcomesReply, CoreError> {
    let shelf = Shelf::open(&request.store)?;
    let found: Vec<_> = request.words.iter().map(|word| shelf.find(word).map(|entry| entry.id)).collect();
    if request.force {
        let ids: Vec<String> = found.iter().flatten().cloned().collect();
        let is_bundle = |id: &String| Condition::of(shelf.entry(id)).bundle().is_some();
        // One that nobody watches is killed when it is deleted.
        if !matches!(&*ids, [only] if is_bundle(only)) {
            // What becomes of each is seen when it is deleted.
            let _ = kill_running(&shelf, ids, init);
        }
    }
    let outcomes = request.words.iter().zip(found).map(|(word, found)| {
        let (id, deleted) = match found {
            Err(error) if error.code == ErrorCode::NotFound => {
                let removed = if request.force { remove_leftover(&shelf, word, init) } else { Ok(false) };
                (None, removed.and_then(|removed| if removed || request.ignore { Ok(()) } else { Err(error) }))
            }
            Err(error) => (None, Err(error)),
            Ok(id) => {
                let deleted = delete_found(&shelf, &id, request.force, init);
                (
                    Some(id),
                    deleted.and_then(|found| if found || request.ignore { Ok(()) } else { Err(gone(ACTION, word)) }),
                )
            }
        };
        Outcome { word: word.clone(), id, end: None, error: deleted.err() }
    });
    Ok(OutcomesReply { outcomes: outcomes.collect() })
}

/// Removes the directory of a bundle's container whose maker was killed before it wrote anything down: its ID is taken as long as that is there.
/// False: there is none, or somebody is at it.
fn remove_leftover(shelf: &Shelf<'_>, id: &str, init: Option<BorrowedFd<'_>>) -> Result<bool, CoreError> {
    if !word::is_id(id) {
        return Ok(false);
    }
    let entry = shelf.entry(id);
    let (Side::Absent, Some(place)) = (&entry.data, entry.runtime()) else { return Ok(false) };
    // Whoever has the lock is making or removing it.
    let Some(_lock) = Lock::try_of(place)? else { return Ok(false) };
    if shelf.entry(id).is_there() {
        return Ok(false);
    }
    execute(&HostStep::RemoveTree { path: place.path.to_owned(), user: None }, Tools { init })?;
    Ok(true)
}

/// All at once. Errors: the first that does not end, for example as nobody waits for what was executed in its pid namespace.
fn kill_running(shelf: &Shelf<'_>, mut ids: Vec<String>, init: Option<BorrowedFd<'_>>) -> Result<(), CoreError> {
    ids.retain(|id| {
        let condition = Condition::of(shelf.entry(id));
        condition.alive || condition.is_watched(shelf.store)
    });
    let goal = Goal::Stop { signal: Some(SIGKILL), timeout_ms: Some(0), restart: false };
    let ended = end_all(shelf, &ids, goal, Means { init, cancel: None });
    let mut errors = ended.into_iter().filter_map(|ending| ending.outcome().error);
    // One that is gone has ended.
    errors.find(|error| error.code != ErrorCode::NotFound).map_or(Ok(()), Err)
}

/// False: it is gone although nobody here deleted it. One that was killed for it may have been deleted by its own monitor.
pub(crate) fn delete_found(
    shelf: &Shelf<'_>,
    id: &str,
    force: bool,
    init: Option<BorrowedFd<'_>>,
) -> Result<bool, CoreError> {
    for _ in 0..TRIES {
        let locked = match lock(shelf, id) {
            Ok(Some(locked)) => locked,
            Ok(None) => return Ok(force),
            // Only the link goes, whatever it leads to.
            Err(_) if force => return remove_links(shelf, id).map(|()| true),
            Err(refusal) => return Err(refusal),
        };
        let condition = Condition::of(locked.entry);
        if let Some(error) = condition.error.clone().filter(|_| !force) {
            return Err(error);
        }
        let connection = if condition.is_lasting() { monitor::connect(shelf.store, id)? } else { None };
        // In the foreground, its masu cleans up.
        let cleaning = !condition.is_lasting() && condition.watcher().is_some();
        if !condition.alive && connection.is_none() && !cleaning {
            if condition.bundle().is_some() {
                destroy(shelf, &condition, init)?;
                Subject::of(&condition).tell(shelf.store, "destroy", &[]);
                return Ok(true);
            }
            settle(&condition, init)?;
            remove(shelf, &condition, Tools { init })?;
            Subject::of(&condition).tell(shelf.store, "destroy", &[]);
            return Ok(true);
        }
        // Its monitor takes the lock itself, to write down the end.
        drop(locked.lock);
        // One that was never started has nothing to lose.
        let is_waiting = condition.bundle().is_some() && condition.bundle_status() == Status::Created;
        if force || is_waiting {
            let killed = kill_running(shelf, vec![id.to_owned()], init);
            if condition.bundle().is_some() {
                killed?;
            }
        } else if condition.alive || is_between_starts(&condition) {
            return Err(running(&condition));
        } else if let Some(connection) = connection {
            monitor::outwait(shelf, id, connection.as_fd())?;
        } else {
            drop(end_all(shelf, &[id.to_owned()], Goal::Wait, Means { init, cancel: None }));
        }
    }
    Err(CoreError::new(ErrorCode::Failed, format!("{ACTION} {id:?}: it is started again and again")))
}

fn is_between_starts(condition: &Condition) -> bool {
    match (&condition.document, condition.end()) {
        (Some(document), Ok(Some(end))) => will_restart(document, &end),
        // It is being started for the first time.
        (Some(_), Ok(None)) => true,
        _ => false,
    }
}

fn running(condition: &Condition) -> CoreError {
    if condition.bundle().is_some() {
        let id = condition.id();
        let status = match condition.bundle_status() {
            Status::Created => "created",
            Status::Paused => "paused",
            _ => "running",
        };
        let message = format!("{ACTION} {id:?}: cannot delete container {id} that is not stopped: {status}");
        return CoreError::new(ErrorCode::Failed, message).with_hint("kill it first, or use --force");
    }
    let what = if condition.alive { "it runs" } else { "it is about to be started" };
    CoreError::new(ErrorCode::Failed, format!("{ACTION} {:?}: {what}", condition.id()))
        .with_hint("stop it first, or use --force")
}
