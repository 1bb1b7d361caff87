//! Ops `launch` and `run`: the crate that launches, with the core's own `init`.

use std::path::Path;

use masu_host::kept::{self, Basis, Typed, Work};
use masu_launch::LaunchText;
use masu_wire::error::CoreError;
use masu_wire::request::{KeepPlan, LaunchReply};
use serde::Deserialize;

use crate::{basis, init_image};

/// [`masu_wire::request::RunRequest`] with its plan still as text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunText<'a> {
    #[serde(borrow)]
    launch: LaunchText<'a>,
    keep: Option<KeepPlan>,
}

/// Starts the container and returns when its program runs.
pub(crate) fn launch(request: LaunchText<'_>) -> Result<LaunchReply, CoreError> {
    basis::take();
    masu_launch::launch(request, init_image::init()?)
}

/// Starts the container and becomes its monitor: only an error comes back.
pub(crate) fn run(request: RunText<'_>) -> Result<std::convert::Infallible, CoreError> {
    // As it came: what is blank in it is filled in anew each time.
    let text = request.keep.is_some().then(|| serde_json::to_string(&request.launch));
    masu_launch::run(request.launch, init_image::init()?, |_| {
        // The program runs already, so that nothing waits for this.
        if let (Some(keep), Some(Ok(text))) = (request.keep, text) {
            keep_launch(keep, &text);
        }
        Ok(())
    })
}

/// Becomes the program itself: only an error comes back.
pub(crate) fn become_program(request: LaunchText<'_>) -> Result<std::convert::Infallible, CoreError> {
    masu_launch::become_program(request, init_image::init()?)
}

fn keep_launch(keep: KeepPlan, launch: &str) -> Option<()> {
    keep_plan(keep, basis::take()?, Work::Launch(serde_json::from_str(launch).ok()?))
}

/// Keeps a plan for the same command.
pub(crate) fn keep_plan(keep: KeepPlan, basis: Basis, work: Work<'_>) -> Option<()> {
    let KeepPlan { directory, command, environment } = keep;
    kept::keep(Path::new(&directory), &kept::build()?, Typed { command, environment }, basis, work)
}
