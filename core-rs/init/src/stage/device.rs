//! Device files, links and directories of the container.

use masu_steps::failure::{failed, failed_because};
use masu_sys::errno::values::{EEXIST, EPERM};
use masu_sys::error::SysError;
use masu_sys::file::{self, FileType};
use masu_wire::error::{CoreError, ErrorCode};

use super::container::Container;
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
    let (directory, name) = container.parent(path).map_err(|error| explain(failed(action(), error)))?;
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
        Err(error) if error.errno == EPERM => {
            return Err(failed(action(), error)
                .with_hint("device files can be made in the initial user namespace only, with CAP_MKNOD"));
        }
        made => made.map_err(|error| explain(failed(action(), error)))?,
    }
    match device.owner {
        (0, 0) => Ok(()),
        (uid, gid) => file::change_owner_in(directory, name, uid, gid).map_err(|error| failed(action(), error)),
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
        made => made.map_err(|error| explain(failed(action(), error))),
    }
}

pub(super) fn make_directory(container: &mut Container, path: &str, mode: u32) -> Result<(), CoreError> {
    let made = container.root()?.make_directories(path, mode);
    made.map(drop).map_err(|error| explain(failed(format!("Make the directory {path:?}"), error)))
}
