//! The step `await_start`: the container is made, and its program waits until somebody starts it.
//!
//! What waits has given up all rights that the program will not have, and everything of the runtime namespace but one listening socket, whose name is
//! in a directory that only whoever made the container can enter. docs/adr/0023-created-containers-wait-on-a-socket.md

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use masu_steps::failure::failed;
use masu_steps::stage_protocol::{self as protocol, Received, StageMessage, StageOrder};
use masu_sys::errno::values::EAGAIN;
use masu_sys::error::SysError;
use masu_sys::{descriptor, local_socket, process, signal, signalfd};
use masu_wire::error::{CoreError, ErrorCode};
use rustix::event::{PollFd, PollFlags, poll};

use super::container::Container;
use super::{lookup, program};

/// What ends a program that does nothing about it ends this one, too. PID 1 would be immune.
const ENDING: [i32; 4] = [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM];

/// Returns when the program is to be executed: the connection of whoever wants it is the socket from then on.
///
/// Errors: the program is not there, or cannot be executed; the core, or nobody, can be talked to.
pub(super) fn wait(container: &mut Container) -> Result<(), CoreError> {
    if let Some((arguments, environment)) = container.program {
        lookup::find(arguments.first().map_or("", String::as_str), environment)?;
    }
    let Some(listener) = container.listener.take() else {
        return Err(CoreError::bug("Wait for the start: the core gave no socket for it"));
    };
    let explain = |error| failed("Wait for the start", error);
    program::settle(container)?;
    container.forget_host();
    check_accept(listener.as_fd())?;
    let ending = signalfd::open(ENDING.iter().fold(0, |mask, number| mask | signal::bit(*number))).map_err(explain)?;
    protocol::send(container.socket, &StageMessage::Waiting, &[]).map_err(explain)?;
    // From here on the core is nobody to this process: nothing of it stays open.
    descriptor::put_in_place(listener.as_fd(), container.socket).map_err(explain)?;
    drop(listener);
    let connection = await_order(container.socket, &ending)?;
    descriptor::put_in_place(connection.as_fd(), container.socket).map_err(explain)
}

/// A filter that was loaded before may forbid it: that is found out now, and not when nobody is left to be told.
fn check_accept(listener: BorrowedFd<'_>) -> Result<(), CoreError> {
    match local_socket::accept(listener) {
        // Whoever has only looked is gone.
        Ok(_) => Ok(()),
        Err(error) if error.errno == EAGAIN => Ok(()),
        Err(error) => Err(failed("Wait for the start", error).with_hint(
            "the seccomp profile is loaded before, since the program may get new privileges: it has to allow this call",
        )),
    }
}

/// One after the other; who closes without a word has only looked.
fn await_order(listener: BorrowedFd<'_>, ending: &OwnedFd) -> Result<OwnedFd, CoreError> {
    let explain = |error| failed("Wait for the start", error);
    let maker = local_socket::peer_user(listener).map_err(explain)?;
    loop {
        await_input(listener, ending).map_err(explain)?;
        let connection = match local_socket::accept(listener) {
            // It is gone by now.
            Err(error) if matches!(error.errno, EAGAIN | libc::ECONNABORTED) => continue,
            accepted => accepted.map_err(explain)?,
        };
        if local_socket::peer_user(connection.as_fd()) != Ok(maker) {
            refuse(&connection, CoreError::new(ErrorCode::Denied, "Start the container: only who made it may do that"));
            continue;
        }
        await_input(connection.as_fd(), ending).map_err(explain)?;
        match protocol::receive(connection.as_fd()) {
            Ok(Some(Received { message: StageOrder::Proceed, .. })) => return Ok(connection),
            Ok(Some(_)) => refuse(&connection, CoreError::bug("Start the container: this is no order to start")),
            Ok(None) | Err(_) => {}
        }
    }
}

/// Whoever asked may be gone by now.
fn refuse(connection: &OwnedFd, error: CoreError) {
    let _ = protocol::send(connection.as_fd(), &StageMessage::Failed { error: Box::new(error) }, &[]);
}

/// Returns when there is something to read; ends this process when it is told to end.
fn await_input(socket: BorrowedFd<'_>, ending: &OwnedFd) -> Result<(), SysError> {
    loop {
        let mut polled = [PollFd::from_borrowed_fd(socket, PollFlags::IN), PollFd::new(ending, PollFlags::IN)];
        rustix::io::retry_on_intr(|| poll(&mut polled, None))
            .map_err(|errno| SysError::new("poll", errno.raw_os_error()))?;
        if let Some(arrived) = signalfd::read(ending.as_fd())? {
            process::exit(128 + arrived.signal);
        }
        if !polled[0].revents().is_empty() {
            return Ok(());
        }
    }
}
