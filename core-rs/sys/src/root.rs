//! Paths below a root directory that somebody else controls. openat2(2) RESOLVE_IN_ROOT

use crate::error::{Result, SysError, named};
use rustix::fs::{FileType, Mode, OFlags, ResolveFlags, fstat, openat, openat2, readlinkat};
use rustix::io::Errno;
use std::collections::VecDeque;
use std::ffi::OsString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path};

/// path_resolution(7): the kernel follows this many symbolic links at most.
const LINK_LIMIT: usize = 40;

/// Opens `path` as a process whose root directory is `root` would: no symbolic link and no `..` leads out of it.
///
/// With `OFlags::NOFOLLOW` a last symbolic link is not followed. Magic links of procfs are never.
/// Errors: ENOENT, ENOTDIR, EACCES as of open(2); ELOOP too many links.
pub fn open(root: BorrowedFd<'_>, path: impl AsRef<Path>, flags: OFlags) -> Result<OwnedFd> {
    let path = path.as_ref();
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    loop {
        match openat2(root, path, flags | OFlags::CLOEXEC, Mode::empty(), resolve) {
            // EAGAIN: something was renamed while `..` was resolved. openat2(2)
            Err(Errno::INTR | Errno::AGAIN) => {}
            // EPERM: seccomp filters older than the call answer so; the call itself never does.
            Err(Errno::NOSYS | Errno::PERM) => return open_by_steps(root, path, flags | OFlags::CLOEXEC),
            other => return named("openat2", other),
        }
    }
}

/// Opens `path` below `root` where no component may be a symbolic link.
///
/// Errors: ELOOP (or ENOTDIR) for a link, else as of open(2).
pub fn open_without_links(root: BorrowedFd<'_>, path: impl AsRef<Path>, flags: OFlags) -> Result<OwnedFd> {
    let mut found = named("openat", openat(root, c".", OFlags::PATH | OFlags::CLOEXEC, Mode::empty()))?;
    let mut todo = names(path.as_ref());
    while let Some(name) = todo.pop_front() {
        if name == ".." {
            return Err(SysError::new("openat", libc::ELOOP));
        }
        let flags = if todo.is_empty() { flags } else { OFlags::PATH | OFlags::DIRECTORY };
        found = named("openat", openat(&found, name.as_os_str(), flags | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty()))?;
    }
    Ok(found)
}

/// The same as [`open`], one component after the other, for kernels before 5.6.
fn open_by_steps(root: BorrowedFd<'_>, path: &Path, flags: OFlags) -> Result<OwnedFd> {
    let step = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut above = vec![named("openat", openat(root, c".", step, Mode::empty()))?];
    let mut todo = names(path);
    let mut links = 0;
    while let Some(name) = todo.pop_front() {
        if name == ".." {
            if above.len() > 1 {
                above.pop();
            }
            continue;
        }
        let Some(parent) = above.last() else { break };
        let next = named("openat", openat(parent, name.as_os_str(), step, Mode::empty()))?;
        let is_link = FileType::from_raw_mode(named("fstat", fstat(&next))?.st_mode) == FileType::Symlink;
        if !is_link {
            above.push(next);
            continue;
        }
        if todo.is_empty() && flags.contains(OFlags::NOFOLLOW) {
            above.push(next);
            break;
        }
        links += 1;
        if links > LINK_LIMIT {
            return Err(SysError::new("openat", libc::ELOOP));
        }
        let target = named("readlinkat", readlinkat(&next, c"", Vec::new()))?;
        let target = OsString::from_vec(target.into_bytes());
        if target.as_bytes().starts_with(b"/") {
            above.truncate(1);
        }
        for name in names(Path::new(&target)).into_iter().rev() {
            todo.push_front(name);
        }
    }
    above.pop().ok_or(SysError::new("openat", libc::ENOENT)).and_then(|found| reopen(found, flags))
}

/// Opens what an O_PATH descriptor is for, with the flags that were asked for.
fn reopen(found: OwnedFd, flags: OFlags) -> Result<OwnedFd> {
    let file_type = FileType::from_raw_mode(named("fstat", fstat(&found))?.st_mode);
    if flags.contains(OFlags::DIRECTORY) && file_type != FileType::Directory {
        return Err(SysError::new("openat", libc::ENOTDIR));
    }
    if flags.contains(OFlags::PATH) {
        return Ok(found);
    }
    if file_type == FileType::Symlink {
        return Err(SysError::new("openat", libc::ELOOP));
    }
    let number = std::os::fd::AsRawFd::as_raw_fd(&found.as_fd());
    // A magic link to what was resolved above, so nothing is resolved again.
    named("open", rustix::fs::open(format!("/proc/self/fd/{number}"), flags - OFlags::NOFOLLOW, Mode::empty()))
}

fn names(path: &Path) -> VecDeque<OsString> {
    path.components()
        .filter_map(|component| match component {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some(OsString::from("..")),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    type Open = fn(BorrowedFd<'_>, &Path, OFlags) -> Result<OwnedFd>;

    #[test]
    fn open_stays_below_the_root_with_and_without_openat2() {
        let top = std::env::temp_dir().join(format!("masu-root-{}", std::process::id()));
        std::fs::create_dir_all(top.join("etc/deep")).unwrap();
        std::fs::write(top.join("etc/passwd"), "").unwrap();
        symlink("/etc/passwd", top.join("absolute")).unwrap();
        symlink("../../../etc", top.join("etc/up")).unwrap();
        symlink("loop", top.join("loop")).unwrap();
        let expected = fstat(std::fs::File::open(top.join("etc/passwd")).unwrap()).unwrap().st_ino;
        let root: OwnedFd = std::fs::File::open(&top).unwrap().into();
        let ways: [(&str, Open); 2] =
            [("openat2", |root, path, flags| open(root, path, flags)), ("by steps", |root, path, flags| open_by_steps(root, path, flags))];
        for (way, open) in ways {
            for path in ["etc/passwd", "/etc/passwd", "../../etc/passwd", "absolute", "etc/up/passwd", "etc/deep/../passwd"] {
                let found = open(root.as_fd(), Path::new(path), OFlags::RDONLY).unwrap();
                assert_eq!(fstat(&found).unwrap().st_ino, expected, "{way} {path}");
            }
            for (path, flags, errno) in [
                ("loop", OFlags::RDONLY, libc::ELOOP),
                ("absolute", OFlags::RDONLY | OFlags::NOFOLLOW, libc::ELOOP),
                ("nothing", OFlags::RDONLY, libc::ENOENT),
                ("etc/passwd", OFlags::PATH | OFlags::DIRECTORY, libc::ENOTDIR),
                ("etc/passwd/x", OFlags::PATH, libc::ENOTDIR),
            ] {
                assert_eq!(open(root.as_fd(), Path::new(path), flags).unwrap_err().errno, errno, "{way} {path}");
            }
            assert!(open_without_links(root.as_fd(), "etc/passwd", OFlags::RDONLY).is_ok());
            for path in ["absolute", "etc/up/passwd", "etc/../etc"] {
                assert!(open_without_links(root.as_fd(), path, OFlags::PATH).is_ok_and(|found| FileType::from_raw_mode(fstat(&found).unwrap().st_mode) == FileType::Symlink)
                    || open_without_links(root.as_fd(), path, OFlags::RDONLY).is_err(), "{path}");
            }
            let link = open(root.as_fd(), Path::new("absolute"), OFlags::PATH | OFlags::NOFOLLOW).unwrap();
            assert_eq!(FileType::from_raw_mode(fstat(&link).unwrap().st_mode), FileType::Symlink, "{way}");
        }
        std::fs::remove_dir_all(top).unwrap();
    }
}
