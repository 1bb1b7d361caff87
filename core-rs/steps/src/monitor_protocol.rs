//! What is said to and by a resident monitor: how it is started, and what it answers on its socket.
//!
//! Framed as in [`crate::stage_protocol`]. After [`MonitorAnswer::Attached`] a connection carries frames instead: type (one byte), length
//! (u32, little endian), that many bytes.

use masu_wire::container::ContainerEnd;
use masu_wire::error::CoreError;
use masu_wire::lifecycle::Store;
use serde::{Deserialize, Serialize};

/// The first message to a new monitor, over the socket that it was started with. Its descriptors: the sealed `init`; with `attach` a
/// connection, which is served as if it had come over the socket with [`MonitorRequest::Attach`] next; with `passthrough` stdin, stdout and stderr.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MonitorOrder {
    /// Where.
    pub store: Store,
    /// The container, which has a `container.json` and is locked by whoever sends this.
    pub id: String,
    /// A connection comes along.
    pub attach: bool,
    /// The program's own stdin, stdout and stderr come along.
    pub passthrough: bool,
}

/// To a monitor, on a connection to its socket.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum MonitorRequest {
    /// End the container, as somebody asked for it. Answered by `Ended`, or with `restart` by `Started`.
    Stop {
        /// None: the container's own.
        signal: Option<i32>,
        /// How long to wait before SIGKILL, -1: for ever; none: the container's own.
        timeout_ms: Option<i64>,
        /// Start it again then.
        restart: bool,
    },
    /// Send a signal. SIGKILL and the container's stop signal mean that somebody asked for its end. Answered by `Done`.
    Signal {
        /// By number.
        signal: i32,
        /// To every process in it.
        all: bool,
    },
    /// Answered by `Ended` when it has ended and will not be started again.
    Wait,
    /// Read `container.json` again before the next start. Answered by `Done`.
    Reload,
    /// Connect to its streams. Answered by `Attached`.
    Attach {
        /// Frames of stdin will come.
        stdin: bool,
        /// Send the last screenful first.
        screen: bool,
        /// Rows of the other's terminal; 0: it has none.
        rows: u16,
        /// Its columns.
        columns: u16,
    },
}

/// From a monitor.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum MonitorAnswer {
    /// The program runs.
    Started {
        /// Its pid.
        pid: u32,
        /// Its start time, clock ticks since boot.
        start: u64,
    },
    /// It has ended, and what its start made is gone.
    Ended {
        /// How.
        end: Box<ContainerEnd>,
    },
    /// It was done.
    Done,
    /// Frames follow.
    Attached {
        /// The program has a terminal.
        terminal: bool,
    },
    /// It could not be done.
    Failed {
        /// Why.
        error: Box<CoreError>,
    },
}

/// Types of frames.
pub mod frame {
    /// To the container's stdin, or its terminal.
    pub const STDIN: u8 = 0;
    /// From its stdout, or its terminal.
    pub const STDOUT: u8 = 1;
    /// From its stderr.
    pub const STDERR: u8 = 2;
    /// The other's window: rows and columns, u16 little endian each.
    pub const WINDOW: u8 = 3;
    /// No more stdin will come.
    pub const STDIN_END: u8 = 4;
    /// The container has ended: `wait`'s status, i32 little endian.
    pub const ENDED: u8 = 5;
    /// A signal for its first process: i32 little endian.
    pub const SIGNAL: u8 = 6;
    /// From the monitor: so many bytes of stdin (u32 little endian) were taken by the container, or lost with it.
    pub const STDIN_TAKEN: u8 = 7;
    /// No more than this of stdin may be sent that was not said to be taken, so that signals never wait behind it.
    pub const STDIN_WINDOW: usize = 64 << 10;
    /// No frame is longer than this.
    pub const MAX_LENGTH: u32 = 64 << 10;
    /// Type and length.
    pub const HEADER: usize = 5;

    /// What comes before a body of this length, which is at most [`MAX_LENGTH`].
    #[must_use]
    pub fn header(kind: u8, length: usize) -> [u8; HEADER] {
        let [a, b, c, d] = u32::try_from(length).unwrap_or(MAX_LENGTH).to_le_bytes();
        [kind, a, b, c, d]
    }

    /// Type and length.
    #[must_use]
    pub const fn parse([kind, a, b, c, d]: [u8; HEADER]) -> (u8, u32) {
        (kind, u32::from_le_bytes([a, b, c, d]))
    }
}
