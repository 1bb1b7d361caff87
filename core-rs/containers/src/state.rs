//! Op `state`: OCI's state of a container. runtime.md, "State"

use masu_wire::blank::{Blanks, fill_json};
use masu_wire::container::{BundleRecord, ContainerRecord};
use masu_wire::error::CoreError;
use masu_wire::lifecycle::{StateReply, StateRequest, Status};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

use crate::document;
use crate::paths;
use crate::status::Condition;
use crate::store::Shelf;

/// Of the runtime specification, for a container that does not run and so has no record.
const OCI_VERSION: &str = "1.3.0";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct State<'a> {
    oci_version: &'a str,
    id: &'a str,
    status: &'a str,
    pid: u32,
    bundle: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<String, String>,
}

/// Those of the document that the state has too.
#[derive(Deserialize)]
struct SpecText<'a> {
    #[serde(borrow)]
    spec: &'a RawValue,
    launch: LaunchBlanks,
}

#[derive(Deserialize)]
struct LaunchBlanks {
    blanks: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    oci_version: Option<String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

/// The document that `state` prints, to the byte. Errors: `not_found`; why the container is broken.
pub fn state(request: &StateRequest) -> Result<StateReply, CoreError> {
    let shelf = Shelf::open(&request.store)?;
    let condition = Condition::of(shelf.find(&request.container)?);
    if let Some(error) = condition.error {
        return Err(error);
    }
    if let (Some(record), Some(bundle)) = (&condition.record, condition.bundle()) {
        return write(&bundle_state(record, bundle, condition.bundle_status()));
    }
    let spec = if condition.alive { None } else { spec(&condition)? };
    let view = condition.view(&request.store);
    let record = view.record.as_ref();
    let directory = paths::runtime(&request.store, &view.id);
    let version = spec.as_ref().and_then(|spec| spec.oci_version.as_deref());
    let state = State {
        oci_version: record.map_or(version.unwrap_or(OCI_VERSION), |record| &record.oci_version),
        id: &view.id,
        status: word(view.status),
        pid: record.map_or(0, |record| record.pid),
        bundle: record.map_or(&directory, |record| &record.bundle),
        annotations: record
            .map_or_else(|| spec.as_ref().map(|spec| spec.annotations.clone()), |record| record.annotations.clone())
            .unwrap_or_default(),
    };
    write(&state)
}

fn write(state: &impl Serialize) -> Result<StateReply, CoreError> {
    let text = serde_json::to_string_pretty(state);
    let text = text.map_err(|error| CoreError::bug(format!("Write the state of a container: {error}")))?;
    Ok(StateReply { text })
}

/// As runc has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BundleState<'a> {
    oci_version: &'a str,
    id: &'a str,
    pid: u32,
    status: &'a str,
    bundle: &'a str,
    rootfs: &'a str,
    created: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<&'a BTreeMap<String, String>>,
    owner: &'a str,
}

fn bundle_state<'a>(record: &'a ContainerRecord, bundle: &'a BundleRecord, status: Status) -> BundleState<'a> {
    BundleState {
        oci_version: &record.oci_version,
        id: &record.id,
        pid: if status == Status::Stopped { 0 } else { record.pid },
        status: word(status),
        bundle: &record.bundle,
        rootfs: &bundle.rootfs,
        created: &record.masu.created,
        annotations: record.annotations.as_ref().filter(|annotations| !annotations.is_empty()),
        owner: &bundle.owner,
    }
}

fn spec(condition: &Condition) -> Result<Option<Spec>, CoreError> {
    let Some(place) = condition.entry.data() else { return Ok(None) };
    let Some(text) = document::read_text(place)? else { return Ok(None) };
    let damaged = |error: serde_json::Error| document::corrupt(paths::DOCUMENT, place, &error);
    let SpecText { spec, launch } = serde_json::from_str(&text).map_err(damaged)?;
    let blanks = Blanks { text: launch.blanks, arguments: Vec::new() };
    serde_json::from_str(&fill_json(spec.get(), &blanks)).map(Some).map_err(damaged)
}

/// The words of the specification, and runc's for one that is frozen.
const fn word(status: Status) -> &'static str {
    match status {
        Status::Created => "created",
        Status::Running => "running",
        Status::Paused => "paused",
        Status::Restarting | Status::Stopped | Status::Broken => "stopped",
    }
}
