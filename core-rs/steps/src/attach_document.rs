//! What `attach` leaves to `init attach FD`, which this process becomes: a sealed memfd with this as JSON.

use serde::{Deserialize, Serialize};

/// Everything that the attached process needs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AttachDocument {
    /// How the person calls the container.
    pub container: String,
    /// The connection to its monitor, kept open through execve(2).
    pub connection: i32,
    /// Ask for the last screenful first.
    pub screen: bool,
    /// Pass stdin on.
    pub stdin: bool,
    /// Bytes that detach from a terminal; empty: none.
    pub detach_keys: Vec<u8>,
    /// Pass signals on, unless the container has a terminal.
    pub forward_signals: bool,
    /// A child that frees the memory of what this process was, to be reaped when it has.
    pub keeper_pid: Option<u32>,
}
