//! What whoever calls masu as its OCI runtime asks of a container of a bundle.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
        /// Keep the plan for other documents of the form of the one that was read last; none: it depends on something that no look shows.
        pub keep: Option<BundleSettings>,
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
    /// `read_bundle`: reads a bundle's `config.json`, which may be no symbolic link, and finds the values in it that plans only pass on.
    pub struct ReadBundleRequest {
        /// Where the bundle's directory is, absolute.
        pub bundle: String,
    }
}

wire_type! {
    /// `read_bundle`: the document.
    pub struct ReadBundleReply {
        /// The bundle's directory, symbolic links and `..` resolved: what hooks, `state` and the record call it, as runc does.
        pub bundle: String,
        /// The document's text; what is no UTF-8 is replaced.
        pub text: String,
        /// Where a plan may have blanks instead of what the document says; empty: nowhere.
        pub blanks: Vec<DocumentBlank>,
        /// What they stand for, by name; and the bundle's directory, without its first slash, as `bundle`. Empty: there are no blanks.
        #[cfg_attr(feature = "typescript", ts(type = "Record<string, string>"))]
        pub values: BTreeMap<String, String>,
        /// `process.args` may be the blank of the arguments.
        pub arguments: bool,
    }
}

wire_type! {
    /// A text with blanks that may stand at a place of a document.
    #[derive(PartialEq, Eq)]
    pub struct DocumentBlank {
        /// Keys from the top on; of a list the number of the element, from 0.
        pub place: Vec<String>,
        /// The whole text there: `NAME=${value3}`.
        pub text: String,
    }
}

wire_type! {
    /// What a bundle's plan depends on beside document and host.
    #[derive(PartialEq, Eq)]
    pub struct BundleSettings {
        /// Where containers are.
        pub store: Store,
        /// `cgroupfs`, `systemd` or `disabled`.
        pub cgroup_manager: String,
        /// Descriptors from 3 on that the program inherits.
        pub preserve_fds: u32,
        /// A session keyring of its own.
        pub keyring: bool,
        /// Somebody gets the other end of the program's terminal.
        pub console_socket: bool,
    }
}

wire_type! {
    /// `create_bundle`.
    pub struct CreateBundleReply {
        /// Its first process.
        pub pid: u32,
    }
}
