//! What the core and `init tree FD` say to each other, framed as in [`crate::stage_protocol`].
//!
//! ```text
//! core                                       tree
//! Unshare                             ->     unshare(2) CLONE_NEWUSER
//!                                     <-     Ready
//! write maps, make idmapped clones
//! Work(job, descriptors)              ->     does it
//!                                     <-     Done, or Failed
//! ```
//!
//! `Unshare` only where the job's place has a mapping. The descriptors of `Work`: the tar stream's, when the task has one, then one for each
//! mapped tree of its steps ([`crate::stage_protocol::mapped_trees`]).

use masu_wire::error::CoreError;
use masu_wire::tree::{TreeAnswer, TreeJob};
use serde::{Deserialize, Serialize};

/// To the role.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TreeOrder {
    /// Enter a new user namespace.
    Unshare,
    /// Do this.
    Work {
        /// What.
        job: Box<TreeJob>,
        /// setgroups(2) is denied in the user namespace.
        deny_setgroups: bool,
    },
}

/// From the role.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TreeWord {
    /// It is in a new user namespace.
    Ready,
    /// The job is done.
    Done {
        /// What came of it.
        answer: TreeAnswer,
    },
    /// It could not be done.
    Failed {
        /// Why.
        error: Box<CoreError>,
    },
}
