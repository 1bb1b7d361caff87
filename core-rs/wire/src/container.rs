//! What is written down of a container: when it was made, while it runs, and when it has ended.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::error::CoreError;
use crate::plan::{HostStep, Namespace, StageStep};
use crate::request::LaunchRequest;
use crate::wire_type;

/// Raised on any change of [`ContainerDocument`], [`ContainerRecord`] or [`ContainerEnd`] that an older masu would misread.
pub const CONTAINER_VERSION: u32 = 1;

wire_type! {
    /// `container.json`: all that was decided when a container was made that lives on. In its data directory, so that a boot does not lose it.
    pub struct ContainerDocument {
        /// [`CONTAINER_VERSION`].
        pub version: u32,
        /// Unique among this user's containers.
        pub id: String,
        /// The name that leads to it, too.
        pub name: Option<String>,
        /// When: RFC 3339, UTC.
        pub created: String,
        /// IMAGE as it was written.
        pub image: String,
        /// The program and its arguments.
        pub command: Vec<String>,
        /// Labels.
        pub labels: BTreeMap<String, String>,
        /// Delete it when it has ended.
        pub remove: bool,
        /// The program has a terminal of its own.
        pub terminal: bool,
        /// Its stdin stays open while nobody is attached.
        pub stdin: bool,
        /// How it is asked to end.
        pub stop: StopSettings,
        /// What its end leads to.
        pub restart: RestartPolicy,
        /// What becomes of its output.
        pub log: LogSettings,
        /// How to see whether it is well.
        pub health: Option<HealthCheck>,
        /// Where its memory's use and lack are counted, to be read when it has ended.
        pub memory: Option<MemoryFiles>,
        /// Each start of it. The plan has blanks still.
        pub launch: LaunchRequest,
        /// The OCI runtime-spec document, blanks and all.
        #[cfg_attr(feature = "typescript", ts(type = "unknown"))]
        pub spec: serde_json::Value,
        /// What the person wrote.
        #[cfg_attr(feature = "typescript", ts(type = "unknown"))]
        pub config: serde_json::Value,
    }
}

wire_type! {
    /// How a container is asked to end.
    pub struct StopSettings {
        /// The signal for its first process, by number.
        pub signal: i32,
        /// How long to wait before SIGKILL; -1: for ever.
        #[cfg_attr(feature = "typescript", ts(type = "number"))]
        pub timeout_ms: i64,
    }
}

wire_type! {
    /// What a container's end leads to. A start waits 100 ms, and twice as long each time up to a minute, until one has run for 10 s.
    pub struct RestartPolicy {
        /// When to start it again.
        pub kind: RestartKind,
        /// `on_failure`: how often at most; 0: without end.
        pub maximum: u32,
    }
}

wire_type! {
    /// When a container that has ended is started again.
    #[derive(Copy, PartialEq, Eq)]
    pub enum RestartKind {
        /// Never.
        No,
        /// When its exit status is not 0.
        OnFailure,
        /// Unless it was stopped; at boot even then.
        Always,
        /// Unless it was stopped.
        UnlessStopped,
    }
}

wire_type! {
    /// What becomes of a container's output.
    pub struct LogSettings {
        /// Where it goes.
        pub driver: LogDriver,
        /// The current file; older ones are `PATH.1`, `PATH.2` and so on.
        pub path: String,
        /// A file that has grown beyond this is rotated.
        #[cfg_attr(feature = "typescript", ts(type = "number"))]
        pub max_bytes: u64,
        /// Files that are kept, the current one included; 1 or more.
        pub max_files: u32,
    }
}

wire_type! {
    /// Where a container's output goes.
    #[derive(Copy, PartialEq, Eq)]
    pub enum LogDriver {
        /// Lines of JSON in files.
        JsonFile,
        /// Nowhere, but to whoever is attached.
        None,
        /// The stdout and stderr of whoever started it, directly.
        Passthrough,
    }
}

wire_type! {
    /// A program in the container that says whether it is well: exit status 0.
    pub struct HealthCheck {
        /// The program and its arguments.
        pub command: Vec<String>,
        /// From the end of one check to the next.
        #[cfg_attr(feature = "typescript", ts(type = "number"))]
        pub interval_ms: u64,
        /// After this a check is killed and has failed.
        #[cfg_attr(feature = "typescript", ts(type = "number"))]
        pub timeout_ms: u64,
        /// Failures before this has passed since the start do not count, until one check has succeeded.
        #[cfg_attr(feature = "typescript", ts(type = "number"))]
        pub start_period_ms: u64,
        /// The interval while the start period lasts.
        #[cfg_attr(feature = "typescript", ts(type = "number"))]
        pub start_interval_ms: u64,
        /// So many failures in a row make it unhealthy.
        pub retries: u32,
    }
}

wire_type! {
    /// Files of a cgroup's memory controller.
    pub struct MemoryFiles {
        /// `memory.events` (v2) or `memory.oom_control` (v1), with a line `oom_kill N`.
        pub events: String,
        /// `memory.peak` (v2, from 5.19 on) or `memory.max_usage_in_bytes` (v1).
        pub peak: String,
    }
}

wire_type! {
    /// `state.json`: a container while it runs; OCI's state without the status, which is what is true when it is asked.
    pub struct ContainerRecord {
        /// Of the runtime specification.
        pub oci_version: String,
        /// Its ID.
        pub id: String,
        /// Its first process.
        pub pid: u32,
        /// Its runtime directory.
        pub bundle: String,
        /// OCI annotations.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional))]
        pub annotations: Option<BTreeMap<String, String>>,
        /// What OCI does not have.
        pub masu: RecordDetails,
    }
}

wire_type! {
    /// masu's own part of `state.json`: what is needed to look at, signal, enter and clean up a running container.
    pub struct RecordDetails {
        /// [`CONTAINER_VERSION`].
        pub version: u32,
        /// The name that leads to it, too.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional))]
        pub name: Option<String>,
        /// When it was made: RFC 3339, UTC.
        pub created: String,
        /// When it was started last.
        pub started: String,
        /// Its first process's start time, clock ticks since boot.
        #[cfg_attr(feature = "typescript", ts(type = "number"))]
        pub start: u64,
        /// Who watches it: a resident monitor, or the masu that runs it in the foreground.
        pub monitor: u32,
        /// That process's start time, clock ticks since boot.
        #[cfg_attr(feature = "typescript", ts(type = "number"))]
        pub monitor_start: u64,
        /// It was made to live on, and has a `container.json`.
        pub lasting: bool,
        /// IMAGE as it was written.
        pub image: String,
        /// The program and its arguments.
        pub command: Vec<String>,
        /// The program has a terminal of its own.
        pub terminal: bool,
        /// Labels.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional))]
        pub labels: Option<BTreeMap<String, String>>,
        /// How it is asked to end.
        pub stop: StopSettings,
        /// Its cgroups.
        pub cgroups: RecordCgroups,
        /// How to run another program in it.
        pub exec: ExecTemplate,
        /// What cleans up after it where its monitor does not.
        pub undo: Vec<HostStep>,
        /// It was made from an OCI bundle: nobody of masu's watches it, and it stays until it is deleted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional))]
        pub bundle: Option<BundleRecord>,
    }
}

wire_type! {
    /// What is known of a container that was made from an OCI bundle, besides what all have.
    pub struct BundleRecord {
        /// Its root directory in the runtime namespace.
        pub rootfs: String,
        /// Who made it, by user name; the number where there is none.
        pub owner: String,
        /// The socket on which its first process waits for `start`; refused or gone: it was started.
        pub socket: String,
        /// Done once its program runs: the plan's `started`.
        pub started: Vec<HostStep>,
        /// systemd's unit that holds its cgroup; none: cgroups are masu's own.
        pub unit: Option<UnitRecord>,
        /// Its group in `/sys/fs/resctrl`; none: it has none of its own.
        pub resctrl: Option<String>,
        /// `linux.resources` as it was asked for last.
        #[cfg_attr(feature = "typescript", ts(type = "unknown"))]
        pub resources: serde_json::Value,
    }
}

wire_type! {
    /// A unit of systemd's.
    #[derive(PartialEq, Eq)]
    pub struct UnitRecord {
        /// Its name.
        pub name: String,
        /// Of the user's own manager.
        pub user: bool,
    }
}

wire_type! {
    /// The cgroups of a running container.
    pub struct RecordCgroups {
        /// Its directory in each hierarchy, by controller (v1: `memory`, `cpu` and so on; v2: `unified`).
        pub directories: BTreeMap<String, String>,
        /// Where it can be frozen; none: its host has no freezer.
        pub freezer: Option<Freezer>,
    }
}

wire_type! {
    /// A cgroup that can be frozen.
    pub struct Freezer {
        /// v2's `cgroup.freeze`, otherwise v1's `freezer.state`.
        pub unified: bool,
        /// The cgroup's directory.
        pub directory: String,
    }
}

wire_type! {
    /// How to run another program in a running container. Its steps are the container's own, so that nothing gets more rights than it has.
    pub struct ExecTemplate {
        /// Namespaces that differ from those of whoever made the container.
        pub namespaces: Vec<Namespace>,
        /// Its v2 cgroup's directory.
        pub cgroup: Option<String>,
        /// `tasks` files of its v1 cgroups.
        pub cgroup_tasks: Vec<String>,
        /// `plan.exec` of the second program: without a terminal, with the blank of the arguments.
        pub steps: Vec<StageStep>,
    }
}

wire_type! {
    /// `end.json`: how a container ended last. In its data directory.
    pub struct ContainerEnd {
        /// [`CONTAINER_VERSION`].
        pub version: u32,
        /// When it was started: RFC 3339, UTC.
        pub started: String,
        /// When it ended.
        pub finished: String,
        /// What `wait` says: its exit status, or 128 + its signal.
        pub status: i32,
        /// The signal that ended it.
        pub signal: Option<i32>,
        /// The kernel killed a process of it for lack of memory.
        pub out_of_memory: bool,
        /// How many processes it killed for that.
        #[serde(default)]
        #[cfg_attr(feature = "typescript", ts(type = "number"))]
        pub oom_kills: u64,
        /// The most memory that it had in use.
        #[cfg_attr(feature = "typescript", ts(type = "number | null"))]
        pub peak_memory_bytes: Option<u64>,
        /// How often it was started again since a person started it.
        pub restarts: u32,
        /// Somebody asked for it.
        pub requested: bool,
        /// The last lines of its output, as its log has them.
        pub last_lines: Vec<String>,
        /// Why it could not be started again, where that is what ended it.
        pub error: Option<CoreError>,
    }
}

wire_type! {
    /// `health.json`: what the checks said. In the runtime directory.
    pub struct HealthRecord {
        /// What they amount to.
        pub status: HealthStatus,
        /// Failures in a row.
        pub failing_streak: u32,
        /// The last five, the latest last.
        pub log: Vec<HealthResult>,
    }
}

wire_type! {
    /// Whether a container is well.
    #[derive(Copy, PartialEq, Eq)]
    pub enum HealthStatus {
        /// No check has said anything yet.
        Starting,
        /// The last check succeeded.
        Healthy,
        /// Too many in a row failed.
        Unhealthy,
    }
}

wire_type! {
    /// One check.
    pub struct HealthResult {
        /// RFC 3339, UTC.
        pub started: String,
        /// RFC 3339, UTC.
        pub finished: String,
        /// Its exit status; -1: it took too long, or could not be started.
        pub status: i32,
        /// The start of what it wrote, 4 KiB at most.
        pub output: String,
    }
}
