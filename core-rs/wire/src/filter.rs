//! The op that compiles a seccomp profile to look at it, and to try calls on it.

use serde::{Deserialize, Serialize};

use crate::wire_type;

wire_type! {
    /// `examine_filter`: compiles an OCI seccomp profile, for any supported machine. Nothing is loaded into the kernel.
    ///
    /// Errors: as of `compile_filter`; `invalid_config` a call that no such architecture has; `failed` the file cannot be written.
    pub struct ExamineFilterRequest {
        /// `linux.seccomp` of the OCI runtime-spec.
        #[cfg_attr(feature = "typescript", ts(type = "unknown"))]
        pub profile: serde_json::Value,
        /// uname(2) `machine` of whoever will load it.
        pub machine: String,
        /// The instructions as text, too.
        pub listing: bool,
        /// Where the instructions are written as the kernel takes them, `struct sock_filter`; `-`: to stdout.
        pub output: Option<String>,
        /// Calls to try.
        pub calls: Vec<FilterCall>,
    }
}

wire_type! {
    /// A call as a program would make it.
    pub struct FilterCall {
        /// `x86_64`, `x32`, `x86`, `aarch64` or `arm`; none: the machine's own.
        pub architecture: Option<String>,
        /// Its name or number.
        pub call: String,
        /// Up to six, decimal, without a sign. Those that are not given are 0.
        pub arguments: Vec<String>,
    }
}

wire_type! {
    /// `examine_filter`.
    pub struct ExamineFilterReply {
        /// `SECCOMP_FILTER_FLAG_*` bits.
        pub flags: u32,
        /// How many instructions.
        pub instructions: u32,
        /// Those of the profile, with the machine's own; calls of all others are killed.
        pub architectures: Vec<FilterCounts>,
        /// `allow`, `errno 1` and so on.
        pub default_action: String,
        /// One line for each instruction; none was wanted: empty.
        pub listing: Vec<String>,
        /// One for each call.
        pub verdicts: Vec<FilterVerdict>,
    }
}

wire_type! {
    /// Of an architecture's known calls: how many are treated in one way.
    pub struct FilterCounts {
        /// Which.
        pub architecture: String,
        /// Whatever their arguments; most calls first.
        pub always: Vec<FilterCount>,
        /// So many depend on their arguments.
        pub by_arguments: u32,
    }
}

wire_type! {
    /// So many calls are treated so.
    pub struct FilterCount {
        /// `allow`, `errno 1` and so on.
        pub action: String,
        /// How many.
        pub calls: u32,
    }
}

wire_type! {
    /// What happens to a call.
    pub struct FilterVerdict {
        /// Of whose calls it is one.
        pub architecture: String,
        /// As the filter sees it.
        pub number: u32,
        /// None: no call of that number is known.
        pub name: Option<String>,
        /// `allow`, `log`, `notify`, `trace`, `errno`, `trap`, `kill_thread` or `kill_process`.
        pub action: String,
        /// The errno, or what a tracer is told.
        pub data: Option<u32>,
        /// Why.
        pub reason: FilterReason,
        /// The place of the rule in the profile's list, where one decides.
        pub rule: Option<u32>,
        /// How many instructions the kernel executes for it.
        pub executed: u32,
    }
}

wire_type! {
    /// Why a call is treated so.
    #[derive(Copy, PartialEq, Eq)]
    pub enum FilterReason {
        /// A rule matches.
        Rule,
        /// No rule matches.
        Default,
        /// It is newer than every call that the profile names, and so does not exist.
        Newer,
        /// The profile has no such architecture.
        Architecture,
    }
}
