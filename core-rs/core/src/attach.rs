//! Op `attach`: this process becomes `init attach FD`, with a connection to the container's monitor.

use masu_containers::store::Shelf;
use masu_containers::{monitor, status::Condition};
use masu_steps::attach_document::AttachDocument;
use masu_steps::become_role::become_role;
use masu_steps::failure::failed;
use masu_sys::descriptor::adopt;
use masu_sys::{hold, signal};
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::lifecycle::AttachRequest;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use crate::init_image::init;

/// Only an error comes back.
pub(crate) fn attach(request: AttachRequest) -> Result<(), CoreError> {
    let init = init()?;
    let connection = match request.connection.and_then(adopt) {
        Some(connection) => connection,
        None => connect(&request)?,
    };
    let explain = |error| failed("Block signals", error);
    let mask = signal::mask().map_err(explain)?;
    // What arrives from here on, whichever thread gets it, waits for the role, which takes it as if it had come a moment later.
    let hold = hold::hold().map_err(explain)?;
    signal::block_all().map_err(explain)?;
    let failure = become_role(init, c"attach", &[connection.as_fd()], |keeper_pid| AttachDocument {
        container: request.container,
        connection: connection.as_raw_fd(),
        screen: request.connection.is_none(),
        stdin: request.stdin,
        detach_keys: request.detach_keys,
        forward_signals: request.forward_signals,
        keeper_pid,
    });
    drop(hold);
    let _ = signal::set_mask(mask);
    Err(failure)
}

fn connect(request: &AttachRequest) -> Result<OwnedFd, CoreError> {
    let shelf = Shelf::open(&request.store)?;
    let entry = shelf.find(&request.container)?;
    match monitor::connect(&request.store, &entry.id)? {
        Some(connection) => Ok(connection),
        None => Err(unattachable(&request.container, &Condition::of(entry))),
    }
}

fn unattachable(word: &str, condition: &Condition) -> CoreError {
    let error = |cause: &str| CoreError::new(ErrorCode::Failed, format!("Attach to container {word:?}: {cause}"));
    match condition {
        _ if condition.bundle().is_some() => error("whoever had it made from its OCI bundle has its streams"),
        Condition { alive: true, .. } if !condition.is_lasting() => {
            error("it runs in the foreground, where it was started")
        }
        Condition { alive: true, .. } => error("it runs, but its monitor is gone"),
        _ => error("it is not running").with_hint(format!("masu start --attach {word}")),
    }
}
