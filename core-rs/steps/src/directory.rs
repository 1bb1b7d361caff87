//! Directories of masu's own, and the ones that a mount needed.

use std::path::Path;

use masu_sys::errno::values::{EEXIST, ENOENT, ENOTDIR};
use masu_sys::error::SysError;
use masu_sys::resolve::{Links, Root};
use masu_wire::error::CoreError;
use masu_wire::plan::Owner;
use rustix::fs::{self, AtFlags, Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Gid, Uid};

use crate::failure::{failed, failed_because};
use crate::hint::of_file_system;
use crate::named;

/// `HostStep::MakeDirectory`
pub(crate) fn make(path: &str, mode: u32, parents: bool, owner: Option<Owner>) -> Result<(), CoreError> {
    let action = || format!("Make directory {path:?}");
    let made =
        if parents { make_with_parents(Path::new(path), mode) } else { make_one(Path::new(path), mode).map(|()| true) };
    let made = made.map_err(|error| of_file_system(failed(action(), error), path))?;
    let Some(owner) = owner.filter(|_| made) else { return Ok(()) };
    // Not chown(2) by a followed path: the directory was made just now and is no link.
    let owned = fs::chownat(
        fs::CWD,
        path,
        Some(Uid::from_raw(owner.uid)),
        Some(Gid::from_raw(owner.gid)),
        AtFlags::SYMLINK_NOFOLLOW,
    );
    named("fchownat", owned)
        .map_err(|error| failed(format!("Give directory {path:?} to {}:{}", owner.uid, owner.gid), error))
}

/// mkdir(2) with exactly these permission bits: the caller's umask may only take bits of group and others away, which are then given.
fn make_one(path: &Path, mode: u32) -> Result<(), SysError> {
    named("mkdir", fs::mkdir(path, Mode::from_raw_mode(mode)))?;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    named("chmod", fs::chmod(path, Mode::from_raw_mode(mode)))
}

/// As `mkdir -p`; false: it was there.
fn make_with_parents(path: &Path, mode: u32) -> Result<bool, SysError> {
    match make_one(path, mode) {
        Err(error) if error.errno == EEXIST => {
            let found = named("stat", fs::stat(path))?;
            let is_directory = fs::FileType::from_raw_mode(found.st_mode) == fs::FileType::Directory;
            if is_directory { Ok(false) } else { Err(SysError::new("mkdir", ENOTDIR)) }
        }
        Err(error) if error.errno == ENOENT => {
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).ok_or(error)?;
            make_with_parents(parent, mode)?;
            // Somebody else may have made it meanwhile.
            match make_one(path, mode) {
                Err(error) if error.errno == EEXIST => Ok(false),
                made => made.map(|()| true),
            }
        }
        made => made.map(|()| true),
    }
}

/// `HostStep::RemoveMountPoint`: an empty directory, or an empty file, below a root that the container could change.
pub(crate) fn remove_mount_point(top: &str, path: &str, file: bool) -> Result<(), CoreError> {
    let action = || format!("Remove mount point {path:?} below {top:?}");
    match remove_below(top, path, file) {
        Ok(()) => Ok(()),
        // Gone, filled, or something else by now: not ours.
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::NOTEMPTY | Errno::EXIST | Errno::ISDIR) => Ok(()),
        Err(Errno::BUSY) => Err(failed_because(
            action(),
            "something is mounted there",
            SysError::new("unlinkat", Errno::BUSY.raw_os_error()),
        )),
        Err(errno) => Err(failed(action(), SysError::new("unlinkat", errno.raw_os_error()))),
    }
}

fn remove_below(top: &str, path: &str, file: bool) -> Result<(), Errno> {
    let path = Path::new(path);
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return Ok(()) };
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let top = Root::new(fs::open(top, flags, Mode::empty())?);
    let parent = top.open(&parent.to_string_lossy(), flags, Links::Refuse);
    let parent = parent.map_err(|error| Errno::from_raw_os_error(error.errno))?;
    if !file {
        return fs::unlinkat(&parent, name, AtFlags::REMOVEDIR);
    }
    let found = fs::statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW)?;
    if fs::FileType::from_raw_mode(found.st_mode) == fs::FileType::RegularFile && found.st_size == 0 {
        fs::unlinkat(&parent, name, AtFlags::empty())?;
    }
    Ok(())
}
