//! Op `await_key`: waits for a key of whoever watches, or for a time. Called on a thread of its own.

use masu_steps::failure::failed;
use masu_steps::guard_protocol::GuardOrder;
use masu_steps::init_role::{self, Role};
use masu_steps::stage_protocol::send;
use masu_sys::clone::Start;
use masu_sys::error::SysError;
use masu_sys::terminal::{Key, Modes};
use masu_sys::{signalfd, wait};
use masu_wire::error::CoreError;
use masu_wire::key::{AwaitKeyReply, AwaitKeyRequest, Pressed};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::init_image::init;

const SIGTSTP: i32 = 20;

/// A terminal with raw modes.
struct Held {
    /// Those it had.
    before: Modes,
    /// Gives it back if this process is killed.
    guard: Role,
}

static HELD: Mutex<Option<Held>> = Mutex::new(None);

/// Waits, or gives the terminal back.
pub(crate) fn await_key(request: AwaitKeyRequest) -> Result<AwaitKeyReply, CoreError> {
    // Whoever panicked with it left either a terminal to give back or none.
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    let stdin = rustix::stdio::stdin();
    let Some(timeout) = request.timeout_ms else {
        give_back(&mut held, stdin)?;
        return Ok(reply(None));
    };
    let end = Instant::now() + Duration::from_millis(timeout.into());
    while is_ours(stdin) {
        hold(&mut held, stdin)?;
        if !is_readable(stdin, end.saturating_duration_since(Instant::now()))? {
            return Ok(reply(None));
        }
        let mut typed = [0; 16];
        let count = rustix::io::retry_on_intr(|| rustix::io::read(stdin, &mut typed));
        let count = count.map_err(|errno| failed("Read a key", SysError::new("read", errno.raw_os_error())))?;
        match meaning(typed.get(..count).unwrap_or_default(), held.as_ref()) {
            Meaning::Pressed(key) => return Ok(reply(Some(key))),
            Meaning::Suspend => suspend(&mut held, stdin)?,
        }
    }
    std::thread::sleep(end.saturating_duration_since(Instant::now()));
    Ok(reply(None))
}

/// A terminal in whose foreground this process is: one in the background that changed its modes would be stopped.
fn is_ours(stdin: BorrowedFd<'_>) -> bool {
    rustix::termios::tcgetpgrp(stdin).is_ok_and(|group| group == rustix::process::getpgrp())
}

/// Gives it raw modes, also once a shell that continues this process has set its own. The guard knows of it first.
fn hold(held: &mut Option<Held>, stdin: BorrowedFd<'_>) -> Result<(), CoreError> {
    let of_terminal = |error: SysError| failed("Change the terminal", error);
    let now = Modes::of(stdin).map_err(of_terminal)?;
    if held.as_ref().is_some_and(|held| now.are_raw_form_of(&held.before)) {
        return Ok(());
    }
    if held.is_none() {
        let guard = init_role::start(init()?, c"guard", &Start::default());
        let guard = guard.map_err(|error| failed("Start the guard", error))?;
        *held = Some(Held { before: now, guard });
    }
    let Some(Held { before, guard }) = held else { return Ok(()) };
    *before = now;
    let order = GuardOrder::Terminal { modes: now.to_bytes() };
    send(guard.socket.as_fd(), &order, &[stdin]).map_err(|error| failed("Talk to the guard", error))?;
    now.raw().apply(stdin).map_err(of_terminal)
}

/// Gives it the modes that it had, and lets the guard go.
fn give_back(held: &mut Option<Held>, stdin: BorrowedFd<'_>) -> Result<(), CoreError> {
    let Some(Held { before, guard }) = held.take() else { return Ok(()) };
    let is_raw = Modes::of(stdin).is_ok_and(|now| now.are_raw_form_of(&before));
    let applied = if is_raw { before.apply(stdin) } else { Ok(()) };
    // A guard that is gone already needs no telling.
    let _ = send(guard.socket.as_fd(), &GuardOrder::Done, &[]);
    let _ = wait::reap(guard.child.pid);
    applied.map_err(|error| failed("Give the terminal back", error))
}

/// As the key would without raw modes: everybody in the foreground stops, and a shell has its terminal.
fn suspend(held: &mut Option<Held>, stdin: BorrowedFd<'_>) -> Result<(), CoreError> {
    give_back(held, stdin)?;
    signalfd::kill(std::process::id(), SIGTSTP).map_err(|error| failed("Suspend masu", error))
}

fn is_readable(stdin: BorrowedFd<'_>, left: Duration) -> Result<bool, CoreError> {
    let limit = Timespec::try_from(left).ok();
    let mut polled = [PollFd::new(&stdin, PollFlags::IN)];
    match poll(&mut polled, limit.as_ref()) {
        // A signal came, a new size of the window for one: it is drawn anew.
        Err(Errno::INTR) => Ok(false),
        Err(errno) => Err(failed("Wait for a key", SysError::new("poll", errno.raw_os_error()))),
        Ok(count) => Ok(count > 0),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Meaning {
    Pressed(Pressed),
    Suspend,
}

/// What was typed: the first key counts. Nothing is the end of the input.
fn meaning(typed: &[u8], held: Option<&Held>) -> Meaning {
    let Some(byte) = typed.first() else { return Meaning::Pressed(Pressed::Quit) };
    let before = held.map(|held| &held.before);
    match before.and_then(|modes| modes.key(*byte)) {
        Some(Key::Interrupt) => Meaning::Pressed(Pressed::Interrupt),
        Some(Key::Quit) => Meaning::Pressed(Pressed::Abort),
        Some(Key::Suspend) => Meaning::Suspend,
        None if matches!(byte, b'q' | b'Q') || before.and_then(Modes::end_of_input) == Some(*byte) => {
            Meaning::Pressed(Pressed::Quit)
        }
        None => Meaning::Pressed(Pressed::Other),
    }
}

fn reply(key: Option<Pressed>) -> AwaitKeyReply {
    let size = rustix::termios::tcgetwinsize(rustix::stdio::stdout());
    let (columns, rows) = size.map_or((0, 0), |size| (size.ws_col, size.ws_row));
    AwaitKeyReply { key, columns, rows }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meaning_without_a_terminal_knows_q_and_the_end() {
        for (typed, expected) in [
            (&b""[..], Pressed::Quit),
            (b"q", Pressed::Quit),
            (b"Qx", Pressed::Quit),
            (b"\x1b[A", Pressed::Other),
            (b"\x03", Pressed::Other),
        ] {
            assert_eq!(meaning(typed, None), Meaning::Pressed(expected), "{typed:?}");
        }
    }
}
