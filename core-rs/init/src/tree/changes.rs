//! What a container changed: its overlays' upper directories against what is below them. Kernel, Documentation/filesystems/overlayfs.rst
//!
//! The container can go on changing them. Each name is looked at by descriptor, and no link is followed.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use masu_steps::failure::{failed, failed_because};
use masu_sys::errno::values::{EMFILE, ENOENT};
use masu_sys::error::SysError;
use masu_sys::file::{self, FileType, OFlags, Stat};
use masu_sys::resolve::{Links, Root};
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::tree::{TreeAnswer, TreeChange, TreeChangeKind, TreeOverlay};
use rustix::fs::getxattr;

use super::pack::list;
use super::{MAX_DEPTH, shown};

/// So many bytes of paths, and no more, fit into one answer.
const MOST_BYTES: usize = 32 << 20;

/// The changes while they are found.
struct Comparison<'a> {
    changes: Vec<TreeChange>,
    bytes: usize,
    mount_points: &'a [String],
}

/// A directory of the upper layer.
struct Level {
    path: String,
    upper: OwnedFd,
    /// The same directory in the lower layers, topmost first.
    lower: Vec<OwnedFd>,
    /// Nothing of the lower layers shows through.
    opaque: bool,
    /// Names in the upper one that are still to come.
    left: Vec<OsString>,
}

/// Compares all overlays.
pub(super) fn changes(root: &Root, overlays: &[TreeOverlay], mount_points: &[String]) -> Result<TreeAnswer, CoreError> {
    let mut comparison = Comparison { changes: Vec::new(), bytes: 0, mount_points };
    for TreeOverlay { destination, layer } in overlays {
        let open = |path: &str, flags| {
            let opened = root.open(path, flags | OFlags::DIRECTORY, Links::Follow);
            opened.map_err(|error| failed(format!("Open the layer {path:?}"), error))
        };
        let lower = layer.lower.iter().map(|path| open(path, OFlags::PATH)).collect::<Result<_, _>>()?;
        let (upper, path) = (open(&layer.upper, OFlags::RDONLY)?, destination.trim_end_matches('/'));
        let compared = comparison.compare(upper, lower, path);
        compared.map_err(|(path, error)| explain(&path, error))?;
    }
    let mut changes = comparison.changes;
    changes.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(TreeAnswer { changes, ..TreeAnswer::default() })
}

fn explain(path: &str, error: SysError) -> CoreError {
    let action = format!("Compare {path:?} with its image");
    match error.errno {
        EMFILE => failed_because(action, "it is nested too deep", error),
        libc::EMSGSIZE => CoreError {
            code: ErrorCode::NoResources,
            ..failed_because(action, "there are more changes than fit into one answer", error)
        },
        _ => failed(action, error),
    }
}

type Compared = Result<(), (String, SysError)>;

impl Comparison<'_> {
    fn compare(&mut self, upper: OwnedFd, lower: Vec<OwnedFd>, path: &str) -> Compared {
        let place = |path: &str| {
            let path = path.to_owned();
            move |error| (path.clone(), error)
        };
        let left = list(&upper).map_err(place(path))?;
        let mut levels = vec![Level { path: path.to_owned(), upper, lower, opaque: false, left }];
        while let Some(level) = levels.last_mut() {
            let Some(name) = level.left.pop() else {
                levels.pop();
                continue;
            };
            let whole = format!("{}/{}", level.path, name.to_string_lossy());
            let entered = self.compare_one(level, &name, &whole).map_err(place(&whole))?;
            if let Some(entered) = entered {
                if levels.len() >= MAX_DEPTH {
                    return Err((whole, SysError::new("openat", EMFILE)));
                }
                levels.push(entered);
            }
        }
        Ok(())
    }

    /// One name; returns the directory that is to be gone through.
    fn compare_one(&mut self, level: &Level, name: &OsStr, path: &str) -> Result<Option<Level>, SysError> {
        let found = match file::open_in(level.upper.as_fd(), name, OFlags::PATH, 0) {
            // It is gone meanwhile.
            Err(error) if error.errno == ENOENT => return Ok(None),
            found => found?,
        };
        let status = file::status(found.as_fd())?;
        let below = below(&level.lower, name)?;
        if is_whiteout(&found, &status) {
            return if below.exists { self.add(TreeChangeKind::Deleted, path).map(|()| None) } else { Ok(None) };
        }
        let kind = if below.exists { TreeChangeKind::Changed } else { TreeChangeKind::Added };
        if file::kind(&status) != FileType::Directory {
            let stub = !below.exists && status.st_size == 0 && self.is_mount_point(path);
            return if stub { Ok(None) } else { self.add(kind, path).map(|()| None) };
        }
        let upper = file::open_in(found.as_fd(), ".", OFlags::RDONLY | OFlags::DIRECTORY, 0)?;
        let left = list(&upper)?;
        if below.exists || !left.is_empty() || !self.is_mount_point(path) {
            self.add(kind, path)?;
        }
        let opaque = level.opaque || has_mark(&found, "opaque", b"y");
        if opaque {
            self.add_covered(&below.directories, &left, path)?;
        }
        Ok(Some(Level { path: path.to_owned(), upper, lower: below.directories, opaque, left }))
    }

    /// What of the lower layers an opaque directory covers.
    fn add_covered(&mut self, lower: &[OwnedFd], upper: &[OsString], path: &str) -> Result<(), SysError> {
        let mut covered = Vec::new();
        for directory in lower {
            let opened = file::open_in(directory.as_fd(), ".", OFlags::RDONLY | OFlags::DIRECTORY, 0)?;
            covered.extend(list(&opened)?);
        }
        covered.sort_unstable();
        covered.dedup();
        // They are sorted, the last one first.
        let is_upper = |name: &OsString| upper.binary_search_by(|other| name.cmp(other)).is_ok();
        for name in covered.iter().filter(|name| !is_upper(name)) {
            if below(lower, name)?.exists {
                self.add(TreeChangeKind::Deleted, &format!("{path}/{}", name.to_string_lossy()))?;
            }
        }
        Ok(())
    }

    fn is_mount_point(&self, path: &str) -> bool {
        self.mount_points.iter().any(|point| point == path)
    }

    fn add(&mut self, kind: TreeChangeKind, path: &str) -> Result<(), SysError> {
        self.bytes += path.len() + 40;
        if self.bytes > MOST_BYTES {
            return Err(SysError::new("sendmsg", libc::EMSGSIZE));
        }
        self.changes.push(TreeChange { kind, path: shown(path.as_bytes()) });
        Ok(())
    }
}

/// What the lower layers have of a name.
struct Below {
    exists: bool,
    directories: Vec<OwnedFd>,
}

fn below(lower: &[OwnedFd], name: &OsStr) -> Result<Below, SysError> {
    let mut below = Below { exists: false, directories: Vec::new() };
    for directory in lower {
        let found = match file::open_in(directory.as_fd(), name, OFlags::PATH, 0) {
            Err(error) if error.errno == ENOENT => continue,
            found => found?,
        };
        let (status, above) = (file::status(found.as_fd())?, file::status(directory.as_fd())?);
        // Another layer's whiteout ends the search. What is on another device is mounted there, and no part of the layer: only its place is.
        if is_whiteout(&found, &status) {
            break;
        }
        below.exists = true;
        if file::kind(&status) != FileType::Directory || status.st_dev != above.st_dev {
            break;
        }
        let opaque = has_mark(&found, "opaque", b"y");
        below.directories.push(found);
        if opaque {
            break;
        }
    }
    Ok(below)
}

/// A mark that something of the lower layers is gone.
fn is_whiteout(found: &OwnedFd, status: &Stat) -> bool {
    file::is_character_device(status, 0, 0)
        || file::kind(status) == FileType::RegularFile && status.st_size == 0 && has_mark(found, "whiteout", b"")
}

/// One of overlayfs's own attributes, which are `trusted.` or, in a user namespace, `user.`; empty: whatever its value.
fn has_mark(found: &OwnedFd, mark: &str, expected: &[u8]) -> bool {
    let path = format!("/proc/self/fd/{}", found.as_raw_fd());
    ["trusted", "user"].into_iter().any(|space| {
        let mut value = [0; 16];
        let length = getxattr(path.as_str(), format!("{space}.overlay.{mark}").as_str(), &mut value[..]);
        length.is_ok_and(|length| expected.is_empty() || value.get(..length) == Some(expected))
    })
}

#[cfg(test)]
#[path = "changes_test.rs"]
mod tests;
