//! Mounts. mount(2), pivot_root(2), open_tree(2), mount_setattr(2)
#![allow(unsafe_code)]

use crate::error::{Result, SysError, check, named};
use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags};
use std::ffi::CString;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

/// MS_* bits of mount(2), as plans hold them.
pub mod ms {
    /// Read-only.
    pub const RDONLY: u32 = 1;
    /// No set-user-ID programs.
    pub const NOSUID: u32 = 1 << 1;
    /// No device files.
    pub const NODEV: u32 = 1 << 2;
    /// No programs.
    pub const NOEXEC: u32 = 1 << 3;
    /// Change an existing mount.
    pub const REMOUNT: u32 = 1 << 5;
    /// Do not follow symbolic links.
    pub const NOSYMFOLLOW: u32 = 1 << 8;
    /// Never update access times.
    pub const NOATIME: u32 = 1 << 10;
    /// Never update access times of directories.
    pub const NODIRATIME: u32 = 1 << 11;
    /// Show a directory or file at a second place.
    pub const BIND: u32 = 1 << 12;
    /// With everything below.
    pub const REC: u32 = 1 << 14;
    /// mount_namespaces(7), "Shared subtrees".
    pub const UNBINDABLE: u32 = 1 << 17;
    /// Likewise.
    pub const PRIVATE: u32 = 1 << 18;
    /// Likewise.
    pub const SLAVE: u32 = 1 << 19;
    /// Likewise.
    pub const SHARED: u32 = 1 << 20;
    /// Update access times relative to changes.
    pub const RELATIME: u32 = 1 << 21;
    /// Always update access times.
    pub const STRICTATIME: u32 = 1 << 24;
}

/// mount(2) of a new file system, or with MS_BIND of an existing tree.
///
/// mount(2) reads no more than a page of `data`: longer ones are refused with E2BIG here.
pub fn mount(source: &str, target: &str, fstype: &str, flags: u32, data: &str) -> Result<()> {
    if data.len() >= 4096 {
        return Err(SysError::new("mount", libc::E2BIG));
    }
    raw_mount(Some(source), target, Some(fstype), flags, Some(data))
}

/// mount(2) MS_BIND.
pub fn bind(source: &str, target: &str, recursive: bool) -> Result<()> {
    raw_mount(Some(source), target, None, ms::BIND | if recursive { ms::REC } else { 0 }, None)
}

/// mount(2) MS_REMOUNT with MS_BIND: gives a mount exactly these flags.
pub fn remount(target: &str, flags: u32) -> Result<()> {
    raw_mount(None, target, None, ms::REMOUNT | ms::BIND | flags, None)
}

/// mount(2) with MS_PRIVATE, MS_SLAVE, MS_SHARED or MS_UNBINDABLE, and perhaps MS_REC.
pub fn set_propagation(target: &str, flags: u32) -> Result<()> {
    raw_mount(None, target, None, flags, None)
}

fn raw_mount(source: Option<&str>, target: &str, fstype: Option<&str>, flags: u32, data: Option<&str>) -> Result<()> {
    let text = |text: &str| CString::new(text).map_err(|_| SysError::new("mount", libc::EINVAL));
    let (source, target) = (source.map(text).transpose()?, text(target)?);
    let (fstype, data) = (fstype.map(text).transpose()?, data.map(text).transpose()?);
    let pointer = |text: &Option<CString>| text.as_ref().map_or(std::ptr::null(), |text| text.as_ptr());
    // SAFETY: mount reads NUL-ended strings, all of which live until it returns; null stands for none.
    let result = unsafe {
        libc::mount(pointer(&source), target.as_ptr(), pointer(&fstype), flags.into(), pointer(&data).cast())
    };
    check("mount", result.into()).map(drop)
}

/// Stacks the old root under the new one: `pivot_root(".", ".")`.
///
/// The working directory must be the new root and a mount point.
/// Errors: EINVAL not a mount point or a shared parent mount; EBUSY already the root.
/// Source: pivot_root(2), NOTES.
pub fn pivot_root_to_cwd() -> Result<()> {
    named("pivot_root", rustix::process::pivot_root(".", "."))
}

/// umount2(2) MNT_DETACH of the topmost mount on a path, which is no symbolic link.
pub fn detach(path: &str) -> Result<()> {
    named("umount2", rustix::mount::unmount(path, UnmountFlags::DETACH | UnmountFlags::NOFOLLOW))
}

/// umount2(2) of the topmost mount on a path, which is no symbolic link. EBUSY: it is used.
pub fn unmount(path: &str) -> Result<()> {
    named("umount2", rustix::mount::unmount(path, UnmountFlags::NOFOLLOW))
}

/// umount2(2) MNT_DETACH of the topmost mount on the working directory.
pub fn detach_cwd() -> Result<()> {
    named("umount2", rustix::mount::unmount(".", UnmountFlags::DETACH))
}

/// open_tree(2) OPEN_TREE_CLONE of a path: a detached bind mount.
pub fn clone_tree(path: &str, recursive: bool) -> Result<OwnedFd> {
    let mut flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    flags.set(OpenTreeFlags::AT_RECURSIVE, recursive);
    named("open_tree", rustix::mount::open_tree(rustix::fs::CWD, path, flags))
}

/// open_tree(2) OPEN_TREE_CLONE of what a descriptor is of.
pub fn clone_tree_at(file: BorrowedFd<'_>, recursive: bool) -> Result<OwnedFd> {
    let mut flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_EMPTY_PATH;
    flags.set(OpenTreeFlags::AT_RECURSIVE, recursive);
    named("open_tree", rustix::mount::open_tree(file, "", flags))
}

/// move_mount(2) of a detached mount onto what a descriptor is of.
pub fn attach(tree: BorrowedFd<'_>, target: BorrowedFd<'_>) -> Result<()> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    named("move_mount", rustix::mount::move_mount(tree, "", target, "", flags))
}

/// A detached procfs of this process's pid namespace: fsopen(2), fsmount(2).
pub fn detached_procfs() -> Result<OwnedFd> {
    let context = named("fsopen", rustix::mount::fsopen("proc", FsOpenFlags::FSOPEN_CLOEXEC))?;
    named("fsconfig", rustix::mount::fsconfig_create(&context))?;
    let attributes =
        MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NODEV | MountAttrFlags::MOUNT_ATTR_NOEXEC;
    named("fsmount", rustix::mount::fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, attributes))
}

/// A file system that is being configured, with each option on its own, however many they are: fsopen(2), fsconfig(2).
#[derive(Debug)]
pub struct Configured(OwnedFd);

impl Configured {
    /// A new one of this type, shown with this source.
    pub fn begin(fstype: &str, source: &str) -> Result<Self> {
        let context = named("fsopen", rustix::mount::fsopen(fstype, FsOpenFlags::FSOPEN_CLOEXEC))?;
        let configured = Self(context);
        configured.option("source", Some(source))?;
        Ok(configured)
    }

    /// fsconfig(2) FSCONFIG_SET_STRING, or without a value FSCONFIG_SET_FLAG.
    pub fn option(&self, name: &str, value: Option<&str>) -> Result<()> {
        let set = match value {
            Some(value) => rustix::mount::fsconfig_set_string(&self.0, name, value),
            None => rustix::mount::fsconfig_set_flag(&self.0, name),
        };
        named("fsconfig", set)
    }

    /// fsmount(2): a detached mount, to be attached.
    pub fn mount(self, read_only: bool) -> Result<OwnedFd> {
        if read_only {
            self.option("ro", None)?;
        }
        self.create()?;
        self.mount_with(if read_only { ms::RDONLY } else { 0 })
    }

    /// fsmount(2) with these MS_* bits of the mount itself, once the file system is made: a detached mount, to be attached.
    pub fn mount_with(&self, flags: u32) -> Result<OwnedFd> {
        let bits = u32::try_from(Attributes::with(flags).set).unwrap_or(0);
        let attributes = MountAttrFlags::from_bits_retain(bits);
        named("fsmount", rustix::mount::fsmount(&self.0, FsMountFlags::FSMOUNT_CLOEXEC, attributes))
    }

    /// fsconfig(2) FSCONFIG_CMD_CREATE: all options are there.
    pub fn create(&self) -> Result<()> {
        named("fsconfig", rustix::mount::fsconfig_create(&self.0))
    }
}

/// `struct mount_attr` of linux/mount.h.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// MOUNT_ATTR_* to set.
    set: u64,
    /// MOUNT_ATTR_* to clear.
    clear: u64,
    /// MS_PRIVATE and so on; 0: as it is.
    propagation: u64,
    /// The user namespace of MOUNT_ATTR_IDMAP.
    user_namespace: u64,
}

/// MOUNT_ATTR__ATIME: access time is one value of three, not a bit.
const ATTR_ATIME: u64 = 0x70;
/// MOUNT_ATTR_IDMAP
const ATTR_IDMAP: u64 = 0x10_0000;
/// MS_* with a bit of their own: MS_*, MOUNT_ATTR_*.
const ATTRIBUTES: [(u32, u64); 6] = [
    (ms::RDONLY, 0x1),
    (ms::NOSUID, 0x2),
    (ms::NODEV, 0x4),
    (ms::NOEXEC, 0x8),
    (ms::NODIRATIME, 0x80),
    (ms::NOSYMFOLLOW, 0x20_0000),
];
/// MS_* of the access time: MS_*, MOUNT_ATTR_*.
const ATIME: [(u32, u64); 3] = [(ms::RELATIME, 0x0), (ms::NOATIME, 0x10), (ms::STRICTATIME, 0x20)];

impl Attributes {
    /// Sets these MS_* bits and leaves the others.
    #[must_use]
    pub fn with(flags: u32) -> Self {
        Self::change(flags, 0, 0)
    }

    /// Sets MS_* bits and clears others of a mount that has the bits `current`. An access time that is cleared becomes `relatime`.
    #[must_use]
    pub fn change(set: u32, clear: u32, current: u32) -> Self {
        let bits =
            |flags: u32| ATTRIBUTES.iter().filter(|(ms, _)| flags & ms != 0).map(|(_, attribute)| attribute).sum();
        let current = if current & (ms::NOATIME | ms::RELATIME) == 0 { current | ms::STRICTATIME } else { current };
        // Only what is there: an older kernel refuses to clear what it does not know.
        let clear = clear & current & !set;
        let cleared = bits(clear);
        match ATIME.iter().find(|(ms, _)| set & ms != 0) {
            // mount_setattr(2): atime needs MOUNT_ATTR__ATIME in attr_clr.
            Some((_, atime)) => Self { set: bits(set) | atime, clear: cleared | ATTR_ATIME, ..Self::default() },
            None if clear & (ms::NOATIME | ms::STRICTATIME) != 0 => {
                Self { set: bits(set), clear: cleared | ATTR_ATIME, ..Self::default() }
            }
            None => Self { set: bits(set), clear: cleared, ..Self::default() },
        }
    }

    /// MOUNT_ATTR_* bits as mount_setattr(2) has them.
    #[must_use]
    pub fn of_bits(set: u32, clear: u32) -> Self {
        // As above: one value of three, whichever bits of it are named.
        let atime = if u64::from(set | clear) & ATTR_ATIME != 0 { ATTR_ATIME } else { 0 };
        Self { set: set.into(), clear: u64::from(clear) | atime, ..Self::default() }
    }

    /// A propagation type, as MS_* bit.
    #[must_use]
    pub fn propagation(flags: u32) -> Self {
        Self { propagation: (flags & !ms::REC).into(), ..Self::default() }
    }
}

/// mount_setattr(2) of the mount that a descriptor is of, and with `recursive` of all below it.
pub fn set_attributes(mount: BorrowedFd<'_>, attributes: &Attributes, recursive: bool) -> Result<()> {
    let flags = libc::AT_EMPTY_PATH | if recursive { libc::AT_RECURSIVE } else { 0 };
    let (attributes, size) = (std::ptr::from_ref(attributes), size_of::<Attributes>());
    // SAFETY: mount_setattr reads an empty string and `size` bytes of attributes; both live until it returns.
    let result =
        unsafe { libc::syscall(libc::SYS_mount_setattr, mount.as_raw_fd(), c"".as_ptr(), flags, attributes, size) };
    check("mount_setattr", result).map(drop)
}

/// mount_setattr(2) MOUNT_ATTR_IDMAP: maps the owners of a detached mount through a user namespace.
pub fn map_owners(tree: BorrowedFd<'_>, user_namespace: BorrowedFd<'_>, recursive: bool) -> Result<()> {
    let user_namespace = user_namespace.as_raw_fd().unsigned_abs().into();
    set_attributes(tree, &Attributes { set: ATTR_IDMAP, user_namespace, ..Attributes::default() }, recursive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_with_does_what_its_table_says() {
        for (flags, set, clear) in [
            (0, 0, 0),
            (ms::RDONLY | ms::NOSUID | ms::NODEV | ms::NOEXEC, 0xf, 0),
            (ms::NODIRATIME | ms::NOSYMFOLLOW, 0x20_0080, 0),
            (ms::NOATIME, 0x10, 0x70),
            (ms::STRICTATIME | ms::RDONLY, 0x21, 0x70),
            (ms::RELATIME, 0, 0x70),
        ] {
            let attributes = Attributes::with(flags);
            assert_eq!((attributes.set, attributes.clear), (set, clear), "{flags:#x}");
        }
    }

    #[test]
    fn attributes_change_does_what_its_table_says() {
        for (set, clear, current, expected) in [
            (0, ms::NOSUID | ms::NODEV, ms::NOSUID | ms::NODEV | ms::NOEXEC, (0, 0x6)),
            (0, ms::NOSUID | ms::NOSYMFOLLOW, ms::NOSUID, (0, 0x2)),
            (ms::RDONLY, ms::RDONLY, ms::RDONLY, (0x1, 0)),
            (0, ms::NOATIME, ms::NOATIME, (0, 0x70)),
            (0, ms::NOATIME, ms::RELATIME, (0, 0)),
            (0, ms::STRICTATIME, 0, (0, 0x70)),
            (0, ms::STRICTATIME, ms::RELATIME, (0, 0)),
            (ms::STRICTATIME, ms::NOATIME, ms::NOATIME, (0x20, 0x70)),
        ] {
            let attributes = Attributes::change(set, clear, current);
            assert_eq!((attributes.set, attributes.clear), expected, "{set:#x} {clear:#x} {current:#x}");
        }
    }

    #[test]
    fn attributes_of_bits_names_the_whole_access_time() {
        for ((set, clear), expected) in [((0x1, 0x2), (0x1, 0x2)), ((0x10, 0), (0x10, 0x70)), ((0, 0x20), (0, 0x70))] {
            let attributes = Attributes::of_bits(set, clear);
            assert_eq!((attributes.set, attributes.clear), expected);
        }
    }

    #[test]
    fn mount_refuses_data_that_the_kernel_would_cut_off() {
        let error = mount("none", "/", "tmpfs", 0, &"x".repeat(4096)).unwrap_err();
        assert_eq!(error, SysError::new("mount", libc::E2BIG));
    }
}
