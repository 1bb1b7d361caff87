//! How far a launch has come, for who has to undo it.

use masu_steps::executor::Progress;
use masu_steps::failure::failed;
use masu_sys::error::SysError;
use masu_wire::error::CoreError;
use rustix::fs::{MemfdFlags, memfd_create};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Counts the steps of `before` and `record` that were done; the guard can read how many had begun when this process was killed.
pub(super) struct Journal {
    done: u32,
    shared: Option<OwnedFd>,
}

impl Journal {
    /// For `launch`: who is killed leaves things behind.
    pub(super) const fn without_guard() -> Self {
        Self { done: 0, shared: None }
    }

    /// In memory that the guard gets, too.
    pub(super) fn shared() -> Result<Self, CoreError> {
        let made = memfd_create(c"masu-journal", MemfdFlags::CLOEXEC);
        let made =
            made.map_err(|errno| failed("Make a journal", SysError::new("memfd_create", errno.raw_os_error())))?;
        Ok(Self { done: 0, shared: Some(made) })
    }

    /// The guard learns of a step when it begins: if this process is killed meanwhile, nobody knows whether it was done. To undo
    /// it is harmless then: what is removed has the container's ID in its name, or leads to it.
    pub(super) fn record(&mut self, progress: Progress) {
        match progress {
            Progress::Begins => self.share(self.done + 1),
            Progress::Done => self.done += 1,
            Progress::Failed => self.share(self.done),
        }
    }

    fn share(&self, begun: u32) {
        if let Some(shared) = &self.shared {
            // Four bytes of memory that is there: this cannot fail but for a lack of memory, and then less is undone.
            let _ = rustix::io::pwrite(shared, &begun.to_ne_bytes(), 0);
        }
    }

    /// How many were done.
    pub(super) const fn done(&self) -> u32 {
        self.done
    }

    /// What the guard gets.
    pub(super) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.shared.as_ref().map(AsFd::as_fd)
    }
}
