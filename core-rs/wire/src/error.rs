//! What can go wrong, in a form that a person can read and a program can match.

use serde::{Deserialize, Serialize};

use crate::wire_type;

wire_type! {
    /// What callers match. The texts may change, these do not.
    #[derive(Copy, PartialEq, Eq)]
    pub enum ErrorCode {
        /// Something that was named is not there.
        NotFound,
        /// Something that was to be made is there.
        AlreadyExists,
        /// The request, the plan or the configuration makes no sense.
        InvalidConfig,
        /// This kernel, or how it was configured, cannot do it.
        KernelLacks,
        /// The kernel refused it to this user.
        Denied,
        /// No space, no memory, a limit was reached.
        NoResources,
        /// The container's program was not found: exit status 127.
        ProgramNotFound,
        /// The container's program cannot be executed: exit status 126.
        ProgramNotExecutable,
        /// A system call failed for another reason.
        Failed,
        /// masu is wrong, not the person.
        Bug,
    }
}

wire_type! {
    /// The group of a plan that a step belongs to.
    #[derive(Copy, PartialEq, Eq)]
    pub enum Group {
        /// `plan.create`
        Create,
        /// `plan.before`
        Before,
        /// `plan.clone`
        Clone,
        /// `plan.network`
        Network,
        /// `plan.inside`
        Inside,
        /// `plan.created`
        Created,
        /// `plan.exec`
        Exec,
        /// `plan.started`
        Started,
        /// `plan.afterwards`
        Afterwards,
        /// `plan.delete`
        Delete,
    }
}

wire_type! {
    /// Where in the plan something failed.
    #[derive(Copy, PartialEq, Eq)]
    pub struct Place {
        /// The group.
        pub group: Group,
        /// The step's number in its group, from 0.
        pub index: u32,
    }
}

wire_type! {
    /// A failure, as it crosses from Rust to TypeScript.
    pub struct CoreError {
        /// What callers match.
        pub code: ErrorCode,
        /// Action "object"[ on "object"]: cause. One line.
        pub message: String,
        /// The system call's man-page name, when one failed.
        pub call: Option<String>,
        /// errno(3), when a call failed.
        pub errno: Option<i32>,
        /// Where in the plan.
        pub place: Option<Place>,
        /// The one thing to do about it.
        pub hint: Option<String>,
    }
}

impl CoreError {
    /// An error without a system call.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), call: None, errno: None, place: None, hint: None }
    }

    /// Something that cannot happen unless masu is wrong.
    pub fn bug(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Bug, message)
    }

    /// A request that is not what [`crate::request`] says: TypeScript and Rust disagree, so masu is wrong.
    pub fn unreadable(op: &str, error: &serde_json::Error) -> Self {
        Self::bug(format!("Read the request of op {op:?}: {error}"))
    }

    /// Adds the one thing to do.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the step's place, unless a deeper layer knew it.
    #[must_use]
    pub fn at(mut self, group: Group, index: usize) -> Self {
        self.place = self.place.or(Some(Place { group, index: u32::try_from(index).unwrap_or(u32::MAX) }));
        self
    }
}

impl std::fmt::Display for CoreError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for CoreError {}
