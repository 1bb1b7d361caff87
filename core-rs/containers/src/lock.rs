//! One command at a time on each container: flock(2) of its directory, which no kill -9 leaves locked.

use masu_steps::failure::failed;
use masu_sys::errno::values::EAGAIN;
use masu_sys::error::SysError;
use masu_sys::file::{self, OFlags};
use masu_wire::error::CoreError;
use masu_wire::lifecycle::{LockReply, LockRequest};
use rustix::fs::{FlockOperation, flock};
use std::os::fd::{AsFd, BorrowedFd, IntoRawFd, OwnedFd};

use crate::paths;
use crate::small_file::{Place, named};
use crate::store::{Entry, Shelf};

/// A container's lock, until it is dropped.
#[derive(Debug)]
pub struct Lock {
    /// None: it was handed out.
    directory: Option<OwnedFd>,
}

impl Lock {
    /// Locks a directory and waits for whoever has it. Errors: those of flock(2).
    pub fn of(place: Place<'_>) -> Result<Self, CoreError> {
        Self::take(place.directory, true).map_err(|error| failed(format!("Lock directory {:?}", place.path), error))
    }

    /// Locks a directory; none: somebody has it.
    pub(crate) fn try_of(place: Place<'_>) -> Result<Option<Self>, CoreError> {
        match Self::take(place.directory, false) {
            Err(error) if error.errno == EAGAIN => Ok(None),
            taken => taken.map(Some).map_err(|error| failed(format!("Lock directory {:?}", place.path), error)),
        }
    }

    /// A description of its own: those of one process exclude each other, too.
    fn take(directory: BorrowedFd<'_>, wait: bool) -> Result<Self, SysError> {
        let directory = file::open_in(directory, ".", OFlags::RDONLY | OFlags::DIRECTORY, 0)?;
        let operation = if wait { FlockOperation::LockExclusive } else { FlockOperation::NonBlockingLockExclusive };
        named("flock", rustix::io::retry_on_intr(|| flock(&directory, operation)))?;
        Ok(Self { directory: Some(directory) })
    }

    fn same_as(&self, other: BorrowedFd<'_>) -> bool {
        self.directory.as_ref().is_some_and(|directory| are_same(directory.as_fd(), other))
    }

    /// Its descriptor, close-on-exec: it is held until that is closed.
    fn hand_out(mut self) -> Option<OwnedFd> {
        self.directory.take()
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Another thread may have started a program meanwhile, whose copy of the descriptor would keep the lock until its execve(2).
        let _ = self.directory.as_ref().map(|directory| flock(directory, FlockOperation::Unlock));
    }
}

fn are_same(one: BorrowedFd<'_>, other: BorrowedFd<'_>) -> bool {
    match (file::status(one), file::status(other)) {
        (Ok(one), Ok(other)) => file::same_file(&one, &other),
        _ => false,
    }
}

/// A container that is locked, as it is now.
#[derive(Debug)]
pub struct Locked {
    /// Its directories.
    pub entry: Entry,
    /// Held as long as this is.
    pub lock: Lock,
}

/// Locks the container that has this ID, once whoever has it is done; none: it is gone by then.
///
/// What has only a runtime directory (it runs in the foreground and writes nothing) is locked by that.
pub fn lock(shelf: &Shelf<'_>, id: &str) -> Result<Option<Locked>, CoreError> {
    loop {
        let entry = shelf.entry(id);
        if let Some(refusal) = entry.data.refusal() {
            return Err(refusal.clone());
        }
        let Some(place) = entry.data().or_else(|| entry.runtime()) else { return Ok(None) };
        let lock = Lock::of(place)?;
        // Whoever had it may have deleted the container, and somebody else may have made another one since.
        let entry = shelf.entry(id);
        let now = entry.data().or_else(|| entry.runtime());
        if now.is_some_and(|place| lock.same_as(place.directory)) {
            return Ok(Some(Locked { entry, lock }).filter(|locked| locked.entry.is_there()));
        }
    }
}

/// As [`lock`], of one that has a `container.json`. Errors: `not_found` it is gone.
pub fn lock_found(shelf: &Shelf<'_>, action: &str, id: &str) -> Result<Locked, CoreError> {
    lock(shelf, id)?.ok_or_else(|| gone(action, id))
}

/// Op `lock`: for a change of which each part is a call of its own.
///
/// Errors: `not_found`; those of flock(2).
pub fn lock_for_caller(request: &LockRequest) -> Result<LockReply, CoreError> {
    let shelf = Shelf::open(&request.store)?;
    let id = shelf.find(&request.container)?.id;
    let Locked { lock, .. } = lock_found(&shelf, "Lock container", &id)?;
    let descriptor =
        lock.hand_out().ok_or_else(|| CoreError::bug(format!("Lock container {id:?}: nothing is locked")))?;
    Ok(LockReply { id, descriptor: descriptor.into_raw_fd() })
}

/// Whether this number is a descriptor that [`lock_for_caller`] gave for this container.
pub(crate) fn is_of(number: i32, entry: &Entry) -> bool {
    let Some(place) = entry.data().or_else(|| entry.runtime()) else { return false };
    masu_sys::descriptor::duplicate_number(number).is_ok_and(|held| are_same(held.as_fd(), place.directory))
}

/// It was deleted meanwhile.
pub(crate) fn gone(action: &str, id: &str) -> CoreError {
    let message = format!("{action} {id:?}: it was deleted meanwhile");
    CoreError::new(masu_wire::error::ErrorCode::NotFound, message)
}

/// The lock of a container that is being made: it has no `container.json` yet.
pub(crate) fn lock_new(shelf: &Shelf<'_>, id: &str) -> Result<Option<Locked>, CoreError> {
    let entry = shelf.entry(id);
    let Some(place) = entry.data() else { return Ok(None) };
    let lock = Lock::of(place)?;
    let still = file::status_in(place.directory, paths::DOCUMENT).is_err();
    let entry = shelf.entry(id);
    let same = entry.data.directory().is_some_and(|directory| lock.same_as(directory));
    Ok((same && still).then_some(Locked { entry, lock }))
}
