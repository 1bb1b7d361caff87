//! A terminal's modes, as something that can be sent to another process. termios(3)
#![allow(unsafe_code)]

use crate::error::{Result, check};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};

/// What tcgetattr(3) says of a terminal.
#[derive(Clone, Copy)]
pub struct Modes(libc::termios);

/// Which key the terminal's line discipline turns into a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// VINTR: SIGINT
    Interrupt,
    /// VQUIT: SIGQUIT
    Quit,
    /// VSUSP: SIGTSTP
    Suspend,
}

impl Modes {
    /// The modes that the terminal has. ENOTTY: it is none.
    pub fn of(terminal: BorrowedFd<'_>) -> Result<Self> {
        let mut modes = MaybeUninit::<libc::termios>::uninit();
        // SAFETY: tcgetattr fills the whole structure when it returns 0.
        check("tcgetattr", unsafe { libc::tcgetattr(terminal.as_raw_fd(), modes.as_mut_ptr()) }.into())?;
        // SAFETY: it returned 0.
        Ok(Self(unsafe { modes.assume_init() }))
    }

    /// Gives the terminal these modes once all output is written.
    ///
    /// As of tcsetattr(3), a process of a background group is stopped by SIGTTOU, unless that is blocked or ignored; EIO: its group is orphaned.
    pub fn apply(&self, terminal: BorrowedFd<'_>) -> Result<()> {
        // SAFETY: tcsetattr reads the structure.
        check("tcsetattr", unsafe { libc::tcsetattr(terminal.as_raw_fd(), libc::TCSADRAIN, &raw const self.0) }.into())
            .map(drop)
    }

    /// These modes without any processing of input and output: each byte as it comes. cfmakeraw(3)
    #[must_use]
    pub fn raw(&self) -> Self {
        let mut modes = self.0;
        // SAFETY: cfmakeraw changes fields of the structure.
        unsafe { libc::cfmakeraw(&raw mut modes) };
        Self(modes)
    }

    /// These are what [`Self::raw`] makes of `before`: nobody has changed them since.
    #[must_use]
    pub fn are_raw_form_of(&self, before: &Self) -> bool {
        let flags = |modes: &libc::termios| (modes.c_iflag, modes.c_oflag, modes.c_cflag, modes.c_lflag);
        flags(&self.0) == flags(&before.raw().0)
    }

    /// The key that a byte of input is, when the line discipline makes signals of keys.
    #[must_use]
    pub fn key(&self, byte: u8) -> Option<Key> {
        // A key that is off has the value 0 (_POSIX_VDISABLE).
        if self.0.c_lflag & libc::ISIG == 0 || byte == 0 {
            return None;
        }
        [(libc::VINTR, Key::Interrupt), (libc::VQUIT, Key::Quit), (libc::VSUSP, Key::Suspend)]
            .into_iter()
            .find(|(index, _)| self.0.c_cc.get(*index) == Some(&byte))
            .map(|(_, key)| key)
    }

    /// The byte that ends the input (VEOF), where lines are edited.
    #[must_use]
    pub fn end_of_input(&self) -> Option<u8> {
        let byte = self.0.c_cc.get(libc::VEOF).copied()?;
        (self.0.c_lflag & libc::ICANON != 0 && byte != 0).then_some(byte)
    }

    /// The same as bytes, for a process of the same build.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self(modes) = self;
        let words = [modes.c_iflag, modes.c_oflag, modes.c_cflag, modes.c_lflag, modes.c_ispeed, modes.c_ospeed];
        let mut bytes: Vec<u8> = words.into_iter().flat_map(u32::to_ne_bytes).collect();
        bytes.push(modes.c_line);
        bytes.extend_from_slice(&modes.c_cc);
        bytes
    }

    /// From [`Self::to_bytes`]; none: these bytes are something else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (words, rest) = bytes.split_at_checked(24)?;
        let (line, keys) = rest.split_first()?;
        let word = |number: usize| words.get(number * 4..number * 4 + 4)?.try_into().ok().map(u32::from_ne_bytes);
        // SAFETY: a termios is numbers only, for which zeros are a value.
        let mut modes: libc::termios = unsafe { MaybeUninit::zeroed().assume_init() };
        (modes.c_iflag, modes.c_oflag, modes.c_cflag, modes.c_lflag) = (word(0)?, word(1)?, word(2)?, word(3)?);
        (modes.c_ispeed, modes.c_ospeed, modes.c_line) = (word(4)?, word(5)?, *line);
        modes.c_cc = keys.try_into().ok()?;
        Some(Self(modes))
    }
}

impl std::fmt::Debug for Modes {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Modes({:?})", self.to_bytes())
    }
}

/// The process group in a pseudoterminal's foreground, asked at the master's side. TIOCGPGRP of ioctl_tty(2)
pub fn foreground_group(master: BorrowedFd<'_>) -> Result<u32> {
    let mut group: libc::pid_t = 0;
    // SAFETY: TIOCGPGRP writes one pid_t.
    check("ioctl", unsafe { libc::ioctl(master.as_raw_fd(), libc::TIOCGPGRP, &raw mut group) }.into())?;
    Ok(group.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::named;
    use rustix::pty::{OpenptFlags, openpt};
    use std::os::fd::AsFd;

    #[test]
    fn modes_come_back_from_bytes_and_from_the_terminal() {
        let master = named("open", openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)).unwrap();
        let before = Modes::of(master.as_fd()).unwrap();
        before.raw().apply(master.as_fd()).unwrap();
        assert_eq!(Modes::of(master.as_fd()).unwrap().key(3), None);
        assert!(Modes::of(master.as_fd()).unwrap().are_raw_form_of(&before) && !before.are_raw_form_of(&before));
        let copy = Modes::from_bytes(&before.to_bytes()).unwrap();
        copy.apply(master.as_fd()).unwrap();
        let after = Modes::of(master.as_fd()).unwrap();
        assert_eq!(after.to_bytes(), before.to_bytes());
        for (byte, key) in
            [(3, Some(Key::Interrupt)), (28, Some(Key::Quit)), (26, Some(Key::Suspend)), (b'x', None), (0, None)]
        {
            assert_eq!(after.key(byte), key, "{byte}");
        }
        assert!(Modes::from_bytes(b"short").is_none());
    }
}
