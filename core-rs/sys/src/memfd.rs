//! An executable that lives in memory only and can never be changed again. memfd_create(2)

use crate::error::{Result, SysError, named};
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use rustix::io::Errno;
use std::ffi::CStr;
use std::os::fd::{AsFd, OwnedFd};

/// F_SEAL_EXEC of linux/fcntl.h (Linux 6.3), which rustix does not name.
const SEAL_EXEC: SealFlags = SealFlags::from_bits_retain(0x20);

/// Tries to seal what the kernel itself still uses.
const MOST_TRIES: u32 = 20;

/// A sealed memfd with this content, close-on-exec and executable.
///
/// Errors: EACCES where `vm.memfd_noexec` is 2.
pub fn sealed_executable(name: &CStr, content: &[u8]) -> Result<OwnedFd> {
    fill_and_seal(executable_memfd(name)?, content, SEAL_EXEC)
}

/// The same with the first `length` bytes of `source`, but `patch` at its place; the kernel copies them.
///
/// Errors: EACCES where `vm.memfd_noexec` is 2; EIO where the file ends before.
pub fn sealed_executable_copy(name: &CStr, source: impl AsFd, length: usize, patch: (u64, &[u8])) -> Result<OwnedFd> {
    let memfd = executable_memfd(name)?;
    copy(&memfd, source, 0, length)?;
    let written = rustix::io::retry_on_intr(|| rustix::io::pwrite(&memfd, patch.1, patch.0));
    if named("pwrite", written)? < patch.1.len() {
        return Err(SysError::new("pwrite", libc::ENOSPC));
    }
    seal(memfd, SEAL_EXEC)
}

fn executable_memfd(name: &CStr) -> Result<OwnedFd> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let memfd = match memfd_create(name, flags | MemfdFlags::EXEC) {
        // Before 6.3 there is no MFD_EXEC, and every memfd is executable.
        Err(Errno::INVAL) => memfd_create(name, flags),
        made => made,
    };
    named("memfd_create", memfd)
}

/// A sealed memfd with this content, close-on-exec: a document for another process.
pub fn sealed_document(name: &CStr, content: &[u8]) -> Result<OwnedFd> {
    fill_and_seal(document_memfd(name)?, content, SealFlags::empty())
}

/// A sealed memfd with `length` bytes of `source` from `offset` on, close-on-exec and not to be executed; the kernel copies them.
///
/// Errors: EIO where the file ends before.
pub fn sealed_copy(name: &CStr, source: impl AsFd, offset: u64, length: usize) -> Result<OwnedFd> {
    let memfd = document_memfd(name)?;
    copy(&memfd, source, offset, length)?;
    seal(memfd, SealFlags::empty())
}

fn copy(memfd: &OwnedFd, source: impl AsFd, mut offset: u64, length: usize) -> Result<()> {
    let mut left = length;
    while left > 0 {
        match rustix::io::retry_on_intr(|| rustix::fs::sendfile(memfd, &source, Some(&mut offset), left)) {
            Ok(0) => return Err(SysError::new("sendfile", libc::EIO)),
            Ok(count) => left = left.saturating_sub(count),
            Err(errno) => return Err(SysError::new("sendfile", errno.raw_os_error())),
        }
    }
    Ok(())
}

/// A memfd that cannot be executed, though it can be mapped so.
fn document_memfd(name: &CStr) -> Result<OwnedFd> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let memfd = match memfd_create(name, flags | MemfdFlags::NOEXEC_SEAL) {
        Err(Errno::INVAL) => memfd_create(name, flags),
        made => made,
    };
    named("memfd_create", memfd)
}

fn fill_and_seal(memfd: OwnedFd, mut content: &[u8], more: SealFlags) -> Result<OwnedFd> {
    while !content.is_empty() {
        match rustix::io::retry_on_intr(|| rustix::io::write(&memfd, content)) {
            Ok(0) => return Err(SysError::new("write", libc::ENOSPC)),
            Ok(count) => content = content.get(count..).unwrap_or_default(),
            Err(errno) => return Err(SysError::new("write", errno.raw_os_error())),
        }
    }
    seal(memfd, more)
}

fn seal(memfd: OwnedFd, more: SealFlags) -> Result<OwnedFd> {
    let seals = SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE;
    let add = |seals| retry_while_busy(|| fcntl_add_seals(memfd.as_fd(), seals));
    match add(seals | more) {
        // A kernel that does not know F_SEAL_EXEC (before 6.3).
        Err(Errno::INVAL) if !more.is_empty() => named("fcntl", add(seals))?,
        sealed => named("fcntl", sealed)?,
    }
    named("lseek", rustix::fs::seek(&memfd, rustix::fs::SeekFrom::Start(0)))?;
    Ok(memfd)
}

/// The kernel itself uses pages that were just written, and F_SEAL_WRITE waits for them, but on a busy machine not long enough:
/// `memfd_wait_for_pins` gives up after 75 ms.
fn retry_while_busy(attempt: impl Fn() -> rustix::io::Result<()>) -> rustix::io::Result<()> {
    let mut tries = (0..MOST_TRIES).map(|_| attempt());
    tries.find(|tried| *tried != Err(Errno::BUSY)).unwrap_or(Err(Errno::BUSY))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn retry_while_busy_gives_up_at_last_only() {
        for (busy, expected, tried) in [(0, Ok(()), 1), (2, Ok(()), 3), (u32::MAX, Err(Errno::BUSY), MOST_TRIES)] {
            let count = Cell::new(0);
            let done = retry_while_busy(|| {
                count.set(count.get() + 1);
                if count.get() <= busy { Err(Errno::BUSY) } else { Ok(()) }
            });
            assert_eq!((done, count.get()), (expected, tried), "{busy}");
        }
        let count = Cell::new(0);
        let failed = retry_while_busy(|| {
            count.set(count.get() + 1);
            Err(Errno::INVAL)
        });
        assert_eq!((failed, count.get()), (Err(Errno::INVAL), 1));
    }

    #[test]
    fn sealed_copy_has_the_named_part_of_its_source_and_cannot_be_written() {
        let source = sealed_document(c"masu-source", b"0123456789").unwrap();
        let memfd = sealed_copy(c"masu-test", &source, 3, 4).unwrap();
        let mut buffer = [0; 16];
        assert_eq!(rustix::io::read(&memfd, &mut buffer).unwrap(), 4);
        assert_eq!(&buffer[..4], b"3456");
        assert_eq!(rustix::io::write(&memfd, b"x").unwrap_err(), rustix::io::Errno::PERM);
    }

    #[test]
    fn sealed_executable_copy_has_the_beginning_of_its_source_with_the_patch_and_cannot_be_written() {
        let source = sealed_document(c"masu-source", b"0123456789").unwrap();
        let memfd = sealed_executable_copy(c"masu-test", &source, 8, (2, b"xy")).unwrap();
        let mut buffer = [0; 16];
        assert_eq!(rustix::io::read(&memfd, &mut buffer).unwrap(), 8);
        assert_eq!(&buffer[..8], b"01xy4567");
        assert_eq!(rustix::io::write(&memfd, b"x").unwrap_err(), rustix::io::Errno::PERM);
    }

    #[test]
    fn sealed_copy_fails_where_the_source_ends_before() {
        let source = sealed_document(c"masu-source", b"0123456789").unwrap();
        assert_eq!(sealed_copy(c"masu-test", &source, 8, 4).unwrap_err(), SysError::new("sendfile", libc::EIO));
    }

    #[test]
    fn sealed_executable_can_be_read_but_never_written() {
        let memfd = sealed_executable(c"masu-test", b"content").unwrap();
        let mut buffer = [0; 16];
        assert_eq!(rustix::io::read(&memfd, &mut buffer).unwrap(), 7);
        assert_eq!(rustix::io::write(&memfd, b"x").unwrap_err(), rustix::io::Errno::PERM);
        assert_eq!(rustix::fs::ftruncate(&memfd, 0).unwrap_err(), rustix::io::Errno::PERM);
        // Opened anew through /proc, as an attacker in a container would.
        let again = std::fs::OpenOptions::new()
            .write(true)
            .open(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&memfd)));
        if let Ok(file) = again {
            assert_eq!(rustix::io::write(&file, b"x").unwrap_err(), rustix::io::Errno::PERM);
        }
    }
}
