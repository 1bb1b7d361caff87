//! Ops `layer` and `attributes`: what the files of an upper directory are marked with. Kernel, Documentation/filesystems/overlayfs.rst

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;

use masu_steps::failure::{failed, failed_because};
use masu_sys::errno::values::{EMFILE, EMSGSIZE, ENODATA, ENOENT, EOPNOTSUPP};
use masu_sys::error::SysError;
use masu_sys::file::{self, FileType, OFlags, Stat};
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::overlay::{
    AttributeFound, AttributesReply, AttributesRequest, LayerEntry, LayerReply, LayerRequest, Whiteout,
};
use masu_wire::request::FileKind;
use rustix::fs::{Dir, getxattr};

/// So many bytes of paths, and no more, fit into one answer.
const MOST_BYTES: usize = 32 << 20;

/// A directory that is being gone through.
struct Level {
    path: String,
    directory: OwnedFd,
    left: Vec<OsString>,
}

/// Goes through an upper directory, each name by its directory's descriptor, no link followed.
pub(crate) fn layer(LayerRequest { path }: LayerRequest) -> Result<LayerReply, CoreError> {
    let action = |path: &str| format!("Read the layer {path:?}");
    let top = file::open(&path, OFlags::RDONLY | OFlags::DIRECTORY);
    let top = top.and_then(|directory| level(String::new(), directory));
    let top = top.map_err(|error| failed(action(&path), error))?;
    let mut walk = Walk { entries: Vec::new(), bytes: 0, levels: vec![top] };
    while let Some((directory, name)) = walk.next_name() {
        walk.visit(&directory, &name).map_err(|error| {
            let whole = format!("{path}{directory}/{}", name.to_string_lossy());
            match error.errno {
                EMFILE => failed_because(action(&whole), "it is nested too deep", error),
                EMSGSIZE => too_much(&path, error),
                _ => failed(action(&whole), error),
            }
        })?;
    }
    let mut entries = walk.entries;
    entries.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(LayerReply { entries })
}

fn too_much(path: &str, error: SysError) -> CoreError {
    let error = failed_because(format!("Read the layer {path:?}"), "it has more files than fit into one answer", error);
    CoreError { code: ErrorCode::NoResources, ..error }
}

fn level(path: String, directory: OwnedFd) -> Result<Level, SysError> {
    let left = names(&directory)?;
    Ok(Level { path, directory, left })
}

fn names(directory: &OwnedFd) -> Result<Vec<OsString>, SysError> {
    let mut names = Vec::new();
    for entry in Dir::read_from(directory).map_err(|errno| of("getdents64", errno))? {
        let entry = entry.map_err(|errno| of("getdents64", errno))?;
        let name = entry.file_name().to_bytes();
        if !matches!(name, b"." | b"..") {
            names.push(OsString::from_vec(name.to_vec()));
        }
    }
    Ok(names)
}

fn of(call: &'static str, errno: rustix::io::Errno) -> SysError {
    SysError::new(call, errno.raw_os_error())
}

struct Walk {
    entries: Vec<LayerEntry>,
    bytes: usize,
    levels: Vec<Level>,
}

impl Walk {
    /// The next name, with its directory's path.
    fn next_name(&mut self) -> Option<(String, OsString)> {
        while let Some(level) = self.levels.last_mut() {
            match level.left.pop() {
                Some(name) => return Some((level.path.clone(), name)),
                None => drop(self.levels.pop()),
            }
        }
        None
    }

    fn visit(&mut self, above: &str, name: &OsStr) -> Result<(), SysError> {
        let Some(level) = self.levels.last() else { return Ok(()) };
        let found = match file::open_in(level.directory.as_fd(), name, OFlags::PATH, 0) {
            // It is gone meanwhile.
            Err(error) if error.errno == ENOENT => return Ok(()),
            found => found?,
        };
        let (status, path) = (file::status(found.as_fd())?, format!("{above}/{}", name.to_string_lossy()));
        self.bytes += path.len() + 100;
        if self.bytes > MOST_BYTES {
            return Err(SysError::new("sendmsg", EMSGSIZE));
        }
        self.entries.push(entry(path.clone(), &found, &status)?);
        if file::kind(&status) == FileType::Directory {
            let directory = file::open_in(found.as_fd(), ".", OFlags::RDONLY | OFlags::DIRECTORY, 0)?;
            self.levels.push(self::level(path, directory)?);
        }
        Ok(())
    }
}

fn entry(path: String, found: &OwnedFd, status: &Stat) -> Result<LayerEntry, SysError> {
    let kind = kind(status);
    let redirect = match kind {
        FileKind::Directory | FileKind::File => mark(found, "redirect")?,
        _ => None,
    };
    Ok(LayerEntry {
        whiteout: whiteout(found, status)?,
        opaque: kind == FileKind::Directory && mark(found, "opaque")?.as_deref() == Some(b"y"),
        redirect: redirect.map(|path| String::from_utf8_lossy(&path).into_owned()),
        metacopy: kind == FileKind::File && mark(found, "metacopy")?.is_some(),
        path,
        kind,
    })
}

fn whiteout(found: &OwnedFd, status: &Stat) -> Result<Option<Whiteout>, SysError> {
    if file::is_character_device(status, 0, 0) {
        return Ok(Some(Whiteout::Device));
    }
    let empty = file::kind(status) == FileType::RegularFile && status.st_size == 0;
    Ok((empty && mark(found, "whiteout")?.is_some()).then_some(Whiteout::Attribute))
}

fn kind(status: &Stat) -> FileKind {
    match file::kind(status) {
        FileType::Directory => FileKind::Directory,
        FileType::Symlink => FileKind::Symlink,
        FileType::BlockDevice => FileKind::BlockDevice,
        FileType::CharacterDevice => FileKind::CharacterDevice,
        FileType::Fifo => FileKind::Fifo,
        FileType::Socket => FileKind::Socket,
        _ => FileKind::File,
    }
}

/// One of overlayfs's own attributes, which are `trusted.` or, in a user namespace, `user.`.
fn mark(found: &OwnedFd, mark: &str) -> Result<Option<Vec<u8>>, SysError> {
    let path = format!("/proc/self/fd/{}", found.as_raw_fd());
    for space in ["trusted", "user"] {
        if let Some(value) = attribute(&path, &format!("{space}.overlay.{mark}"))? {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

/// getxattr(2); none: the file has no such attribute, or its file system knows none.
fn attribute(path: &str, name: &str) -> Result<Option<Vec<u8>>, SysError> {
    // A path of overlayfs is the longest that is read here.
    let mut value = vec![0; 4096];
    match getxattr(path, name, &mut value[..]).map_err(|errno| of("getxattr", errno)) {
        Ok(length) => {
            value.truncate(length);
            Ok(Some(value))
        }
        Err(SysError { errno: ENODATA | EOPNOTSUPP, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads one attribute of each file.
pub(crate) fn attributes(AttributesRequest { paths, name }: AttributesRequest) -> Result<AttributesReply, CoreError> {
    let found = paths.iter().map(|path| match attribute(path, &name) {
        Ok(value) => AttributeFound { errno: None, value: value.as_deref().map(hexadecimal) },
        Err(error) => AttributeFound { errno: Some(error.errno), value: None },
    });
    Ok(AttributesReply { found: found.collect() })
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layer_tells_each_name_with_its_path() {
        let top = std::env::temp_dir().join(format!("masu-layer-{}", std::process::id()));
        std::fs::create_dir_all(top.join("a/b")).unwrap();
        std::fs::write(top.join("a/b/c"), b"x").unwrap();
        let reply = layer(LayerRequest { path: top.to_str().unwrap().to_owned() });
        std::fs::remove_dir_all(&top).unwrap();
        let entries: Vec<_> = reply.unwrap().entries.into_iter().map(|entry| (entry.path, entry.kind)).collect();
        let expected = [("/a", FileKind::Directory), ("/a/b", FileKind::Directory), ("/a/b/c", FileKind::File)];
        assert_eq!(entries, expected.map(|(path, kind)| (path.to_owned(), kind)));
    }
}
