//! Signals as something to read. signalfd(2)
#![allow(unsafe_code)]

use crate::error::{Result, SysError, check, named};
use rustix::io::Errno;
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd};

/// `si_code` of what the kernel sends. sigaction(2)
const SI_KERNEL: u32 = 0x80;

/// One signal that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// Its number.
    pub signal: i32,
    /// Who sent it; 0: the kernel, for example the terminal.
    pub sender: u32,
    /// The kernel itself sent it (SI_KERNEL), and not a process that this pid namespace does not see.
    pub by_kernel: bool,
}

/// A signalfd for the signals of `mask` (signal n is bit n - 1), close-on-exec and non-blocking. They must be blocked.
pub fn open(mask: u64) -> Result<OwnedFd> {
    let flags = libc::SFD_CLOEXEC | libc::SFD_NONBLOCK;
    // SAFETY: signalfd4 reads 8 bytes, the kernel's own set.
    let made = unsafe { libc::syscall(libc::SYS_signalfd4, -1, &raw const mask, size_of::<u64>(), flags) };
    let made = i32::try_from(check("signalfd", made)?).unwrap_or(-1);
    // SAFETY: the kernel has just made this descriptor, so it is nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(made) })
}

/// Takes one signal; none: there is none at the moment.
pub fn read(signals: BorrowedFd<'_>) -> Result<Option<Arrived>> {
    let mut record = [0u8; size_of::<libc::signalfd_siginfo>()];
    match rustix::io::retry_on_intr(|| rustix::io::read(signals, &mut record)) {
        Err(Errno::AGAIN) => Ok(None),
        Ok(count) if count < record.len() => Err(SysError::new("read", libc::EIO)),
        // signalfd(2): ssi_signo is the first field, ssi_pid the fourth; all have 32 bits.
        Ok(_) => Ok(Some(Arrived {
            signal: i32::try_from(word(&record, 0)).unwrap_or(0),
            sender: word(&record, 3),
            by_kernel: word(&record, 2) == SI_KERNEL,
        })),
        Err(errno) => named("read", Err(errno)),
    }
}

fn word(record: &[u8], number: usize) -> u32 {
    let bytes = record.get(number * 4..number * 4 + 4).and_then(|bytes| bytes.try_into().ok());
    u32::from_ne_bytes(bytes.unwrap_or_default())
}

/// Sends a signal by pid: only for one's own unreaped child, whose pid cannot be another's, or oneself.
pub fn kill(pid: u32, signal: i32) -> Result<()> {
    let pid = i32::try_from(pid).map_err(|_| SysError::new("kill", libc::EINVAL))?;
    // SAFETY: kill takes two numbers.
    check("kill", unsafe { libc::kill(pid, signal) }.into()).map(drop)
}

/// Sends a signal to a process group by its leader's pid: only of one's own unreaped child, whose number cannot be another's.
///
/// Errors: ESRCH: it leads none.
pub fn kill_group(leader: u32, signal: i32) -> Result<()> {
    let group = i32::try_from(leader).ok().filter(|group| *group > 1);
    let group = group.ok_or(SysError::new("kill", libc::EINVAL))?;
    // SAFETY: kill takes two numbers.
    check("kill", unsafe { libc::kill(-group, signal) }.into()).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal;
    use std::os::fd::AsFd;

    #[test]
    fn read_takes_what_arrived_and_then_none() {
        std::thread::spawn(|| {
            let before = signal::block_all().unwrap();
            let signals = open(signal::bit(libc::SIGUSR2)).unwrap();
            assert_eq!(read(signals.as_fd()).unwrap(), None);
            // To this thread only: other tests' threads do not block it.
            // SAFETY: pthread_kill and pthread_self take and give numbers of this live thread.
            unsafe { libc::pthread_kill(libc::pthread_self(), libc::SIGUSR2) };
            let arrived = read(signals.as_fd()).unwrap();
            assert_eq!(arrived, Some(Arrived { signal: libc::SIGUSR2, sender: std::process::id(), by_kernel: false }));
            assert_eq!(read(signals.as_fd()).unwrap(), None);
            signal::set_mask(before).unwrap();
        })
        .join()
        .unwrap();
    }
}
