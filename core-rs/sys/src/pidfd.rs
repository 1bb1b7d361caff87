//! Processes named by descriptors, which no reuse of a pid can confuse. pidfd_open(2)
#![allow(unsafe_code)]

use crate::error::{Result, SysError, check, named};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags};
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

/// A pidfd, close-on-exec. ESRCH: no such process; ENOSYS: before Linux 5.3.
pub fn open(pid: u32) -> Result<OwnedFd> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(SysError::new("pidfd_open", libc::EINVAL))?;
    named("pidfd_open", rustix::process::pidfd_open(pid, PidfdFlags::empty()))
}

/// Sends a signal by its number. ESRCH: it has ended and was reaped.
pub fn send_signal(pidfd: BorrowedFd<'_>, signal: i32) -> Result<()> {
    let no_info = std::ptr::null::<libc::siginfo_t>();
    // SAFETY: pidfd_send_signal reads no memory when it is given no siginfo.
    let result = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), signal, no_info, 0) };
    check("pidfd_send_signal", result).map(drop)
}

/// Waits until the process has ended, at most this long; false: it has not.
pub fn wait(pidfd: BorrowedFd<'_>, timeout_ms: Option<u32>) -> Result<bool> {
    let timeout = timeout_ms.map(|ms| Timespec { tv_sec: (ms / 1000).into(), tv_nsec: (ms % 1000 * 1_000_000).into() });
    let mut waited = [PollFd::from_borrowed_fd(pidfd, PollFlags::IN)];
    Ok(named("poll", rustix::io::retry_on_intr(|| poll(&mut waited, timeout.as_ref())))? > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn send_signal_ends_a_process_and_wait_sees_it() {
        let mut process = std::process::Command::new("sleep").arg("100").spawn().unwrap();
        let pidfd = open(process.id()).unwrap();
        assert!(!wait(pidfd.as_fd(), Some(0)).unwrap());
        send_signal(pidfd.as_fd(), libc::SIGKILL).unwrap();
        assert!(wait(pidfd.as_fd(), None).unwrap());
        process.wait().unwrap();
        assert_eq!(
            send_signal(pidfd.as_fd(), libc::SIGKILL).unwrap_err(),
            SysError::new("pidfd_send_signal", libc::ESRCH)
        );
    }
}
