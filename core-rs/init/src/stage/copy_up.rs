//! A tmpfs that begins with what its mount point holds: OCI mount option `tmpcopyup`.
//!
//! The tmpfs is filled before it is attached, so that nothing can be swapped in between: no path leads to it.

use std::os::fd::{AsFd, OwnedFd};

use masu_steps::failure::failed;
use masu_sys::errno::values::{EINVAL, ENOSYS, EPERM};
use masu_sys::error::SysError;
use masu_sys::file::{self, OFlags};
use masu_sys::mount::{self as mounts, Attributes, Configured, ms};
use masu_wire::error::{CoreError, ErrorCode};

use super::copy::copy_directory;
use super::mount::{FileSystem, explain};

/// MS_* bits that are the file system's and not the mount's, and their names as its options. mount(8)
const SUPERBLOCK: [(u32, &str); 4] = [(1 << 4, "sync"), (1 << 6, "mand"), (1 << 7, "dirsync"), (1 << 25, "lazytime")];

/// Mounts a filled tmpfs on `point`. Errors: the copy's, and `kernel_lacks` before Linux 5.2.
pub(super) fn mount(action: &str, what: &FileSystem<'_>, point: &OwnedFd) -> Result<(), CoreError> {
    if what.fstype != "tmpfs" {
        let message = format!("{action}: only a tmpfs can begin with what it covers (tmpcopyup)");
        return Err(CoreError::new(ErrorCode::InvalidConfig, message));
    }
    let tree = make(what).map_err(|error| of_making(action, what, error))?;
    let source = file::open_in(point.as_fd(), ".", OFlags::RDONLY | OFlags::DIRECTORY, 0);
    let target = file::open_in(tree.as_fd(), ".", OFlags::RDONLY | OFlags::DIRECTORY, 0);
    let open = |error| failed(format!("{action}: open its mount point"), error);
    copy_directory(action, source.map_err(open)?.as_fd(), target.map_err(open)?.as_fd())?;
    let failure = |error| explain(failed(action, error));
    if what.flags & ms::RDONLY != 0 {
        mounts::set_attributes(tree.as_fd(), &Attributes::with(ms::RDONLY), false).map_err(failure)?;
    }
    mounts::attach(tree.as_fd(), point.as_fd()).map_err(failure)
}

/// The tmpfs, writable and attached nowhere.
fn make(what: &FileSystem<'_>) -> Result<OwnedFd, SysError> {
    let configured = Configured::begin("tmpfs", what.source)?;
    for (name, value) in options(what.data) {
        configured.option(name, value)?;
    }
    for (_, name) in SUPERBLOCK.iter().filter(|(bit, _)| what.flags & bit != 0) {
        configured.option(name, None)?;
    }
    configured.create()?;
    configured.mount_with(what.flags & !ms::RDONLY)
}

fn of_making(action: &str, what: &FileSystem<'_>, error: SysError) -> CoreError {
    let failure = explain(failed(action, error));
    match (error.errno, error.call) {
        (ENOSYS | EPERM, "fsopen") => CoreError { code: ErrorCode::KernelLacks, ..failure }
            .with_hint("tmpcopyup needs fsopen(2): Linux 5.2, and no filter that hides it"),
        (EINVAL, "fsconfig") => failure.with_hint(format!("the file system does not take the options {:?}", what.data)),
        _ => failure,
    }
}

/// Mount data taken apart: commas in quotes belong to the value, as in `context="a,b"`.
fn options(data: &str) -> Vec<(&str, Option<&str>)> {
    let mut quoted = false;
    let parts = data.split(|letter| {
        quoted ^= letter == '"';
        letter == ',' && !quoted
    });
    parts
        .filter(|part| !part.is_empty())
        .map(|part| match part.split_once('=') {
            Some((name, value)) => (name, Some(value.trim_matches('"'))),
            None => (part, None),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_does_what_its_table_says() {
        for (data, expected) in [
            ("", vec![]),
            ("mode=755,size=64k", vec![("mode", Some("755")), ("size", Some("64k"))]),
            ("noswap,,uid=1", vec![("noswap", None), ("uid", Some("1"))]),
            ("context=\"u:r:t:s0:c1,c2\",mode=1", vec![("context", Some("u:r:t:s0:c1,c2")), ("mode", Some("1"))]),
        ] {
            assert_eq!(options(data), expected, "{data}");
        }
    }
}
