//! Op `probe`: `init probe FD` tries what the kernel offers to this user.

use masu_steps::failure::failed;
use masu_steps::hint::of_process;
use masu_steps::init_role;
use masu_steps::stage_protocol::{receive, send};
use masu_sys::clone::Start;
use masu_sys::wait::reap;
use masu_wire::error::CoreError;
use masu_wire::request::{ProbeReply, ProbeRequest};
use std::os::fd::AsFd;

use crate::init_image;

/// Tries everything in order.
pub(crate) fn probe(request: ProbeRequest) -> Result<ProbeReply, CoreError> {
    let explain = |error| of_process(failed("Probe the kernel", error));
    let init_role::Role { child, socket } =
        init_role::start(init_image::init()?, c"probe", &Start::default()).map_err(explain)?;
    let asked = send(socket.as_fd(), &request, &[]);
    let answer = asked.and_then(|()| receive::<Result<ProbeReply, CoreError>>(socket.as_fd()));
    // Its answer, or the end of the socket, is the last thing that it does.
    drop(socket);
    reap(child.pid).map_err(explain)?;
    match answer.map_err(explain)? {
        Some(answer) => answer.message,
        None => Err(CoreError::bug("Probe the kernel: init did not answer")),
    }
}
