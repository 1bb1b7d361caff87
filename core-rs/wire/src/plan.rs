//! The plan: one typed, ordered document of everything that a container's start does, and of what undoes it.
//!
//! TypeScript makes it from a spec and the host's facts; the core executes it. Every string may hold blanks
//! (see [`crate::blank`]); a path is absolute in the runtime namespace, unless its field says that it is the container's.

use serde::{Deserialize, Serialize};

use crate::wire_type;

/// Raised on any change of the plan's shape, so that a kept plan is never misread.
pub const PLAN_VERSION: u32 = 1;

wire_type! {
    /// All steps from an idle host to a running program and back, grouped by who executes them and when.
    pub struct Plan {
        /// [`PLAN_VERSION`].
        pub version: u32,
        /// What was read of the host to make this plan; it holds as long as every fact holds.
        pub facts: Vec<Fact>,
        /// In the runtime namespace, before the container's first process exists.
        pub before: Vec<HostStep>,
        /// The clone itself and what is written down about its child.
        pub clone: CloneStep,
        /// In the container's first process: its network namespace.
        pub network: Vec<StageStep>,
        /// In the container's first process: cgroups, namespaces, mounts, the new root.
        pub inside: Vec<StageStep>,
        /// In the container's first process: limits, identity, capabilities, filter and, last, the program.
        pub exec: Vec<StageStep>,
        /// In the runtime namespace, when the program has ended or any step has failed. All are tried.
        pub afterwards: Vec<HostStep>,
    }
}

wire_type! {
    /// Something of the host that the plan depends on.
    pub struct Fact {
        /// What it is called in `lib/host`, for example `cgroup.layout`.
        pub name: String,
        /// What it was, in one readable line.
        pub value: String,
        /// What shows that it still holds.
        pub holds: Witness,
    }
}

wire_type! {
    /// How to see that a fact still holds without reading it again.
    #[serde(tag = "kind")]
    pub enum Witness {
        /// Until the next boot: the value of `/proc/sys/kernel/random/boot_id`.
        Boot {
            /// The boot's UUID.
            id: String,
        },
        /// As long as this file is the same one and unchanged.
        File {
            /// The file.
            path: String,
            /// `st_dev`; 0 when the file was absent.
            #[cfg_attr(feature = "typescript", ts(type = "number"))]
            device: u64,
            /// `st_ino`; 0 when the file was absent.
            #[cfg_attr(feature = "typescript", ts(type = "number"))]
            inode: u64,
            /// `st_mtim` in milliseconds since the epoch; 0 when the file was absent.
            mtime_ms: f64,
        },
        /// For this process only: it must be read again each time (environment, identity, descriptors).
        Process,
    }
}

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

wire_type! {
    /// The kernel's namespaces. namespaces(7)
    #[derive(Copy, PartialEq, Eq)]
    pub enum Namespace {
        /// CLONE_NEWNS
        Mount,
        /// CLONE_NEWUTS
        Uts,
        /// CLONE_NEWIPC
        Ipc,
        /// CLONE_NEWNET
        Network,
        /// CLONE_NEWPID
        Pid,
        /// CLONE_NEWUSER
        User,
        /// CLONE_NEWCGROUP
        Cgroup,
        /// CLONE_NEWTIME
        Time,
    }
}

wire_type! {
    /// clone3(2) of the container's first process.
    pub struct CloneStep {
        /// New namespaces. The cgroup namespace is not among them: it is unshared inside, after the cgroups were joined.
        pub namespaces: Vec<Namespace>,
        /// Existing namespaces to enter, in this order.
        pub join: Vec<JoinNamespace>,
        /// Ids of the new user namespace.
        pub user: Option<UserMapping>,
        /// Offsets of the new time namespace.
        pub time_offsets: Vec<TimeOffset>,
        /// The v2 cgroup's directory in which the child starts (CLONE_INTO_CGROUP).
        pub cgroup: Option<String>,
        /// Written down once the child exists: here the blank `${pid}` is known.
        pub record: Vec<HostStep>,
    }
}

wire_type! {
    /// setns(2).
    pub struct JoinNamespace {
        /// Which.
        pub namespace: Namespace,
        /// The namespace's file, for example `/proc/4711/ns/net`.
        pub path: String,
    }
}

wire_type! {
    /// user_namespaces(7), "User and group ID mappings".
    pub struct UserMapping {
        /// User ids.
        pub uid_mappings: Vec<IdMapping>,
        /// Group ids.
        pub gid_mappings: Vec<IdMapping>,
        /// The setuid programs that write maps of subordinate ids; none: the core writes `/proc/PID/uid_map` itself.
        pub tools: Option<MapTools>,
        /// Write `deny` to `/proc/PID/setgroups` first: needed for an unprivileged map of one's own group.
        pub deny_setgroups: bool,
    }
}

wire_type! {
    /// One range of ids. OCI runtime-spec, config-linux.md, "User namespace mappings".
    #[derive(Copy, PartialEq, Eq)]
    pub struct IdMapping {
        /// First id in the container.
        #[serde(rename = "containerID")]
        pub container_id: u32,
        /// First id outside.
        #[serde(rename = "hostID")]
        pub host_id: u32,
        /// How many.
        pub size: u32,
    }
}

wire_type! {
    /// Paths of newuidmap(1) and newgidmap(1).
    pub struct MapTools {
        /// newuidmap
        pub newuidmap: String,
        /// newgidmap
        pub newgidmap: String,
    }
}

wire_type! {
    /// time_namespaces(7), `/proc/PID/timens_offsets`.
    pub struct TimeOffset {
        /// `monotonic` or `boottime`.
        pub clock: String,
        /// Seconds, may be negative.
        #[cfg_attr(feature = "typescript", ts(type = "number"))]
        pub seconds: i64,
        /// Nanoseconds, 0 to 999,999,999.
        pub nanoseconds: u32,
    }
}

wire_type! {
    /// What to make at a mount's destination where nothing is there.
    #[derive(Copy, PartialEq, Eq)]
    pub enum MountPoint {
        /// A directory.
        Directory,
        /// An empty file.
        File,
        /// Nothing: the mount is skipped when its destination is missing.
        Optional,
    }
}

wire_type! {
    /// How the root directory comes to be. pivot_root(2) needs it to be a mount.
    #[serde(tag = "kind")]
    pub enum RootSource {
        /// The directory itself, with what is mounted below it.
        Bind {
            /// The directory.
            source: String,
            /// With what is mounted below it (MS_REC).
            recursive: bool,
            /// Map its owners through the container's user namespace: mount_setattr(2) MOUNT_ATTR_IDMAP.
            idmapped: bool,
        },
        /// Copy on write.
        Overlay {
            /// The layers.
            layer: OverlayLayer,
        },
        /// An empty tmpfs, to be filled by later steps.
        Tmpfs {
            /// Mount data, for example `mode=755`.
            data: String,
        },
    }
}

wire_type! {
    /// One overlay. Kernel, Documentation/filesystems/overlayfs.rst.
    pub struct OverlayLayer {
        /// Lower directories, topmost first.
        pub lower: Vec<String>,
        /// The upper directory.
        pub upper: String,
        /// The work directory, on the upper one's file system.
        pub work: String,
        /// Further mount options, for example `userxattr`.
        pub options: Vec<String>,
        /// Map the lower layers' owners through the container's user namespace (MOUNT_ATTR_IDMAP on a clone of each).
        pub idmapped: bool,
    }
}

wire_type! {
    /// A step in the container's first process, executed by `init` in order.
    ///
    /// `destination` and `path` are the container's own (absolute below its root) and are resolved there, unless the field says otherwise.
    #[serde(tag = "kind")]
    pub enum StageStep {
        /// ioctl(2) SIOCSIFFLAGS: brings the loopback device up.
        LoopbackUp,
        /// Writes `0` into each file: this single thread joins v1 cgroups. Paths of the runtime namespace.
        JoinCgroups {
            /// `tasks` files.
            paths: Vec<String>,
        },
        /// unshare(2) CLONE_NEWCGROUP: the joined cgroups become the roots that are seen.
        UnshareCgroup,
        /// sethostname(2).
        SetHostname {
            /// The name, 64 bytes at most.
            name: String,
        },
        /// setdomainname(2).
        SetDomainname {
            /// The name, 64 bytes at most.
            name: String,
        },
        /// A write below /proc/sys through the runtime namespace's own procfs; the namespaces are the container's.
        SetSysctl {
            /// Dotted name, for example `net.ipv4.ip_forward`.
            name: String,
            /// Value.
            value: String,
        },
        /// `/proc/self/oom_score_adj`.
        SetOomScoreAdj {
            /// -1000 to 1000.
            value: i32,
        },
        /// mount(2) with MS_REC and a propagation type on `/`, so that nothing done here reaches the host.
        SetPropagation {
            /// `rslave` or `rprivate`.
            propagation: Propagation,
        },
        /// The new root, mounted at a directory of masu's own.
        MountRoot {
            /// The mount point, in the runtime namespace.
            path: String,
            /// What is mounted.
            root: RootSource,
        },
        /// mount(2) of a new file system.
        Mount {
            /// What to show as the source.
            source: String,
            /// Where.
            destination: String,
            /// File system type.
            #[serde(rename = "type")]
            fstype: String,
            /// MS_* bits.
            flags: u32,
            /// File system options.
            data: String,
            /// What to make at the destination.
            create: MountPoint,
        },
        /// mount(2) of an overlay inside the root.
        MountOverlay {
            /// Where.
            destination: String,
            /// The layers.
            layer: OverlayLayer,
        },
        /// Bind mount of a file or directory of the runtime namespace; with open_tree(2) where a shared propagation must be kept.
        Bind {
            /// Path in the runtime namespace, opened before the new root covers anything.
            source: String,
            /// Where.
            destination: String,
            /// With what is mounted below it (MS_REC).
            recursive: bool,
            /// MS_* bits to set on it: MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, times.
            flags: u32,
            /// Make everything below it read-only too: mount_setattr(2) with AT_RECURSIVE.
            recursive_read_only: bool,
            /// What later mounts on either side do to the other; none: as the new root has it.
            propagation: Option<Propagation>,
            /// What to make at the destination.
            create: MountPoint,
        },
        /// Changes propagation or flags of a mount that is there, as `mount -o remount,bind` and `mount --make-*` do.
        Remount {
            /// The mount point.
            destination: String,
            /// MS_* bits that it will have; none: unchanged.
            flags: Option<u32>,
            /// Its propagation; none: unchanged.
            propagation: Option<Propagation>,
        },
        /// mknod(2) and chown(2).
        MakeDevice {
            /// Where.
            path: String,
            /// `b`, `c` or `p` (fifo).
            #[serde(rename = "type")]
            kind: char,
            /// Major number.
            major: u32,
            /// Minor number.
            minor: u32,
            /// Permission bits.
            mode: u32,
            /// Owner.
            uid: u32,
            /// Group.
            gid: u32,
        },
        /// symlink(2). One that is there is left.
        MakeSymlink {
            /// Where.
            path: String,
            /// What it points to.
            target: String,
        },
        /// mkdir(2), with parents. One that is there is left.
        MakeDirectory {
            /// Where.
            path: String,
            /// Permission bits of what is made.
            mode: u32,
        },
        /// Hides a path: an empty read-only tmpfs over a directory, `/dev/null` over anything else. Skipped where there is none.
        Mask {
            /// What to hide.
            path: String,
        },
        /// A bind mount of the path on itself, remounted read-only. Skipped where there is none.
        ReadOnlyPath {
            /// What to protect.
            path: String,
        },
        /// pivot_root(2) into the new root, and the old one is detached.
        PivotRoot,
        /// The root's own mount becomes read-only.
        ReadOnlyRoot,
        /// setsid(2).
        NewSession,
        /// A pseudoterminal of the container's own devpts becomes the controlling terminal, stdin, stdout, stderr and `/dev/console`.
        OpenTerminal {
            /// Rows; 0: as the kernel has it.
            rows: u16,
            /// Columns.
            columns: u16,
            /// Mount it on `/dev/console`.
            console: bool,
            /// Its owner in the container: the program's user, who may then open it by name.
            uid: u32,
        },
        /// keyctl(2) KEYCTL_JOIN_SESSION_KEYRING. Skipped where the kernel has no keys.
        NewKeyring {
            /// The keyring's name.
            name: String,
        },
        /// setrlimit(2).
        SetRlimit {
            /// `RLIMIT_NOFILE` and so on.
            resource: String,
            /// Soft limit; -1: unlimited.
            #[cfg_attr(feature = "typescript", ts(type = "number"))]
            soft: i64,
            /// Hard limit; -1: unlimited.
            #[cfg_attr(feature = "typescript", ts(type = "number"))]
            hard: i64,
        },
        /// umask(2).
        SetUmask {
            /// Permission bits to leave out.
            mask: u32,
        },
        /// prctl(2) PR_CAPBSET_DROP of all others.
        SetBoundingSet {
            /// Capabilities that stay, `CAP_CHOWN` and so on.
            keep: Vec<String>,
        },
        /// setgroups(2), setresgid(2), setresuid(2), capabilities kept.
        SetUser {
            /// User id in the container.
            uid: u32,
            /// Group id in the container.
            gid: u32,
            /// Further groups; none: leave them as they are (setgroups is denied).
            groups: Option<Vec<u32>>,
        },
        /// capset(2), then PR_CAP_AMBIENT_RAISE.
        SetCapabilities {
            /// Effective set.
            effective: Vec<String>,
            /// Permitted set.
            permitted: Vec<String>,
            /// Inheritable set.
            inheritable: Vec<String>,
            /// Ambient set.
            ambient: Vec<String>,
        },
        /// prctl(2) PR_SET_NO_NEW_PRIVS.
        NoNewPrivileges,
        /// seccomp(2) SECCOMP_SET_MODE_FILTER.
        LoadFilter {
            /// Which program.
            filter: Filter,
        },
        /// chdir(2) in the container, which must lead to a place below its root.
        ChangeDirectory {
            /// Where to.
            path: String,
            /// Make it, with parents, when it is missing.
            create: bool,
        },
        /// close_range(2): nothing but stdin, stdout, stderr and the kept ones reaches the program.
        CloseDescriptors {
            /// How many from 3 on are kept; each must be open.
            keep: u32,
        },
        /// execve(2), the program looked up in the container's own PATH.
        Execute {
            /// argv. The program is the first.
            arguments: Vec<String>,
            /// `NAME=value` each.
            environment: Vec<String>,
            /// Stay as PID 1 that forwards signals and reaps, with the program as child (`--init`).
            reaper: bool,
        },
    }
}

wire_type! {
    /// mount_namespaces(7), "Shared subtrees".
    #[derive(Copy, PartialEq, Eq)]
    pub enum Propagation {
        /// MS_PRIVATE
        Private,
        /// MS_PRIVATE with MS_REC
        Rprivate,
        /// MS_SLAVE
        Slave,
        /// MS_SLAVE with MS_REC
        Rslave,
        /// MS_SHARED
        Shared,
        /// MS_SHARED with MS_REC
        Rshared,
        /// MS_UNBINDABLE
        Unbindable,
        /// MS_UNBINDABLE with MS_REC
        Runbindable,
    }
}

wire_type! {
    /// A seccomp filter.
    #[serde(tag = "kind")]
    pub enum Filter {
        /// The default profile for the default capabilities, compiled when masu was built.
        Default,
        /// An OCI profile (`linux.seccomp`), compiled by the core before the clone.
        Profile {
            /// The OCI document.
            #[cfg_attr(feature = "typescript", ts(type = "unknown"))]
            profile: serde_json::Value,
        },
        /// A compiled program, as the core hands it to `init`.
        Program {
            /// `SECCOMP_FILTER_FLAG_*` bits.
            flags: u32,
            /// Each instruction as `[code, jt, jf, k]` (linux/filter.h).
            instructions: Vec<[u32; 4]>,
        },
    }
}
