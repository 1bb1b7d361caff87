//! Where a container is, and what is written down of it.

use masu_containers::document::{self, Head};
use masu_containers::paths;
use masu_containers::small_file::{self, Place};
use masu_steps::events::{self, Event};
use masu_steps::failure::failed;
use masu_sys::file::{self, OFlags};
use masu_wire::container::ContainerRecord;
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::lifecycle::Store;
use serde::Serialize;
use std::os::fd::{AsFd, OwnedFd};

/// One container's directories.
pub(super) struct Home {
    pub(super) store: Store,
    pub(super) id: String,
    data: OwnedFd,
    data_path: String,
}

impl Home {
    /// Errors: there is no such container.
    pub(super) fn open(store: Store, id: String) -> Result<Self, CoreError> {
        let data_path = paths::data(&store, &id);
        let data = file::open(&data_path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW)
            .map_err(|error| failed(format!("Open directory {data_path:?}"), error))?;
        Ok(Self { store, id, data, data_path })
    }

    /// What lasts.
    pub(super) fn data(&self) -> Place<'_> {
        Place { directory: self.data.as_fd(), path: &self.data_path }
    }

    /// The whole of `container.json`.
    pub(super) fn document(&self) -> Result<String, CoreError> {
        document::read_text(self.data())?.ok_or_else(|| {
            CoreError::new(ErrorCode::NotFound, format!("Read container {:?}: it has no container.json", self.id))
        })
    }

    /// What is true of the container whatever its plan.
    pub(super) fn head(&self) -> Result<Head, CoreError> {
        document::parse_head(&self.document()?, self.data())
    }

    /// `state.json`; none: it does not run, or what was written down cannot be read.
    pub(super) fn record(&self) -> Option<ContainerRecord> {
        let text = self.in_runtime(|place| small_file::read(place, paths::RECORD).ok().flatten())??;
        serde_json::from_str(&text).ok()
    }

    /// Writes a file of the runtime directory. What cannot be written is for looking at only.
    pub(super) fn write_in_runtime(&self, name: &str, value: &impl Serialize) {
        // Its keys are strings, so it always has a JSON form.
        let text = serde_json::to_string(value).unwrap_or_default();
        let _ = self.in_runtime(|place| small_file::replace(place, name, &text, false));
    }

    fn in_runtime<T>(&self, act: impl FnOnce(Place<'_>) -> T) -> Option<T> {
        let path = paths::runtime(&self.store, &self.id);
        let directory = file::open(&path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW).ok()?;
        Some(act(Place { directory: directory.as_fd(), path: &path }))
    }

    /// Tells those who watch. That they cannot be told does not undo it.
    pub(super) fn tell(&self, head: &Head, action: &str, attributes: &[(&str, String)]) {
        let event = Event::of_container(action, &self.id, head.name.as_deref(), &head.image).labelled(&head.labels);
        let event = attributes.iter().fold(event, |event, (name, value)| event.with(name, value));
        let _ = events::append(&self.store.runtime, &event);
    }
}
