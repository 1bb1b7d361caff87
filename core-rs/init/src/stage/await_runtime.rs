//! The step `await_runtime`: everything is mounted, and the core has something to do before the root is changed.

use std::os::fd::AsFd;

use masu_steps::failure::failed;
use masu_steps::stage_protocol::{self as protocol, Received, StageMessage, StageOrder};
use masu_sys::process;
use masu_wire::error::CoreError;

use super::container::Container;

/// masu itself failed.
const MASU_FAILED: i32 = 125;

/// Waits until the core says to go on. Where it is gone, nothing shall happen any more.
pub(super) fn wait(container: &Container) -> Result<(), CoreError> {
    let explain = |error| failed("Wait for the core to do its part", error);
    protocol::send(container.socket, &StageMessage::Assembled, &[]).map_err(explain)?;
    match protocol::receive(container.socket.as_fd()).map_err(explain)? {
        Some(Received { message: StageOrder::Proceed, .. }) => Ok(()),
        Some(_) => Err(CoreError::bug("The core gave the stage its orders out of turn")),
        None => process::exit(MASU_FAILED),
    }
}
