//! Files, by descriptor or relative to one. open(2) and its kin

use crate::error::{Result, SysError, named};
use rustix::fs::{Access, AtFlags, Gid, Uid};
pub use rustix::fs::{FileType, Mode, OFlags, Stat};
use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;

/// What fstatfs(2) says that matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileSystem {
    /// `f_type`: one of the magic numbers of statfs(2).
    pub magic: u64,
    /// `ST_*` bits of the mount, as MS_* bits of mount(2).
    pub mount_flags: u32,
}

/// `f_type` of procfs.
pub const PROC_MAGIC: u64 = 0x9fa0;
/// `f_type` of sysfs.
pub const SYSFS_MAGIC: u64 = 0x6265_6572;
/// `f_type` of devpts.
pub const DEVPTS_MAGIC: u64 = 0x1cd1;

/// Opens a path of the runtime namespace, symbolic links followed, close-on-exec.
pub fn open(path: &str, flags: OFlags) -> Result<OwnedFd> {
    named("open", rustix::io::retry_on_intr(|| rustix::fs::open(path, flags | OFlags::CLOEXEC, Mode::empty())))
}

/// Opens one name in a directory, a symbolic link not followed, close-on-exec.
pub fn open_in(directory: BorrowedFd<'_>, name: impl AsRef<OsStr>, flags: OFlags, mode: u32) -> Result<OwnedFd> {
    let name = name.as_ref();
    let flags = flags | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    named("openat", rustix::io::retry_on_intr(|| rustix::fs::openat(directory, name, flags, Mode::from_raw_mode(mode))))
}

/// mkdirat(2).
pub fn make_directory(directory: BorrowedFd<'_>, name: impl AsRef<OsStr>, mode: u32) -> Result<()> {
    named("mkdirat", rustix::fs::mkdirat(directory, name.as_ref(), Mode::from_raw_mode(mode)))
}

/// symlinkat(2).
pub fn make_symlink(directory: BorrowedFd<'_>, name: &str, target: &str) -> Result<()> {
    named("symlinkat", rustix::fs::symlinkat(target, directory, name))
}

/// mknodat(2).
pub fn make_node(
    directory: BorrowedFd<'_>,
    name: &str,
    kind: FileType,
    mode: u32,
    (major, minor): (u32, u32),
) -> Result<()> {
    let device = rustix::fs::makedev(major, minor);
    named("mknodat", rustix::fs::mknodat(directory, name, kind, Mode::from_raw_mode(mode), device))
}

/// fchownat(2) of a name in a directory, a symbolic link not followed.
pub fn change_owner_in(directory: BorrowedFd<'_>, name: &str, uid: u32, gid: u32) -> Result<()> {
    let owner = (Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)));
    named("fchownat", rustix::fs::chownat(directory, name, owner.0, owner.1, AtFlags::SYMLINK_NOFOLLOW))
}

/// fchown(2) of the user only.
pub fn change_user(file: BorrowedFd<'_>, uid: u32) -> Result<()> {
    named("fchown", rustix::fs::fchown(file, Some(Uid::from_raw(uid)), None))
}

/// fstat(2).
pub fn status(file: BorrowedFd<'_>) -> Result<Stat> {
    named("fstat", rustix::fs::fstat(file))
}

/// fstatat(2) of a name in a directory, a symbolic link not followed.
pub fn status_in(directory: BorrowedFd<'_>, name: &str) -> Result<Stat> {
    named("fstatat", rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW))
}

/// What kind of file a status is of.
#[must_use]
pub fn kind(status: &Stat) -> FileType {
    FileType::from_raw_mode(status.st_mode)
}

/// A device with these numbers, of whichever type.
#[must_use]
pub fn is_device(status: &Stat, major: u32, minor: u32) -> bool {
    status.st_rdev == rustix::fs::makedev(major, minor)
}

/// A character device with these numbers.
#[must_use]
pub fn is_character_device(status: &Stat, major: u32, minor: u32) -> bool {
    kind(status) == FileType::CharacterDevice && is_device(status, major, minor)
}

/// Both are of one and the same file.
#[must_use]
pub fn same_file(one: &Stat, other: &Stat) -> bool {
    (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)
}

/// access(2) X_OK: this process may execute a file. Errors: EACCES, of a directory too; ENOENT and so on.
pub fn is_executable(path: &str) -> Result<()> {
    let status = named("stat", rustix::fs::stat(path))?;
    if kind(&status) == FileType::Directory {
        return Err(SysError::new("access", libc::EACCES));
    }
    named("access", rustix::fs::access(path, Access::EXEC_OK))
}

/// fstatfs(2).
pub fn file_system(file: BorrowedFd<'_>) -> Result<FileSystem> {
    let status = named("fstatfs", rustix::fs::fstatfs(file))?;
    Ok(FileSystem {
        magic: u64::try_from(status.f_type).unwrap_or(0),
        mount_flags: mount_flags(u64::try_from(status.f_flags).unwrap_or(0)),
    })
}

/// ST_* of statfs(2) as MS_* of mount(2): the same bits, but for `relatime`.
fn mount_flags(st: u64) -> u32 {
    // ST_RDONLY, ST_NOSUID, ST_NODEV, ST_NOEXEC, ST_NOATIME, ST_NODIRATIME
    let same = u32::try_from(st & 0xc0f).unwrap_or(0);
    let relatime = if st & 0x1000 != 0 { 1 << 21 } else { 0 };
    let no_symlink_follow = if st & 0x2000 != 0 { 1 << 8 } else { 0 };
    same | relatime | no_symlink_follow
}

/// readlinkat(2) of the symbolic link that an O_PATH descriptor is of.
pub fn link_target(link: BorrowedFd<'_>) -> Result<OsString> {
    let target = named("readlinkat", rustix::fs::readlinkat(link, "", Vec::new()))?;
    Ok(OsString::from_vec(target.into_bytes()))
}

/// One write(2) of the whole text, as control files of the kernel want it.
pub fn write_control(file: BorrowedFd<'_>, text: &str) -> Result<()> {
    let written = named("write", rustix::io::retry_on_intr(|| rustix::io::write(file, text.as_bytes())))?;
    if written == text.len() { Ok(()) } else { Err(SysError::new("write", libc::EIO)) }
}

/// Up to `length` bytes from the file's beginning.
pub fn read_start(file: BorrowedFd<'_>, length: usize) -> Result<Vec<u8>> {
    let mut content = vec![0; length];
    let count = named("pread", rustix::io::retry_on_intr(|| rustix::io::pread(file, &mut content, 0)))?;
    content.truncate(count);
    Ok(content)
}

/// Up to `length` bytes from `offset` on.
pub fn read_at(file: BorrowedFd<'_>, offset: u64, length: usize) -> Result<Vec<u8>> {
    let mut content = vec![0; length];
    let count = named("pread", rustix::io::retry_on_intr(|| rustix::io::pread(file, &mut content, offset)))?;
    content.truncate(count);
    Ok(content)
}

/// fcntl(2) F_DUPFD_CLOEXEC.
pub fn duplicate(file: BorrowedFd<'_>) -> Result<OwnedFd> {
    named("fcntl", rustix::io::fcntl_dupfd_cloexec(file.as_fd(), 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_system_knows_procfs_and_its_flags() {
        let proc = open("/proc", OFlags::PATH).unwrap();
        assert_eq!(file_system(proc.as_fd()).unwrap().magic, PROC_MAGIC);
    }

    #[test]
    fn mount_flags_does_what_its_table_says() {
        for (st, ms) in
            [(0, 0), (0x20, 0), (0x1 | 0x2 | 0x4 | 0x8, 15), (0x1000, 1 << 21), (0x400 | 0x800, 3072), (0x2000, 256)]
        {
            assert_eq!(mount_flags(st), ms, "{st:#x}");
        }
    }

    #[test]
    fn is_character_device_tells_null_from_zero() {
        let null = status(open("/dev/null", OFlags::PATH).unwrap().as_fd()).unwrap();
        assert!(is_character_device(&null, 1, 3));
        assert!(!is_character_device(&null, 1, 5));
        assert!(!is_character_device(&status(open("/", OFlags::PATH).unwrap().as_fd()).unwrap(), 1, 3));
    }
}
