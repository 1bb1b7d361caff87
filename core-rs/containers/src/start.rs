//! Op `start`: a monitor, and then the container.

use masu_steps::monitor_protocol::{MonitorAnswer, MonitorRequest};
use masu_wire::container::{ContainerRecord, LogDriver};
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::lifecycle::{StartReply, StartRequest};
use std::os::fd::{AsFd, BorrowedFd, IntoRawFd, OwnedFd};

use crate::bundle_start::{self, Readiness};
use crate::event::make_runtime;
use crate::lock::{Locked, lock_found};
use crate::monitor::{self, Options, Started, out_of_turn};
use crate::paths::STARTED;
use crate::small_file;
use crate::status::{Condition, will_restart};
use crate::store::Shelf;
use crate::teardown::settle;

/// A monitor that ends while it is asked, and another one after it: more often than this it is no accident.
const TRIES: u32 = 16;
const ACTION: &str = "Start container";

/// Starts a container and returns when its program runs. `init`: the sealed executable.
///
/// Errors: `not_found`; why its program does not run, and then nothing is left of the attempt.
pub fn start(request: &StartRequest, init: BorrowedFd<'_>) -> Result<StartReply, CoreError> {
    let shelf = Shelf::open(&request.store)?;
    let id = shelf.find(&request.container)?.id;
    start_found(&shelf, &id, Wishes { attach: request.attach, notify: request.notify_socket.as_deref() }, init)
}

/// How it is started.
#[derive(Clone, Copy, Default)]
pub(crate) struct Wishes<'a> {
    /// Connect to it before its program runs.
    pub(crate) attach: bool,
    /// Whom to tell when the program is ready.
    pub(crate) notify: Option<&'a str>,
}

/// As [`start`], by its ID.
pub(crate) fn start_found(
    shelf: &Shelf<'_>,
    id: &str,
    wishes: Wishes<'_>,
    init: BorrowedFd<'_>,
) -> Result<StartReply, CoreError> {
    for _ in 0..TRIES {
        let locked = lock_found(shelf, ACTION, id)?;
        // It may be of a directory that did not exist when the shelf was opened.
        let fresh = Shelf::open(shelf.store)?;
        let locked = Locked { entry: fresh.entry(id), lock: locked.lock };
        if let Some((reply, readiness)) = attempt(&fresh, locked, wishes, init)? {
            readiness.map_or(Ok(()), |readiness| readiness.wait(reply.pid))?;
            return Ok(reply);
        }
    }
    Err(CoreError::new(ErrorCode::Failed, format!("{ACTION} {id:?}: its monitors end one after the other")))
}

/// None: a monitor was there and ended meanwhile.
fn attempt(
    shelf: &Shelf<'_>,
    locked: Locked,
    Wishes { attach, notify }: Wishes<'_>,
    init: BorrowedFd<'_>,
) -> Result<Option<(StartReply, Option<Readiness>)>, CoreError> {
    let condition = Condition::of(locked.entry);
    if let Some(error) = condition.error {
        return Err(error);
    }
    if condition.bundle().is_some() {
        return bundle_start::start(shelf, &condition, notify, init).map(Some);
    }
    if let Some(record) = condition.record.as_ref().filter(|_| condition.alive) {
        return Ok(Some((running(record), None)));
    }
    let Some(document) = &condition.document else {
        return Err(CoreError::new(
            ErrorCode::Failed,
            format!("{ACTION} {:?}: it ran in the foreground", condition.id()),
        )
        .with_hint("masu run makes another one"));
    };
    if let Some(connection) = monitor::connect(shelf.store, condition.id())? {
        // It takes the lock itself, to write down the end.
        drop(locked.lock);
        return Ok(wake(shelf, &condition, &connection, attach)?.map(|reply| (reply, None)));
    }
    settle(&condition, Some(init))?;
    let passthrough = document.log.driver == LogDriver::Passthrough;
    let started = mark_and_spawn(shelf, &condition, Options { attach, passthrough }, init)?;
    Ok(Some((reply(condition.id(), started.pid, started.connection), None)))
}

fn running(record: &ContainerRecord) -> StartReply {
    StartReply { id: record.id.clone(), pid: record.pid, started: false, connection: None }
}

fn reply(id: &str, pid: u32, connection: Option<OwnedFd>) -> StartReply {
    StartReply { id: id.to_owned(), pid, started: true, connection: connection.map(IntoRawFd::into_raw_fd) }
}

fn mark_and_spawn(
    shelf: &Shelf<'_>,
    condition: &Condition,
    options: Options,
    init: BorrowedFd<'_>,
) -> Result<Started, CoreError> {
    let Some(place) = condition.entry.data() else {
        return Err(CoreError::bug(format!("{ACTION} {:?}: it has no directory", condition.id())));
    };
    let is_first = !condition.was_started();
    make_runtime(shelf.store)?;
    small_file::touch(place, STARTED)?;
    monitor::spawn(shelf.store, condition.id(), init, options).inspect_err(|_| {
        if is_first {
            // It was never started then. The failed start is what is told.
            let _ = small_file::remove(place, STARTED);
        }
    })
}

/// A monitor that waits before it starts the container again does it now; one that is about to end is waited for.
fn wake(
    shelf: &Shelf<'_>,
    condition: &Condition,
    connection: &OwnedFd,
    attach: bool,
) -> Result<Option<StartReply>, CoreError> {
    let restarts = match (&condition.document, condition.end()?) {
        (Some(document), Some(end)) => will_restart(document, &end),
        _ => false,
    };
    if !restarts {
        return monitor::outwait(shelf, condition.id(), connection.as_fd()).map(|()| None);
    }
    let attached = if attach { monitor::connect(shelf.store, condition.id())? } else { None };
    let request = MonitorRequest::Stop { signal: None, timeout_ms: None, restart: true };
    match monitor::ask(connection.as_fd(), &request)? {
        Some(MonitorAnswer::Started { pid, .. }) => Ok(Some(reply(condition.id(), pid, attached))),
        Some(MonitorAnswer::Ended { .. }) | None => Ok(None),
        Some(MonitorAnswer::Failed { error }) => Err(*error),
        Some(answer) => Err(out_of_turn(&answer)),
    }
}
