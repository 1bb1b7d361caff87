//! Op `perform`: executes steps in order, and stops at the first that fails.

use masu_steps::executor::set_up;
use masu_wire::blank::{Blanks, fill_json};
use masu_wire::error::{CoreError, Group};
use masu_wire::lifecycle::PerformReply;
use masu_wire::plan::HostStep;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

use crate::init_image;

/// [`masu_wire::lifecycle::PerformRequest`] with its steps still as text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PerformText<'a> {
    #[serde(borrow)]
    steps: &'a RawValue,
    blanks: BTreeMap<String, String>,
}

/// Fills the blanks and executes the steps; what was done stays. Errors: the step that failed.
pub(crate) fn perform(request: PerformText<'_>) -> Result<PerformReply, CoreError> {
    let blanks = Blanks { text: request.blanks, arguments: Vec::new() };
    let steps = fill_json(request.steps.get(), &blanks);
    let steps: Vec<HostStep> =
        serde_json::from_str(&steps).map_err(|error| CoreError::unreadable("perform", &error))?;
    set_up((Group::Before, 0), &steps, init_image::tools(), |_| ()).map_err(|mut error| {
        // These are no steps of a container's plan.
        error.place = None;
        error
    })?;
    Ok(PerformReply {})
}
