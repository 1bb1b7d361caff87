//! The plan: one typed, ordered document of everything that a container's start does, and of what undoes it.
//!
//! TypeScript makes it from a spec and the host's facts; the core executes it. Every string may hold blanks
//! (see [`crate::blank`]); a path is absolute in the runtime namespace, unless its field says that it is the container's.

use serde::{Deserialize, Serialize};

use crate::wire_type;

mod clone;
mod hook;
mod host;
mod root;
mod stage;
mod unit;

pub use clone::{
    CloneStep, EnterProcess, IdMapping, JoinNamespace, JoinTarget, KeepNamespace, MapTools, Namespace, PartStep,
    TimeOffset, UserMapping,
};
pub use hook::Hook;
pub use host::{DeviceRule, HostStep, NeededController, Owner};
pub use root::{MountAttributes, MountMapping, MountPoint, OverlayLayer, Propagation, RootSource};
pub use stage::{Filter, SecurityModule, StageStep};
pub use unit::{UnitProperty, UnitValue};

/// Raised on any change of the plan's shape, so that a kept plan is never misread.
pub const PLAN_VERSION: u32 = 4;

wire_type! {
    /// All steps from an idle host to a running program and back, grouped by who executes them and when.
    pub struct Plan {
        /// [`PLAN_VERSION`].
        pub version: u32,
        /// What was read of the host to make this plan; it holds as long as every fact holds.
        pub facts: Vec<Fact>,
        /// In the runtime namespace, once in the container's life: what lasts while it is stopped.
        pub create: Vec<HostStep>,
        /// In the runtime namespace at each start, before the container's first process exists.
        pub before: Vec<HostStep>,
        /// The clone itself and what is written down about its child.
        pub clone: CloneStep,
        /// In the container's first process: its network namespace.
        pub network: Vec<StageStep>,
        /// In the container's first process: cgroups, namespaces, mounts, the new root.
        pub inside: Vec<StageStep>,
        /// In the runtime namespace, while the container's first process waits for it in its step `await_runtime`. Blanks as in `clone.record`.
        pub created: Vec<HostStep>,
        /// In the container's first process: limits, identity, capabilities, filter and, last, the program.
        pub exec: Vec<StageStep>,
        /// In the runtime namespace, once the program runs. Blanks as in `clone.record`.
        pub started: Vec<HostStep>,
        /// In the runtime namespace, when the program has ended or a step of its start has failed. All are tried.
        pub afterwards: Vec<HostStep>,
        /// In the runtime namespace, when the container is deleted. All are tried.
        pub delete: Vec<HostStep>,
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
