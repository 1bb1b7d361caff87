//! Op `create_bundle`: a container of an OCI bundle, which is nobody's child when this process has ended.

use masu_launch::{Claim, LaunchText, Scope};
use masu_steps::hint::unless_hinted;
use masu_steps::undo::Undo;
use masu_wire::bundle::{BundleSettings, CreateBundleReply, Handover};
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::lifecycle::Store;
use masu_wire::plan::HostStep;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::os::fd::{AsFd, BorrowedFd};

use crate::event::Subject;
use crate::handover::hand_over;
use crate::lock::Lock;
use crate::status::Condition;
use crate::store::Shelf;
use crate::{paths, small_file, word};

const ACTION: &str = "Create container";

/// [`masu_wire::bundle::CreateBundleRequest`] with its plan still as text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateBundleText<'a> {
    store: Store,
    #[serde(borrow)]
    launch: LaunchText<'a>,
    handover: Handover,
    keep: Option<BundleSettings>,
}

impl<'a> CreateBundleText<'a> {
    /// One whose plan was kept.
    pub(crate) const fn of_kept(store: Store, launch: LaunchText<'a>, handover: Handover) -> Self {
        Self { store, launch, handover, keep: None }
    }

    /// The container's ID.
    #[must_use]
    pub fn id(&self) -> &str {
        self.launch.blank("id").unwrap_or_default()
    }

    /// The plan, and what it depends on beside document and host; none: it is not to be kept. The settings are taken out.
    pub fn take_keep(&mut self) -> Option<(BundleSettings, &'a RawValue)> {
        Some((self.keep.take()?, self.launch.plan()))
    }
}

/// Makes the container and returns when it waits for its start, or runs where its plan has no such step.
///
/// Its lock is held meanwhile, so that whoever looks for it, starts it or deletes it comes after. `init`: the sealed executable of its stage.
/// Errors: `already_exists` of its ID; the step that failed, the hook, the socket or the file of the handover. Nothing is left of it then.
pub fn create_bundle(request: CreateBundleText<'_>, init: BorrowedFd<'_>) -> Result<CreateBundleReply, CoreError> {
    let id = request.id().to_owned();
    let CreateBundleText { store, launch, handover, keep: _ } = request;
    word::check_id(ACTION, &id)?;
    refuse_taken(&store, &id)?;
    let mut launch = masu_launch::read(launch, init, Scope::Whole)?;
    let directory = paths::runtime(&store, &id);
    let mut lock = None;
    let mut take = |undo: &Undo| {
        lock = Some(claim(&store, &id, undo)?);
        Ok(())
    };
    let claim = Claim { directory: &directory, take: &mut take };
    let launched = masu_launch::start_for(&mut launch, Some(claim), |launched| hand_over(&handover, launched));
    let launched = launched.map_err(|error| if is_taken(&error, &directory) { taken(&store, &id) } else { error })?;
    Subject::of(&Condition::of(Shelf::open(&store)?.entry(&id))).tell(&store, "create", &[]);
    drop(lock);
    if let Some(notify) = &launched.notify {
        let pidfd = launched.pidfd.as_ref().map(AsFd::as_fd);
        notify.wait(launched.pid, pidfd, || masu_sys::wait::has_ended(launched.pid).unwrap_or(true))?;
    }
    Ok(CreateBundleReply { pid: launched.pid })
}

/// Whatever has the ID, in either directory: what is there of a container that lives on may be no runtime directory.
fn refuse_taken(store: &Store, id: &str) -> Result<(), CoreError> {
    let entry = Shelf::open(store)?.entry(id);
    let is_free = entry.data().is_none() && entry.data.refusal().is_none() && !entry.is_there();
    if is_free { Ok(()) } else { Err(taken(store, id)) }
}

/// Locks the directory that was just made, and writes down what undoes everything: this process may be killed at any time.
fn claim(store: &Store, id: &str, undo: &Undo) -> Result<Lock, CoreError> {
    let entry = Shelf::open(store)?.entry(id);
    let bug = || CoreError::bug(format!("{ACTION} {id:?}: its plan made no directory for it"));
    let place = entry.runtime().ok_or_else(bug)?;
    let lock = Lock::of(place)?;
    // Hooks tell of a container's life, which this one will not have had.
    let steps: Vec<&HostStep> =
        undo.all().map(|(_, step)| step).filter(|step| !matches!(step, HostStep::RunHook { .. })).collect();
    let text = serde_json::to_string(&steps)
        .map_err(|error| CoreError::bug(format!("Write what undoes container {id:?}: {error}")))?;
    small_file::replace(place, paths::UNDO, &text, false)?;
    Ok(lock)
}

/// Somebody else made the container's directory in the meantime.
fn is_taken(error: &CoreError, directory: &str) -> bool {
    error.code == ErrorCode::AlreadyExists && error.message.contains(&format!("{directory:?}"))
}

/// The words are those that engines look for.
fn taken(store: &Store, id: &str) -> CoreError {
    let error =
        CoreError::new(ErrorCode::AlreadyExists, format!("{ACTION} {id:?}: container with given ID already exists"));
    let is_there = Shelf::open(store).is_ok_and(|shelf| shelf.entry(id).is_there());
    let hint = if is_there {
        "choose another ID, or delete that container"
    } else {
        "no container has it: masu system prune removes what was left behind"
    };
    unless_hinted(error, hint)
}
