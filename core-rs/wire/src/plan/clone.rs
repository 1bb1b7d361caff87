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
