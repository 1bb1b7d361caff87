//! Paths of the container that are hidden or protected.

use std::os::fd::{AsFd, OwnedFd};

use masu_steps::failure::{failed, failed_because};
use masu_sys::errno::values::{EAGAIN, ENOENT, ENOTDIR, ENXIO};
use masu_sys::error::SysError;
use masu_sys::file::{self, FileType, OFlags};
use masu_sys::mount::{self as mounts, ms};
use masu_sys::resolve::Links;
use masu_wire::error::CoreError;

use super::container::{Container, name};
use super::mount::explain;

/// One empty tmpfs is bound over all directories: cheaper than one for each.
const EMPTY_FLAGS: u32 = ms::RDONLY | ms::NOSUID | ms::NODEV | ms::NOEXEC;

pub(super) fn mask(container: &mut Container, path: &str) -> Result<(), CoreError> {
    let explain = |error| explain(failed(format!("Mask {path:?}"), error));
    container.work_by_descriptor()?;
    let Some(point) = present(container, path).map_err(explain)? else { return Ok(()) };
    if file::kind(&file::status(point.as_fd()).map_err(explain)?) != FileType::Directory {
        let null = null(container)?;
        return mounts::bind(&null, &name(&point), false).map_err(explain);
    }
    match container.empty.as_ref().map(name) {
        Some(empty) => mounts::bind(&empty, &name(&point), false).map_err(explain)?,
        None => {
            mounts::mount("tmpfs", &name(&point), "tmpfs", EMPTY_FLAGS, "size=0,nr_inodes=1,mode=555")
                .map_err(explain)?;
            let top = container.root()?.open(path, OFlags::PATH | OFlags::DIRECTORY, Links::Follow).map_err(explain)?;
            // Whoever could exchange the directory meanwhile would choose what is shown in all others' place.
            if file::file_system(top.as_fd()).map_err(explain)?.magic != TMPFS_MAGIC {
                return Err(explain(SysError::new("fstatfs", EAGAIN)));
            }
            container.empty = Some(top);
        }
    }
    container.mounted();
    Ok(())
}

/// `f_type` of tmpfs.
const TMPFS_MAGIC: u64 = 0x0102_1994;

/// The name of a descriptor of the real `/dev/null`: of the runtime namespace, and after pivot_root(2) the container's own.
fn null(container: &mut Container) -> Result<String, CoreError> {
    if let Some(null) = &container.null {
        return Ok(name(null));
    }
    let opened = if container.pivoted {
        container.root()?.open("/dev/null", OFlags::PATH, Links::NotLast)
    } else {
        file::open("/dev/null", OFlags::PATH | OFlags::NOFOLLOW)
    };
    let null = opened.map_err(|error| failed("Open \"/dev/null\"", error))?;
    let status = file::status(null.as_fd()).map_err(|error| failed("Open \"/dev/null\"", error))?;
    if !file::is_character_device(&status, 1, 3) {
        return Err(failed_because(
            "Open \"/dev/null\"",
            "it is not the null device (character device 1:3)",
            SysError::new("fstat", ENXIO),
        ));
    }
    Ok(name(container.null.insert(null)))
}

pub(super) fn read_only_path(container: &mut Container, path: &str) -> Result<(), CoreError> {
    let explain = |error| explain(failed(format!("Make {path:?} read-only"), error));
    container.work_by_descriptor()?;
    let Some(point) = present(container, path).map_err(explain)? else { return Ok(()) };
    protect(container, path, &point).map_err(explain)
}

fn protect(container: &mut Container, path: &str, point: &OwnedFd) -> Result<(), SysError> {
    let system = file::file_system(point.as_fd())?;
    mounts::bind(&name(point), &name(point), true)?;
    container.mounted();
    let top = present(container, path)?.ok_or(SysError::new("mount", EAGAIN))?;
    // The new mount was found by its place: so it must still be there. One that is no mount's root is refused by the kernel.
    if !file::same_file(&file::status(point.as_fd())?, &file::status(top.as_fd())?) {
        return Err(SysError::new("mount", EAGAIN));
    }
    mounts::remount(&name(&top), system.mount_flags | ms::RDONLY)
}

/// None: there is no such path.
fn present(container: &mut Container, path: &str) -> Result<Option<OwnedFd>, SysError> {
    let root = container.root().map_err(|_| SysError::new("open", ENOENT))?;
    match root.open(path, OFlags::PATH, Links::Follow) {
        Err(error) if matches!(error.errno, ENOENT | ENOTDIR) => Ok(None),
        opened => opened.map(Some),
    }
}
