//! `container.json` as it is read: its plan stays text until it is needed.

use masu_launch::LaunchText;
use masu_steps::undo::Undo;
use masu_wire::blank::{Blanks, fill_json};
use masu_wire::container::{
    CONTAINER_VERSION, ContainerDocument, HealthCheck, LogSettings, MemoryFiles, RestartPolicy, StopSettings,
};
use masu_wire::error::{CoreError, ErrorCode, Group};
use masu_wire::plan::{HostStep, PLAN_VERSION};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

use crate::paths::DOCUMENT;
use crate::small_file::{self, Place};

/// [`ContainerDocument`] without its plan, its spec and its config.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Head {
    /// [`CONTAINER_VERSION`].
    pub version: u32,
    /// Its ID.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// When it was made: RFC 3339, UTC.
    pub created: String,
    /// IMAGE as it was written.
    pub image: String,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Delete it when it has ended.
    pub remove: bool,
    /// The program has a terminal of its own.
    pub terminal: bool,
    /// Its stdin stays open.
    pub stdin: bool,
    /// How it is asked to end.
    pub stop: StopSettings,
    /// What its end leads to.
    pub restart: RestartPolicy,
    /// What becomes of its output.
    pub log: LogSettings,
    /// How to see whether it is well.
    pub health: Option<HealthCheck>,
    /// Where its memory's use and lack are counted.
    pub memory: Option<MemoryFiles>,
}

/// All that is needed of any version's document.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

#[derive(Deserialize)]
struct Launching<'a> {
    #[serde(borrow)]
    launch: &'a RawValue,
}

/// The groups of a launch's plan that are carried out here.
#[derive(Deserialize)]
struct LaunchEnds<'a> {
    #[serde(borrow)]
    plan: &'a RawValue,
    blanks: BTreeMap<String, String>,
    arguments: Vec<String>,
}

/// What makes and removes a container, blanks filled in.
#[derive(Debug, Deserialize)]
pub struct PlanEnds {
    version: u32,
    /// What lasts while it is stopped.
    pub create: Vec<HostStep>,
    /// Before each start.
    pub before: Vec<HostStep>,
    /// After each end.
    pub afterwards: Vec<HostStep>,
    /// When it is deleted.
    pub delete: Vec<HostStep>,
}

impl PlanEnds {
    /// What undoes `create`, as far as it was done.
    #[must_use]
    pub fn undo_create(&self) -> Undo {
        Undo::new(self.create.iter(), [(Group::Delete, &*self.delete)])
    }
}

/// The text of a container's document; none: it has none.
pub fn read_text(place: Place<'_>) -> Result<Option<String>, CoreError> {
    small_file::read(place, DOCUMENT)
}

/// What is true of a container whatever its plan; none: it has no document.
///
/// Errors: those of reading it, and that it is not of this version, or no document at all. Nothing is changed then.
pub fn read_head(place: Place<'_>) -> Result<Option<Head>, CoreError> {
    read_text(place)?.map(|text| parse_head(&text, place)).transpose()
}

/// As [`read_head`], from its text.
pub fn parse_head(text: &str, place: Place<'_>) -> Result<Head, CoreError> {
    match serde_json::from_str::<Head>(text) {
        Ok(head) if head.version == CONTAINER_VERSION => Ok(head),
        Ok(head) => Err(other_version(place, head.version)),
        Err(error) => Err(unreadable(text, place, &error)),
    }
}

/// The whole document; none: it has none. Errors: as of [`read_head`].
pub fn read(place: Place<'_>) -> Result<Option<ContainerDocument>, CoreError> {
    let Some(text) = read_text(place)? else { return Ok(None) };
    parse_head(&text, place)?;
    serde_json::from_str(&text).map(Some).map_err(|error| unreadable(&text, place, &error))
}

/// The launch request in a document's text, for [`masu_launch::read`].
pub fn launch(text: &str) -> Result<LaunchText<'_>, CoreError> {
    let Launching { launch } = parse(text)?;
    parse(launch.get())
}

/// Fills in and reads those groups of the plan that are carried out here.
pub fn plan_ends(text: &str) -> Result<PlanEnds, CoreError> {
    let Launching { launch } = parse(text)?;
    let LaunchEnds { plan, blanks, arguments } = parse(launch.get())?;
    let ends: PlanEnds = parse(&fill_json(plan.get(), &Blanks { text: blanks, arguments }))?;
    if ends.version == PLAN_VERSION {
        Ok(ends)
    } else {
        Err(CoreError::new(
            ErrorCode::Failed,
            format!("Read a plan of version {}: this masu knows version {PLAN_VERSION}", ends.version),
        ))
    }
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, CoreError> {
    serde_json::from_str(text)
        .map_err(|error| CoreError::new(ErrorCode::Failed, format!("Read the launch of a container: {error}")))
}

fn unreadable(text: &str, place: Place<'_>, error: &serde_json::Error) -> CoreError {
    match serde_json::from_str(text) {
        Ok(Version { version }) if version != CONTAINER_VERSION => other_version(place, version),
        _ => corrupt(DOCUMENT, place, error),
    }
}

/// A file of masu's own that does not say what it should.
pub(crate) fn corrupt(name: &str, place: Place<'_>, error: &serde_json::Error) -> CoreError {
    let message = format!("Read \"{}/{name}\": it is damaged: {error}", place.path);
    CoreError::new(ErrorCode::Failed, message).with_hint("repair the file, or remove the container with delete --force")
}

fn other_version(place: Place<'_>, version: u32) -> CoreError {
    let age = if version < CONTAINER_VERSION { "an older" } else { "a newer" };
    let message = format!(
        "Read \"{}/{DOCUMENT}\": it is of version {version}, of {age} masu; this one knows version {CONTAINER_VERSION}",
        place.path
    );
    CoreError::new(ErrorCode::Failed, message)
        .with_hint("use the masu that made the container, or remove it with delete --force")
}
