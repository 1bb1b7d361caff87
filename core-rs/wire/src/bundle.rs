//! What whoever calls masu as its OCI runtime asks of a container of a bundle.

use serde::{Deserialize, Serialize};

use crate::lifecycle::Store;
use crate::request::LaunchRequest;
use crate::wire_type;

wire_type! {
    /// Sockets of whoever called masu as its OCI runtime. Each gets one message with one descriptor, and is not kept.
    #[derive(Default, PartialEq, Eq)]
    pub struct Handover {
        /// Gets the master of the program's terminal, with its name as the message. runc's `--console-socket`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional))]
        pub console_socket: Option<String>,
        /// Gets a pidfd of the program's process. runc's `--pidfd-socket`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional))]
        pub pidfd_socket: Option<String>,
        /// A file for the program's pid: written last, whole, and only when everything succeeded. It stays.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional))]
        pub pid_file: Option<String>,
    }
}

wire_type! {
    /// `create_bundle`: makes a container from an OCI bundle. When its plan has a step `await_start`, it waits there for `start`; otherwise its program runs.
    ///
    /// It is nobody's child when this process ends: whoever is its subreaper waits for it.
    pub struct CreateBundleRequest {
        /// Where.
        pub store: Store,
        /// What is launched; its plan writes `state.json`.
        pub launch: LaunchRequest,
        /// Who is told of it.
        pub handover: Handover,
    }
}

wire_type! {
    /// `host_ps`: runs ps(1) of the host.
    pub struct HostPsRequest {
        /// Its arguments.
        pub arguments: Vec<String>,
    }
}

wire_type! {
    /// `host_ps`.
    pub struct HostPsReply {
        /// All that it printed; what is no UTF-8 is replaced.
        pub output: String,
    }
}

wire_type! {
    /// `create_bundle`.
    pub struct CreateBundleReply {
        /// Its first process.
        pub pid: u32,
    }
}
