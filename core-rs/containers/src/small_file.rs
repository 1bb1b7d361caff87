//! Files of masu's own in a directory that is open: never through a symbolic link, never a fifo or a device, never without end.

use masu_steps::failure::{failed, failed_because};
use masu_steps::hint::of_file_system;
use masu_sys::errno::values::{EEXIST, ELOOP, ENOENT};
use masu_sys::error::SysError;
use masu_sys::file::{self, FileType, Mode, OFlags};
use masu_wire::error::CoreError;
use rustix::fs::{AtFlags, fsync, renameat, unlinkat};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, BorrowedFd};

/// A directory's descriptor, and its path for messages.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The directory.
    pub directory: BorrowedFd<'a>,
    /// Its path.
    pub path: &'a str,
}

/// How much of a file is read at most.
const LONGEST: u64 = 16 << 20;

/// The whole text; none: there is no such file.
///
/// Errors: those of open(2) and read(2), and that it is no regular file, too long, or no UTF-8.
pub fn read(place: Place<'_>, name: &str) -> Result<Option<String>, CoreError> {
    let action = || format!("Read \"{}/{name}\"", place.path);
    // O_NONBLOCK: a fifo would be waited for.
    let opened = match file::open_in(place.directory, name, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY, 0) {
        Err(error) if error.errno == ENOENT => return Ok(None),
        Err(error) if error.errno == ELOOP => return Err(failed_because(action(), "it is a symbolic link", error)),
        opened => opened.map_err(|error| failed(action(), error))?,
    };
    let status = file::status(opened.as_fd()).map_err(|error| failed(action(), error))?;
    if file::kind(&status) != FileType::RegularFile {
        return Err(refused(action(), "it is no regular file"));
    }
    let length = u64::try_from(status.st_size).unwrap_or(u64::MAX);
    if length > LONGEST {
        return Err(refused(action(), "it is longer than 16 MiB"));
    }
    // One more byte of room, in which the end is seen.
    let mut text = Vec::with_capacity(usize::try_from(length + 1).unwrap_or(0));
    let read = File::from(opened).take(LONGEST + 1).read_to_end(&mut text);
    read.map_err(|error| failed(action(), SysError::from_io("read", &error)))?;
    String::from_utf8(text).map(Some).map_err(|_| refused(action(), "it is no UTF-8"))
}

fn refused(action: String, cause: &str) -> CoreError {
    CoreError::new(masu_wire::error::ErrorCode::Failed, format!("{action}: {cause}"))
}

/// Writes a file beside and renames it: readers see the old one or the whole new one. `lasting`: a crash of the machine does not lose it.
pub fn replace(place: Place<'_>, name: &str, text: &str, lasting: bool) -> Result<(), CoreError> {
    let beside = format!(".{name}.{}", std::process::id());
    let written = write_new(place.directory, &beside, text, lasting)
        .and_then(|()| {
            named("renameat", renameat(place.directory, &*beside, place.directory, name)).inspect_err(|_| {
                // The failed rename is what is told; without this the file beside would stay.
                let _ = unlinkat(place.directory, &*beside, AtFlags::empty());
            })
        })
        .and_then(|()| if lasting { named("fsync", fsync(place.directory)) } else { Ok(()) });
    written.map_err(|error| of_file_system(failed(format!("Write \"{}/{name}\"", place.path), error), place.path))
}

fn write_new(directory: BorrowedFd<'_>, name: &str, text: &str, lasting: bool) -> Result<(), SysError> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
    let made = match file::open_in(directory, name, flags, 0o600) {
        // Left by a process of this pid that was killed: the container is locked, so nobody else writes here.
        Err(error) if error.errno == EEXIST => named("unlinkat", unlinkat(directory, name, AtFlags::empty()))
            .and_then(|()| file::open_in(directory, name, flags, 0o600))?,
        made => made?,
    };
    let mut file = File::from(made);
    let filled = file
        .write_all(text.as_bytes())
        .map_err(|error| SysError::from_io("write", &error))
        .and_then(|()| if lasting { named("fsync", fsync(&file)) } else { Ok(()) });
    filled.inspect_err(|_| {
        // The failed write is what is told.
        let _ = unlinkat(directory, name, AtFlags::empty());
    })
}

/// Makes an empty file; one that is there is fine.
pub(crate) fn touch(place: Place<'_>, name: &str) -> Result<(), CoreError> {
    let made = file::open_in(place.directory, name, OFlags::WRONLY | OFlags::CREATE, 0o600);
    made.map(drop)
        .map_err(|error| of_file_system(failed(format!("Make file \"{}/{name}\"", place.path), error), place.path))
}

/// Removes a file; one that is gone is fine.
pub(crate) fn remove(place: Place<'_>, name: &str) -> Result<(), CoreError> {
    match unlinkat(place.directory, name, AtFlags::empty()) {
        Ok(()) | Err(rustix::io::Errno::NOENT) => Ok(()),
        Err(errno) => {
            let error = SysError::new("unlinkat", errno.raw_os_error());
            Err(of_file_system(failed(format!("Remove \"{}/{name}\"", place.path), error), place.path))
        }
    }
}

/// The names in a directory, sorted, hidden ones left out.
pub(crate) fn names(directory: BorrowedFd<'_>) -> Result<Vec<String>, SysError> {
    let mut names = all_names(directory)?;
    names.retain(|name| !name.starts_with('.'));
    Ok(names)
}

/// The names in a directory, sorted, but for `.` and `..`. Those of masu's own are all UTF-8.
pub(crate) fn all_names(directory: BorrowedFd<'_>) -> Result<Vec<String>, SysError> {
    let mut names = Vec::new();
    for entry in named("getdents64", rustix::fs::Dir::read_from(directory))? {
        let entry = named("getdents64", entry)?;
        names.extend(entry.file_name().to_str().ok().filter(|name| !matches!(*name, "." | "..")).map(str::to_owned));
    }
    names.sort_unstable();
    Ok(names)
}

/// Opens a directory for what is in it; none: there is none.
pub(crate) fn open_directory(path: &str) -> Result<Option<std::os::fd::OwnedFd>, CoreError> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    match named("open", rustix::fs::open(path, flags, Mode::empty())) {
        Err(error) if error.errno == ENOENT => Ok(None),
        opened => opened.map(Some).map_err(|error| failed(format!("Open directory {path:?}"), error)),
    }
}

/// Names the call of a rustix result.
pub(crate) fn named<T>(call: &'static str, result: rustix::io::Result<T>) -> Result<T, SysError> {
    result.map_err(|errno| SysError::new(call, errno.raw_os_error()))
}
