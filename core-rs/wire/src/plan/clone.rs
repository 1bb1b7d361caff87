//! The clone of the container's first process: its namespaces and ids.

use serde::{Deserialize, Serialize};

use super::host::HostStep;
use crate::wire_type;

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

impl Namespace {
    /// Its file in `/proc/PID/ns`. namespaces(7)
    #[must_use]
    pub const fn file(self) -> &'static str {
        match self {
            Self::Mount => "mnt",
            Self::Uts => "uts",
            Self::Ipc => "ipc",
            Self::Network => "net",
            Self::Pid => "pid",
            Self::User => "user",
            Self::Cgroup => "cgroup",
            Self::Time => "time",
        }
    }
}

wire_type! {
    /// clone3(2) of the container's first process.
    pub struct CloneStep {
        /// New namespaces. The cgroup namespace is not among them: it is unshared inside, after the cgroups were joined.
        pub namespaces: Vec<Namespace>,
        /// Existing namespaces to enter, in this order.
        pub join: Vec<JoinNamespace>,
        /// Enter the namespaces of a running container instead: the plan of an `exec`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional))]
        pub enter: Option<EnterProcess>,
        /// Ids of the new user namespace.
        pub user: Option<UserMapping>,
        /// Offsets of the new time namespace.
        pub time_offsets: Vec<TimeOffset>,
        /// The v2 cgroup's directory in which the child starts (CLONE_INTO_CGROUP).
        pub cgroup: Option<String>,
        /// Written down once the child exists: here the blank `${pid}` is known.
        pub record: Vec<HostStep>,
        /// A part of the kernel alone instead of a container: what unshare(1) and nsenter(1) do otherwise.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional))]
        pub part: Option<PartStep>,
    }
}

wire_type! {
    /// How the clone of a program without a container differs.
    #[derive(Default, PartialEq, Eq)]
    pub struct PartStep {
        /// In a user namespace it stays who it is there, and does not become its root.
        pub keep_ids: bool,
        /// New namespaces to bind on files, once they exist and before the program does. Undone when the start fails.
        pub keep: Vec<KeepNamespace>,
        /// The process whose namespaces `join` names: it must still be the same one when they were opened.
        pub target: Option<JoinTarget>,
        /// The root directory, opened before any namespace is joined.
        pub root: Option<String>,
        /// The working directory, opened before any namespace is joined.
        pub directory: Option<String>,
    }
}

wire_type! {
    /// A namespace that stays without a process, bound on a file, which is made where there is none.
    #[derive(PartialEq, Eq)]
    pub struct KeepNamespace {
        /// Which.
        pub namespace: Namespace,
        /// The file, in the runtime namespace.
        pub path: String,
    }
}

wire_type! {
    /// A process that nobody else has become.
    #[derive(Copy, PartialEq, Eq)]
    pub struct JoinTarget {
        /// The process, as the runtime namespace numbers it.
        pub pid: u32,
        /// Its start time, clock ticks since boot.
        #[cfg_attr(feature = "typescript", ts(type = "number"))]
        pub start: u64,
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
    /// setns(2) on a pidfd: every namespace of a running process at once, so that nothing can be swapped in between.
    pub struct EnterProcess {
        /// The process, as the runtime namespace numbers it.
        pub pid: u32,
        /// Its start time, clock ticks since boot: it must still be the same process.
        #[cfg_attr(feature = "typescript", ts(type = "number"))]
        pub start: u64,
        /// Which of its namespaces: those that differ from masu's own.
        pub namespaces: Vec<Namespace>,
        /// `tasks` files of v1 cgroups to join before, while they can be seen.
        pub cgroup_tasks: Vec<String>,
    }
}

wire_type! {
    /// user_namespaces(7), "User and group ID mappings".
    #[derive(PartialEq, Eq)]
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
    #[derive(PartialEq, Eq)]
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
