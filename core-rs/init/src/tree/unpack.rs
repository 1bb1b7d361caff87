//! A tar stream becomes files. Whoever made the stream, and whoever changes the tree meanwhile, may be an enemy.
//!
//! Nothing is written through a symbolic link: a directory is entered by its descriptor, a file is always a new one. Modes and times of
//! directories come last, by descriptor and only if it is still the directory that was made.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use masu_steps::failure::{failed, failed_because};
use masu_sys::errno::values::{EBUSY, EEXIST, EISDIR, ENOENT, EPERM};
use masu_sys::error::SysError;
use masu_sys::file::{self, FileType, OFlags};
use masu_sys::resolve::Root;
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::tree::{TreeAnswer, UnpackOptions};
use rustix::fs::{self, AtFlags, Mode};
use tar::EntryType;

use super::findings::Findings;
use super::metadata::{Metadata, Policy, identity};
use super::patient::Patient;
use super::stream::{Entry, Reader, sparse};
use super::target::{Names, Target, failure, names, os, split};
use super::{named, reopen, shown};

const CHUNK: usize = 128 << 10;
const WHOLE_DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY);

/// The work in progress.
struct Unpacking {
    target: Target,
    policy: Policy,
    findings: Findings,
    /// Directories whose modes and times come last.
    later: Vec<Later>,
}

struct Later {
    names: Names,
    identity: (u64, u64),
    metadata: Metadata,
}

/// Puts everything of the stream into a directory.
pub(super) fn unpack(
    root: Root,
    path: &str,
    options: UnpackOptions,
    caller: bool,
    stream: File,
) -> Result<TreeAnswer, CoreError> {
    let mut unpacking = Unpacking {
        target: Target::open(root, path, options.links)?,
        policy: Policy::new(options, caller),
        findings: Findings::default(),
        later: Vec::new(),
    };
    let mut reader = Reader::new(Patient(stream));
    while let Some(mut entry) = reader.next()? {
        unpacking.put(&mut entry, &mut reader)?;
        unpacking.findings.count(entry.size);
    }
    unpacking.finish()
}

impl Unpacking {
    fn put(&mut self, entry: &mut Entry, reader: &mut Reader) -> Result<(), CoreError> {
        let metadata = self.policy.of(entry);
        let names = names(&entry.name)?;
        let explain = |error| failure(&entry.name, error);
        let Some((above, name)) = split(&names) else { return self.top(entry, metadata) };
        match entry.kind {
            EntryType::Directory => self.directory(&names, metadata).map_err(explain),
            EntryType::Regular => {
                let file = self.make_file(above, name).map_err(explain)?;
                write_content(&file, entry, reader)?;
                metadata.apply(file.as_fd(), &mut self.findings)
            }
            EntryType::Link => self.hard_link(above, name, entry),
            EntryType::Symlink | EntryType::Fifo | EntryType::Char | EntryType::Block => {
                self.node(above, name, entry, &metadata)
            }
            EntryType::GNUSparse => Err(sparse(&entry.name)),
            other => Err(CoreError::new(
                ErrorCode::Failed,
                format!("Unpack {:?}: tar's type {:?} is not known", shown(&entry.name), char::from(other.as_byte())),
            )),
        }
    }

    /// The directory that everything goes into: it is there already, and keeps its mode unless all shall be as in the stream.
    fn top(&mut self, entry: &Entry, metadata: Metadata) -> Result<(), CoreError> {
        let explain = |error| failure(&entry.name, error);
        if entry.kind != EntryType::Directory {
            return Err(explain(SysError::new("openat", EISDIR)));
        }
        if self.policy.options().archive {
            let identity = identity(self.target.base()).map_err(explain)?;
            self.later.push(Later { names: Vec::new(), identity, metadata });
        }
        Ok(())
    }

    fn directory(&mut self, names: &Names, metadata: Metadata) -> Result<(), SysError> {
        let Some((above, name)) = split(names) else { return Ok(()) };
        let archive = self.policy.options().archive;
        let here = self.target.directory(above)?;
        let made = match file::make_directory(here, name, metadata.mode() & 0o7777 | 0o700) {
            Ok(()) => true,
            Err(error) if error.errno == EEXIST => false,
            Err(error) => return Err(error),
        };
        let found = file::open_in(here, name, WHOLE_DIRECTORY, 0)?;
        if made || archive {
            self.later.push(Later { names: names.clone(), identity: identity(&found)?, metadata });
        }
        Ok(())
    }

    /// A new file in the place of what is there.
    fn make_file(&mut self, above: &[std::ffi::OsString], name: &OsStr) -> Result<OwnedFd, SysError> {
        let here = self.target.directory(above)?;
        let new = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        match make_room(here, name, FileType::RegularFile) {
            // Something is mounted on it, as on a container's /etc/hosts: it is not to be replaced, but can be written.
            Err(error) if error.errno == EBUSY => overwrite(here, name),
            made => {
                made?;
                file::open_in(here, name, new, 0o600)
            }
        }
    }

    fn hard_link(&mut self, above: &[std::ffi::OsString], name: &OsStr, entry: &Entry) -> Result<(), CoreError> {
        let explain = |error| failure(&entry.name, error);
        let target = names(&entry.link)?;
        let Some((target_above, target_name)) = split(&target) else {
            return Err(explain(SysError::new("linkat", EISDIR)));
        };
        let from = file::duplicate(self.target.directory(target_above).map_err(explain)?).map_err(explain)?;
        let here = self.target.directory(above).map_err(explain)?;
        let same = |directory: BorrowedFd<'_>, name: &OsStr| {
            named("fstatat", fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)).ok()
        };
        if let (Some(one), Some(other)) = (same(from.as_fd(), target_name), same(here, name))
            && file::same_file(&one, &other)
        {
            return Ok(());
        }
        make_room(here, name, FileType::RegularFile).map_err(explain)?;
        // Without AT_SYMLINK_FOLLOW a link's own name is given, not what it leads to.
        named("linkat", fs::linkat(&from, target_name, here, name, AtFlags::empty())).map_err(|error| {
            match error.errno {
                ENOENT => failed_because(
                    format!("Unpack {:?}", shown(&entry.name)),
                    &format!("{:?}, which it is another name of, is not there", shown(&entry.link)),
                    error,
                ),
                _ => explain(error),
            }
        })
    }

    fn node(
        &mut self,
        above: &[std::ffi::OsString],
        name: &OsStr,
        entry: &Entry,
        metadata: &Metadata,
    ) -> Result<(), CoreError> {
        let action = || format!("Unpack {:?}", shown(&entry.name));
        let (kind, device) = match entry.kind {
            EntryType::Symlink => (FileType::Symlink, 0),
            EntryType::Fifo => (FileType::Fifo, 0),
            EntryType::Char => (FileType::CharacterDevice, fs::makedev(entry.device.0, entry.device.1)),
            _ => (FileType::BlockDevice, fs::makedev(entry.device.0, entry.device.1)),
        };
        let is_device = matches!(kind, FileType::CharacterDevice | FileType::BlockDevice);
        if is_device && !self.policy.options().devices {
            let message = format!("{}: device files are not made outside of containers", action());
            self.findings.note(&entry.name, CoreError::new(ErrorCode::Denied, message));
            return Ok(());
        }
        let here = self.target.directory(above).map_err(|error| failure(&entry.name, error))?;
        make_room(here, name, kind).map_err(|error| failure(&entry.name, error))?;
        let made = match kind {
            FileType::Symlink => named("symlinkat", fs::symlinkat(os(&entry.link), here, name)),
            _ => named("mknodat", fs::mknodat(here, name, kind, Mode::from_raw_mode(metadata.mode() & 0o777), device)),
        };
        match made {
            Err(error) if is_device && error.errno == EPERM => {
                let cause = "the container may not have device files";
                self.findings.note(&entry.name, failed_because(action(), cause, error));
                Ok(())
            }
            Err(error) => Err(failure(&entry.name, error)),
            Ok(()) => metadata.apply_in(here, name, &mut self.findings),
        }
    }

    /// The deepest first: what changes in a directory changes its time.
    fn finish(mut self) -> Result<TreeAnswer, CoreError> {
        for Later { names, identity: made, metadata } in std::mem::take(&mut self.later).into_iter().rev() {
            // Gone, or another one by now: then it is none of ours.
            let Ok(found) = self.find_again(&names) else { continue };
            if identity(&found).is_ok_and(|found| found == made) {
                metadata.apply(found.as_fd(), &mut self.findings)?;
            }
        }
        Ok(self.findings.answer)
    }

    fn find_again(&mut self, names: &Names) -> Result<OwnedFd, SysError> {
        match split(names) {
            None => file::open_in(self.target.base(), ".", WHOLE_DIRECTORY, 0),
            Some((above, name)) => file::open_in(self.target.directory(above)?, name, WHOLE_DIRECTORY, 0),
        }
    }
}

/// Removes what is there already: files, links and what is of the same kind. Directories and devices stay, and are in the way.
fn make_room(here: BorrowedFd<'_>, name: &OsStr, kind: FileType) -> Result<(), SysError> {
    let status = match named("fstatat", fs::statat(here, name, AtFlags::SYMLINK_NOFOLLOW)) {
        Err(error) if error.errno == ENOENT => return Ok(()),
        status => status?,
    };
    match file::kind(&status) {
        FileType::Directory => return Err(SysError::new("openat", EISDIR)),
        FileType::RegularFile | FileType::Symlink => {}
        there if there == kind => {}
        _ => return Err(SysError::new("openat", EEXIST)),
    }
    match named("unlinkat", fs::unlinkat(here, name, AtFlags::empty())) {
        Err(error) if error.errno == ENOENT => Ok(()),
        removed => removed,
    }
}

fn overwrite(here: BorrowedFd<'_>, name: &OsStr) -> Result<OwnedFd, SysError> {
    let found = file::open_in(here, name, OFlags::PATH, 0)?;
    if file::kind(&file::status(found.as_fd())?) != FileType::RegularFile {
        return Err(SysError::new("openat", EBUSY));
    }
    let opened = reopen(&found, OFlags::WRONLY)?;
    named("ftruncate", fs::ftruncate(&opened, 0))?;
    Ok(opened)
}

fn write_content(file: &OwnedFd, entry: &Entry, reader: &mut Reader) -> Result<(), CoreError> {
    let explain =
        |error: &std::io::Error| failed(format!("Unpack {:?}", shown(&entry.name)), SysError::from_io("write", error));
    let mut file = File::from(file::duplicate(file.as_fd()).map_err(|error| failure(&entry.name, error))?);
    let mut buffer = vec![0; CHUNK];
    loop {
        let count = reader.content(&mut buffer)?;
        let Some(part) = buffer.get(..count).filter(|part| !part.is_empty()) else { return Ok(()) };
        file.write_all(part).map_err(|error| explain(&error))?;
    }
}

#[cfg(test)]
#[path = "unpack_test.rs"]
mod tests;
