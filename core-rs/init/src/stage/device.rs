//! Device files, links and directories of the container.

use std::os::fd::AsFd;

use masu_steps::failure::{failed, failed_because};
use masu_sys::errno::values::{EEXIST, ENOTDIR, EPERM};
use masu_sys::error::SysError;
use masu_sys::file::{self, FileType, OFlags};
use masu_sys::mount as mounts;
use masu_wire::error::{CoreError, ErrorCode};

use super::container::{Container, name};
use super::mount::explain;

/// A device file.
pub(super) struct Device {
    pub(super) kind: char,
    pub(super) numbers: (u32, u32),
    pub(super) mode: u32,
    pub(super) owner: (u32, u32),
}

pub(super) fn make_device(container: &mut Container, path: &str, device: &Device) -> Result<(), CoreError> {
    let action = || format!("Make the device {path:?}");
    let kind = match device.kind {
        'b' => FileType::BlockDevice,
        'c' | 'u' => FileType::CharacterDevice,
        'p' => FileType::Fifo,
        other => {
            return Err(CoreError::new(ErrorCode::InvalidConfig, format!("{}: there is no type {other:?}", action())));
        }
    };
    let (directory, name) = container.parent(path).map_err(|error| of_parent(action(), error))?;
    let made = file::make_node(directory, name, kind, device.mode, device.numbers);
    match made {
        // One that is there is used when it is the same, whatever its mode: it is the image's.
        Err(error) if error.errno == EEXIST => {
            let there = file::status_in(directory, name).map_err(|error| failed(action(), error))?;
            return if is_same(&there, kind, device.numbers) {
                Ok(())
            } else {
                Err(failed_because(action(), "something else is there", error))
            };
        }
        Err(error) if error.errno == EPERM && kind != FileType::Fifo => {
            return if show_device_of_host(container, path, kind, device.numbers)
                .map_err(|error| failed(action(), error))?
            {
                Ok(())
            } else {
                Err(failed(action(), error).with_hint(
                    "device files can be made in the initial user namespace only, with CAP_MKNOD, and the host has none at the same place",
                ))
            };
        }
        made => made.map_err(|error| explain(failed(action(), error)))?,
    }
    match device.owner {
        (0, 0) => Ok(()),
        (uid, gid) => file::change_owner_in(directory, name, uid, gid).map_err(|error| failed(action(), error)),
    }
}

/// A bind mount of the host's own device of the same path, where none can be made: it has the host's owner and mode. False: there is none.
fn show_device_of_host(
    container: &mut Container,
    path: &str,
    kind: FileType,
    numbers: (u32, u32),
) -> Result<bool, SysError> {
    if container.pivoted || !path.starts_with("/dev/") {
        return Ok(false);
    }
    let Ok(host) = file::open(path, OFlags::PATH | OFlags::NOFOLLOW) else { return Ok(false) };
    if !is_same(&file::status(host.as_fd())?, kind, numbers) || container.work_by_descriptor().is_err() {
        return Ok(false);
    }
    let (directory, last) = container.parent(path)?;
    let point = file::open_in(directory, last, OFlags::CREATE | OFlags::EXCL, 0o600)?;
    mounts::bind(&name(&host), &name(&point), false)?;
    container.mounted();
    Ok(true)
}

fn of_parent(action: String, error: SysError) -> CoreError {
    match error.errno {
        ENOTDIR => failed_because(action, "its directory is a symbolic link or a file", error),
        _ => explain(failed(action, error)),
    }
}

fn is_same(there: &file::Stat, kind: FileType, (major, minor): (u32, u32)) -> bool {
    match kind {
        FileType::Fifo => file::kind(there) == kind,
        _ => file::kind(there) == kind && file::is_device(there, major, minor),
    }
}

pub(super) fn make_symlink(container: &mut Container, path: &str, target: &str) -> Result<(), CoreError> {
    let action = || format!("Make the symbolic link {path:?}");
    let made = container.parent(path).and_then(|(directory, name)| file::make_symlink(directory, name, target));
    match made {
        Err(SysError { errno: EEXIST, .. }) => Ok(()),
        made => made.map_err(|error| of_parent(action(), error)),
    }
}

pub(super) fn make_directory(container: &mut Container, path: &str, mode: u32) -> Result<(), CoreError> {
    let made = container.root()?.make_directories(path, mode);
    made.map(drop).map_err(|error| explain(failed(format!("Make the directory {path:?}"), error)))
}
