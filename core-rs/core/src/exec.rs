//! Ops `exec` and `exec_run`: the crate of containers, with the core's own `init`.

use masu_wire::error::CoreError;
use masu_wire::lifecycle::ExecRequest;
use masu_wire::request::LaunchReply;

use crate::init_image;

/// Starts another program in a running container.
pub(crate) fn exec(request: ExecRequest) -> Result<LaunchReply, CoreError> {
    masu_containers::exec(request, init_image::init()?)
}

/// The same, and becomes its monitor: only an error comes back.
pub(crate) fn exec_run(request: ExecRequest) -> Result<(), CoreError> {
    masu_containers::exec_run(&request, init_image::init()?).map(|never| match never {})
}
