//! Op `kill`: a signal for containers.

use masu_steps::monitor_protocol::{MonitorAnswer, MonitorRequest};
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::lifecycle::{KillRequest, OutcomesReply};
use std::os::fd::AsFd;

use crate::direct;
use crate::event::Subject;
use crate::freeze::not_running;
use crate::monitor::{self, out_of_turn};
use crate::outcome::each;
use crate::status::Condition;
use crate::store::Shelf;

/// SIGRTMAX
const LAST_SIGNAL: i32 = 64;
const ACTION: &str = "Send a signal to container";

/// Sends the signal to each, through its monitor where there is one. Errors of each: `failed` it does not run.
pub fn kill(request: &KillRequest) -> Result<OutcomesReply, CoreError> {
    // 0 only asks whether it runs. kill(2)
    if !(0..=LAST_SIGNAL).contains(&request.signal) {
        return Err(CoreError::new(ErrorCode::InvalidConfig, format!("Send signal {}: there is none", request.signal)));
    }
    let shelf = Shelf::open(&request.store)?;
    Ok(each(&shelf, &request.words, |entry| {
        let condition = Condition::of(entry);
        signal(&shelf, &condition, request)?;
        let subject = Subject::of(&condition);
        if request.signal > 0 {
            subject.tell(shelf.store, "kill", &[("signal", request.signal.to_string())]);
        }
        Ok(())
    }))
}

fn signal(shelf: &Shelf<'_>, condition: &Condition, request: &KillRequest) -> Result<(), CoreError> {
    let &KillRequest { signal, all, .. } = request;
    if condition.document.is_some()
        && let Some(connection) = monitor::connect(shelf.store, condition.id())?
    {
        match monitor::ask(connection.as_fd(), &MonitorRequest::Signal { signal, all })? {
            Some(MonitorAnswer::Done) => return Ok(()),
            Some(MonitorAnswer::Failed { error }) => return Err(*error),
            Some(answer) => return Err(out_of_turn(&answer)),
            // It was killed, or has just ended.
            None => {}
        }
    }
    // What was true before the monitor ended need not be now.
    let condition = Condition::of(shelf.entry(condition.id()));
    if condition.alive && direct::signal(&condition, signal, all)? {
        return Ok(());
    }
    if all && condition.bundle().is_some() && direct::signal_remaining(&condition, signal)? {
        return Ok(());
    }
    Err(not_running(ACTION, &condition))
}
