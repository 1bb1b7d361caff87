//! What `run` leaves to `init monitor FD`, which this process becomes: a sealed memfd with this as JSON.

use masu_wire::request::MonitorOptions;
use serde::{Deserialize, Serialize};

use crate::undo::Undo;

/// Everything that the monitor needs; descriptors by number, kept open through execve(2).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MonitorDocument {
    /// The container's first process, a child of this one.
    pub pid: u32,
    /// Its pidfd; none before Linux 5.2.
    pub pidfd: Option<i32>,
    /// The master of its terminal.
    pub terminal: Option<i32>,
    /// The socket of `options.notify`.
    pub notify: Option<i32>,
    /// The socket to the guard.
    pub guard: i32,
    /// The guard's pid, to reap it.
    pub guard_pid: u32,
    /// A child that frees the memory of what this process was, to be reaped when it has.
    pub keeper_pid: Option<u32>,
    /// What undoes the plan.
    pub undo: Undo,
    /// How signals and keys are treated.
    pub options: MonitorOptions,
}
