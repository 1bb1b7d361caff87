//! Steps in the container's first process.

use serde::{Deserialize, Serialize};

use super::root::{MountPoint, OverlayLayer, Propagation, RootSource};
use crate::wire_type;

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
