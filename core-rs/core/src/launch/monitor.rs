//! `run` ends by executing `init monitor FD` in this very process: V8 goes, less than a mebibyte stays.

use masu_steps::failure::failed;
use masu_steps::init_role;
use masu_steps::monitor_document::MonitorDocument;
use masu_sys::descriptor::keep_through_exec;
use masu_sys::error::SysError;
use masu_sys::memfd::sealed_document;
use masu_sys::memory_keeper::MemoryKeeper;
use masu_sys::process::execute;
use masu_sys::terminal::Modes;
use masu_wire::error::CoreError;
use std::ffi::CString;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use super::attempt::Launched;
use super::guard::Guard;
use super::request::Launch;
use crate::init_image;

/// Returns only when it failed; then the container is gone.
pub(super) fn become_monitor(launched: Launched, guard: &Guard, launch: &Launch) -> CoreError {
    let failure = hand_over(&launched, guard, launch);
    launched.abandon();
    failure
}

fn hand_over(launched: &Launched, guard: &Guard, launch: &Launch) -> CoreError {
    // Without one, execve(2) takes longer.
    let keeper = MemoryKeeper::start().ok();
    let prepared = prepare(launched, guard, launch, keeper.as_ref().map(MemoryKeeper::pid));
    let document = match prepared {
        Ok(document) => document,
        Err(error) => return error,
    };
    let init = match init_image::init() {
        Ok(init) => init,
        Err(error) => return error,
    };
    // execve(2) of a magic link is execveat(2) with AT_EMPTY_PATH, and leaves a /proc/self/exe that can be opened again.
    let program = CString::new(format!("/proc/self/fd/{}", init.as_raw_fd())).unwrap_or_default();
    failed(
        "Become the container's monitor",
        execute(&program, &init_role::arguments(c"monitor", document.as_fd()), &[]),
    )
}

/// Tells the guard about the terminal, writes the document, opens the way through execve(2) for what it names.
fn prepare(launched: &Launched, guard: &Guard, launch: &Launch, keeper_pid: Option<u32>) -> Result<OwnedFd, CoreError> {
    let stdin = rustix::stdio::stdin();
    if launched.terminal.is_some()
        && let Ok(modes) = Modes::of(stdin)
    {
        guard.keep_terminal(modes.to_bytes(), stdin)?;
    }
    let number = |descriptor: &OwnedFd| descriptor.as_raw_fd();
    let document = MonitorDocument {
        pid: launched.pid,
        pidfd: launched.pidfd.as_ref().map(number),
        terminal: launched.terminal.as_ref().map(number),
        guard: guard.socket().as_raw_fd(),
        guard_pid: guard.pid(),
        keeper_pid,
        afterwards: launch.undo.all().map(|(_, step)| step.clone()).collect(),
        options: launch.monitor.clone(),
    };
    let text = serde_json::to_vec(&document)
        .map_err(|error| CoreError::bug(format!("Write the monitor's document: {error}")))?;
    let document =
        sealed_document(c"masu-monitor", &text).map_err(|error| failed("Write the monitor's document", error))?;
    let kept = [
        Some(document.as_fd()),
        Some(guard.socket()),
        launched.pidfd.as_ref().map(AsFd::as_fd),
        launched.terminal.as_ref().map(AsFd::as_fd),
    ];
    for descriptor in kept.into_iter().flatten() {
        keep_through_exec(descriptor).map_err(|error: SysError| failed("Keep a descriptor for the monitor", error))?;
    }
    Ok(document)
}
