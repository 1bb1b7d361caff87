//! What the core and the monitor tell `init guard FD`: what to do if they are killed.
//!
//! Over one stream socket, framed as in [`crate::stage_protocol`]. The guard answers nothing; the end of the stream without `Done` is the alarm.

use serde::{Deserialize, Serialize};

use crate::undo::Undo;

/// To the guard.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum GuardOrder {
    /// First: what undoes the plan. With the journal, a file whose first four bytes say how many steps have begun.
    Watch {
        /// `afterwards` with what each undoes.
        undo: Undo,
    },
    /// The container's first process exists. With its pidfd, where there are any.
    Container {
        /// Its pid.
        pid: u32,
        /// Its start time, to know it again where there is no pidfd.
        start: u64,
    },
    /// A terminal will have other modes. With its descriptor.
    Terminal {
        /// Its modes as they were: `masu_sys::terminal::Modes`.
        modes: Vec<u8>,
    },
    /// Everything is cleaned up, or was never done: the guard ends.
    Done,
}
