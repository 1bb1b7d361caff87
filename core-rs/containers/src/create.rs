//! Op `create`: the container is there, or nothing of it is.

use masu_steps::executor::{Progress, Tools, set_up, tear_down};
use masu_steps::failure::failed;
use masu_steps::hint::unless_hinted;
use masu_wire::error::{CoreError, ErrorCode, Group};
use masu_wire::lifecycle::{CreateReply, Store};
use masu_wire::request::KeepPlan;
use rustix::fs::fsync;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::os::fd::BorrowedFd;

use crate::document::{self, Head, PlanEnds};
use crate::event::Subject;
use crate::lock::lock_new;
use crate::small_file::{self, named, open_directory};
use crate::status::Condition;
use crate::store::Shelf;
use crate::{paths, word};

/// [`masu_wire::lifecycle::CreateRequest`] with its document still as text, which is kept as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateText<'a> {
    store: Store,
    #[serde(borrow)]
    document: &'a RawValue,
    #[serde(default)]
    keep: Option<KeepPlan>,
}

impl CreateText<'_> {
    /// What is kept, for whom.
    pub fn take_keep(&mut self) -> Option<(KeepPlan, &RawValue)> {
        self.keep.take().map(|keep| (keep, self.document))
    }
}

/// Carries out the plan's `create` and writes `container.json` last.
///
/// Errors: the step that failed; `already_exists` of an ID or a name. What was done is undone by then.
pub fn create(request: &CreateText<'_>, init: Option<BorrowedFd<'_>>) -> Result<CreateReply, CoreError> {
    create_text(&request.store, request.document.get(), init)
}

/// The same, of a document that was kept.
pub(crate) fn create_text(store: &Store, text: &str, init: Option<BorrowedFd<'_>>) -> Result<CreateReply, CoreError> {
    let head: Head = serde_json::from_str(text).map_err(|error| CoreError::unreadable("create", &error))?;
    word::check_id("Create container", &head.id)?;
    head.name.as_deref().map_or(Ok(()), |name| word::check_word("Name a container", name))?;
    let ends = document::plan_ends(text)?;
    let tools = Tools { init };
    let mut done = 0;
    let made =
        set_up((Group::Create, 0), &ends.create, tools, |progress| done += u32::from(progress == Progress::Done))
            .map_err(|error| taken(store, &head, &ends, error))
            .and_then(|()| write(store, &head, text));
    if made.is_err() {
        // The failure that led here is what is told; what cannot be undone either shows up in `masu system prune`.
        tear_down(ends.undo_create().due(done), tools);
    }
    made?;
    let condition = Condition::of(Shelf::open(store)?.entry(&head.id));
    Subject::of(&condition).tell(store, "create", &[]);
    Ok(CreateReply {})
}

fn write(store: &Store, head: &Head, text: &str) -> Result<(), CoreError> {
    let action = || format!("Create container {:?}", head.id);
    let shelf = Shelf::open(store)?;
    let bug = || CoreError::bug(format!("{}: its plan made no directory for it", action()));
    let locked = lock_new(&shelf, &head.id)?.ok_or_else(bug)?;
    let place = locked.entry.data().ok_or_else(bug)?;
    // One that is deleted at its end need not survive a crash of the machine, which is an end.
    let lasting = !head.remove;
    small_file::replace(place, paths::DOCUMENT, text, lasting)?;
    if lasting && let Some(all) = open_directory(&paths::all_data(store))? {
        named("fsync", fsync(&all)).map_err(|error| failed(action(), error))?;
    }
    Ok(())
}

/// Says what is in the way where it is no container: what one left behind that was killed while it was made or deleted.
fn taken(store: &Store, head: &Head, ends: &PlanEnds, error: CoreError) -> CoreError {
    let failed = error.place.and_then(|place| ends.create.get(usize::try_from(place.index).ok()?));
    let path = paths::data(store, &head.id);
    let is_own = matches!(failed, Some(masu_wire::plan::HostStep::MakeDirectory { path: made, .. }) if *made == path);
    if error.code != ErrorCode::AlreadyExists || !is_own {
        return error;
    }
    let mut error = error;
    let is_container = Shelf::open(store).is_ok_and(|shelf| shelf.entry(&head.id).is_container());
    if is_container {
        error.message = format!("Create container {:?}: there is one with this ID", head.id);
        return unless_hinted(error, "choose another ID, or remove that container");
    }
    error.message = format!("Create container {:?}: {path:?} is there, though no container has it", head.id);
    unless_hinted(error, "masu system prune removes what was left behind")
}
