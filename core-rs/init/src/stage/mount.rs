//! Mounts at places of the container, which are looked up below its root and mounted on by descriptor.

use std::borrow::Cow;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use masu_steps::failure::{failed, failed_because};
use masu_sys::errno::values::{
    EACCES, EAGAIN, EBUSY, EINVAL, ELOOP, ENODEV, ENOENT, ENOSPC, ENOSYS, ENOTDIR, EPERM, EROFS,
};
use masu_sys::error::SysError;
use masu_sys::file::{self, OFlags};
use masu_sys::mount::{self as mounts, Attributes, ms};
use masu_sys::resolve::Links;
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::plan::{MountAttributes, MountPoint, Propagation};

use super::container::{Container, name};
use super::copy_up;
use super::kernel_object::bits_of;

/// A new file system.
pub(super) struct FileSystem<'a> {
    pub(super) source: &'a str,
    pub(super) fstype: &'a str,
    pub(super) flags: u32,
    pub(super) data: &'a str,
    /// It begins with what its mount point holds.
    pub(super) copy_up: bool,
    /// What it gets besides.
    pub(super) attributes: Option<MountAttributes>,
}

/// What of a container's `/proc` may be covered: these say something of the machine, and nothing writes to them to set up a process.
const COVERABLE: [&str; 10] = [
    "/proc/cpuinfo",
    "/proc/diskstats",
    "/proc/loadavg",
    "/proc/meminfo",
    "/proc/slabinfo",
    "/proc/stat",
    "/proc/swaps",
    "/proc/sys/crypto/fips_enabled",
    "/proc/sys/kernel/ns_last_pid",
    "/proc/uptime",
];

pub(super) fn mount(
    container: &mut Container,
    what: &FileSystem,
    destination: &str,
    create: MountPoint,
) -> Result<(), CoreError> {
    let action = || format!("Mount {:?} on {destination:?}", what.fstype);
    container.work_by_descriptor()?;
    // A link there would lead what is later written to the container's own procfs somewhere else.
    let plain = matches!(what.fstype, "proc" | "sysfs");
    let there = if what.fstype == "tmpfs" { mode_of(container, destination) } else { None };
    let Some(point) =
        mount_point(container, destination, create, plain).map_err(|error| at_point(&action(), error, plain))?
    else {
        return Ok(());
    };
    if !plain {
        guard(&action(), point.as_fd(), destination, || false)?;
    }
    let data = with_mode(what, there);
    let what = FileSystem { data: &data, ..*what };
    if what.copy_up {
        copy_up::mount(&action(), &what, &point)?;
    } else {
        match mounts::mount(what.source, &name(&point), what.fstype, what.flags, what.data) {
            Err(error) if error.errno == EPERM && what.fstype == "sysfs" && show_sysfs_of_host(container, &point)? => {}
            mounted => mounted.map_err(|error| of_file_system(&action(), &what, error))?,
        }
    }
    container.mounted();
    let Some(attributes) = what.attributes else { return Ok(()) };
    change(container, destination, &point, attributes).map_err(|error| of_attributes(&action(), error))
}

/// A tmpfs whose mode nobody says has that of the directory that it covers; one that was made for it covers nothing.
fn with_mode<'a>(what: &FileSystem<'a>, covered: Option<u32>) -> Cow<'a, str> {
    let said = what.data.split(',').any(|option| option.starts_with("mode="));
    let Some(mode) = covered.filter(|_| !said) else { return Cow::Borrowed(what.data) };
    let separator = if what.data.is_empty() { "" } else { "," };
    Cow::Owned(format!("mode={mode:o}{separator}{}", what.data))
}

/// Permission bits of the directory that is there.
fn mode_of(container: &mut Container, path: &str) -> Option<u32> {
    let there = container.root().ok()?.open(path, OFlags::PATH | OFlags::DIRECTORY, Links::Follow).ok()?;
    Some(file::status(there.as_fd()).ok()?.st_mode & 0o7777)
}

fn of_file_system(action: &str, what: &FileSystem<'_>, error: SysError) -> CoreError {
    let failure = explain(failed(action, error));
    match (error.errno, what.fstype) {
        (EPERM, "proc") => failure.with_hint(
            "in a user namespace the kernel needs a PID namespace of one's own, and a /proc of the host with nothing mounted over it (as inside another container)",
        ),
        (EPERM, "sysfs") => failure.with_hint(
            "in a user namespace the kernel needs a network namespace of one's own, and a /sys of the host with nothing mounted over it (as inside another container)",
        ),
        (ENODEV, fstype) => failure.with_hint(format!("this kernel has no file system {fstype:?}: load its module, or leave the mount out")),
        (EINVAL, _) => failure.with_hint(format!("the file system does not take the options {:?}", what.data)),
        _ => failure,
    }
}

/// The host's own sysfs with all below it, read-only: what a user namespace gets that has the host's network. False: it cannot be had so.
fn show_sysfs_of_host(container: &Container, point: &OwnedFd) -> Result<bool, CoreError> {
    if container.pivoted {
        return Ok(false);
    }
    let shown = Attributes::with(ms::RDONLY | ms::NOSUID | ms::NODEV | ms::NOEXEC);
    let tree = mounts::clone_tree("/sys", true).and_then(|tree| {
        let is_sysfs = file::file_system(tree.as_fd())?.magic == file::SYSFS_MAGIC;
        mounts::set_attributes(tree.as_fd(), &shown, true)?;
        Ok(is_sysfs.then_some(tree))
    });
    let tree = match tree {
        Ok(Some(tree)) => tree,
        // Before Linux 5.12, or there is no /sys.
        Ok(None) => return Ok(false),
        Err(error) if matches!(error.errno, ENOSYS | ENOENT) => return Ok(false),
        Err(error) => return Err(explain(failed("Clone the mounts of \"/sys\"", error))),
    };
    mounts::attach(tree.as_fd(), point.as_fd())
        .map_err(|error| explain(failed("Attach the host's \"/sys\"", error)))?;
    Ok(true)
}

/// mount_setattr(2) of what was just mounted over `point`. It is found by its place: so it must still be there.
fn change(
    container: &mut Container,
    destination: &str,
    point: &OwnedFd,
    attributes: MountAttributes,
) -> Result<(), SysError> {
    let root = container.root().map_err(|_| SysError::new("open", ENOENT))?;
    let mounted = root.open(destination, OFlags::PATH, Links::Follow)?;
    if file::same_file(&file::status(point.as_fd())?, &file::status(mounted.as_fd())?) {
        return Err(SysError::new("mount_setattr", EAGAIN));
    }
    mounts::set_attributes(mounted.as_fd(), &Attributes::of_bits(attributes.set, attributes.clear), true)
}

/// What is said where a mount and all below it could not be changed.
pub(super) fn of_attributes(action: &str, error: SysError) -> CoreError {
    let failure = explain(failed(action, error));
    match error.errno {
        ENOSYS => failure.with_hint("mount options for all below a mount (rro and so on) need Linux 5.12"),
        EPERM => failure.with_hint(
            "in a user namespace no flag can be taken off a mount of the host, nor its access time changed: leave the option out",
        ),
        EAGAIN => failed_because(action, "its destination was changed at the same time", error),
        _ => failure,
    }
}

pub(super) fn remount(
    container: &mut Container,
    destination: &str,
    flags: Option<u32>,
    propagation: Option<Propagation>,
) -> Result<(), CoreError> {
    let action = || format!("Remount {destination:?}");
    container.work_by_descriptor()?;
    let point =
        container.root()?.open(destination, OFlags::PATH, Links::Follow).map_err(|error| failed(action(), error))?;
    if let Some(flags) = flags {
        mounts::remount(&name(&point), flags).map_err(|error| match error.errno {
            EINVAL => failed(action(), error).with_hint("nothing is mounted there"),
            EPERM => {
                failed(action(), error).with_hint("in a user namespace no flag can be taken off a mount of the host")
            }
            _ => failed(action(), error),
        })?;
    }
    if let Some(propagation) = propagation {
        mounts::set_propagation(&name(&point), bits_of(propagation)).map_err(|error| failed(action(), error))?;
    }
    Ok(())
}

/// The place to mount on, made if the plan says so; none: nothing is there and nothing shall be.
pub(super) fn mount_point(
    container: &mut Container,
    destination: &str,
    create: MountPoint,
    plain: bool,
) -> Result<Option<OwnedFd>, SysError> {
    let root = container.root().map_err(|_| SysError::new("open", ENOENT))?;
    let (flags, links) =
        if plain { (OFlags::PATH | OFlags::DIRECTORY, Links::Refuse) } else { (OFlags::PATH, Links::Follow) };
    match (root.open(destination, flags, links), create) {
        (Err(error), MountPoint::Optional) if error.errno == ENOENT => Ok(None),
        (Err(error), MountPoint::Directory) if error.errno == ENOENT => {
            let made = root.make_directories(destination, 0o755)?;
            if plain { root.open(destination, flags, links).map(Some) } else { Ok(Some(made)) }
        }
        (Err(error), MountPoint::File) if error.errno == ENOENT => root.make_file(destination, 0o644).map(Some),
        (opened, _) => opened.map(Some),
    }
}

/// The mount point could not be opened or made.
pub(super) fn at_point(action: &str, error: SysError, plain: bool) -> CoreError {
    match error.errno {
        ELOOP | ENOTDIR if plain => {
            let message = "it must be mounted on ordinary directory of the root, not on a symbolic link or file";
            failed_because(action, message, error)
        }
        EACCES => failed(action, error).with_hint(
            "make the mount point in the image beforehand: its directory belongs to a user that this container does not have",
        ),
        EROFS => failed(action, error).with_hint("make the mount point in the root beforehand, which is read-only"),
        _ => explain(failed(action, error)),
    }
}

/// Refuses to cover a container's procfs, or what of it the program's setup relies on.
pub(super) fn guard(
    action: &str,
    point: BorrowedFd<'_>,
    destination: &str,
    shows_procfs: impl FnOnce() -> bool,
) -> Result<(), CoreError> {
    let system = file::file_system(point).map_err(|error| failed(action, error))?;
    let path = normalized(destination);
    let covers = if path == "/proc" {
        !shows_procfs()
    } else {
        system.magic == file::PROC_MAGIC && !COVERABLE.contains(&path.as_str())
    };
    if !covers {
        return Ok(());
    }
    let message = format!("{action}: the container's /proc may not be covered");
    Err(CoreError::new(ErrorCode::InvalidConfig, message)
        .with_hint(format!("only these files of it may: {}", COVERABLE.join(" "))))
}

/// The path without `.`, `..` and empty names.
fn normalized(path: &str) -> String {
    let mut names = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    format!("/{}", names.join("/"))
}

/// What to do about a mount that failed, whatever it was.
pub(super) fn explain(error: CoreError) -> CoreError {
    match (error.errno, error.call.as_deref()) {
        (Some(ENOSPC), Some("mount" | "move_mount" | "open_tree")) => {
            error.with_hint("the namespace has too many mounts: raise /proc/sys/fs/mount-max")
        }
        (Some(ENOSPC), _) => error.with_hint("the file system of the container's root is full (see df and df -i)"),
        (Some(ENOSYS), _) => CoreError { code: ErrorCode::KernelLacks, ..error },
        (Some(EBUSY), Some("mount")) => error.with_hint("another container or mount uses these directories"),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalized_does_what_its_table_says() {
        for (path, expected) in [
            ("/proc", "/proc"),
            ("//proc/./", "/proc"),
            ("/dev/../proc", "/proc"),
            ("/../../proc/cpuinfo", "/proc/cpuinfo"),
            ("/", "/"),
            ("", "/"),
        ] {
            assert_eq!(normalized(path), expected, "{path}");
        }
    }

    #[test]
    fn with_mode_takes_the_covered_directorys_where_none_is_said() {
        for (data, covered, expected) in [
            ("", Some(0o1777), "mode=1777"),
            ("size=64k", Some(0o750), "mode=750,size=64k"),
            ("size=64k,mode=700", Some(0o755), "size=64k,mode=700"),
            ("size=64k", None, "size=64k"),
        ] {
            let what =
                FileSystem { source: "tmpfs", fstype: "tmpfs", flags: 0, data, copy_up: false, attributes: None };
            assert_eq!(with_mode(&what, covered), expected, "{data}");
        }
    }

    #[test]
    fn guard_lets_through_only_what_its_table_says() {
        let proc = file::open("/proc/self", OFlags::PATH).unwrap();
        let other = file::open("/", OFlags::PATH).unwrap();
        for (point, destination, shows_procfs, allowed) in [
            (&proc, "/proc/cpuinfo", false, true),
            (&proc, "/proc/./cpuinfo", false, true),
            (&proc, "/proc/self/attr", false, false),
            (&proc, "/looks/harmless", false, false),
            (&proc, "/proc", false, false),
            (&proc, "/proc", true, true),
            (&other, "/proc", false, false),
            (&other, "/data", false, true),
        ] {
            assert_eq!(
                guard("Bind", point.as_fd(), destination, || shows_procfs).is_ok(),
                allowed,
                "{destination} {shows_procfs}"
            );
        }
    }
}
