//! stdin, stdout or stderr, without waiting where that is possible.

use masu_sys::file::{self, FileType};
use rustix::fs::{Mode, OFlags};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// One of them.
pub(crate) struct StandardStream {
    own: Option<OwnedFd>,
    standard: BorrowedFd<'static>,
}

impl StandardStream {
    /// A terminal or a pipe is opened once more, so that O_NONBLOCK is set here and for nobody else who has it.
    pub(crate) fn new(standard: BorrowedFd<'static>, access: OFlags) -> Self {
        let can_wait = file::status(standard)
            .is_ok_and(|status| matches!(file::kind(&status), FileType::CharacterDevice | FileType::Fifo));
        let flags = access | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let path = format!("/proc/self/fd/{}", standard.as_raw_fd());
        let own = can_wait.then(|| rustix::fs::open(path, flags, Mode::empty()).ok()).flatten();
        Self { own, standard }
    }

    /// To read from or to write to.
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.own.as_ref().map_or(self.standard, AsFd::as_fd)
    }

    /// Another file in place of stdout.
    #[cfg(test)]
    pub(crate) fn instead(own: OwnedFd) -> Self {
        Self { own: Some(own), standard: rustix::stdio::stdout() }
    }
}
