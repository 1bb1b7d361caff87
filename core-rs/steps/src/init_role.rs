//! Starts `init` in one of its roles, from a process with many threads or with one.

use masu_sys::clone::{Child, Program, Start, clone_init};
use masu_sys::errno::values::ETXTBSY;
use masu_sys::error::SysError;
use masu_sys::socket::stream_pair;
use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

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
    let child = patiently(|| clone_init(&program, options))?;
    Ok(Role { child, socket })
}

/// How long a copy of a descriptor may outlive its closing.
const PATIENCE: Duration = Duration::from_secs(1);

/// Tries again while the executable is open for writing (ETXTBSY). Nobody has it open any more who writes to it; but a child that another
/// thread of this process made in that moment has a copy of the descriptor, up to its own execve(2).
fn patiently<T>(start: impl Fn() -> Result<T, SysError>) -> Result<T, SysError> {
    let began = Instant::now();
    loop {
        match start() {
            Err(error) if error.errno == ETXTBSY && began.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(1));
            }
            result => return result,
        }
    }
}

/// argv of a role: `masu ROLE FD`.
#[must_use]
pub fn arguments(role: &CStr, descriptor: BorrowedFd<'_>) -> [CString; 3] {
    let number = CString::new(descriptor.as_raw_fd().to_string()).unwrap_or_default();
    [c"masu".to_owned(), role.to_owned(), number]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn patiently_waits_while_a_copy_of_a_descriptor_is_open_for_writing() {
        let tries = Cell::new(0);
        let result = patiently(|| {
            tries.set(tries.get() + 1);
            if tries.get() < 3 { Err(SysError::new("execveat", ETXTBSY)) } else { Ok(tries.get()) }
        });
        assert_eq!(result, Ok(3));
    }

    #[test]
    fn patiently_gives_up_at_once_for_any_other_reason() {
        let tries = Cell::new(0);
        let other = SysError::new("execveat", masu_sys::errno::values::ENOENT);
        let result: Result<(), _> = patiently(|| {
            tries.set(tries.get() + 1);
            Err(other)
        });
        assert_eq!((result, tries.get()), (Err(other), 1));
    }
}
