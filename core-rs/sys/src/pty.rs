//! A pseudoterminal of one particular devpts. pts(4), ioctl_tty(2)

use crate::error::{Result, SysError, named};
use crate::file;
use rustix::pty::OpenptFlags;
use rustix::termios::Winsize;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// The slave of a master, unlocked: TIOCSPTLCK, then TIOCGPTPEER, which no path and no mount can mislead.
///
/// Errors: ENXIO the descriptor is of no devpts.
pub fn open_slave(master: BorrowedFd<'_>) -> Result<OwnedFd> {
    is_devpts(master)?;
    named("ioctl", rustix::pty::unlockpt(master))?;
    let slave = named(
        "ioctl",
        rustix::pty::ioctl_tiocgptpeer(master, OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC),
    )?;
    is_devpts(slave.as_fd())?;
    Ok(slave)
}

fn is_devpts(file: BorrowedFd<'_>) -> Result<()> {
    if file::file_system(file)?.magic == file::DEVPTS_MAGIC {
        Ok(())
    } else {
        Err(SysError::new("fstatfs", libc::ENXIO))
    }
}

/// TIOCSWINSZ.
pub fn set_size(terminal: BorrowedFd<'_>, rows: u16, columns: u16) -> Result<()> {
    let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    named("ioctl", rustix::termios::tcsetwinsize(terminal, size))
}

/// TIOCSCTTY: the controlling terminal of this session, whose leader the caller is.
pub fn make_controlling(terminal: BorrowedFd<'_>) -> Result<()> {
    named("ioctl", rustix::process::ioctl_tiocsctty(terminal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_slave_gives_the_other_end() {
        // /dev/ptmx itself may be a device file outside devpts.
        let Ok(master) = file::open("/dev/pts/ptmx", file::OFlags::RDWR | file::OFlags::NOCTTY) else {
            return println!("skipped: /dev/pts/ptmx cannot be opened");
        };
        let slave = open_slave(master.as_fd()).unwrap();
        set_size(slave.as_fd(), 24, 80).unwrap();
        let size = rustix::termios::tcgetwinsize(&master).unwrap();
        assert_eq!((size.ws_row, size.ws_col), (24, 80));
        rustix::io::write(&slave, b"x").unwrap();
        assert_eq!(rustix::io::read(&master, &mut [0; 4]).unwrap(), 1);
    }

    #[test]
    fn open_slave_refuses_what_is_no_devpts() {
        let null = file::open("/dev/null", file::OFlags::RDWR).unwrap();
        assert_eq!(open_slave(null.as_fd()).unwrap_err().errno, libc::ENXIO);
    }
}
