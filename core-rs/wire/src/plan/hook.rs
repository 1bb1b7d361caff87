//! Programs of others that are run at points of a container's life. OCI runtime-spec, config.md, "POSIX-platform Hooks".

use serde::{Deserialize, Serialize};

use crate::wire_type;

wire_type! {
    /// One program. It gets the container's state on its stdin.
    #[derive(PartialEq, Eq)]
    pub struct Hook {
        /// The program, absolute in the runtime namespace; of `startContainer` in the container.
        pub path: String,
        /// argv, the program's name first; empty: the path alone.
        pub args: Vec<String>,
        /// `NAME=value` each: its whole environment.
        pub env: Vec<String>,
        /// It is killed then, and has failed; none: it may take as long as it likes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional, type = "number"))]
        pub timeout_ms: Option<u64>,
    }
}
