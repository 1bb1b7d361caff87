//! Starts `init` in one of its roles, from a process with many threads or with one.

use masu_sys::clone::{Child, Program, Start, clone_init};
use masu_sys::error::SysError;
use masu_sys::socket::stream_pair;
use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// A process of `init` and the socket to it.
#[derive(Debug)]
pub struct Role {
    /// The process.
    pub child: Child,
    /// This end of the socket whose other end is the role's only descriptor besides stdin, stdout and stderr.
    pub socket: OwnedFd,
}

/// Executes `init ROLE FD` in a child, without an environment.
///
/// Errors: those of socketpair(2), clone(2), execveat(2).
pub fn start(init: BorrowedFd<'_>, role: &CStr, options: &Start<'_>) -> Result<Role, SysError> {
    let (socket, theirs) = stream_pair()?;
    let arguments = arguments(role, theirs.as_fd());
    let program = Program { executable: init, arguments: &arguments, environment: &[], keep: theirs.as_fd() };
    let child = clone_init(&program, options)?;
    Ok(Role { child, socket })
}

/// argv of a role: `masu ROLE FD`.
#[must_use]
pub fn arguments(role: &CStr, descriptor: BorrowedFd<'_>) -> [CString; 3] {
    let number = CString::new(descriptor.as_raw_fd().to_string()).unwrap_or_default();
    [c"masu".to_owned(), role.to_owned(), number]
}
