//! Ops on the pipes of a program that was launched with them.

use serde::{Deserialize, Serialize};

use crate::wire_type;

wire_type! {
    /// `pipes`: makes pipes, close-on-exec.
    pub struct PipesRequest {
        /// How many.
        pub count: u32,
    }
}

wire_type! {
    /// `pipes`.
    pub struct PipesReply {
        /// Of each, the end that is read and the end that is written. Whoever gets them closes them.
        pub pipes: Vec<[i32; 2]>,
    }
}

wire_type! {
    /// `read_pipe`: waits until there is something to read.
    pub struct ReadPipeRequest {
        /// The end that is read.
        pub descriptor: i32,
        /// At most so many bytes; 1 MiB is the most there is.
        pub bytes: u32,
        /// The end of a pipe that is read: when nobody holds the other end any more, there is nothing more to read. Stays the caller's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional))]
        pub cancel: Option<i32>,
    }
}

wire_type! {
    /// `read_pipe`.
    pub struct ReadPipeReply {
        /// In base64; empty: nobody writes any more.
        pub data: String,
    }
}

wire_type! {
    /// `write_pipe`: writes all of it, waiting while the pipe is full.
    pub struct WritePipeRequest {
        /// The end that is written.
        pub descriptor: i32,
        /// In base64.
        pub data: String,
        /// The end of a pipe that is read: when nobody holds the other end any more, the rest is not written. Stays the caller's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional))]
        pub cancel: Option<i32>,
    }
}

wire_type! {
    /// `write_pipe`.
    pub struct WritePipeReply {
        /// False: nobody reads any more.
        pub taken: bool,
    }
}

wire_type! {
    /// `close_descriptors`: descriptors that this process was given.
    pub struct CloseDescriptorsRequest {
        /// Each is closed, once.
        pub descriptors: Vec<i32>,
    }
}

wire_type! {
    /// `close_descriptors`: nothing to say.
    pub struct CloseDescriptorsReply {}
}

wire_type! {
    /// `collect`: writes a child's input, reads its output to the end, and reaps it. Its descriptors are closed.
    pub struct CollectRequest {
        /// The child.
        pub pid: u32,
        /// Its pidfd; -1: none.
        pub pidfd: i32,
        /// Where its input is written; -1: it has none.
        pub stdin: i32,
        /// What is written, in base64.
        pub input: String,
        /// Where its output is read; -1: nowhere.
        pub stdout: i32,
        /// Where its errors are read; -1: nowhere.
        pub stderr: i32,
        /// No more than this is kept of each; the rest is read and lost.
        pub limit_bytes: u32,
        /// The end of a pipe that is read: when nobody holds the other end any more, no more is written and read; the child is waited for still. Stays the caller's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional))]
        pub cancel: Option<i32>,
    }
}

wire_type! {
    /// `collect`.
    pub struct CollectReply {
        /// Exit status, when it exited.
        pub status: Option<i32>,
        /// Signal, when a signal ended it.
        pub signal: Option<i32>,
        /// In base64.
        pub stdout: String,
        /// In base64.
        pub stderr: String,
        /// Something was lost.
        pub truncated: bool,
    }
}

wire_type! {
    /// `signal_process`: pidfd_send_signal(2), or kill(2) where there are no pidfds. One that has ended is fine.
    pub struct SignalProcessRequest {
        /// A child of this process that was not waited for.
        pub pid: u32,
        /// Its pidfd; -1: none.
        pub pidfd: i32,
        /// By number.
        pub signal: i32,
    }
}

wire_type! {
    /// `signal_process`: nothing to say.
    pub struct SignalProcessReply {}
}
