//! Files of masu's own, names, and control files of the kernel.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use masu_sys::errno::values::{EACCES, EEXIST, EINVAL, ENOENT, EOPNOTSUPP, EPERM, ERANGE};
use masu_sys::error::SysError;
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::plan::Owner;
use rustix::fs::{self, AtFlags};
use rustix::io::Errno;
use rustix::process::{Gid, Uid};

use crate::cgroup_v2;
use crate::failure::{failed, failed_because};
use crate::hint::{of_file_system, unless_hinted};
use crate::named;

/// `HostStep::WriteFile`, exclusive.
pub(crate) fn create(path: &str, text: &str, mode: u32, owner: Option<Owner>) -> Result<(), CoreError> {
    write_new(Path::new(path), text, &New { mode, owner }).map_err(|error| {
        let error = failed(format!("Make file {path:?}"), error);
        let error = of_file_system(error, path);
        if error.code == ErrorCode::AlreadyExists {
            unless_hinted(error, "remove it, or name another file")
        } else {
            error
        }
    })
}

/// `HostStep::WriteFile`: readers see the old file or the whole new one.
pub(crate) fn replace(path: &str, text: &str, mode: u32, owner: Option<Owner>) -> Result<(), CoreError> {
    let action = || format!("Write file {path:?}");
    let beside = Path::new(path).with_added_suffix(std::process::id());
    let new = New { mode, owner };
    let written = match write_new(&beside, text, &new) {
        // Left by a process of this pid that was killed: nobody else writes beside masu's files.
        Err(error) if error.errno == EEXIST => {
            named("unlink", fs::unlink(&beside)).and_then(|()| write_new(&beside, text, &new))
        }
        written => written,
    };
    let replaced = written.and_then(|()| {
        named("rename", fs::rename(&beside, path)).inspect_err(|_| {
            // The failed rename is what is told; without this the file beside would stay.
            let _ = fs::unlink(&beside);
        })
    });
    replaced.map_err(|error| of_file_system(failed(action(), error), path))
}

trait AddedSuffix {
    fn with_added_suffix(&self, number: u32) -> std::path::PathBuf;
}

impl AddedSuffix for Path {
    /// `state.json` -> `.state.json.4711`
    fn with_added_suffix(&self, number: u32) -> std::path::PathBuf {
        let name = self.file_name().unwrap_or_default().to_string_lossy();
        self.with_file_name(format!(".{name}.{number}"))
    }
}

/// How a file is made.
struct New {
    mode: u32,
    owner: Option<Owner>,
}

/// open(2) O_CREAT|O_EXCL, which follows no last symbolic link, and write. Leaves nothing when it fails.
///
/// No fsync(2): what is written here is about running processes, and nothing after a crash of the machine.
fn write_new(path: &Path, text: &str, &New { mode, owner }: &New) -> Result<(), SysError> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .map_err(|error| SysError::from_io("open", &error))?;
    let filled = file
        .set_permissions(std::fs::Permissions::from_mode(mode))
        .map_err(|error| SysError::from_io("fchmod", &error))
        .and_then(|()| match owner {
            Some(Owner { uid, gid }) => {
                named("fchown", fs::fchown(&file, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid))))
            }
            None => Ok(()),
        })
        .and_then(|()| file.write_all(text.as_bytes()).map_err(|error| SysError::from_io("write", &error)));
    filled.inspect_err(|_| {
        // The failed write is what is told.
        let _ = fs::unlink(path);
    })
}

/// `HostStep::ReserveName`
pub(crate) fn reserve_name(path: &str, target: &str, name: &str) -> Result<(), CoreError> {
    named("symlink", fs::symlink(target, path)).map_err(|error| {
        if error.errno != EEXIST {
            return of_file_system(failed(format!("Reserve name {name:?}"), error), path);
        }
        let found = fs::readlink(path, Vec::new()).map(|target| target.to_string_lossy().into_owned());
        let holder = found.unwrap_or_default();
        let cause = format!("container {:?} has it", holder.rsplit('/').next().unwrap_or_default());
        failed_because(format!("Reserve name {name:?}"), &cause, error)
            .with_hint("choose another name, or remove that container")
    })
}

/// `HostStep::WriteControl`
pub(crate) fn write_control(path: &str, text: &str) -> Result<(), CoreError> {
    write_to(path, text).map_err(|error| control_failure(path, text, error))
}

/// `HostStep::WriteControl`, optional.
pub(crate) fn write_control_if_there(path: &str, text: &str) -> Result<(), CoreError> {
    match write_to(path, text) {
        Err(error) if error.errno == ENOENT && error.call == "open" => Ok(()),
        written => written.map_err(|error| control_failure(path, text, error)),
    }
}

fn write_to(path: &str, text: &str) -> Result<(), SysError> {
    let opened = OpenOptions::new().write(true).open(path).map_err(|error| SysError::from_io("open", &error));
    // One write(2): the kernel takes each as a value of its own.
    let write = |file| named("write", rustix::io::retry_on_intr(|| rustix::io::write(&file, text.as_bytes())));
    opened.and_then(write).map(drop)
}

/// Names the controller when the file of one is missing, closed or refuses the value.
fn control_failure(path: &str, text: &str, error: SysError) -> CoreError {
    let failure = failed(format!("Write {text:?} to {path:?}"), error);
    let path = Path::new(path);
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let hint = match error.errno {
        errno if file == "cgroup.subtree_control" => {
            let wanted: Vec<_> = text.split_whitespace().filter_map(|word| word.strip_prefix('+')).collect();
            path.parent().and_then(|cgroup| cgroup_v2::hint(cgroup, &wanted, errno))
        }
        ENOENT | EACCES | EPERM => controller_of(&file).map(|controller| {
            format!("the cgroup controller \"{controller}\" is not available to masu here: enable or delegate it, or leave out the limit that needs it")
        }),
        EOPNOTSUPP | EINVAL | ERANGE => controller_of(&file)
            .map(|controller| format!("the cgroup controller \"{controller}\" does not take this value here: change or leave out the limit")),
        _ => None,
    };
    match hint {
        Some(hint) => unless_hinted(failure, hint),
        None => failure,
    }
}

/// `memory.max` -> `memory`; none for the files that every cgroup has.
fn controller_of(file: &str) -> Option<&str> {
    let (controller, _) = file.split_once('.')?;
    (!matches!(controller, "cgroup" | "notify_on_release")).then_some(controller)
}

/// `HostStep::ChangeOwner`
pub(crate) fn change_owner(path: &str, owner: Owner) -> Result<(), CoreError> {
    let Owner { uid, gid } = owner;
    let (user, group) = (Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)));
    let changed = fs::chownat(fs::CWD, path, user, group, AtFlags::SYMLINK_NOFOLLOW);
    named("fchownat", changed).map_err(|error| failed(format!("Give file {path:?} to {uid}:{gid}"), error))
}

/// `HostStep::RemoveFile`
pub(crate) fn remove(path: &str, target: Option<&str>) -> Result<(), CoreError> {
    if let Some(target) = target {
        let is_ours = fs::readlink(path, Vec::new()).is_ok_and(|found| found.as_bytes() == target.as_bytes());
        if !is_ours {
            return Ok(());
        }
    }
    match fs::unlinkat(fs::CWD, path, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT | Errno::NOTDIR) => Ok(()),
        Err(errno) => {
            let error = SysError::new("unlink", errno.raw_os_error());
            Err(of_file_system(failed(format!("Remove file {path:?}"), error), path))
        }
    }
}
