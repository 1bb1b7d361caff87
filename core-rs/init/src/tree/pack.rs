//! Files become a tar stream, names sorted. Whoever changes the tree meanwhile can change what is in the stream, and nothing else.
//!
//! Each file is found by one descriptor (O_PATH) and opened by it, so that what was looked at is what is read; no link is followed.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use masu_steps::failure::{failed, failed_because};
use masu_sys::errno::values::{EACCES, EMFILE, ENOENT, EPERM};
use masu_sys::error::SysError;
use masu_sys::file::{self, FileType, OFlags, Stat};
use masu_sys::resolve::{Links, Root};
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::tree::TreeAnswer;
use rustix::fs::{self, Dir};
use tar::{EntryType, Header};

use super::attributes::{self, Attributes};
use super::findings::Findings;
use super::header::Writer;
use super::mounts::{is_kernels, mount_id};
use super::{MAX_DEPTH, named, reopen, shown};

const CHUNK: usize = 128 << 10;

/// What is to be packed and how.
pub(super) struct Wish<'a> {
    pub(super) path: &'a str,
    /// The top's name in the stream; empty: it has no entry itself.
    pub(super) name: &'a str,
    pub(super) follow: bool,
    pub(super) attributes: bool,
    /// Mount points to go through; none: all but those of the kernel's file systems.
    pub(super) cross: Option<&'a [String]>,
}

/// The work in progress.
struct Packing<'a> {
    wish: &'a Wish<'a>,
    writer: Writer,
    findings: Findings,
    /// Files with several names, by device and inode: the name that came first.
    first_names: HashMap<(u64, u64), Vec<u8>>,
    levels: Vec<Level>,
}

/// A directory that is being gone through.
struct Level {
    directory: OwnedFd,
    name: Vec<u8>,
    mount: u64,
    /// Names in it that are still to come, the last one first.
    left: Vec<OsString>,
}

/// Writes the stream.
pub(super) fn pack(root: &Root, wish: &Wish<'_>, stream: File) -> Result<TreeAnswer, CoreError> {
    let explain = |error| failed(format!("Read {:?}", wish.path), error);
    let links = if wish.follow { Links::Follow } else { Links::NotLast };
    let top = root.open(wish.path, OFlags::PATH, links).map_err(explain)?;
    if is_kernels(&top).map_err(explain)? {
        let message = format!("Read {:?}: it is on a file system of the kernel's own", wish.path);
        return Err(CoreError::new(ErrorCode::Failed, message).with_hint("read it in the container: masu exec"));
    }
    let mut packing = Packing {
        wish,
        writer: Writer::new(stream),
        findings: Findings::default(),
        first_names: HashMap::new(),
        levels: Vec::new(),
    };
    let mount = mount_id(&top).map_err(explain)?;
    packing.put(&top, wish.name.as_bytes().to_vec(), mount)?;
    while let Some(level) = packing.levels.last_mut() {
        let Some(name) = level.left.pop() else {
            packing.levels.pop();
            continue;
        };
        let whole = join(&level.name, name.as_bytes());
        let mount = level.mount;
        match file::open_in(level.directory.as_fd(), &name, OFlags::PATH, 0) {
            Ok(found) => packing.put(&found, whole, mount)?,
            // It is gone meanwhile.
            Err(error) if error.errno == ENOENT => {}
            Err(error) => packing.fail(&whole, error)?,
        }
    }
    packing.writer.finish().map_err(writing)?;
    Ok(packing.findings.answer)
}

impl Packing<'_> {
    /// One file, and with a directory what is in it, later. `mount`: what it would be on if nothing were mounted there.
    fn put(&mut self, found: &OwnedFd, name: Vec<u8>, mount: u64) -> Result<(), CoreError> {
        let status = match file::status(found.as_fd()) {
            Ok(status) => status,
            Err(error) => return self.fail(&name, error),
        };
        let kind = file::kind(&status);
        let enters = self.enters(found, &name, mount);
        match kind {
            FileType::Directory => self.put_directory(found, &status, name, enters),
            // A file with a mount of its own is no part of what is exported, but its place is.
            FileType::RegularFile if !enters => self.put_content(None, &status, &name),
            FileType::RegularFile => self.put_file(found, &status, name),
            FileType::Symlink => match file::link_target(found.as_fd()) {
                Ok(target) => self.head(&status, EntryType::Symlink, &name, target.as_bytes(), &[]),
                Err(error) => self.fail(&name, error),
            },
            FileType::Fifo => self.head(&status, EntryType::Fifo, &name, b"", &[]),
            FileType::CharacterDevice => self.head(&status, EntryType::Char, &name, b"", &[]),
            FileType::BlockDevice => self.head(&status, EntryType::Block, &name, b"", &[]),
            FileType::Socket | FileType::Unknown => {
                let message = format!("Pack {:?}: a socket cannot be in a tar stream", shown(&name));
                self.findings.note(&name, CoreError::new(ErrorCode::Failed, message));
                Ok(())
            }
        }
    }

    /// Nothing is mounted there, or it is gone through all the same.
    fn enters(&self, found: &OwnedFd, name: &[u8], mount: u64) -> bool {
        if mount_id(found).is_ok_and(|own| own == mount) {
            return true;
        }
        match self.wish.cross {
            None => is_kernels(found).is_ok_and(|kernels| !kernels),
            Some(cross) => cross.iter().any(|path| path.trim_start_matches('/').as_bytes() == name),
        }
    }

    fn put_directory(&mut self, found: &OwnedFd, status: &Stat, name: Vec<u8>, enters: bool) -> Result<(), CoreError> {
        let explain = |packing: &mut Self, error| packing.fail(&name, error);
        let opened = match file::open_in(found.as_fd(), ".", OFlags::RDONLY | OFlags::DIRECTORY, 0) {
            Ok(opened) => opened,
            Err(error) => return explain(self, error),
        };
        if !name.is_empty() {
            let attributes = self.attributes(&opened, &name);
            self.head(status, EntryType::Directory, &join(&name, b""), b"", &attributes)?;
        }
        if !enters {
            return Ok(());
        }
        if self.levels.len() >= MAX_DEPTH {
            return Err(failed_because(
                format!("Pack {:?}", shown(&name)),
                "it is nested too deep",
                SysError::new("openat", EMFILE),
            ));
        }
        match list(&opened).and_then(|left| Ok((left, mount_id(&opened)?))) {
            Ok((left, mount)) => self.levels.push(Level { directory: opened, name, mount, left }),
            Err(error) => return explain(self, error),
        }
        Ok(())
    }

    fn put_file(&mut self, found: &OwnedFd, status: &Stat, name: Vec<u8>) -> Result<(), CoreError> {
        if status.st_nlink > 1 {
            let identity = (status.st_dev, status.st_ino);
            if let Some(first) = self.first_names.get(&identity).cloned() {
                return self.head(status, EntryType::Link, &name, &first, &[]);
            }
            self.first_names.insert(identity, name.clone());
        }
        match reopen(found, OFlags::RDONLY | OFlags::NONBLOCK) {
            Ok(opened) => self.put_content(Some(&opened), status, &name),
            Err(error) => {
                self.first_names.remove(&(status.st_dev, status.st_ino));
                self.fail(&name, error)
            }
        }
    }

    /// As much as the header says: a file that grows is cut off, one that shrinks is filled up.
    fn put_content(&mut self, file: Option<&OwnedFd>, status: &Stat, name: &[u8]) -> Result<(), CoreError> {
        let size = u64::try_from(status.st_size).ok().filter(|_| file.is_some()).unwrap_or(0);
        let attributes = file.map(|file| self.attributes(file, name)).unwrap_or_default();
        let mut header = header(status, EntryType::Regular);
        header.set_size(size);
        self.writer.entry(&mut header, name, b"", &attributes).map_err(writing)?;
        self.findings.count(size);
        let mut buffer = vec![0; CHUNK];
        while let Some(file) = file.filter(|_| self.writer.due() > 0) {
            let wanted = usize::try_from(self.writer.due()).unwrap_or(CHUNK).min(CHUNK);
            let part = buffer.get_mut(..wanted).unwrap_or_default();
            let read = named("read", rustix::io::retry_on_intr(|| rustix::io::read(file, &mut *part)));
            let cause = match read {
                Ok(count) if count > 0 => {
                    self.writer.content(part.get(..count).unwrap_or_default()).map_err(writing)?;
                    continue;
                }
                Ok(_) => CoreError::new(
                    ErrorCode::Failed,
                    format!("Pack {:?}: it became shorter meanwhile, and is filled up with zeros", shown(name)),
                ),
                Err(error) => failed(format!("Pack {:?}", shown(name)), error),
            };
            self.findings.note(name, cause);
            break;
        }
        self.writer.close().map_err(writing)
    }

    /// An entry without content.
    fn head(
        &mut self,
        status: &Stat,
        kind: EntryType,
        name: &[u8],
        link: &[u8],
        attributes: &[(Vec<u8>, Vec<u8>)],
    ) -> Result<(), CoreError> {
        let mut header = header(status, kind);
        self.findings.count(0);
        self.writer.entry(&mut header, name, link, attributes).map_err(writing)
    }

    fn attributes(&mut self, file: &OwnedFd, name: &[u8]) -> Attributes {
        if !self.wish.attributes {
            return Vec::new();
        }
        attributes::read(file).unwrap_or_else(|error| {
            self.findings.note(name, failed(format!("Read the extended attributes of {:?}", shown(name)), error));
            Vec::new()
        })
    }

    /// What may not be read is left out, but for the top itself.
    fn fail(&mut self, name: &[u8], error: SysError) -> Result<(), CoreError> {
        let failure = failed(format!("Pack {:?}", shown(name)), error);
        if self.levels.is_empty() || !matches!(error.errno, EACCES | EPERM) {
            return Err(failure);
        }
        self.findings.note(name, failure);
        Ok(())
    }
}

fn header(status: &Stat, kind: EntryType) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(status.st_mode & 0o7777);
    header.set_uid(status.st_uid.into());
    header.set_gid(status.st_gid.into());
    header.set_mtime(u64::try_from(status.st_mtime).unwrap_or(0));
    header.set_size(0);
    if matches!(kind, EntryType::Char | EntryType::Block) {
        // GNU's format has both fields, so that these cannot fail.
        let _ = header.set_device_major(fs::major(status.st_rdev));
        let _ = header.set_device_minor(fs::minor(status.st_rdev));
    }
    header
}

/// The names in a directory, the last one first.
pub(super) fn list(directory: &OwnedFd) -> Result<Vec<OsString>, SysError> {
    let mut names = Vec::new();
    for entry in named("getdents64", Dir::read_from(directory))? {
        let entry = named("getdents64", entry)?;
        let name = entry.file_name().to_bytes();
        if !matches!(name, b"." | b"..") {
            names.push(OsString::from_vec(name.to_vec()));
        }
    }
    names.sort_unstable_by(|one, other| other.cmp(one));
    Ok(names)
}

fn join(above: &[u8], name: &[u8]) -> Vec<u8> {
    if above.is_empty() { name.to_vec() } else { [above, b"/", name].concat() }
}

fn writing(error: SysError) -> CoreError {
    failed("Write the tar stream", error)
}
