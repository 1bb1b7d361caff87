//! Mounts whose owners are seen through the container's user namespace. mount_setattr(2), "ID-mapped mounts"

use masu_steps::failure::failed;
use masu_steps::hint::unless_hinted;
use masu_steps::stage_protocol::idmapped_layers;
use masu_sys::errno::values::{EINVAL, ENOSYS, EPERM};
use masu_sys::error::SysError;
use masu_sys::mount::{clone_tree, map_owners};
use masu_wire::error::{CoreError, Group};
use masu_wire::plan::{RootSource, StageStep};
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// A detached, mapped clone for each layer that the steps want mapped, in their order.
pub(super) fn mapped_clones(steps: &[StageStep], pid: u32) -> Result<Vec<OwnedFd>, CoreError> {
    let mut clones = Vec::new();
    let mut user_namespace: Option<OwnedFd> = None;
    for (index, step) in steps.iter().enumerate() {
        for path in idmapped_layers(step) {
            let namespace = match user_namespace.take() {
                Some(open) => open,
                None => open_user_namespace(pid).map_err(|error| error.at(Group::Inside, index))?,
            };
            let clone = mapped_clone(path, is_recursive(step), namespace.as_fd())
                .map_err(|error| error.at(Group::Inside, index))?;
            user_namespace = Some(namespace);
            clones.push(clone);
        }
    }
    Ok(clones)
}

fn is_recursive(step: &StageStep) -> bool {
    matches!(step, StageStep::MountRoot { root: RootSource::Bind { recursive: true, .. }, .. })
}

fn open_user_namespace(pid: u32) -> Result<OwnedFd, CoreError> {
    let opened = File::open(format!("/proc/{pid}/ns/user"));
    let opened =
        opened.map_err(|error| failed("Open the container's user namespace", SysError::from_io("open", &error)))?;
    Ok(opened.into())
}

fn mapped_clone(path: &str, recursive: bool, user_namespace: BorrowedFd<'_>) -> Result<OwnedFd, CoreError> {
    let clone = clone_tree(path, recursive).map_err(|error| failed(format!("Clone the mount of {path:?}"), error))?;
    match map_owners(clone.as_fd(), user_namespace, recursive) {
        Ok(()) => Ok(clone),
        Err(error) => {
            let failure = failed(format!("Map the owners of {path:?}"), error);
            Err(match error.errno {
                EINVAL | ENOSYS => unless_hinted(
                    failure,
                    "its file system, or this kernel (5.12 or newer), cannot map owners: choose a copy, or no user namespace",
                ),
                EPERM => unless_hinted(failure, "mapping owners needs CAP_SYS_ADMIN where the file system was mounted"),
                _ => failure,
            })
        }
    }
}
