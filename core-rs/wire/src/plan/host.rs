//! Steps in the runtime namespace, before the container exists and when it has ended.

use serde::{Deserialize, Serialize};

use super::clone::UserMapping;
use super::hook::Hook;
use super::unit::UnitProperty;
use crate::wire_type;

wire_type! {
    /// A step in the runtime namespace. Done by the core before the clone, and by whoever tears down afterwards.
    #[serde(tag = "kind")]
    pub enum HostStep {
        /// mkdir(2).
        MakeDirectory {
            /// The directory.
            path: String,
            /// Permission bits, for example 0o700.
            mode: u32,
            /// Make missing parents too (same mode), and accept a directory that is there.
            parents: bool,
            /// chown(2) of the directory itself, when it was made; none: whoever makes it.
            owner: Option<Owner>,
        },
        /// open(2) and write(2) of a file of masu's own: written beside, then renamed over; or made anew and refused when it is there.
        WriteFile {
            /// The file.
            path: String,
            /// Its whole content.
            text: String,
            /// Permission bits.
            mode: u32,
            /// Fail with `already_exists` when there is such a file.
            exclusive: bool,
            /// fchown(2); none: whoever makes it.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[cfg_attr(feature = "typescript", ts(optional))]
            owner: Option<Owner>,
        },
        /// symlink(2) that reserves a name: fails with `already_exists` when it is taken.
        ReserveName {
            /// The symbolic link.
            path: String,
            /// What it points to.
            target: String,
            /// The name, for the message.
            name: String,
        },
        /// One write(2) to a control file of the kernel (cgroup, proc), which must exist.
        WriteControl {
            /// The control file.
            path: String,
            /// The text, written in one call.
            text: String,
            /// A file that is not there is fine: this kernel, or this group, has nothing that it could limit.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[cfg_attr(feature = "typescript", ts(optional))]
            optional: Option<bool>,
        },
        /// mkdir(2) of a v2 cgroup with its parents, or one that is there. Below a threaded domain it becomes threaded, since nobody could be
        /// in it otherwise. cgroup-v2.rst, "Threads"
        MakeCgroup {
            /// The cgroup's directory.
            path: String,
        },
        /// write(2) to `cgroup.subtree_control`: gives the v2 cgroups below one controllers, all at once or, where the kernel refuses that,
        /// one by one. cgroup-v2.rst, "Enabling and Disabling"
        EnableControllers {
            /// The cgroup's directory.
            path: String,
            /// Those that something was asked of: without one of them the step fails.
            needed: Vec<NeededController>,
            /// Those that are enabled where they can be had.
            usual: Vec<String>,
        },
        /// Gives a v1 cpuset what its parent has, where it has no CPUs or no memory nodes yet: no task could join it. cpuset(7)
        InheritCpuset {
            /// The cgroup's directory.
            path: String,
        },
        /// bpf(2): a `BPF_PROG_TYPE_CGROUP_DEVICE` program of these rules on a v2 cgroup. Later rules win; what no rule names is denied.
        AttachDeviceProgram {
            /// The cgroup's directory.
            cgroup: String,
            /// The rules in order.
            rules: Vec<DeviceRule>,
        },
        /// Kills every process in a cgroup and below it: `cgroup.kill`, else SIGKILL until `cgroup.procs` is empty.
        KillCgroup {
            /// The cgroup's directory.
            path: String,
        },
        /// rmdir(2) of a cgroup, again while the kernel still says EBUSY. One that is gone is fine.
        RemoveCgroup {
            /// The cgroup's directory.
            path: String,
            /// With what the container made below it. Otherwise a cgroup that has others below it is theirs, and stays.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[cfg_attr(feature = "typescript", ts(optional))]
            recursive: Option<bool>,
        },
        /// Removes a tree without following symbolic links or leaving its file system. One that is gone is fine.
        RemoveTree {
            /// The tree's top directory.
            path: String,
            /// Its files belong to ids of this mapping: an ordinary user removes them from inside a user namespace that has it.
            user: Option<UserMapping>,
        },
        /// unlink(2). A file that is gone is fine.
        RemoveFile {
            /// The file.
            path: String,
            /// Only when it is a symbolic link to this; anything else belongs to somebody else and is left alone.
            target: Option<String>,
        },
        /// rmdir(2) of an empty directory that a mount point needed, resolved below `root` without symbolic links. Anything else is left alone.
        RemoveMountPoint {
            /// The root directory.
            root: String,
            /// The directory below it.
            path: String,
            /// It is a file (made for a bind mount of a file), to be removed if it is empty.
            file: bool,
        },
        /// mount(2) in the runtime namespace.
        Mount {
            /// The source.
            source: String,
            /// Where; it must be there.
            destination: String,
            /// File system type; of a bind mount nothing.
            #[serde(rename = "type")]
            kind: String,
            /// MS_* bits.
            flags: u32,
            /// File system options.
            data: String,
        },
        /// umount2(2).
        Unmount {
            /// The mount point.
            path: String,
            /// MNT_DETACH.
            lazy: bool,
        },
        /// chown(2) of a control file of the kernel's.
        ChangeOwner {
            /// The file.
            path: String,
            /// Who gets it.
            owner: Owner,
        },
        /// Runs a program in the runtime namespace. Errors: it ended otherwise than with 0, or took too long.
        RunHook {
            /// Which.
            hook: Hook,
            /// OCI's state of the container, which the program gets on its stdin, without `pid`.
            #[cfg_attr(feature = "typescript", ts(type = "unknown"))]
            state: serde_json::Value,
            /// `pid` of that state, as digits; empty: it has none.
            pid: String,
        },
        /// RTM_NEWLINK: moves a network device into a process's network namespace, with its addresses, and brings it up. OCI `linux.netDevices`.
        MoveNetworkDevice {
            /// Its name here.
            name: String,
            /// Its name there.
            new_name: String,
            /// The process, as digits.
            pid: String,
        },
        /// systemd's StartTransientUnit(3), and waits until the unit is there: it makes the cgroup and puts the process into it.
        StartUnit {
            /// `NAME.scope`, or `NAME.slice`.
            name: String,
            /// The user's own manager, instead of the system's.
            user: bool,
            /// The process that it begins with, as digits; empty: none.
            pid: String,
            /// Its properties, without `PIDs`.
            properties: Vec<UnitProperty>,
        },
        /// systemd's SetUnitProperties, for this boot.
        SetUnitProperties {
            /// The unit.
            name: String,
            /// The user's own manager.
            user: bool,
            /// Its new properties.
            properties: Vec<UnitProperty>,
        },
        /// systemd's StopUnit, and waits until it is gone; ResetFailedUnit. One that is gone is fine.
        StopUnit {
            /// The unit.
            name: String,
            /// The user's own manager.
            user: bool,
        },
    }
}

wire_type! {
    /// A controller, and why it is needed.
    pub struct NeededController {
        /// Its name in `cgroup.controllers`.
        pub name: String,
        /// What was asked for, for the message: `linux.resources.memory.limit`, `--memory`.
        pub by: String,
    }
}

wire_type! {
    /// chown(2), ids of the runtime namespace.
    #[derive(Copy, PartialEq, Eq)]
    pub struct Owner {
        /// User id.
        pub uid: u32,
        /// Group id.
        pub gid: u32,
    }
}

wire_type! {
    /// One rule of a device cgroup. OCI runtime-spec, config-linux.md, "Allowed Device list".
    pub struct DeviceRule {
        /// Allow or deny.
        pub allow: bool,
        /// `a` (all), `b` or `c`.
        #[serde(rename = "type")]
        pub kind: char,
        /// Major number; none means any.
        pub major: Option<u32>,
        /// Minor number; none means any.
        pub minor: Option<u32>,
        /// Any of `r`, `w`, `m`.
        pub access: String,
    }
}
