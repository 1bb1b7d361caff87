//! Removes a tree without following symbolic links or leaving its file system.
//!
//! A container filled it, so it can be deep, wide, unreadable and full of links. The walk holds one descriptor, whatever the depth.

use std::ffi::{CString, OsStr};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use masu_sys::errno::values::{EACCES, EBUSY, ELOOP, ENOENT, ENOTDIR, ENOTEMPTY, EPERM, EXDEV};
use masu_sys::error::SysError;
use masu_wire::error::CoreError;
use masu_wire::plan::UserMapping;
use rustix::fs::{self, AtFlags, Dir, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use crate::executor::Tools;
use crate::failure::{failed, failed_because};
use crate::hint::of_file_system;
use crate::named;
use crate::remove_protocol;

/// `HostStep::RemoveTree`
pub(crate) fn remove(path: &str, user: Option<&UserMapping>, tools: Tools<'_>) -> Result<(), CoreError> {
    let Err(error) = remove_here(Path::new(path)) else { return Ok(()) };
    // Files of subordinate ids: most containers leave none, and then the way through a user namespace is saved.
    match user {
        Some(user) if tools.init.is_some() && matches!(error.errno, EACCES | EPERM) => {
            remove_protocol::remove_as(path, user, tools)
        }
        _ => Err(failure(path, error)),
    }
}

/// Why a tree could not be removed.
#[must_use]
pub fn failure(path: &str, error: SysError) -> CoreError {
    let action = format!("Remove tree {path:?}");
    match error.errno {
        EXDEV | EBUSY => failed_because(action, "something is mounted in it", error),
        ENOTDIR | ELOOP => failed_because(action, "it is no directory", error),
        _ => of_file_system(failed(action, error), path),
    }
}

/// A directory on the way down: its identity, and what is left to do in it.
struct Level {
    device: u64,
    inode: u64,
    /// Its name in its parent.
    name: CString,
    /// Directories in it that are not empty.
    todo: Vec<CString>,
}

/// Removes the tree with this process's own rights.
pub fn remove_here(path: &Path) -> Result<(), SysError> {
    let top = match open_directory_at(fs::CWD, path.as_os_str()) {
        Err(error) if error.errno == ENOENT => return Ok(()),
        top => top?,
    };
    let mut here = top;
    let mut levels = vec![enter(&here, CString::default())?];
    while let Some(level) = levels.last_mut() {
        if let Some(name) = level.todo.pop() {
            let below = open_below(&here, &name)?;
            levels.push(enter(&below, name)?);
            here = below;
            continue;
        }
        let Some(done) = levels.pop() else { break };
        let Some(parent) = levels.last() else { break };
        here = open_parent(&here, parent)?;
        match unlink(&here, &done.name, AtFlags::REMOVEDIR) {
            Ok(()) => {}
            // Something was added meanwhile: once more, as long as that goes on.
            Err(error) if error.errno == ENOTEMPTY => {
                if let Some(level) = levels.last_mut() {
                    level.todo.push(done.name);
                }
            }
            Err(error) => return Err(error),
        }
    }
    match fs::rmdir(path) {
        Err(Errno::NOENT) => Ok(()),
        removed => named("rmdir", removed),
    }
}

/// Removes everything in a directory that can be removed at once; the rest is `todo`.
fn enter(directory: &OwnedFd, name: CString) -> Result<Level, SysError> {
    let status = named("fstat", fs::fstat(directory))?;
    let mut level = Level { device: status.st_dev, inode: status.st_ino, name, todo: Vec::new() };
    for entry in named("getdents64", Dir::read_from(directory))? {
        let entry = named("getdents64", entry)?;
        let name = entry.file_name();
        if name == c"." || name == c".." {
            continue;
        }
        let kind = match entry.file_type() {
            FileType::Unknown => FileType::from_raw_mode(
                named("fstatat", fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW))?.st_mode,
            ),
            known => known,
        };
        let flags = if kind == FileType::Directory { AtFlags::REMOVEDIR } else { AtFlags::empty() };
        match unlink(directory, name, flags) {
            Ok(()) => {}
            Err(error) if error.errno == ENOTEMPTY => level.todo.push(name.to_owned()),
            Err(error) => return Err(error),
        }
    }
    Ok(level)
}

/// unlinkat(2); where the directory itself forbids it, its owner allows it first.
fn unlink(directory: &OwnedFd, name: &std::ffi::CStr, flags: AtFlags) -> Result<(), SysError> {
    match fs::unlinkat(directory, name, flags) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        // EEXIST is another name of ENOTEMPTY. rmdir(2)
        Err(Errno::EXIST | Errno::NOTEMPTY) => Err(SysError::new("unlinkat", ENOTEMPTY)),
        Err(Errno::ACCESS) if fs::fchmod(directory, Mode::RWXU).is_ok() => {
            named("unlinkat", fs::unlinkat(directory, name, flags))
        }
        Err(errno) => named("unlinkat", Err(errno)),
    }
}

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Opens a directory to read it, whatever its permission bits (an overlay's work/work has none).
fn open_directory_at(at: impl AsFd, name: &OsStr) -> Result<OwnedFd, SysError> {
    match fs::openat(at.as_fd(), name, DIRECTORY, Mode::empty()) {
        Err(Errno::ACCESS) => {
            let found = named(
                "openat",
                fs::openat(
                    at,
                    name,
                    OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC,
                    Mode::empty(),
                ),
            )?;
            // fchmod(2) takes no O_PATH descriptor, and chmod(2) would follow a link that took the name's place.
            let magic = format!("/proc/self/fd/{}", found.as_raw_fd());
            named("chmod", fs::chmod(&magic, Mode::RWXU))?;
            named("open", fs::open(&magic, DIRECTORY - OFlags::NOFOLLOW, Mode::empty()))
        }
        opened => named("openat", opened),
    }
}

/// Opens a directory in a directory, unless something is mounted on it.
fn open_below(parent: &OwnedFd, name: &std::ffi::CStr) -> Result<OwnedFd, SysError> {
    let resolve = ResolveFlags::NO_XDEV | ResolveFlags::NO_SYMLINKS | ResolveFlags::BENEATH;
    let below = loop {
        match fs::openat2(parent, name, DIRECTORY, Mode::empty(), resolve) {
            Err(Errno::INTR | Errno::AGAIN) => {}
            // ENOSYS, EPERM: before 5.6, or hidden by a filter. EACCES: its own permission bits.
            Err(Errno::NOSYS | Errno::PERM | Errno::ACCESS) => {
                break open_directory_at(parent, OsStr::from_bytes(name.to_bytes()))?;
            }
            opened => return named("openat2", opened),
        }
    };
    let (outer, inner) = (named("fstat", fs::fstat(parent))?, named("fstat", fs::fstat(&below))?);
    if outer.st_dev == inner.st_dev { Ok(below) } else { Err(SysError::new("openat", EXDEV)) }
}

/// Goes up again, and makes sure that it is where the walk came from.
fn open_parent(here: &OwnedFd, parent: &Level) -> Result<OwnedFd, SysError> {
    let above = named("openat", fs::openat(here, c"..", DIRECTORY, Mode::empty()))?;
    let status = named("fstat", fs::fstat(&above))?;
    if (status.st_dev, status.st_ino) == (parent.device, parent.inode) {
        Ok(above)
    } else {
        Err(SysError::new("openat", Errno::STALE.raw_os_error()))
    }
}

#[cfg(test)]
#[path = "tree_test.rs"]
mod tests;
