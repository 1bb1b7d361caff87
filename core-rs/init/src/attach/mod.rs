//! `init attach FD`: connects the terminal or the streams that masu was started with to a container that lives on.

mod connection;
mod keys;
mod session;

use masu_steps::attach_document::AttachDocument;
use masu_steps::failure::failed;
use masu_steps::monitor_protocol::{MonitorAnswer, MonitorRequest};
use masu_steps::stage_protocol::{receive, send};
use masu_sys::descriptor::{adopt, close_from, close_on_exec};
use masu_sys::error::SysError;
use masu_sys::{process, signal, signalfd};
use masu_wire::error::{CoreError, ErrorCode};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};

use crate::report::report;
use crate::terminal::window_size;
use session::{Outcome, Session};

/// masu itself failed, as for `docker run`.
const MASU_FAILED: i32 = 125;

/// Until the container has ended, or the person has left it. Returns the exit status.
pub(crate) fn run(document: OwnedFd) -> i32 {
    match read(document).and_then(|document| attach(&document)) {
        Ok(status) => status,
        Err(error) => {
            report(&error);
            MASU_FAILED
        }
    }
}

fn read(document: OwnedFd) -> Result<AttachDocument, CoreError> {
    let _ = process::set_name(c"masu");
    let mut text = Vec::new();
    let read = std::fs::File::from(document).read_to_end(&mut text);
    read.map_err(|error| failed("Read the document of role \"attach\"", SysError::from_io("read", &error)))?;
    serde_json::from_slice(&text)
        .map_err(|error| CoreError::bug(format!("Read the document of role \"attach\": {error}")))
}

fn attach(document: &AttachDocument) -> Result<i32, CoreError> {
    let explain = |error| failed(format!("Attach to container {:?}", document.container), error);
    let connection = adopt(document.connection).ok_or_else(|| lost(document))?;
    close_from(3, &[document.connection.unsigned_abs()]).map_err(explain)?;
    close_on_exec(connection.as_fd()).map_err(explain)?;
    signal::reset(libc::SIGCHLD).map_err(explain)?;
    signal::block_all().map_err(explain)?;
    let signals = signalfd::open(signal::ALL).map_err(explain)?;
    let terminal = shake_hands(document, &connection, &signals)?;
    let mut session = Session::open(document, connection, signals, terminal).map_err(explain)?;
    let outcome = session.serve();
    session.close();
    match outcome.map_err(explain)? {
        Outcome::Ended(status) => Ok(status),
        Outcome::Detached => {
            let text = format!("masu: detached from container {:?}\n", document.container);
            let _ = std::io::stderr().write_all(text.as_bytes());
            Ok(0)
        }
        Outcome::Lost => Err(lost(document)),
    }
}

/// A monitor answers in far less time.
const PATIENCE: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

/// Says how this attaches; true: the container has a terminal.
///
/// A signal meanwhile waits, so that it is the container's if signals are; with a monitor that does not answer it does what it does to any program.
fn shake_hands(document: &AttachDocument, connection: &OwnedFd, signals: &OwnedFd) -> Result<bool, CoreError> {
    let size = window_size();
    let request = MonitorRequest::Attach {
        stdin: document.stdin,
        screen: document.screen,
        rows: size.map_or(0, |size| size.ws_row),
        columns: size.map_or(0, |size| size.ws_col),
    };
    send(connection.as_fd(), &request, &[]).map_err(|_| lost(document))?;
    let _ = poll(&mut [PollFd::new(connection, PollFlags::IN)], Some(&PATIENCE));
    loop {
        let mut polled = [PollFd::new(connection, PollFlags::IN), PollFd::new(signals, PollFlags::IN)];
        let _ = poll(&mut polled, None);
        if polled.first().is_some_and(|connection| !connection.revents().is_empty()) {
            break;
        }
        while let Ok(Some(arrived)) = signalfd::read(signals.as_fd()) {
            if !matches!(arrived.signal, libc::SIGCHLD | libc::SIGWINCH) {
                let _ = session::deliver(arrived.signal);
            }
        }
    }
    match receive(connection.as_fd()).ok().flatten().map(|received| received.message) {
        Some(MonitorAnswer::Attached { terminal }) => Ok(terminal),
        Some(MonitorAnswer::Failed { error }) => Err(*error),
        Some(answer) => {
            Err(CoreError::bug(format!("Attach to a container: its monitor answered out of turn: {answer:?}")))
        }
        None => Err(lost(document)),
    }
}

fn lost(document: &AttachDocument) -> CoreError {
    let message = format!("Attach to container {:?}: its monitor has gone", document.container);
    CoreError::new(ErrorCode::Failed, message).with_hint("the container may run on unwatched: see masu list")
}
