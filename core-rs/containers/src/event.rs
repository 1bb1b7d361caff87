//! What these ops tell those who watch.

use masu_steps::events::{self, Event};
use masu_steps::executor::{Tools, execute};
use masu_wire::error::CoreError;
use masu_wire::lifecycle::Store;
use masu_wire::plan::HostStep;

use std::collections::BTreeMap;

use crate::paths;
use crate::status::Condition;

/// Whom it happens to.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    id: String,
    name: Option<String>,
    image: String,
    labels: BTreeMap<String, String>,
}

impl Subject {
    pub(crate) fn of(condition: &Condition) -> Self {
        let recorded = condition.record.as_ref().map(|record| record.masu.image.as_str());
        let image = condition.document.as_ref().map(|document| document.image.as_str()).or(recorded);
        let recorded = condition.record.as_ref().and_then(|record| record.masu.labels.as_ref());
        let labels = condition.document.as_ref().map(|document| &document.labels).or(recorded);
        Self {
            id: condition.id().to_owned(),
            name: condition.name().map(str::to_owned),
            image: image.unwrap_or_default().to_owned(),
            labels: labels.cloned().unwrap_or_default(),
        }
    }

    /// Says what happened. That it cannot be said does not undo it, and is no reason to say that it was not done.
    pub(crate) fn tell(&self, store: &Store, action: &str, attributes: &[(&str, String)]) {
        let event = Event::of_container(action, &self.id, self.name.as_deref(), &self.image).labelled(&self.labels);
        let event = attributes.iter().fold(event, |event, (name, value)| event.with(name, value));
        let _ = make_runtime(store).and_then(|()| events::append(&store.runtime, &event));
    }
}

/// The runtime directory and what is needed below it: after a boot there is none.
pub(crate) fn make_runtime(store: &Store) -> Result<(), CoreError> {
    // 0711: a container's root, where that is another user, passes through to its own directory.
    for (path, mode) in [(store.runtime.clone(), 0o711), (paths::monitors(store), 0o700)] {
        if std::path::Path::new(&path).is_dir() {
            continue;
        }
        execute(&HostStep::MakeDirectory { path, mode, parents: true, owner: None }, Tools { init: None })?;
    }
    Ok(())
}
