//! Paths in a tree that somebody else can change at any time: they never lead out of it. openat2(2) RESOLVE_IN_ROOT
//!
//! Where openat2(2) is missing (before Linux 5.6, or hidden by a filter), and wherever something on the path has to be made, a walk does it:
//! one component after the other by O_PATH descriptors, symbolic links read and followed below the root, `..` taken back to the directory
//! that was walked through.

use crate::error::{Result, SysError};
use crate::file::{self, FileType, Mode, OFlags};
use rustix::fs::ResolveFlags;
use rustix::io::Errno;
use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicBool, Ordering};

/// As many as the kernel follows. path_resolution(7)
const MAX_LINKS: u32 = 40;
/// openat2(2): EAGAIN says that something was renamed meanwhile.
const MAX_TRIES: u32 = 64;

/// linux/proc_fs.h, PROC_ROOT_INO.
const PROC_TOP: u64 = 1;

/// openat2(2) was found missing.
static WALK: AtomicBool = AtomicBool::new(false);

/// What to do with symbolic links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Links {
    /// Follow all.
    Follow,
    /// Follow all but the last component.
    NotLast,
    /// ELOOP where there is one.
    Refuse,
}

/// What to make where there is nothing.
#[derive(Clone, Copy)]
enum Missing {
    Fail,
    Directories(u32),
    File(u32),
}

/// A directory that paths are resolved in: `/`, `..` and symbolic links stay below it.
#[derive(Debug)]
pub struct Root {
    directory: OwnedFd,
}

impl Root {
    /// The root that this descriptor is of.
    #[must_use]
    pub const fn new(directory: OwnedFd) -> Self {
        Self { directory }
    }

    /// The directory itself, owned.
    #[must_use]
    pub const fn descriptor(&self) -> &OwnedFd {
        &self.directory
    }

    /// The directory itself.
    #[must_use]
    pub fn directory(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }

    /// Opens a path, close-on-exec. Magic links of procfs are refused with ELOOP.
    pub fn open(&self, path: &str, flags: OFlags, links: Links) -> Result<OwnedFd> {
        if WALK.load(Ordering::Relaxed) {
            return self.walk(path, flags, links, Missing::Fail);
        }
        let mut resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        resolve.set(ResolveFlags::NO_SYMLINKS, links == Links::Refuse);
        let mut how = flags | OFlags::CLOEXEC;
        how.set(OFlags::NOFOLLOW, links != Links::Follow);
        // A name that ends in a slash would follow a last link all the same.
        let path = if links == Links::Follow || path == "/" { path } else { path.trim_end_matches('/') };
        for _ in 0..MAX_TRIES {
            match rustix::fs::openat2(&self.directory, path, how, Mode::empty(), resolve) {
                Ok(file) => return Ok(file),
                Err(Errno::AGAIN | Errno::INTR) => {}
                Err(Errno::NOSYS | Errno::PERM) => {
                    WALK.store(true, Ordering::Relaxed);
                    return self.walk(path, flags, links, Missing::Fail);
                }
                Err(errno) => return Err(SysError::new("openat2", errno.raw_os_error())),
            }
        }
        Err(SysError::new("openat2", libc::EAGAIN))
    }

    /// Opens a directory (O_PATH), made with its parents where it is missing. A dangling link's target is made too, below the root.
    pub fn make_directories(&self, path: &str, mode: u32) -> Result<OwnedFd> {
        self.walk(path, OFlags::PATH | OFlags::DIRECTORY, Links::Follow, Missing::Directories(mode))
    }

    /// Opens a file (O_PATH), made with its parents (0755) where it is missing. A dangling link's target is made too, below the root.
    pub fn make_file(&self, path: &str, mode: u32) -> Result<OwnedFd> {
        self.walk(path, OFlags::PATH, Links::Follow, Missing::File(mode))
    }

    /// The walk. `directories` are those that were gone through, from the root (which is not among them) down.
    fn walk(&self, path: &str, flags: OFlags, links: Links, missing: Missing) -> Result<OwnedFd> {
        let mut directories: Vec<OwnedFd> = Vec::new();
        let mut pending = components(path.as_ref());
        let mut followed = 0;
        while let Some(name) = pending.pop() {
            let here = directories.last().map_or(self.directory.as_fd(), AsFd::as_fd);
            if name == ".." {
                directories.pop();
                continue;
            }
            let last = pending.is_empty();
            let found = match file::open_in(here, &name, OFlags::PATH, 0) {
                Err(error) if error.errno == libc::ENOENT => make(here, &name, last, missing)?,
                found => found?,
            };
            let is_link = file::kind(&file::status(found.as_fd())?) == FileType::Symlink;
            if is_link && links == Links::Refuse {
                return Err(SysError::new("openat", libc::ELOOP));
            }
            if is_link && !(last && links == Links::NotLast) {
                followed += 1;
                if followed > MAX_LINKS || is_magic(here, found.as_fd())? {
                    return Err(SysError::new("openat", libc::ELOOP));
                }
                let target = file::link_target(found.as_fd())?;
                if target.as_bytes().starts_with(b"/") {
                    directories.clear();
                }
                pending.extend(components(&target));
            } else if last {
                return finish(here, &name, found, flags);
            } else {
                directories.push(found);
            }
        }
        let here = directories.last().map_or(self.directory.as_fd(), AsFd::as_fd);
        file::open_in(here, ".", flags | OFlags::DIRECTORY, 0)
    }
}

/// Whether a link leads where no path does: one of procfs, but not of its top directory, where `self` and such are ordinary ones.
fn is_magic(directory: BorrowedFd<'_>, link: BorrowedFd<'_>) -> Result<bool> {
    Ok(file::file_system(link)?.magic == file::PROC_MAGIC && file::status(directory)?.st_ino != PROC_TOP)
}

/// The components in reverse, those that change nothing left out.
fn components(path: &OsStr) -> Vec<OsString> {
    let names = path.as_bytes().split(|byte| *byte == b'/').rev();
    names.filter(|name| !matches!(*name, b"" | b".")).map(|name| OsStr::from_bytes(name).to_owned()).collect()
}

/// Makes what is missing and opens it, whoever made it first.
fn make(here: BorrowedFd<'_>, name: &OsStr, last: bool, missing: Missing) -> Result<OwnedFd> {
    match missing {
        Missing::Fail => return Err(SysError::new("openat", libc::ENOENT)),
        Missing::File(mode) if last => {
            drop(file::open_in(here, name, OFlags::CREATE | OFlags::NONBLOCK | OFlags::NOCTTY, mode)?);
        }
        Missing::File(_) => make_directory(here, name, 0o755)?,
        Missing::Directories(mode) => make_directory(here, name, mode)?,
    }
    file::open_in(here, name, OFlags::PATH, 0)
}

fn make_directory(here: BorrowedFd<'_>, name: &OsStr, mode: u32) -> Result<()> {
    match file::make_directory(here, name, mode) {
        Err(error) if error.errno == libc::EEXIST => Ok(()),
        made => made,
    }
}

/// The descriptor that was asked for: the O_PATH one, or the same name opened anew.
fn finish(here: BorrowedFd<'_>, name: &OsStr, found: OwnedFd, flags: OFlags) -> Result<OwnedFd> {
    if !flags.contains(OFlags::PATH) {
        return file::open_in(here, name, flags, 0);
    }
    let is_directory = file::kind(&file::status(found.as_fd())?) == FileType::Directory;
    if flags.contains(OFlags::DIRECTORY) && !is_directory {
        Err(SysError::new("openat", libc::ENOTDIR))
    } else {
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;

    struct Tree(PathBuf);

    impl Drop for Tree {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    fn tree(name: &str) -> (Tree, Root) {
        let top = std::env::temp_dir().join(format!("masu-resolve-{name}-{}", std::process::id()));
        let root = top.join("root");
        fs::create_dir_all(root.join("etc/deep")).unwrap();
        fs::create_dir(top.join("secret")).unwrap();
        fs::write(root.join("etc/passwd"), "inside").unwrap();
        fs::write(top.join("passwd"), "outside").unwrap();
        symlink("/etc/passwd", root.join("absolute")).unwrap();
        symlink("../../../../etc/passwd", root.join("etc/deep/up")).unwrap();
        symlink("etc", root.join("relative")).unwrap();
        symlink("loop", root.join("loop")).unwrap();
        symlink("../run/systemd/resolv.conf", root.join("etc/resolv.conf")).unwrap();
        symlink(&top, root.join("top")).unwrap();
        let directory = file::open(root.to_str().unwrap(), OFlags::PATH | OFlags::DIRECTORY).unwrap();
        (Tree(top), Root::new(directory))
    }

    fn content(file: &OwnedFd) -> String {
        String::from_utf8(file::read_start(file.as_fd(), 100).unwrap()).unwrap()
    }

    #[test]
    fn open_and_walk_give_the_same_answers() {
        let (_tree, root) = tree("same");
        let inside = Ok("inside".to_owned());
        for (path, links, expected) in [
            ("/etc/passwd", Links::Follow, inside.clone()),
            ("etc/passwd", Links::Refuse, inside.clone()),
            ("/absolute", Links::Follow, inside.clone()),
            ("/absolute", Links::NotLast, Err(libc::ELOOP)),
            ("/etc/deep/up", Links::Follow, inside.clone()),
            ("/relative/passwd", Links::NotLast, inside.clone()),
            ("/relative/passwd", Links::Refuse, Err(libc::ELOOP)),
            ("/../../etc/../etc/passwd", Links::Follow, inside),
            ("/loop", Links::Follow, Err(libc::ELOOP)),
            ("/top/passwd", Links::Follow, Err(libc::ENOENT)),
            ("/etc/passwd/x", Links::Follow, Err(libc::ENOTDIR)),
            ("/absent", Links::Follow, Err(libc::ENOENT)),
        ] {
            let answer = |opened: Result<OwnedFd>| opened.map(|file| content(&file)).map_err(|error| error.errno);
            assert_eq!(answer(root.open(path, OFlags::RDONLY, links)), expected, "open {path} {links:?}");
            assert_eq!(
                answer(root.walk(path, OFlags::RDONLY, links, Missing::Fail)),
                expected,
                "walk {path} {links:?}"
            );
        }
    }

    #[test]
    fn walk_refuses_magic_links() {
        let root = Root::new(file::open("/", OFlags::PATH | OFlags::DIRECTORY).unwrap());
        for opened in [
            root.open("/proc/self/root/etc", OFlags::PATH, Links::Follow),
            root.walk("/proc/self/root/etc", OFlags::PATH, Links::Follow, Missing::Fail),
        ] {
            assert_eq!(opened.unwrap_err().errno, libc::ELOOP);
        }
        for opened in [
            root.open("/proc/self/status", OFlags::PATH, Links::Follow),
            root.walk("/proc/self/status", OFlags::PATH, Links::Follow, Missing::Fail),
        ] {
            assert!(opened.is_ok(), "{opened:?}");
        }
    }

    #[test]
    fn make_directories_and_make_file_stay_below_the_root() {
        let (tree, root) = tree("make");
        drop(root.make_directories("/top/secret/a", 0o755).unwrap());
        assert!(!tree.0.join("secret/a").exists());
        drop(root.make_file("/etc/resolv.conf", 0o644).unwrap());
        assert!(tree.0.join("root/run/systemd/resolv.conf").is_file());
        drop(root.make_file("/../../x", 0o644).unwrap());
        assert!(tree.0.join("root/x").is_file() && !tree.0.join("x").exists());
        assert_eq!(root.make_directories("/etc/passwd/x", 0o755).unwrap_err().errno, libc::ENOTDIR);
        assert_eq!(root.make_directories("/etc/passwd", 0o755).unwrap_err().errno, libc::ENOTDIR);
    }
}
