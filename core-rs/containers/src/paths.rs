//! Where everything of a store is.

use masu_wire::lifecycle::Store;

/// The record of a container that was made to live on, in its data directory.
pub const DOCUMENT: &str = "container.json";
/// How it ended last, in its data directory.
pub const END: &str = "end.json";
/// It was started at least once: an empty file in its data directory, so that a crash of the machine does not make it look new.
pub const STARTED: &str = "started";
/// The record of a running container, in its runtime directory.
pub const RECORD: &str = "state.json";
/// What undoes a container of an OCI bundle whose maker was killed before it wrote the record, in its runtime directory.
pub const UNDO: &str = "undo.json";
/// Where the first process of such a container waits for its start, in its runtime directory.
pub const SOCKET: &str = "start";
/// The directory that such a container has at `/run/notify`, in its runtime directory: `lib/plan/notify.ts`.
pub const NOTIFY: &str = "notify";
/// The socket in it that its program tells of itself on. sd_notify(3)
pub const NOTIFY_SOCKET: &str = "notify/notify.sock";
/// What its checks said, in its runtime directory.
pub const HEALTH: &str = "health.json";

/// The directory of all data directories.
#[must_use]
pub fn all_data(store: &Store) -> String {
    format!("{}/containers", store.data)
}

/// What lasts of one container.
#[must_use]
pub fn data(store: &Store, id: &str) -> String {
    format!("{}/containers/{id}", store.data)
}

/// The beginning of what a data directory is called once nothing in it is anybody's any more.
pub(crate) const DOOMED: &str = ".deleted.";

/// What a data directory is called while it is removed: no ID.
pub(crate) fn doomed(store: &Store, id: &str) -> String {
    format!("{}/containers/{DOOMED}{id}.{}", store.data, std::process::id())
}

/// The directory of all names.
#[must_use]
pub fn all_names(store: &Store) -> String {
    format!("{}/names", store.data)
}

/// A name: a symbolic link to [`name_target`].
#[must_use]
pub fn name(store: &Store, name: &str) -> String {
    format!("{}/names/{name}", store.data)
}

/// What the name of a container points to.
#[must_use]
pub fn name_target(id: &str) -> String {
    format!("../containers/{id}")
}

/// The directory of all runtime directories.
#[must_use]
pub fn all_runtime(store: &Store) -> String {
    format!("{}/containers", store.runtime)
}

/// What is there of one container while it runs.
#[must_use]
pub fn runtime(store: &Store, id: &str) -> String {
    format!("{}/containers/{id}", store.runtime)
}

/// The directory of the monitors' sockets.
#[must_use]
pub fn monitors(store: &Store) -> String {
    format!("{}/monitors", store.runtime)
}

/// A monitor's socket.
#[must_use]
pub fn monitor(store: &Store, id: &str) -> String {
    format!("{}/monitors/{id}", store.runtime)
}
