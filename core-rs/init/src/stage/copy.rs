//! Copies a directory's content by descriptors: no symbolic link is followed, so that nothing leads out of it.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;

use masu_steps::failure::failed;
use masu_sys::errno::values::{EAGAIN, EINVAL, ELOOP, EOPNOTSUPP, EPERM};
use masu_sys::error::SysError;
use masu_sys::file::{self, FileType, OFlags};
use masu_wire::error::CoreError;
use rustix::fs::{self, AtFlags, Dir, Gid, Mode, Stat, Timespec, Timestamps, Uid};

use super::mount::explain;
use crate::tree::attributes;

/// Directories in one another: two descriptors each.
const MAX_DEPTH: usize = 200;
/// Nobody else looks in before the owner is right.
const NEW: u32 = 0o700;
const NO_FOLLOW: AtFlags = AtFlags::SYMLINK_NOFOLLOW;

/// Copies what is in `source` into the empty directory `target`, with owners, modes, times and extended attributes. Hard links become files
/// of their own.
pub(super) fn copy_directory(action: &str, source: BorrowedFd<'_>, target: BorrowedFd<'_>) -> Result<(), CoreError> {
    let mut copy = Copy { path: Vec::new() };
    copy.content(source, target).map_err(|error| {
        let path = copy.path.iter().flat_map(|name| [OsStr::new("/"), name]).collect::<OsString>();
        explain(failed(format!("{action}: copy {path:?} of its mount point"), error))
    })
}

/// A copy in progress.
struct Copy {
    /// Names from the top to what is copied now.
    path: Vec<OsString>,
}

impl Copy {
    fn content(&mut self, source: BorrowedFd<'_>, target: BorrowedFd<'_>) -> Result<(), SysError> {
        if self.path.len() >= MAX_DEPTH {
            return Err(SysError::new("openat", ELOOP));
        }
        for entry in named("getdents64", Dir::read_from(source))? {
            let entry = named("getdents64", entry)?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name == "." || name == ".." {
                continue;
            }
            self.path.push(name.to_owned());
            self.entry(source, target, name)?;
            self.path.pop();
        }
        Ok(())
    }

    fn entry(&mut self, source: BorrowedFd<'_>, target: BorrowedFd<'_>, name: &OsStr) -> Result<(), SysError> {
        let status = named("fstatat", fs::statat(source, name, NO_FOLLOW))?;
        match file::kind(&status) {
            FileType::Directory => {
                file::make_directory(target, name, NEW)?;
                let from = file::open_in(source, name, OFlags::RDONLY | OFlags::DIRECTORY, 0)?;
                let to = file::open_in(target, name, OFlags::RDONLY | OFlags::DIRECTORY, 0)?;
                self.content(from.as_fd(), to.as_fd())?;
                keep(from.as_fd(), to.as_fd(), &status)
            }
            FileType::RegularFile => copy_file(source, target, name),
            FileType::Symlink => {
                let link = file::open_in(source, name, OFlags::PATH, 0)?;
                let made = fs::symlinkat(file::link_target(link.as_fd())?, target, name);
                named("symlinkat", made)?;
                keep_in(target, name, &status)
            }
            kind => {
                let mode = Mode::from_raw_mode(status.st_mode);
                named("mknodat", fs::mknodat(target, name, kind, mode, status.st_rdev))?;
                keep_in(target, name, &status)
            }
        }
    }
}

fn copy_file(source: BorrowedFd<'_>, target: BorrowedFd<'_>, name: &OsStr) -> Result<(), SysError> {
    // Another process could have put a fifo or a device in its place: one must not be waited for, nor the other be touched.
    let from = file::open_in(source, name, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY, 0)?;
    let status = file::status(from.as_fd())?;
    if file::kind(&status) != FileType::RegularFile {
        return Err(SysError::new("openat", EAGAIN));
    }
    let to = file::open_in(target, name, OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL, NEW)?;
    let (mut from, mut to) = (File::from(from), File::from(to));
    std::io::copy(&mut from, &mut to).map_err(|error| SysError::from_io("copy_file_range", &error))?;
    keep(from.as_fd(), to.as_fd(), &status)
}

/// Owner, attributes, mode and times, in this order: fchown(2) takes the set-user-ID bit away, writing changes times.
fn keep(from: BorrowedFd<'_>, to: BorrowedFd<'_>, status: &Stat) -> Result<(), SysError> {
    let owner = (Uid::from_raw(status.st_uid), Gid::from_raw(status.st_gid));
    named("fchown", fs::fchown(to, Some(owner.0), Some(owner.1)))?;
    for (name, value) in attributes::read_those(from, is_kept)? {
        match attributes::write(to, &name, &value) {
            // tmpfs keeps `user.*` since Linux 6.6, ACLs where it was built so; others are not this user's to give.
            Err(error) if matches!(error.errno, EOPNOTSUPP | EPERM | EINVAL) => {}
            written => written?,
        }
    }
    named("fchmod", fs::fchmod(to, Mode::from_raw_mode(status.st_mode)))?;
    named("futimens", fs::futimens(to, &times(status)))
}

/// Owner and times of what is not opened.
fn keep_in(directory: BorrowedFd<'_>, name: &OsStr, status: &Stat) -> Result<(), SysError> {
    let owner = (Uid::from_raw(status.st_uid), Gid::from_raw(status.st_gid));
    named("fchownat", fs::chownat(directory, name, Some(owner.0), Some(owner.1), NO_FOLLOW))?;
    named("utimensat", fs::utimensat(directory, name, &times(status), NO_FOLLOW))
}

/// A label is the mount's or the policy's to give; overlayfs has its own marks.
fn is_kept(name: &[u8]) -> bool {
    name != b"security.selinux" && !name.starts_with(b"trusted.overlay.") && !name.starts_with(b"user.overlay.")
}

fn times(status: &Stat) -> Timestamps {
    let time = |seconds, nanoseconds: u64| Timespec { tv_sec: seconds, tv_nsec: nanoseconds.try_into().unwrap_or(0) };
    Timestamps {
        last_access: time(status.st_atime, status.st_atime_nsec),
        last_modification: time(status.st_mtime, status.st_mtime_nsec),
    }
}

fn named<T>(call: &'static str, result: rustix::io::Result<T>) -> Result<T, SysError> {
    result.map_err(|errno| SysError::new(call, errno.raw_os_error()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    #[test]
    fn copy_directory_keeps_what_files_are_and_follows_no_link() {
        let top = std::env::temp_dir().join(format!("masu-copy-{}", std::process::id()));
        let (source, target) = (top.join("source"), top.join("target"));
        std::fs::create_dir_all(source.join("deep/er")).unwrap();
        std::fs::create_dir(&target).unwrap();
        std::fs::write(source.join("deep/file"), "text").unwrap();
        std::fs::set_permissions(source.join("deep/file"), PermissionsExt::from_mode(0o4751)).unwrap();
        std::fs::set_permissions(source.join("deep"), PermissionsExt::from_mode(0o1711)).unwrap();
        symlink("/etc/passwd", source.join("link")).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, source.join("fifo"), FileType::Fifo, Mode::from_raw_mode(0o640), 0)
            .unwrap();
        let old = Timestamps {
            last_access: Timespec { tv_sec: 3, tv_nsec: 0 },
            last_modification: Timespec { tv_sec: 1, tv_nsec: 2 },
        };
        fs::futimens(File::open(source.join("deep")).unwrap(), &old).unwrap();
        let open = |path| File::open(path).unwrap();
        let copied = copy_directory("Mount", open(&source).as_fd(), open(&target).as_fd());
        let deep = std::fs::metadata(target.join("deep")).unwrap();
        let file = std::fs::metadata(target.join("deep/file")).unwrap();
        let text = std::fs::read_to_string(target.join("deep/file")).unwrap();
        let link = std::fs::read_link(target.join("link")).unwrap();
        let fifo = std::fs::metadata(target.join("fifo")).unwrap();
        let empty = target.join("deep/er").is_dir();
        std::fs::remove_dir_all(&top).unwrap();
        copied.unwrap();
        assert_eq!((deep.mode() & 0o7777, deep.mtime(), deep.mtime_nsec()), (0o1711, 1, 2));
        assert_eq!((file.mode() & 0o7777, text.as_str(), empty), (0o4751, "text", true));
        assert_eq!((link.to_str(), fifo.mode()), (Some("/etc/passwd"), 0o010_640));
    }
}
