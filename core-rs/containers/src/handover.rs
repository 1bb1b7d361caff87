//! Who else is told of a program: the sockets and the file of whoever called masu as its OCI runtime.

use masu_launch::Launched;
use masu_steps::executor::{Tools, execute};
use masu_steps::failure::{failed, failed_because};
use masu_sys::error::SysError;
use masu_sys::{local_socket, pidfd, socket};
use masu_wire::bundle::Handover;
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::plan::HostStep;
use std::io::IoSlice;
use std::os::fd::{AsFd, BorrowedFd};

const PID_FILE_MODE: u32 = 0o644;
/// What the master of a terminal is called in the message that carries it.
const TERMINAL: &[u8] = b"/dev/pts/ptmx";
/// What a pidfd is called there.
const PIDFD: &[u8] = b"pidfd";

/// Gives what was asked for. The pid file comes last and whole: once it is there, everything has succeeded.
///
/// Errors: nobody listens on a socket; there is no terminal to send; the file cannot be written.
pub(crate) fn hand_over(handover: &Handover, launched: &Launched) -> Result<(), CoreError> {
    if let Some(path) = &handover.console_socket {
        let Some(terminal) = &launched.terminal else {
            let message = format!("Send the terminal to {path:?}: the program has none");
            return Err(CoreError::new(ErrorCode::InvalidConfig, message));
        };
        send("terminal", path, terminal.as_fd(), TERMINAL)?;
    }
    if let Some(path) = &handover.pidfd_socket {
        let opened = match &launched.pidfd {
            Some(_) => None,
            None => Some(pidfd::open(launched.pid).map_err(|error| failed("Open the program's pidfd", error))?),
        };
        if let Some(descriptor) = launched.pidfd.as_ref().or(opened.as_ref()) {
            send("pidfd", path, descriptor.as_fd(), PIDFD)?;
        }
    }
    match &handover.pid_file {
        Some(path) => execute(&pid_file(path, launched.pid), Tools { init: None }),
        None => Ok(()),
    }
}

/// One message with one descriptor.
fn send(what: &str, path: &str, descriptor: BorrowedFd<'_>, name: &[u8]) -> Result<(), CoreError> {
    let explain = |error| failed(format!("Send the {what} to {path:?}"), error);
    let connection = local_socket::connect(path).map_err(explain)?;
    let sent = socket::send(connection.as_fd(), &[IoSlice::new(name)], &[descriptor]).map_err(explain)?;
    if sent == name.len() {
        return Ok(());
    }
    let error = SysError::new("sendmsg", masu_sys::errno::values::EBUSY);
    Err(failed_because(format!("Send the {what} to {path:?}"), "nobody reads it", error))
}

fn pid_file(path: &str, pid: u32) -> HostStep {
    HostStep::WriteFile {
        path: path.to_owned(),
        text: pid.to_string(),
        mode: PID_FILE_MODE,
        exclusive: false,
        owner: None,
    }
}
