//! The container's lock, without ever waiting for it here: whoever has it may be waiting for an answer of this very process.

use masu_sys::error::SysError;
use masu_sys::file::{self, OFlags};
use masu_sys::process::{self, Side, SingleThread};
use masu_sys::{descriptor, wait};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

/// Held until it is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    /// A description of its own: flock(2) excludes those of one process from each other, too.
    _directory: OwnedFd,
}

/// A child that waits. A lock belongs to the description, which both have: it is this process's once the child has it.
#[derive(Debug)]
pub(super) struct Waiter {
    directory: OwnedFd,
    child: u32,
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Attempt {
    Locked(Lock),
    Waits(Waiter),
}

/// Takes the lock of a container's data directory, or begins to wait for it.
pub(super) fn take(data: BorrowedFd<'_>) -> Result<Attempt, SysError> {
    let directory = file::open_in(data, ".", OFlags::RDONLY | OFlags::DIRECTORY, 0)?;
    match rustix::io::retry_on_intr(|| flock(&directory, FlockOperation::NonBlockingLockExclusive)) {
        Ok(()) => Ok(Attempt::Locked(Lock { _directory: directory })),
        Err(Errno::AGAIN) => Waiter::start(directory).map(Attempt::Waits),
        Err(errno) => Err(SysError::new("flock", errno.raw_os_error())),
    }
}

impl Waiter {
    fn start(directory: OwnedFd) -> Result<Self, SysError> {
        match process::fork(SingleThread::prove()?)? {
            Side::Parent { pid, .. } => Ok(Self { directory, child: pid }),
            Side::Child => {
                // Nothing of this process must seem to live on in it.
                let _ = descriptor::close_from(0, &[directory.as_raw_fd().unsigned_abs()]);
                let locked = rustix::io::retry_on_intr(|| flock(&directory, FlockOperation::LockExclusive));
                process::exit(i32::from(locked.is_err()))
            }
        }
    }

    /// The child has ended, so it has the lock.
    pub(super) fn is_done(&self) -> bool {
        wait::has_ended(self.child).unwrap_or(true)
    }

    /// When it is done. A child that was killed waited in vain: another one does.
    pub(super) fn finish(self) -> Result<Attempt, SysError> {
        match wait::reap(self.child) {
            Ok(wait::End::Exited(0)) => Ok(Attempt::Locked(Lock { _directory: self.directory })),
            _ => Self::start(self.directory).map(Attempt::Waits),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn take_locks_what_is_free_and_excludes_others() {
        let top = std::env::temp_dir().join(format!("masu-monitor-lock-{}", std::process::id()));
        std::fs::create_dir_all(&top).unwrap();
        let data = OwnedFd::from(std::fs::File::open(&top).unwrap());
        let Attempt::Locked(lock) = take(data.as_fd()).unwrap() else { panic!("it is free") };
        // The harness has several threads, so no child can be made here: that it would be is all that is seen.
        assert_eq!(take(data.as_fd()).unwrap_err().call, "unshare");
        drop(lock);
        assert!(matches!(take(data.as_fd()).unwrap(), Attempt::Locked(_)));
        std::fs::remove_dir_all(top).unwrap();
    }
}
