//! A store's containers, found by what they are called.

use masu_steps::failure::{failed, failed_because};
use masu_sys::errno::values::{ENOENT, ENOTDIR};
use masu_sys::error::SysError;
use masu_sys::file::{self, FileType, OFlags};
use masu_wire::container::ContainerRecord;
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::lifecycle::Store;
use rustix::fs::readlinkat;
use std::collections::BTreeSet;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::small_file::{self, Place};
use crate::{document, paths, status, word};

/// So many IDs are named at most in a message.
const NAMED: usize = 4;

/// A store whose directories are open.
pub struct Shelf<'a> {
    /// Where it is.
    pub store: &'a Store,
    data: Option<OwnedFd>,
    runtime: Option<OwnedFd>,
}

/// One of a container's two directories.
#[derive(Debug)]
pub enum Side {
    /// There is none.
    Absent,
    /// It is open.
    Open(OwnedFd),
    /// Something else is there: a symbolic link is not followed.
    Refused(CoreError),
}

impl Side {
    /// Its descriptor.
    #[must_use]
    pub fn directory(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Open(directory) => Some(directory.as_fd()),
            Self::Absent | Self::Refused(_) => None,
        }
    }

    /// Why it is not open though something is there.
    #[must_use]
    pub const fn refusal(&self) -> Option<&CoreError> {
        match self {
            Self::Refused(error) => Some(error),
            Self::Absent | Self::Open(_) => None,
        }
    }

    fn has(&self, name: &str) -> bool {
        match self {
            Self::Absent => false,
            Self::Open(directory) => file::status_in(directory.as_fd(), name).is_ok(),
            Self::Refused(_) => true,
        }
    }
}

/// A container's directories.
#[derive(Debug)]
pub struct Entry {
    /// Its ID.
    pub id: String,
    /// What lasts.
    pub data: Side,
    /// What is there while it runs.
    pub runtime: Side,
    data_path: String,
    runtime_path: String,
}

impl Entry {
    /// Its data directory.
    #[must_use]
    pub fn data(&self) -> Option<Place<'_>> {
        Some(Place { directory: self.data.directory()?, path: &self.data_path })
    }

    /// Its runtime directory.
    #[must_use]
    pub fn runtime(&self) -> Option<Place<'_>> {
        Some(Place { directory: self.runtime.directory()?, path: &self.runtime_path })
    }

    /// It is a container, or was to become one of an OCI bundle when its maker was killed.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.is_container() || self.is_half()
    }

    /// It is being made from an OCI bundle, or its maker was killed.
    #[must_use]
    pub(crate) fn is_half(&self) -> bool {
        !self.is_container() && self.runtime.has(paths::UNDO)
    }

    /// Something was written down of it; otherwise its directories are being made or removed, or were left behind.
    #[must_use]
    pub fn is_container(&self) -> bool {
        self.data.has(paths::DOCUMENT) || self.runtime.has(paths::RECORD)
    }
}

impl<'a> Shelf<'a> {
    /// Errors: those of open(2). A store that was never used has no containers.
    pub fn open(store: &'a Store) -> Result<Self, CoreError> {
        let open = |path: String| small_file::open_directory(&path);
        Ok(Self { store, data: open(paths::all_data(store))?, runtime: open(paths::all_runtime(store))? })
    }

    /// The directories of an ID, whatever is there.
    #[must_use]
    pub fn entry(&self, id: &str) -> Entry {
        let (data_path, runtime_path) = (paths::data(self.store, id), paths::runtime(self.store, id));
        Entry {
            data: open_side(self.data.as_ref(), id, &data_path),
            runtime: open_side(self.runtime.as_ref(), id, &runtime_path),
            id: id.to_owned(),
            data_path,
            runtime_path,
        }
    }

    /// All that have a directory, in the order of their IDs; not all are containers.
    pub fn ids(&self) -> Result<BTreeSet<String>, CoreError> {
        let mut ids = BTreeSet::new();
        for (directory, path) in
            [(&self.data, paths::all_data(self.store)), (&self.runtime, paths::all_runtime(self.store))]
        {
            let Some(directory) = directory else { continue };
            let names = small_file::names(directory.as_fd());
            let names = names.map_err(|error| failed(format!("List directory {path:?}"), error))?;
            ids.extend(names.into_iter().filter(|name| word::is_id(name)));
        }
        Ok(ids)
    }

    /// All containers, in the order of their IDs.
    pub fn all(&self) -> Result<Vec<Entry>, CoreError> {
        let entries = self.ids()?.into_iter().map(|id| self.entry(&id));
        Ok(entries.filter(Entry::is_container).collect())
    }

    /// All names, in order, whatever they lead to.
    pub(crate) fn names(&self) -> Result<Vec<String>, CoreError> {
        let path = paths::all_names(self.store);
        let Some(directory) = small_file::open_directory(&path)? else { return Ok(Vec::new()) };
        small_file::names(directory.as_fd()).map_err(|error| failed(format!("List directory {path:?}"), error))
    }

    /// The container with this ID, or this name, or the only one whose ID begins so. One of an OCI bundle is named by its whole ID alone: engines
    /// delete by ID what may be gone, and mean no other.
    ///
    /// Errors: `not_found` with the nearest name, `invalid_config` for a word that is none or that several IDs begin with.
    pub fn find(&self, word: &str) -> Result<Entry, CoreError> {
        word::check_word("Find container", word)?;
        if let Some(entry) = self.exact(word) {
            return Ok(entry);
        }
        if let Some(entry) = self.named(word).and_then(|id| self.exact(&id)) {
            return Ok(entry);
        }
        let all = self.all()?;
        let begin: Vec<&Entry> =
            all.iter().filter(|entry| entry.id.starts_with(word) && !is_of_bundle(entry)).collect();
        match *begin {
            [] => self.lost(word, all),
            [one] => Ok(self.entry(&one.id)),
            _ => Err(ambiguous(word, &begin)),
        }
    }

    pub(crate) fn exact(&self, id: &str) -> Option<Entry> {
        word::is_id(id).then(|| self.entry(id)).filter(Entry::is_there)
    }

    /// The ID that a name leads to. Only the last word of the link counts, so that it cannot lead elsewhere.
    pub(crate) fn named(&self, name: &str) -> Option<String> {
        let target = readlinkat(rustix::fs::CWD, paths::name(self.store, name), Vec::new()).ok()?;
        target.to_str().ok()?.strip_prefix("../containers/").filter(|id| word::is_id(id)).map(str::to_owned)
    }

    /// A crash of the machine may have lost the name's link: what the containers themselves say, and the nearest name otherwise.
    fn lost(&self, word: &str, all: Vec<Entry>) -> Result<Entry, CoreError> {
        let mut names = Vec::new();
        for entry in all {
            let name = entry.data().and_then(|place| document::read_head(place).ok().flatten()?.name);
            match name {
                Some(name) if name == word => return Ok(entry),
                name => names.extend(name.into_iter().chain([entry.id])),
            }
        }
        let action = format!("Find container {word:?}");
        let error = CoreError::new(ErrorCode::NotFound, format!("{action}: container does not exist"));
        Err(match word::nearest(word, names.iter().map(String::as_str)) {
            Some(name) => error.with_hint(format!("did you mean {name:?}?")),
            None => error.with_hint("masu list --all shows all containers of this user"),
        })
    }
}

fn is_of_bundle(entry: &Entry) -> bool {
    let record: Option<ContainerRecord> =
        entry.runtime().and_then(|place| status::read_json(place, paths::RECORD).ok().flatten());
    record.is_some_and(|record| record.masu.bundle.is_some())
}

fn open_side(all: Option<&OwnedFd>, id: &str, path: &str) -> Side {
    let Some(all) = all else { return Side::Absent };
    match file::open_in(all.as_fd(), id, OFlags::RDONLY | OFlags::DIRECTORY, 0) {
        Ok(directory) => Side::Open(directory),
        Err(error) if error.errno == ENOENT => Side::Absent,
        Err(error) => Side::Refused(refusal(all.as_fd(), id, path, error)),
    }
}

fn refusal(all: BorrowedFd<'_>, id: &str, path: &str, error: SysError) -> CoreError {
    let action = format!("Open directory {path:?}");
    let is_link = file::status_in(all, id).is_ok_and(|status| file::kind(&status) == FileType::Symlink);
    match error.errno {
        _ if is_link => failed_because(action, "it is a symbolic link", error),
        ENOTDIR => failed_because(action, "it is no directory", error),
        _ => failed(action, error),
    }
}

fn ambiguous(word: &str, begin: &[&Entry]) -> CoreError {
    let mut ids: Vec<&str> = begin.iter().take(NAMED).map(|entry| entry.id.as_str()).collect();
    if begin.len() > NAMED {
        ids.push("...");
    }
    let message = format!("Find container {word:?}: {} IDs begin so: {}", begin.len(), ids.join(", "));
    CoreError::new(ErrorCode::InvalidConfig, message).with_hint("write more of the ID")
}
