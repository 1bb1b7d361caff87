//! Steps in the container's first process.

use serde::{Deserialize, Serialize};

use super::hook::Hook;
use super::root::{MountAttributes, MountMapping, MountPoint, OverlayLayer, Propagation, RootSource};
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
            /// Copies what the destination holds into it: OCI mount option `tmpcopyup`.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[cfg_attr(feature = "typescript", ts(optional))]
            copy_up: Option<bool>,
            /// What it gets besides.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[cfg_attr(feature = "typescript", ts(optional))]
            attributes: Option<MountAttributes>,
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
            /// MS_* bits to clear, which it has from its source.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[cfg_attr(feature = "typescript", ts(optional))]
            clear: Option<u32>,
            /// What it and all below it get.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[cfg_attr(feature = "typescript", ts(optional))]
            attributes: Option<MountAttributes>,
            /// Owners seen through another user namespace.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[cfg_attr(feature = "typescript", ts(optional))]
            mapping: Option<MountMapping>,
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
        /// Tells the core that everything is mounted, and waits until it has done the plan's `created`.
        AwaitRuntime,
        /// Waits on a socket until `start` asks for the program; what follows is done then. The core binds it before the clone.
        AwaitStart {
            /// The socket, in the runtime namespace.
            path: String,
        },
        /// Runs a program in the container's namespaces, which gets the container's state, with its own number of this process. Errors: it ended otherwise than with 0.
        RunHook {
            /// Which. Before `pivot_root` its path is the runtime namespace's.
            hook: Hook,
            /// OCI's state of the container, without `pid`.
            #[cfg_attr(feature = "typescript", ts(type = "unknown"))]
            state: serde_json::Value,
        },
        /// `/proc/self/attr/exec`: the label that the program gets, and whatever is executed before it. Before the program's user and filter, who may be
        /// denied it. Errors: the kernel runs no such module, or it knows no such label.
        SetSecurityLabel {
            /// Whose.
            module: SecurityModule,
            /// AppArmor's profile, or SELinux's context.
            label: String,
        },
        /// personality(2).
        SetPersonality {
            /// PER_* and its flags.
            persona: u32,
        },
        /// sched_setattr(2). Before capabilities are dropped: most of it needs CAP_SYS_NICE. Errors: SCHED_DEADLINE and SCHED_FLAG_RESET_ON_FORK, which no
        /// child inherits, where the program's process is one.
        SetScheduler {
            /// SCHED_* number.
            policy: u32,
            /// -20 to 19.
            nice: i32,
            /// 1 to 99 of a real-time policy.
            priority: u32,
            /// SCHED_FLAG_* bits.
            #[cfg_attr(feature = "typescript", ts(type = "number"))]
            flags: u64,
            /// SCHED_DEADLINE: nanoseconds.
            #[cfg_attr(feature = "typescript", ts(type = "number"))]
            runtime: u64,
            /// Nanoseconds.
            #[cfg_attr(feature = "typescript", ts(type = "number"))]
            deadline: u64,
            /// Nanoseconds.
            #[cfg_attr(feature = "typescript", ts(type = "number"))]
            period: u64,
        },
        /// ioprio_set(2). Before capabilities are dropped: real time needs CAP_SYS_NICE.
        SetIoPriority {
            /// IOPRIO_CLASS_*: 1 real time, 2 best effort, 3 idle.
            class: u32,
            /// 0 to 7.
            priority: u32,
        },
        /// sched_setaffinity(2). After the cgroups were joined, whose cpuset would take its place.
        SetAffinity {
            /// CPUs: `0-3,7`.
            cpus: String,
        },
        /// set_mempolicy(2).
        SetMemoryPolicy {
            /// MPOL_*.
            mode: u32,
            /// MPOL_F_* bits.
            flags: u32,
            /// Nodes: `0-1`; empty: none.
            nodes: String,
        },
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
        /// setgroups(2), setresgid(2), setresuid(2), each of what is given; the saved ids are the effective ones.
        SetIds {
            /// Real user id.
            real_uid: Option<u32>,
            /// Effective user id.
            effective_uid: Option<u32>,
            /// Real group id.
            real_gid: Option<u32>,
            /// Effective group id.
            effective_gid: Option<u32>,
            /// Supplementary groups; none: as they are.
            groups: Option<Vec<u32>>,
            /// PR_SET_KEEPCAPS meanwhile: permitted capabilities stay.
            keep_capabilities: bool,
        },
        /// prctl(2) PR_SET_PDEATHSIG. A change of ids clears it.
        SetParentDeathSignal {
            /// The signal; 0: none.
            signal: i32,
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
        /// prctl(2) PR_SET_SECUREBITS: how user id 0 and a change of ids act on capabilities.
        SetSecurebits {
            /// SECBIT_* of linux/securebits.h.
            bits: u32,
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
            /// Without a HOME among them, it is that of the process's user in the container's own /etc/passwd, or `/`.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[cfg_attr(feature = "typescript", ts(optional))]
            home: Option<bool>,
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
            /// OCI's state of the container without `pid`, for whoever listens at the document's `listenerPath`.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[cfg_attr(feature = "typescript", ts(optional, type = "unknown"))]
            state: Option<serde_json::Value>,
        },
        /// A compiled program, as the core hands it to `init`.
        Program {
            /// `SECCOMP_FILTER_FLAG_*` bits.
            flags: u32,
            /// Each instruction as `[code, jt, jf, k]` (linux/filter.h).
            instructions: Vec<[u32; 4]>,
            /// OCI's `ContainerProcessState`, which the listener gets with its descriptor; its connection goes with the steps.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[cfg_attr(feature = "typescript", ts(optional, type = "unknown"))]
            listener: Option<serde_json::Value>,
        },
    }
}

wire_type! {
    /// A Linux security module that labels processes.
    #[derive(Copy, PartialEq, Eq)]
    pub enum SecurityModule {
        /// AppArmor
        Apparmor,
        /// SELinux
        Selinux,
    }
}
