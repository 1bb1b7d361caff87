//! The one file that all resident monitors are executed from, so that they share the memory of its pages.
//!
//! Written once from the sealed `init`, and compared with it byte by byte before each use: nobody trusts a name.

use masu_steps::failure::failed;
use masu_steps::hint::of_file_system;
use masu_sys::errno::values::{EEXIST, ENOENT};
use masu_sys::error::SysError;
use masu_sys::file::{self, FileType, OFlags};
use masu_wire::error::CoreError;
use masu_wire::lifecycle::Store;
use rustix::fs::{AtFlags, Mode, fchmod, renameat, unlinkat};
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;

use crate::small_file::{named, open_directory};

/// The beginning of the file's name.
pub(crate) const PREFIX: &str = "init-";
/// MS_NOEXEC of mount(2).
const NO_EXEC: u32 = 8;
/// Compared at once.
const CHUNK: usize = 64 << 10;

/// The file, in the runtime directory or, where nothing there may be executed, in the data directory.
/// None: in neither; the sealed one itself has to do.
pub(crate) fn open(store: &Store, init: BorrowedFd<'_>) -> Result<Option<OwnedFd>, CoreError> {
    for path in [&store.runtime, &store.data] {
        let Some(directory) = open_directory(path)? else { continue };
        let mount = file::file_system(directory.as_fd());
        if mount.is_ok_and(|mount| mount.mount_flags & NO_EXEC == 0) {
            let opened = open_in(directory.as_fd(), init);
            return opened.map(Some).map_err(|error| {
                of_file_system(failed(format!("Put the monitors' executable into {path:?}"), error), path)
            });
        }
    }
    Ok(None)
}

/// The name of the file that belongs to this `init`.
pub(crate) fn name(init: BorrowedFd<'_>) -> Result<String, SysError> {
    let length = length(init)?;
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ length;
    let mut offset = 0;
    while offset < length {
        // FNV-1a, of words and of one page in sixteen: it tells builds apart, which is all; the comparison is of every byte.
        for word in file::read_at(init, offset, 4096)?.chunks(8) {
            let word = word.iter().fold(0u64, |word, byte| (word << 8) | u64::from(*byte));
            hash = (hash ^ word).wrapping_mul(0x0100_0000_01b3);
        }
        offset += 16 * 4096;
    }
    Ok(format!("{PREFIX}{hash:016x}"))
}

fn length(file: BorrowedFd<'_>) -> Result<u64, SysError> {
    Ok(u64::try_from(file::status(file)?.st_size).unwrap_or(0))
}

fn open_in(directory: BorrowedFd<'_>, init: BorrowedFd<'_>) -> Result<OwnedFd, SysError> {
    let name = name(init)?;
    match file::open_in(directory, &name, OFlags::RDONLY | OFlags::NONBLOCK, 0) {
        Ok(found) if is_same(found.as_fd(), init)? => Ok(found),
        // Another build with the same name, a file that was cut short by a crash, or not masu's at all.
        Ok(_) => write(directory, &name, init),
        Err(error) if error.errno == ENOENT => write(directory, &name, init),
        Err(error) => Err(error),
    }
}

fn is_same(found: BorrowedFd<'_>, init: BorrowedFd<'_>) -> Result<bool, SysError> {
    let status = file::status(found)?;
    let own = rustix::process::geteuid().as_raw();
    let trusted =
        file::kind(&status) == FileType::RegularFile && status.st_uid == own && status.st_mode & 0o7777 == 0o500;
    let length = length(init)?;
    if !trusted || u64::try_from(status.st_size).ok() != Some(length) {
        return Ok(false);
    }
    let (mut offset, mut one, mut other) = (0, vec![0; CHUNK], vec![0; CHUNK]);
    while offset < length {
        let (count, same) = (read_at(found, offset, &mut one)?, read_at(init, offset, &mut other)?);
        if count != same || count == 0 || one.get(..count) != other.get(..count) {
            return Ok(false);
        }
        offset += u64::try_from(count).unwrap_or(u64::MAX);
    }
    Ok(true)
}

fn read_at(file: BorrowedFd<'_>, offset: u64, buffer: &mut [u8]) -> Result<usize, SysError> {
    named("pread", rustix::io::retry_on_intr(|| rustix::io::pread(file, &mut *buffer, offset)))
}

/// Written beside and renamed, so that nobody executes half of it.
fn write(directory: BorrowedFd<'_>, name: &str, init: BorrowedFd<'_>) -> Result<OwnedFd, SysError> {
    let beside = format!(".{name}.{}.{}", std::process::id(), thread_number());
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
    let made = match file::open_in(directory, &beside, flags, 0o500) {
        Err(error) if error.errno == EEXIST => named("unlinkat", unlinkat(directory, &*beside, AtFlags::empty()))
            .and_then(|()| file::open_in(directory, &beside, flags, 0o500))?,
        made => made?,
    };
    let written =
        copy(init, &File::from(made)).and_then(|()| named("renameat", renameat(directory, &*beside, directory, name)));
    written.inspect_err(|_| {
        // The failed write is what is told.
        let _ = unlinkat(directory, &*beside, AtFlags::empty());
    })?;
    // Opened anew: a file that is open for writing cannot be executed (ETXTBSY).
    let opened = file::open_in(directory, name, OFlags::RDONLY, 0)?;
    if is_same(opened.as_fd(), init)? {
        Ok(opened)
    } else {
        Err(SysError::new("execve", masu_sys::errno::values::ETXTBSY))
    }
}

/// Threads of one process may start containers at once.
fn thread_number() -> u32 {
    rustix::thread::gettid().as_raw_nonzero().get().unsigned_abs()
}

fn copy(init: BorrowedFd<'_>, to: &File) -> Result<(), SysError> {
    let (length, mut offset) = (length(init)?, 0);
    while offset < length {
        let chunk = file::read_at(init, offset, CHUNK)?;
        if chunk.is_empty() {
            break;
        }
        to.write_all_at(&chunk, offset).map_err(|error| SysError::from_io("write", &error))?;
        offset += u64::try_from(chunk.len()).unwrap_or(u64::MAX);
    }
    named("fchmod", fchmod(to, Mode::from_raw_mode(0o500)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn open_writes_the_file_once_and_again_when_it_is_not_the_same() {
        let top = std::env::temp_dir().join(format!("masu-shared-init-{}", std::process::id()));
        std::fs::create_dir_all(&top).unwrap();
        let content: Vec<u8> = (0..400_000u32).map(|number| number.to_le_bytes()[1]).collect();
        let init = masu_sys::memfd::sealed_executable(c"init", &content).unwrap();
        let path = top.to_str().unwrap().to_owned();
        let store = Store { runtime: path.clone(), data: path };
        let inode = |file: &OwnedFd| file::status(file.as_fd()).unwrap().st_ino;
        let first = open(&store, init.as_fd()).unwrap().unwrap();
        assert_eq!(inode(&first), inode(&open(&store, init.as_fd()).unwrap().unwrap()));
        let file = top.join(name(init.as_fd()).unwrap());
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o500);
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o700)).unwrap();
        let mut changed = content.clone();
        changed[399_999] ^= 1;
        std::fs::write(&file, changed).unwrap();
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o500)).unwrap();
        assert_ne!(inode(&first), inode(&open(&store, init.as_fd()).unwrap().unwrap()));
        assert_eq!(std::fs::read(&file).unwrap(), content);
        assert_eq!(std::fs::read_dir(&top).unwrap().count(), 1);
        std::fs::remove_dir_all(&top).unwrap();
    }
}
