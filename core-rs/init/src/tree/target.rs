//! The directory that a stream is unpacked into: every name leads to a place in it, or to none.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use masu_steps::failure::{failed, failed_because};
use masu_sys::errno::values::{ELOOP, EMFILE, ENOENT, ENOTDIR};
use masu_sys::error::SysError;
use masu_sys::file::{self, FileType, OFlags};
use masu_sys::resolve::{Links, Root};
use masu_wire::error::{CoreError, ErrorCode};

use super::{MAX_DEPTH, shown};

/// A name of the stream, taken apart.
pub(super) type Names = Vec<OsString>;

/// Where entries go.
pub(super) struct Target {
    root: Root,
    /// The directory's path below the root.
    path: String,
    base: OwnedFd,
    /// The directories down to where the last entry was put: most go beside it.
    stack: Vec<(OsString, OwnedFd)>,
    links: bool,
}

const DIRECTORY: OFlags = OFlags::PATH.union(OFlags::DIRECTORY);

impl Target {
    pub(super) fn open(root: Root, path: &str, links: bool) -> Result<Self, CoreError> {
        let base = root
            .open(path, DIRECTORY, Links::Follow)
            .map_err(|error| failed(format!("Open the directory {path:?}"), error))?;
        Ok(Self { root, path: path.to_owned(), base, stack: Vec::new(), links })
    }

    pub(super) fn base(&self) -> BorrowedFd<'_> {
        self.base.as_fd()
    }

    /// The directory of these names, made where it is missing.
    pub(super) fn directory(&mut self, names: &[OsString]) -> Result<BorrowedFd<'_>, SysError> {
        let common = self.stack.iter().zip(names).take_while(|((held, _), name)| held == *name).count();
        self.stack.truncate(common);
        if names.len() > MAX_DEPTH {
            return Err(SysError::new("openat", EMFILE));
        }
        for (at, name) in names.iter().enumerate().skip(common) {
            let here = self.stack.last().map_or(self.base.as_fd(), |(_, directory)| directory.as_fd());
            let found = match file::open_in(here, name, DIRECTORY, 0) {
                Err(error) if error.errno == ENOENT => {
                    file::make_directory(here, name, 0o755)?;
                    file::open_in(here, name, DIRECTORY, 0)?
                }
                Err(error) if matches!(error.errno, ENOTDIR | ELOOP) => {
                    self.behind_link(here, name, names.get(..=at).unwrap_or_default())?
                }
                found => found?,
            };
            self.stack.push((name.clone(), found));
        }
        Ok(self.stack.last().map_or(self.base.as_fd(), |(_, directory)| directory.as_fd()))
    }

    /// The directory that a symbolic link leads to below the root. ELOOP: it may not be followed; ENOTDIR: it is none.
    fn behind_link(&self, here: BorrowedFd<'_>, name: &OsStr, names: &[OsString]) -> Result<OwnedFd, SysError> {
        let found = file::open_in(here, name, OFlags::PATH, 0)?;
        if file::kind(&file::status(found.as_fd())?) != FileType::Symlink {
            return Err(SysError::new("openat", ENOTDIR));
        }
        let below = names.iter().map(|name| name.to_str()).collect::<Option<Vec<&str>>>();
        match below.filter(|_| self.links) {
            Some(below) => self.root.open(&format!("{}/{}", self.path, below.join("/")), DIRECTORY, Links::Follow),
            None => Err(SysError::new("openat", ELOOP)),
        }
    }
}

/// Takes a name apart. It stays below the directory, whatever it says: a leading slash means nothing, and `..` is refused.
pub(super) fn names(name: &[u8]) -> Result<Names, CoreError> {
    let refuse = |cause: &str| Err(CoreError::new(ErrorCode::Failed, format!("Unpack {:?}: {cause}", shown(name))));
    let mut names = Names::new();
    for part in name.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => return refuse("its name leads out of the directory"),
            _ if part.contains(&0) => return refuse("its name holds a NUL"),
            _ => names.push(OsString::from_vec(part.to_vec())),
        }
    }
    Ok(names)
}

/// Why an entry could not be put where its name says.
pub(super) fn failure(name: &[u8], error: SysError) -> CoreError {
    let action = format!("Unpack {:?}", shown(name));
    match error.errno {
        ELOOP => failed_because(action, "a symbolic link is in the way", error),
        ENOTDIR => failed_because(action, "what is no directory is in the way", error),
        EMFILE => failed_because(action, "it is nested too deep", error),
        masu_sys::errno::values::EROFS => failed(action, error).with_hint(
            "the container's root is read-only, or it does not run and this is on a file system that only exists while it does",
        ),
        _ => failed(action, error),
    }
}

/// The last of the names, and those before it.
pub(super) fn split(names: &[OsString]) -> Option<(&[OsString], &OsStr)> {
    names.split_last().map(|(last, before)| (before, last.as_os_str()))
}

/// Bytes as a name.
pub(super) fn os(bytes: &[u8]) -> &OsStr {
    OsStr::from_bytes(bytes)
}
