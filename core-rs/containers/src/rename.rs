//! Op `rename`.

use masu_steps::executor::{Tools, execute};
use masu_wire::container::ContainerDocument;
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::lifecycle::{RenameReply, RenameRequest};
use masu_wire::plan::HostStep;

use crate::event::{Subject, make_runtime};
use crate::lock::lock_found;
use crate::status::Condition;
use crate::store::Shelf;
use crate::{document, monitor, paths, small_file, word};

const ACTION: &str = "Rename container";

/// Gives a container another name. The old one leads to it until the new one does, so that there is no moment without.
///
/// Errors: `already_exists` another container has the name; `failed` it runs in the foreground.
pub fn rename(request: &RenameRequest) -> Result<RenameReply, CoreError> {
    word::check_word("Name a container", &request.name)?;
    let shelf = Shelf::open(&request.store)?;
    let id = shelf.find(&request.container)?.id;
    let locked = lock_found(&shelf, ACTION, &id)?;
    let condition = Condition::of(locked.entry);
    if let Some(error) = condition.error {
        return Err(error);
    }
    let before = Subject::of(&condition);
    let place = condition.entry.data().filter(|_| condition.document.is_some());
    let (Some(place), Some(head)) = (place, &condition.document) else {
        let cause = condition.why_not_lasting();
        return Err(CoreError::new(ErrorCode::Failed, format!("{ACTION} {id:?}: {cause}")));
    };
    if head.name.as_deref() == Some(&request.name) {
        return Ok(RenameReply { id });
    }
    let document = document::read(place)?.ok_or_else(|| crate::lock::gone(ACTION, &id))?;
    reserve(&shelf, &request.name, &id)?;
    let text = serde_json::to_string(&renamed(document, &request.name))
        .map_err(|error| CoreError::bug(format!("{ACTION} {id:?}: {error}")))?;
    let written = small_file::replace(place, paths::DOCUMENT, &text, !head.remove);
    let obsolete = if written.is_ok() { head.name.as_deref() } else { Some(&*request.name) };
    if let Some(name) = obsolete {
        let step = HostStep::RemoveFile { path: paths::name(shelf.store, name), target: Some(paths::name_target(&id)) };
        // What was not written is what is told; an old name that stays is removed by `system prune`.
        let _ = execute(&step, Tools { init: None });
    }
    written?;
    monitor::reload(shelf.store, &id);
    make_runtime(shelf.store)?;
    before.tell(shelf.store, "rename", &[("newName", request.name.clone())]);
    Ok(RenameReply { id })
}

/// Its own name is no obstacle: a rename that was killed can be repeated.
fn reserve(shelf: &Shelf<'_>, name: &str, id: &str) -> Result<(), CoreError> {
    if shelf.named(name).as_deref() == Some(id) {
        return Ok(());
    }
    if let Some(holder) = shelf.exact(name).filter(|holder| holder.id != id) {
        let message = format!("Reserve name {name:?}: container {:?} has it as its ID", holder.id);
        return Err(CoreError::new(ErrorCode::AlreadyExists, message).with_hint("choose another name"));
    }
    let directory = paths::all_names(shelf.store);
    let tools = Tools { init: None };
    execute(&HostStep::MakeDirectory { path: directory, mode: 0o700, parents: true, owner: None }, tools)?;
    let step = HostStep::ReserveName {
        path: paths::name(shelf.store, name),
        target: paths::name_target(id),
        name: name.to_owned(),
    };
    execute(&step, tools)
}

/// The plan keeps the old name where it is removed, which leaves alone what is not this container's, and in the record, where readers
/// prefer the document's.
fn renamed(mut document: ContainerDocument, name: &str) -> ContainerDocument {
    if let serde_json::Value::Object(config) = &mut document.config {
        config.insert("name".to_owned(), name.into());
    }
    document.name = Some(name.to_owned());
    document
}
