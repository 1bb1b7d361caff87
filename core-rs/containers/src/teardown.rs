//! Cleaning up after a container whose monitor did not: it was killed, or the machine went down.

use masu_steps::executor::{Tools, placed, tear_down};
use masu_steps::time::now;
use masu_wire::container::{CONTAINER_VERSION, ContainerEnd, ContainerRecord};
use masu_wire::error::{CoreError, ErrorCode, Group};
use masu_wire::plan::HostStep;
use std::os::fd::BorrowedFd;

use crate::document;
use crate::paths::{END, UNDO};
use crate::small_file;
use crate::status::{Condition, read_json};
use crate::store::Side;

/// What `wait` says of an end that nobody saw.
const UNKNOWN: i32 = 255;

/// Removes what the last start left, and writes down that it has ended. The container is locked, and nothing of it is alive. One of an OCI bundle
/// stays as it is.
///
/// Errors: the first step that failed.
pub(crate) fn settle(condition: &Condition, init: Option<BorrowedFd<'_>>) -> Result<Option<ContainerEnd>, CoreError> {
    if condition.bundle().is_some() {
        return Ok(None);
    }
    let end = condition.record.as_ref().filter(|record| record.masu.lasting).map(|record| write_end(condition, record));
    let mut failures = clean(condition, Tools { init })?;
    if !failures.is_empty() {
        // The guard of a foreground run that was killed may be at the same files: what it had just removed is no failure.
        failures = clean(condition, Tools { init })?;
    }
    match failures.into_iter().next() {
        Some(failure) => Err(failure),
        None => end.transpose(),
    }
}

fn clean(condition: &Condition, tools: Tools<'_>) -> Result<Vec<CoreError>, CoreError> {
    if let Some(record) = &condition.record {
        return Ok(tear_down(placed(Group::Afterwards, &record.masu.undo), tools));
    }
    if let Some(place) = condition.entry.runtime()
        && let Some(steps) = read_json::<Vec<HostStep>>(place, UNDO)?
    {
        return Ok(tear_down(placed(Group::Afterwards, &steps), tools));
    }
    // Killed before the record was written: the plan knows what may be there.
    let text = match (&condition.entry.runtime, condition.entry.data()) {
        (Side::Open(_), Some(place)) => document::read_text(place)?,
        _ => None,
    };
    let Some(text) = text else { return Ok(Vec::new()) };
    let ends = document::plan_ends(&text)?;
    Ok(tear_down(placed(Group::Afterwards, &ends.afterwards), tools))
}

/// Unless its monitor wrote it, and was killed after that.
fn write_end(condition: &Condition, record: &ContainerRecord) -> Result<ContainerEnd, CoreError> {
    if let Ok(Some(end)) = condition.end()
        && end.started == record.masu.started
    {
        return Ok(end);
    }
    let end = unseen(record);
    if let Some(place) = condition.entry.data() {
        // No key of it is anything but a string.
        let text = serde_json::to_string(&end).unwrap_or_default();
        small_file::replace(place, END, &text, false)?;
    }
    Ok(end)
}

/// An end without a monitor.
fn unseen(record: &ContainerRecord) -> ContainerEnd {
    let message = format!("Watch container {:?}: its monitor was killed, so its exit status is not known", record.id);
    ContainerEnd {
        version: CONTAINER_VERSION,
        started: record.masu.started.clone(),
        finished: now(),
        status: UNKNOWN,
        signal: None,
        out_of_memory: false,
        oom_kills: 0,
        peak_memory_bytes: None,
        restarts: 0,
        requested: false,
        last_lines: Vec::new(),
        error: Some(CoreError::new(ErrorCode::Failed, message)),
    }
}
