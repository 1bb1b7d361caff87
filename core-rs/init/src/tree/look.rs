//! Tells what is at a path.

use std::os::fd::AsFd;

use masu_host::observe::file_status;
use masu_sys::error::SysError;
use masu_sys::file::{self, FileType, OFlags, Stat};
use masu_sys::resolve::{Links, Root};
use masu_wire::tree::{TreeAnswer, TreeSeen};

/// One answer for each path.
pub(super) fn look(root: &Root, paths: &[String]) -> TreeAnswer {
    let seen = paths.iter().map(|path| see(root, path));
    let seen =
        seen.map(|seen| seen.unwrap_or_else(|error| TreeSeen { errno: Some(error.errno), ..TreeSeen::default() }));
    TreeAnswer { seen: seen.collect(), ..TreeAnswer::default() }
}

fn see(root: &Root, path: &str) -> Result<TreeSeen, SysError> {
    let found = root.open(path, OFlags::PATH, Links::NotLast)?;
    let status = file::status(found.as_fd())?;
    let mut seen = TreeSeen { status: Some(file_status(&status)), ..TreeSeen::default() };
    if file::kind(&status) == FileType::Symlink {
        seen.target = Some(file::link_target(found.as_fd())?.to_string_lossy().into_owned());
        seen.followed = followed(root, path).ok().map(|status| file_status(&status));
    }
    Ok(seen)
}

fn followed(root: &Root, path: &str) -> Result<Stat, SysError> {
    file::status(root.open(path, OFlags::PATH, Links::Follow)?.as_fd())
}
