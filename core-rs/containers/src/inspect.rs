//! Ops `containers` and `inspect`: what is true of containers now.

use masu_wire::error::CoreError;
use masu_wire::lifecycle::{ContainerView, ContainersReply, ContainersRequest, InspectReply, InspectRequest, Status};

use crate::document;
use crate::status::Condition;
use crate::store::Shelf;

/// One view for each word, or of all. Errors: `not_found` for a word that names none, `invalid_config` for one that several begin with.
pub fn containers(request: &ContainersRequest) -> Result<ContainersReply, CoreError> {
    let shelf = Shelf::open(&request.store)?;
    let view = |entry| Condition::of(entry).view(&request.store);
    if !request.words.is_empty() {
        let found = request.words.iter().map(|word| shelf.find(word).map(view));
        return Ok(ContainersReply { containers: found.collect::<Result<_, _>>()? });
    }
    let mut containers: Vec<ContainerView> = shelf.all()?.into_iter().map(view).collect();
    containers.sort_by(|one, other| (&one.created, &one.id).cmp(&(&other.created, &other.id)));
    Ok(ContainersReply { containers })
}

/// All that is known of one. A broken one has no document. Errors: as of [`containers`].
pub fn inspect(request: &InspectRequest) -> Result<InspectReply, CoreError> {
    let shelf = Shelf::open(&request.store)?;
    let entry = shelf.find(&request.container)?;
    let document = entry.data().map_or(Ok(None), document::read);
    let mut view = Condition::of(entry).view(&request.store);
    let document = document.unwrap_or_else(|error| {
        (view.status, view.error) = (Status::Broken, view.error.take().or(Some(error)));
        None
    });
    Ok(InspectReply { view, document })
}
