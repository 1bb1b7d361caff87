//! The terminal that masu was started from: raw while a container's own terminal is relayed, as it was at any other time.

use masu_sys::error::SysError;
use masu_sys::signal;
use masu_sys::terminal::Modes;
use rustix::io::Errno;
use rustix::termios::{Winsize, tcgetwinsize};
use std::os::fd::BorrowedFd;

const SIGTTOU: i32 = 22;

/// stdin, when it is a terminal.
pub(crate) struct CallerTerminal {
    /// As they were.
    modes: Modes,
    is_raw: bool,
}

impl CallerTerminal {
    /// None: stdin is something else.
    pub(crate) fn open() -> Option<Self> {
        let modes = Modes::of(Self::descriptor()).ok()?;
        Some(Self { modes, is_raw: false })
    }

    fn descriptor() -> BorrowedFd<'static> {
        rustix::stdio::stdin()
    }

    /// Every byte as it is typed. In the background the kernel stops this process by SIGTTOU until it is in the foreground, as any program.
    pub(crate) fn make_raw(&mut self) -> Result<(), SysError> {
        signal::set_mask(signal::ALL & !signal::bit(SIGTTOU))?;
        let changed = loop {
            match self.modes.raw().apply(Self::descriptor()) {
                // Stopped and continued: try again.
                Err(error) if error.errno == Errno::INTR.raw_os_error() => {}
                // An orphaned process group in the background: then it is relayed as it is.
                Err(error) if error.errno == Errno::IO.raw_os_error() => break Ok(false),
                changed => break changed.map(|()| true),
            }
        };
        signal::set_mask(signal::ALL)?;
        self.is_raw = changed?;
        Ok(())
    }

    /// As it was before. A terminal that was hung up has nothing to restore.
    pub(crate) fn restore(&mut self) {
        if std::mem::take(&mut self.is_raw) {
            let _ = self.modes.apply(Self::descriptor());
        }
    }
}

/// The size of the first terminal among stdin, stdout and stderr.
pub(crate) fn window_size() -> Option<Winsize> {
    let streams = [rustix::stdio::stdin(), rustix::stdio::stdout(), rustix::stdio::stderr()];
    streams.into_iter().find_map(|stream| tcgetwinsize(stream).ok())
}
