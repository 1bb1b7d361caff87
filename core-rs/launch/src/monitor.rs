//! `run` ends by executing `init monitor FD` in this very process: V8 goes, less than a mebibyte stays.

use masu_steps::become_role::become_role;
use masu_steps::monitor_document::MonitorDocument;
use masu_steps::notify::Notify;
use masu_sys::terminal::Modes;
use masu_wire::error::CoreError;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use crate::attempt::Launched;
use crate::guard::Guard;
use crate::request::Launch;

/// Returns only when it failed; then the container is gone.
pub(super) fn become_monitor(launched: Launched, guard: &Guard, launch: &Launch<'_>) -> CoreError {
    let failure = hand_over(&launched, guard, launch);
    launched.abandon();
    failure
}

/// Tells the guard about the terminal, and leaves the rest to the role.
fn hand_over(launched: &Launched, guard: &Guard, launch: &Launch<'_>) -> CoreError {
    let stdin = rustix::stdio::stdin();
    if launched.terminal.is_some()
        && let Ok(modes) = Modes::of(stdin)
        && let Err(error) = guard.keep_terminal(modes.to_bytes(), stdin)
    {
        return error;
    }
    let number = |descriptor: &OwnedFd| descriptor.as_raw_fd();
    let (pidfd, terminal) = (launched.pidfd.as_ref(), launched.terminal.as_ref());
    let notify = launched.notify.as_ref().map(Notify::socket);
    let kept = [Some(guard.socket()), pidfd.map(AsFd::as_fd), terminal.map(AsFd::as_fd), notify];
    let kept: Vec<BorrowedFd<'_>> = kept.into_iter().flatten().collect();
    become_role(launch.init, c"monitor", &kept, |keeper_pid| MonitorDocument {
        pid: launched.pid,
        pidfd: pidfd.map(number),
        terminal: terminal.map(number),
        notify: notify.map(|socket| socket.as_raw_fd()),
        guard: guard.socket().as_raw_fd(),
        guard_pid: guard.pid(),
        keeper_pid,
        undo: launch.undo.clone(),
        options: launch.monitor.clone(),
    })
}
