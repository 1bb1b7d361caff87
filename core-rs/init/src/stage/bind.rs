//! Bind mounts of files and directories of the runtime namespace.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use masu_steps::failure::{failed, failed_because};
use masu_sys::errno::values::{EAGAIN, EINVAL, ENOENT, ENOSYS, ENOTDIR, EPERM};
use masu_sys::error::SysError;
use masu_sys::file::{self, FileType, OFlags};
use masu_sys::mount::{self as mounts, Attributes, ms};
use masu_sys::namespace;
use masu_sys::resolve::Links;
use masu_wire::error::CoreError;
use masu_wire::plan::{MountAttributes, MountPoint, Propagation, StageStep};

use super::container::{Container, name};
use super::kernel_object::bits_of;
use super::mount::{at_point, explain, guard, mount_point, of_attributes};

/// MS_* bits of which a mount has one at most.
const ACCESS_TIMES: u32 = ms::NOATIME | ms::RELATIME | ms::STRICTATIME;

/// What to bind and how.
pub(super) struct Bind<'a> {
    pub(super) source: &'a str,
    pub(super) recursive: bool,
    pub(super) flags: u32,
    /// MS_* bits that it does not have, whatever its source has.
    pub(super) clear: u32,
    /// What it and all below it get.
    pub(super) attributes: Option<MountAttributes>,
    pub(super) recursive_read_only: bool,
    pub(super) propagation: Option<Propagation>,
    /// The core sent it, its owners mapped.
    pub(super) mapped: bool,
}

impl Bind<'_> {
    /// It differs from its source in more than its place.
    fn changes(&self) -> bool {
        self.flags | self.clear != 0 || self.is_recursive_change() || self.propagation.is_some()
    }

    /// Only mount_setattr(2) can do it.
    fn is_recursive_change(&self) -> bool {
        self.recursive_read_only || self.attributes.is_some()
    }
}

/// Clones the trees that could not be had later: of sources that are out of sight after pivot_root(2), that would contain the container's
/// own root, that are to stay shared with the host although everything else becomes private, and that are another container's.
pub(super) fn prepare(container: &mut Container, steps: &[StageStep]) -> Result<(), (usize, CoreError)> {
    let mut pivoted = false;
    let mut prepared = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        pivoted |= matches!(step, StageStep::PivotRoot);
        let StageStep::Bind { source, destination, recursive, propagation, mapping: None, .. } = step else { continue };
        if container.trees.contains_key(&index) {
            continue;
        }
        let shared = matches!(propagation, Some(Propagation::Shared | Propagation::Rshared));
        let cloned = match of_process(source) {
            Some((process, path)) => clone_from(process, path, *recursive),
            None if pivoted || shared || (*recursive && contains_root(source, steps)) => {
                mounts::clone_tree(source, *recursive)
            }
            None => continue,
        };
        match cloned {
            Ok(tree) => prepared.push((index, tree)),
            // Without open_tree(2) (before Linux 5.2) the bind mount at its time is nearly the same, except after pivot_root(2).
            Err(error) if error.errno == ENOSYS && !pivoted && !shared => {}
            Err(error) => return Err((index, explain(failed(format!("Bind {source:?} on {destination:?}"), error)))),
        }
    }
    container.trees.extend(prepared);
    Ok(())
}

/// Clones what the root of a user namespace, to whom the caller's directories may be closed, could not reach later. What cannot be cloned
/// now is left for its own time, and its error too.
pub(super) fn prepare_as_caller(steps: &[StageStep]) -> Vec<(usize, OwnedFd)> {
    let all = steps.iter().find_map(|step| match step {
        StageStep::SetPropagation { propagation } => Some(*propagation),
        _ => None,
    });
    let binds = steps.iter().enumerate().filter_map(|(index, step)| match step {
        StageStep::Bind { source, recursive, propagation, mapping: None, .. } if of_process(source).is_none() => {
            Some((index, source, *recursive, propagation.or(all)))
        }
        _ => None,
    });
    let cloned = binds.filter_map(|(index, source, recursive, propagation)| {
        let tree = mounts::clone_tree(source, recursive).ok()?;
        // It is not among the mounts whose propagation is set next.
        if let Some(bits) = propagation.map(bits_of) {
            mounts::set_attributes(tree.as_fd(), &Attributes::propagation(bits), bits & ms::REC != 0).ok()?;
        }
        Some((index, tree))
    });
    cloned.collect()
}

/// `/proc/4711/root/dev/shm` -> `/proc/4711`, `/dev/shm`
fn of_process(source: &str) -> Option<(&str, &str)> {
    let at =
        source.strip_prefix("/proc/")?.find(|letter: char| !letter.is_ascii_digit()).filter(|digits| *digits > 0)?;
    let (process, rest) = source.split_at("/proc/".len() + at);
    let path = rest.strip_prefix("/root")?;
    path.starts_with('/').then_some((process, path))
}

/// A tree of another process's mount namespace: open_tree(2) clones only what is in the caller's own.
fn clone_from(process: &str, path: &str, recursive: bool) -> Result<OwnedFd, SysError> {
    let own = file::open("/proc/self/ns/mnt", OFlags::RDONLY)?;
    let theirs = file::open(&format!("{process}/ns/mnt"), OFlags::RDONLY)?;
    namespace::enter(theirs.as_fd(), namespace::flag::MOUNT)?;
    let tree = mounts::clone_tree(path, recursive);
    namespace::enter(own.as_fd(), namespace::flag::MOUNT)?;
    tree
}

/// The container's root is mounted below this directory.
fn contains_root(source: &str, steps: &[StageStep]) -> bool {
    let source = source.trim_end_matches('/');
    steps.iter().any(|step| match step {
        StageStep::MountRoot { path, .. } => path.strip_prefix(source).is_some_and(|rest| rest.starts_with('/')),
        _ => false,
    })
}

pub(super) fn bind(
    container: &mut Container,
    what: &Bind,
    destination: &str,
    create: MountPoint,
) -> Result<(), CoreError> {
    let action = format!("Bind {:?} on {destination:?}", what.source);
    let explain = |error| of_bind(&action, error);
    container.work_by_descriptor()?;
    let Some(point) =
        mount_point(container, destination, create, false).map_err(|error| at_point(&action, error, false))?
    else {
        return Ok(());
    };
    guard(&action, point.as_fd(), destination, || is_procfs(what.source))?;
    let tree = match container.trees.remove(&container.step) {
        None if what.mapped => Some(container.layers.pop_front().ok_or_else(too_few)?),
        None if what.changes() => clone_tree(what).map_err(explain)?,
        prepared => prepared,
    };
    // A detached tree is changed before anybody can see it.
    let changed = match &tree {
        Some(tree) => change_tree(what, tree).map_err(|error| of_change(&action, error))?,
        None => !what.changes(),
    };
    if !changed && what.is_recursive_change() {
        return Err(of_attributes(&action, SysError::new("mount_setattr", ENOSYS)));
    }
    match &tree {
        Some(tree) => {
            mounts::attach(tree.as_fd(), point.as_fd()).map_err(|error| match unlike(tree.as_fd(), point.as_fd()) {
                Some(cause) if error.errno == EINVAL => failed_because(&action, cause, error),
                _ => explain(error),
            })?
        }
        None => mounts::bind(what.source, &name(&point), what.recursive).map_err(explain)?,
    }
    container.mounted();
    if changed {
        return Ok(());
    }
    change_in_place(container, what, destination, point, tree).map_err(|error| of_change(&action, error))
}

/// move_mount(2) says EINVAL where mount(2) says ENOTDIR. Docker looks for "not a directory", and asks then whether that was meant; "is a directory"
/// would be a program that cannot be executed.
fn unlike(tree: BorrowedFd<'_>, point: BorrowedFd<'_>) -> Option<&'static str> {
    let is_directory = |descriptor| Some(file::kind(&file::status(descriptor).ok()?) == FileType::Directory);
    match (is_directory(tree)?, is_directory(point)?) {
        (true, false) => Some("the destination is not a directory, as the source is"),
        (false, true) => Some("the source is not a directory, as the destination is"),
        _ => None,
    }
}

fn too_few() -> CoreError {
    CoreError::bug("The core sent too few idmapped mounts")
}

/// None: before Linux 5.2.
fn clone_tree(what: &Bind) -> Result<Option<OwnedFd>, SysError> {
    match mounts::clone_tree(what.source, what.recursive) {
        Err(error) if error.errno == ENOSYS => Ok(None),
        cloned => cloned.map(Some),
    }
}

/// False: before Linux 5.12.
fn change_tree(what: &Bind, tree: &OwnedFd) -> Result<bool, SysError> {
    let mut changes = Vec::new();
    if what.flags | what.clear != 0 {
        let current = file::file_system(tree.as_fd())?.mount_flags;
        changes.push((Attributes::change(what.flags, what.clear, current), false));
    }
    if let Some(MountAttributes { set, clear }) = what.attributes {
        changes.push((Attributes::of_bits(set, clear), true));
    }
    if what.recursive_read_only {
        changes.push((Attributes::with(ms::RDONLY), true));
    }
    if let Some(bits) = what.propagation.map(bits_of) {
        changes.push((Attributes::propagation(bits), bits & ms::REC != 0));
    }
    for (attributes, recursive) in changes {
        match mounts::set_attributes(tree.as_fd(), &attributes, recursive) {
            Err(error) if error.errno == ENOSYS => return Ok(false),
            set => set?,
        }
    }
    Ok(true)
}

/// The same by mount(2), which finds the mount by its place: so it must still be there.
fn change_in_place(
    container: &mut Container,
    what: &Bind,
    destination: &str,
    point: OwnedFd,
    tree: Option<OwnedFd>,
) -> Result<(), SysError> {
    drop(point);
    let source = match tree {
        Some(tree) => tree,
        None => file::open(what.source, OFlags::PATH)?,
    };
    let root = container.root().map_err(|_| SysError::new("open", ENOENT))?;
    let mounted = root.open(destination, OFlags::PATH, Links::Follow)?;
    if !file::same_file(&file::status(source.as_fd())?, &file::status(mounted.as_fd())?) {
        return Err(SysError::new("mount", EAGAIN));
    }
    if what.flags | what.clear != 0 {
        let current = file::file_system(mounted.as_fd())?.mount_flags;
        mounts::remount(&name(&mounted), remounted(what, current))?;
    }
    match what.propagation {
        Some(propagation) => mounts::set_propagation(&name(&mounted), bits_of(propagation)),
        None => Ok(()),
    }
}

fn is_procfs(source: &str) -> bool {
    let system = file::open(source, OFlags::PATH).and_then(|file| file::file_system(file.as_fd()));
    system.is_ok_and(|system| system.magic == file::PROC_MAGIC)
}

/// What a mount with these flags has then. It has one access time of three: what is asked for takes the place of what is there, and
/// `relatime` of what is cleared. mount(2) keeps it where none is named.
fn remounted(what: &Bind, current: u32) -> u32 {
    let strict = current & (ms::NOATIME | ms::RELATIME) == 0;
    let current = if strict { current | ms::STRICTATIME } else { current };
    let current = if what.flags & ACCESS_TIMES == 0 { current } else { current & !ACCESS_TIMES };
    let flags = current & !what.clear | what.flags;
    if flags & ACCESS_TIMES == 0 { flags | ms::RELATIME } else { flags }
}

/// Where flags could not be changed.
fn of_change(action: &str, error: SysError) -> CoreError {
    if error.errno == EPERM { of_attributes(action, error) } else { of_bind(action, error) }
}

fn of_bind(action: &str, error: SysError) -> CoreError {
    match error.errno {
        EAGAIN => failed_because(action, "its destination was changed at the same time", error),
        ENOTDIR => failed_because(action, "one of them is not a directory, as the other is", error),
        EINVAL => explain(failed(action, error))
            .with_hint("in a user namespace a directory with mounts below it can only be bound with them (rbind)"),
        _ => explain(failed(action, error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_process_takes_a_path_below_a_process_root_apart() {
        for (source, expected) in [
            ("/proc/4711/root/dev/shm", Some(("/proc/4711", "/dev/shm"))),
            ("/proc/1/root/", Some(("/proc/1", "/"))),
            ("/proc/1/root", None),
            ("/proc/1/rootfs/x", None),
            ("/proc/self/root/x", None),
            ("/proc//root/x", None),
            ("/proc/4711", None),
            ("/data/proc/1/root/x", None),
        ] {
            assert_eq!(of_process(source), expected, "{source}");
        }
    }

    #[test]
    fn contains_root_tells_what_lies_below() {
        let step = r#"{"kind":"mount_root","path":"/run/masu/c/rootfs","root":{"kind":"tmpfs","data":""}}"#;
        let steps = [serde_json::from_str(step).unwrap()];
        for (source, expected) in [
            ("/", true),
            ("/run", true),
            ("/run/", true),
            ("/run/masu/c", true),
            ("/ru", false),
            ("/run/masu/c/rootfs", false),
            ("/home", false),
        ] {
            assert_eq!(contains_root(source, &steps), expected, "{source}");
        }
    }
}
