//! What is true of a container now: from what was written down, and from what is alive.

use masu_sys::errno::values::EAGAIN;
use masu_sys::local_socket;
use masu_wire::container::{BundleRecord, ContainerEnd, ContainerRecord, HealthRecord, RestartKind};
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::lifecycle::{ContainerView, Status, Store};
use serde::de::DeserializeOwned;

use crate::document::{self, Head};
use crate::freeze::is_frozen;
use crate::process::{Process, is_alive};
use crate::small_file::{self, Place};
use crate::store::Entry;
use crate::{memory, monitor, paths};

/// A container and what was read of it.
#[derive(Debug)]
pub struct Condition {
    /// Its directories.
    pub entry: Entry,
    /// Its document; none: it runs in the foreground, or is broken.
    pub document: Option<Head>,
    /// `state.json`.
    pub record: Option<ContainerRecord>,
    /// The process of `record` is alive.
    pub alive: bool,
    /// Why it is broken.
    pub error: Option<CoreError>,
}

impl Condition {
    /// Reads it. What cannot be read is [`Self::error`].
    #[must_use]
    pub fn of(entry: Entry) -> Self {
        let mut error = entry.data.refusal().or(entry.runtime.refusal()).cloned();
        let mut keep = |failure: CoreError| error = error.take().or(Some(failure));
        let document = entry.data().and_then(|place| {
            document::read_head(place).unwrap_or_else(|failure| {
                keep(failure);
                None
            })
        });
        let record: Option<ContainerRecord> = entry.runtime().and_then(|place| {
            read_json(place, paths::RECORD).unwrap_or_else(|failure| {
                keep(failure);
                None
            })
        });
        let alive = record.as_ref().is_some_and(|record| is_alive(record.pid, record.masu.start));
        let lost = document.is_none() && error.is_none() && record.as_ref().is_some_and(|record| record.masu.lasting);
        if lost {
            let message = format!("Read container {:?}: its container.json is gone", entry.id);
            error = Some(CoreError::new(ErrorCode::Failed, message).with_hint("remove it with delete --force"));
        }
        if error.is_none() && entry.is_half() {
            let message = format!("Read container {:?}: it is being made, or whoever made it was killed", entry.id);
            error = Some(CoreError::new(ErrorCode::Failed, message).with_hint("remove it with delete --force"));
        }
        Self { entry, document, record, alive, error }
    }

    /// It was made from an OCI bundle: it stays until it is deleted, and nobody of masu's need watch it.
    #[must_use]
    pub fn bundle(&self) -> Option<&BundleRecord> {
        self.record.as_ref().and_then(|record| record.masu.bundle.as_ref())
    }

    /// Why it cannot be done what only containers that live on can.
    #[must_use]
    pub fn why_not_lasting(&self) -> &'static str {
        if self.bundle().is_some() { "it was made from an OCI bundle" } else { "it runs in the foreground" }
    }

    /// What is true now of one that was made from an OCI bundle.
    #[must_use]
    pub(crate) fn bundle_status(&self) -> Status {
        let freezer = self.record.as_ref().and_then(|record| record.masu.cgroups.freezer.as_ref());
        match self.alive {
            false => Status::Stopped,
            true if freezer.is_some_and(is_frozen) => Status::Paused,
            true if self.awaits_start() => Status::Created,
            true => Status::Running,
        }
    }

    /// Its first process listens still: the socket ends with execve(2), whoever removes its name, and when.
    fn awaits_start(&self) -> bool {
        let connect = |place: Place<'_>| local_socket::connect_in(place.directory, paths::SOCKET);
        match self.entry.runtime().map(connect) {
            Some(Ok(_)) => true,
            // More than it can take wait to be looked at.
            Some(Err(error)) => error.errno == EAGAIN,
            None => false,
        }
    }

    /// Its ID.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.entry.id
    }

    /// The name that leads to it.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        let recorded = || self.record.as_ref().and_then(|record| record.masu.name.as_deref());
        self.document.as_ref().map_or_else(recorded, |document| document.name.as_deref())
    }

    /// It was made to live on.
    #[must_use]
    pub fn is_lasting(&self) -> bool {
        self.document.is_some() || self.record.as_ref().is_none_or(|record| record.masu.lasting)
    }

    /// Its first process.
    #[must_use]
    pub fn process(&self) -> Option<Process> {
        self.record.as_ref().and_then(|record| Process::find(record.pid, record.masu.start))
    }

    /// Its monitor, or the masu that runs it in the foreground, as it was written down.
    #[must_use]
    pub fn watcher(&self) -> Option<Process> {
        self.record.as_ref().and_then(|record| Process::find(record.masu.monitor, record.masu.monitor_start))
    }

    /// What is true now. `end`: how it ended last; `watched`: its monitor is alive.
    fn status(&self, end: Option<&ContainerEnd>, watched: bool) -> Status {
        if self.error.is_some() {
            return Status::Broken;
        }
        if self.bundle().is_some() {
            return self.bundle_status();
        }
        if self.alive {
            let freezer = self.record.as_ref().and_then(|record| record.masu.cgroups.freezer.as_ref());
            return if freezer.is_some_and(is_frozen) { Status::Paused } else { Status::Running };
        }
        match (&self.document, end) {
            (Some(document), Some(end)) if watched && will_restart(document, end) => Status::Restarting,
            (_, Some(_)) => Status::Stopped,
            _ if self.record.is_some() || self.was_started() => Status::Stopped,
            _ => Status::Created,
        }
    }

    pub(crate) fn was_started(&self) -> bool {
        self.entry.data().is_some_and(|place| masu_sys::file::status_in(place.directory, paths::STARTED).is_ok())
    }

    /// How it ended last. Errors: those of reading it.
    pub fn end(&self) -> Result<Option<ContainerEnd>, CoreError> {
        self.entry.data().map_or(Ok(None), |place| read_json(place, paths::END))
    }

    /// A monitor is alive: as it was written down, or as its socket answers.
    #[must_use]
    pub fn is_watched(&self, store: &Store) -> bool {
        let recorded = |record: &ContainerRecord| is_alive(record.masu.monitor, record.masu.monitor_start);
        self.record.as_ref().is_some_and(recorded)
            || (self.document.is_some() && monitor::connect(store, self.id()).is_ok_and(|found| found.is_some()))
    }

    /// What is true now.
    #[must_use]
    pub fn view(self, store: &Store) -> ContainerView {
        let watched = self.is_watched(store);
        let (end, unread) = match self.end() {
            Ok(end) => (end, None),
            Err(error) => (None, Some(error)),
        };
        let status = self.status(end.as_ref(), watched);
        let health = self.health();
        let ended = end.as_ref().map_or(0, |end| end.oom_kills);
        let oom_kills = self.record.as_ref().filter(|_| self.alive).map_or(ended, memory::kills_in);
        let Self { entry, document, mut record, alive, error } = self;
        if let (Some(document), Some(record)) = (&document, &mut record) {
            // It may have been renamed since it was started.
            record.masu.name.clone_from(&document.name);
        }
        let masu = record.as_ref().map(|record| &record.masu);
        let details = document.as_ref();
        ContainerView {
            id: entry.id,
            status,
            name: details.map_or_else(|| masu.and_then(|masu| masu.name.clone()), |document| document.name.clone()),
            created: details
                .map(|document| &document.created)
                .or(masu.map(|masu| &masu.created))
                .cloned()
                .unwrap_or_default(),
            image: details
                .map(|document| &document.image)
                .or(masu.map(|masu| &masu.image))
                .cloned()
                .unwrap_or_default(),
            command: details
                .map(|document| &document.command)
                .or(masu.map(|masu| &masu.command))
                .cloned()
                .unwrap_or_default(),
            labels: details
                .map(|document| &document.labels)
                .or(masu.and_then(|masu| masu.labels.as_ref()))
                .cloned()
                .unwrap_or_default(),
            lasting: details.is_some() || masu.is_none_or(|masu| masu.lasting),
            watched,
            restart: details.map(|document| document.restart.clone()),
            record: record.filter(|record| alive || record.masu.bundle.is_some()),
            end,
            oom_kills,
            health,
            error: error.or(unread),
        }
    }

    fn health(&self) -> Option<HealthRecord> {
        self.document.as_ref().filter(|document| document.health.is_some() && self.alive)?;
        // It is written again after the next check; until then one that cannot be read says as much as none.
        self.entry.runtime().and_then(|place| read_json(place, paths::HEALTH).ok().flatten())
    }
}

/// A container that has ended so is to be started again.
pub(crate) fn will_restart(document: &Head, end: &ContainerEnd) -> bool {
    match document.restart.kind {
        _ if end.requested || end.error.is_some() => false,
        RestartKind::No => false,
        RestartKind::OnFailure => end.status != 0,
        RestartKind::Always | RestartKind::UnlessStopped => true,
    }
}

/// A file of masu's own; none: there is none. Errors: those of reading it, and that it is damaged.
pub(crate) fn read_json<T: DeserializeOwned>(place: Place<'_>, name: &str) -> Result<Option<T>, CoreError> {
    let Some(text) = small_file::read(place, name)? else { return Ok(None) };
    serde_json::from_str(&text).map(Some).map_err(|error| document::corrupt(name, place, &error))
}
