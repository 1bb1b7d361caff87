//! Op `wait`: blocks until a child has ended. Called on a thread of its own.

use std::os::fd::AsFd;

use masu_steps::failure::failed;
use masu_sys::wait::{End, reap, reap_pidfd};
use masu_wire::error::CoreError;
use masu_wire::request::{WaitReply, WaitRequest};

/// Waits for the child and closes its pidfd.
pub(crate) fn wait(request: WaitRequest) -> Result<WaitReply, CoreError> {
    let end = match masu_sys::descriptor::adopt(request.pidfd) {
        Some(pidfd) => reap_pidfd(pidfd.as_fd()),
        None => reap(request.pid),
    };
    match end.map_err(|error| failed(format!("Wait for process {}", request.pid), error))? {
        End::Exited(status) => Ok(WaitReply { status: Some(status), signal: None }),
        End::Signalled(signal) => Ok(WaitReply { status: None, signal: Some(signal) }),
    }
}
