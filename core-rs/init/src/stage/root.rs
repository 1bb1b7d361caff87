//! The container's root: how it comes to be, and how it becomes this process's own. pivot_root(2)

use std::os::fd::AsFd;

use masu_steps::failure::failed;
use masu_sys::errno::values::EINVAL;
use masu_sys::file::{self, OFlags};
use masu_sys::mount::{self as mounts, ms};
use masu_sys::process;
use masu_wire::error::CoreError;
use masu_wire::plan::{Propagation, RootSource};

use super::container::{Container, name};
use super::kernel_object::bits_of;
use super::mount::explain;
use super::overlay;

/// On everything: the mounts of this namespace are copies, which must not tell the originals.
pub(super) fn set_propagation(propagation: Propagation) -> Result<(), CoreError> {
    mounts::set_propagation("/", bits_of(propagation)).map_err(|error| failed("Set the propagation of \"/\"", error))
}

/// `path` is a directory of masu's own, which nobody else can change.
pub(super) fn mount_root(container: &mut Container, path: &str, root: &RootSource) -> Result<(), CoreError> {
    match root {
        RootSource::Bind { source, idmapped: true, .. } => attach_idmapped(container, source, path)?,
        RootSource::Bind { source, recursive, .. } => mounts::bind(source, path, *recursive).map_err(|error| {
            let failure = explain(failed(format!("Bind {source:?} on {path:?}"), error));
            match error.errno {
                EINVAL => failure
                    .with_hint("in a user namespace a directory with mounts below it can only be bound with them"),
                _ => failure,
            }
        })?,
        RootSource::Overlay { layer } => overlay::mount_at(container, layer, path, path)?,
        RootSource::Tmpfs { data } => {
            mounts::mount("tmpfs", path, "tmpfs", 0, data)
                .map_err(|error| explain(failed(format!("Mount \"tmpfs\" on {path:?}"), error)))?;
        }
    }
    let opened = file::open(path, OFlags::PATH | OFlags::DIRECTORY)
        .map_err(|error| failed(format!("Open the root {path:?}"), error))?;
    container.set_root(opened);
    Ok(())
}

fn attach_idmapped(container: &mut Container, source: &str, path: &str) -> Result<(), CoreError> {
    let tree = container.layers.pop_front().ok_or_else(|| CoreError::bug("The core sent too few idmapped mounts"))?;
    let target = file::open(path, OFlags::PATH | OFlags::DIRECTORY)
        .map_err(|error| failed(format!("Open the root {path:?}"), error))?;
    mounts::attach(tree.as_fd(), target.as_fd())
        .map_err(|error| explain(failed(format!("Attach {source:?} on {path:?}"), error)))
}

/// The old root is stacked below the new one for a moment, and then detached with all its mounts.
pub(super) fn pivot(container: &mut Container) -> Result<(), CoreError> {
    // After this the only /proc in sight is the container's.
    container.work_by_descriptor()?;
    let explain = |error| failed("Make the container's root \"/\"", error);
    container.by_descriptor = false;
    process::change_directory(container.root()?.directory()).map_err(explain)?;
    mounts::pivot_root_to_cwd().map_err(|error| match error.errno {
        EINVAL => explain(error).with_hint(
            "the root must be a mount, and this process must not be on the initial ramfs: see pivot_root(2)",
        ),
        _ => explain(error),
    })?;
    mounts::detach_cwd().map_err(|error| failed("Detach the host's root", error))?;
    process::change_to_root().map_err(explain)?;
    container.pivoted = true;
    Ok(())
}

/// The mount alone, whatever is mounted below it.
pub(super) fn read_only(container: &mut Container) -> Result<(), CoreError> {
    container.work_by_descriptor()?;
    let root = container.root()?.directory();
    let flags = file::file_system(root).map(|system| system.mount_flags);
    flags
        .and_then(|flags| mounts::remount(&name(root), flags | ms::RDONLY))
        .map_err(|error| failed("Make \"/\" read-only", error))
}
