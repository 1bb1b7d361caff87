//! Descriptors by number: where a number comes from argv or from another language.
#![allow(unsafe_code)]

use crate::error::{Result, check, named};
use rustix::io::FdFlags;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// Takes over a descriptor that was handed over by its number; none for a negative number.
///
/// The number must be one that the other side gave away for good, as `init`'s argv and the core's requests say.
#[must_use]
pub fn adopt(number: i32) -> Option<OwnedFd> {
    if number < 0 {
        return None;
    }
    // SAFETY: by the protocols named above nobody else owns this number; one that is not open makes the calls on it fail with EBADF.
    Some(unsafe { OwnedFd::from_raw_fd(number) })
}

/// The flags of a descriptor of this process, whoever owns it. EBADF: it is not open.
pub fn flags(number: u32) -> Result<FdFlags> {
    let number = i32::try_from(number).unwrap_or(i32::MAX);
    // SAFETY: F_GETFD reads an entry of the descriptor table; a number that is not open is EBADF.
    let flags = check("fcntl", unsafe { libc::fcntl(number, libc::F_GETFD) }.into())?;
    Ok(FdFlags::from_bits_retain(u32::try_from(flags).unwrap_or(0)))
}

/// Another descriptor of what a number is open as, close-on-exec; the number stays whose it is. EBADF: it is not open.
pub fn duplicate_number(number: i32) -> Result<OwnedFd> {
    // SAFETY: F_DUPFD_CLOEXEC reads an entry of the descriptor table; a number that is not open is EBADF.
    let made = check("fcntl", unsafe { libc::fcntl(number, libc::F_DUPFD_CLOEXEC, 3) }.into())?;
    adopt(i32::try_from(made).unwrap_or(-1)).ok_or(crate::error::SysError::new("fcntl", libc::EBADF))
}

/// Keeps a descriptor open through execve(2).
pub fn keep_through_exec(descriptor: BorrowedFd<'_>) -> Result<()> {
    named("fcntl", rustix::io::fcntl_setfd(descriptor, FdFlags::empty()))
}

/// Another descriptor of the same file, close-on-exec, with the first free number from `lowest` on. EINVAL: RLIMIT_NOFILE is lower.
pub fn duplicate_from(descriptor: BorrowedFd<'_>, lowest: i32) -> Result<OwnedFd> {
    named("fcntl", rustix::io::fcntl_dupfd_cloexec(descriptor, lowest))
}

/// dup3(2): a number is from now on open as another file, close-on-exec, for whoever uses it; what it was open as before is closed.
pub fn put_in_place(file: BorrowedFd<'_>, place: BorrowedFd<'_>) -> Result<()> {
    // SAFETY: dup3 changes what `place` is open as and not whether: it stays a descriptor of this process, and its owner closes it.
    let made = unsafe { libc::dup3(file.as_raw_fd(), place.as_raw_fd(), libc::O_CLOEXEC) };
    check("dup3", made.into()).map(drop)
}

/// execve(2) closes it.
pub fn close_on_exec(descriptor: BorrowedFd<'_>) -> Result<()> {
    named("fcntl", rustix::io::fcntl_setfd(descriptor, FdFlags::CLOEXEC))
}

/// unshare(2) CLONE_FILES: a table of this process's own, with the same descriptors in it.
pub fn unshare() -> Result<()> {
    // SAFETY: unshare reads no memory; what the descriptors are of stays as it is.
    check("unshare", unsafe { libc::syscall(libc::SYS_unshare, libc::CLONE_FILES) }).map(drop)
}

/// Closes every descriptor from `first` on that is not among `keep`.
///
/// Only for a process that has just started: nothing may own them. close_range(2), or one by one where that is missing.
pub fn close_from(first: u32, keep: &[u32]) -> Result<()> {
    let mut keep = keep.to_vec();
    keep.sort_unstable();
    let mut start = first;
    for kept in keep.into_iter().filter(|kept| *kept >= first) {
        if kept > start {
            close_range(start, kept - 1)?;
        }
        start = kept + 1;
    }
    close_range(start, u32::MAX)
}

fn close_range(first: u32, last: u32) -> Result<()> {
    // SAFETY: close_range takes numbers; the caller promises that nothing owns these descriptors.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
    match check("close_range", closed) {
        Err(error) if error.errno == libc::ENOSYS => close_each(first, last),
        other => other.map(drop),
    }
}

/// For kernels before 5.9.
fn close_each(first: u32, last: u32) -> Result<()> {
    let entries =
        std::fs::read_dir("/proc/self/fd").map_err(|error| crate::error::SysError::from_io("open", &error))?;
    let open: Vec<u32> = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
    for number in open.into_iter().filter(|number| (first..=last).contains(number)) {
        // SAFETY: as in `close_range`. EBADF is the directory's own descriptor, closed meanwhile.
        unsafe { libc::close(i32::try_from(number).unwrap_or(-1)) };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_tells_close_on_exec_and_ebadf() {
        let file = std::fs::File::open("/dev/null").unwrap();
        let number = file.as_raw_fd().unsigned_abs();
        assert_eq!(flags(number).unwrap(), FdFlags::CLOEXEC);
        assert_eq!(flags(1_000_000).unwrap_err().errno, libc::EBADF);
    }

    #[test]
    fn adopt_takes_no_negative_number() {
        assert!(adopt(-1).is_none());
    }
}
