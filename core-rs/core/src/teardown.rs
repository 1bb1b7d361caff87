//! Op `teardown`: executes steps, all of them, whatever fails.

use masu_steps::executor::{placed, tear_down};
use masu_wire::blank::{Blanks, fill_json};
use masu_wire::error::{CoreError, Group};
use masu_wire::request::{TeardownReply, TeardownRequest};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

use crate::init_image;

/// [`TeardownRequest`] with its steps still as text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TeardownText<'a> {
    #[serde(borrow)]
    steps: &'a RawValue,
    blanks: BTreeMap<String, String>,
}

/// Fills the blanks and executes every step.
pub(crate) fn teardown(request: TeardownText<'_>) -> Result<TeardownReply, CoreError> {
    let blanks = Blanks { text: request.blanks, arguments: Vec::new() };
    let steps = fill_json(request.steps.get(), &blanks);
    let steps = serde_json::from_str(&steps).map_err(|error| CoreError::unreadable("teardown", &error))?;
    let TeardownRequest { steps, .. } = TeardownRequest { steps, blanks: BTreeMap::new() };
    Ok(TeardownReply { failures: tear_down(placed(Group::Afterwards, &steps), init_image::tools()) })
}
