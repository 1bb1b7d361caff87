//! Op `update`: what was decided is changed, now where it runs, and for its next starts.

use masu_steps::executor::{Tools, set_up};
use masu_wire::error::{CoreError, ErrorCode, Group};
use masu_wire::lifecycle::{Store, UpdateReply};
use masu_wire::plan::HostStep;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::os::fd::BorrowedFd;

use crate::document::Head;
use crate::event::Subject;
use crate::lock;
use crate::status::Condition;
use crate::store::Shelf;
use crate::{monitor, paths, small_file};

const ACTION: &str = "Update container";

/// [`masu_wire::lifecycle::UpdateRequest`] with its document still as text, which is kept as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateText<'a> {
    store: Store,
    container: String,
    lock: i32,
    writes: Vec<HostStep>,
    #[serde(borrow)]
    document: &'a RawValue,
}

/// Writes to its cgroups where it runs, and then the document.
///
/// Errors: the write that failed, and then nothing is written down; `failed` it runs in the foreground.
pub fn update(request: &UpdateText<'_>, init: Option<BorrowedFd<'_>>) -> Result<UpdateReply, CoreError> {
    let UpdateText { store, container, lock: held, writes, document } = request;
    let text = document.get();
    let head: Head = serde_json::from_str(text).map_err(|error| CoreError::unreadable("update", &error))?;
    let shelf = Shelf::open(store)?;
    let entry = shelf.entry(container);
    if !lock::is_of(*held, &entry) {
        return Err(CoreError::bug(format!("{ACTION} {container:?}: it is not locked")));
    }
    let condition = Condition::of(entry);
    if let Some(error) = condition.error {
        return Err(error);
    }
    let Some(place) = condition.entry.data().filter(|_| condition.document.is_some()) else {
        let cause = condition.why_not_lasting();
        return Err(CoreError::new(ErrorCode::Failed, format!("{ACTION} {container:?}: {cause}")));
    };
    if condition.alive {
        set_up((Group::Before, 0), writes, Tools { init }, |_| ()).map_err(|mut error| {
            // These are no steps of the container's plan.
            error.place = None;
            error
        })?;
    }
    small_file::replace(place, paths::DOCUMENT, text, !head.remove)?;
    monitor::reload(store, container);
    Subject::of(&condition).tell(store, "update", &[]);
    Ok(UpdateReply {})
}
