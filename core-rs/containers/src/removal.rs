//! What a container leaves is removed, `container.json` last: a removal that was killed can be repeated, and loses nothing before.

use masu_steps::executor::{Tools, execute, placed, tear_down};
use masu_steps::failure::failed;
use masu_steps::hint::of_file_system;
use masu_sys::error::SysError;
use masu_sys::file::{self, FileType};
use masu_wire::error::{CoreError, Group};
use masu_wire::plan::{HostStep, UserMapping};

use rustix::io::Errno;

use crate::document::{self, PlanEnds};
use crate::paths;
use crate::small_file::{self, Place};
use crate::status::Condition;
use crate::store::{Shelf, Side};

/// Removes all of a container that is locked, of which nothing is alive, and whose last start was torn down.
///
/// Errors: the first step that failed; then `container.json` is still there.
pub fn remove(shelf: &Shelf<'_>, condition: &Condition, tools: Tools<'_>) -> Result<(), CoreError> {
    let entry = &condition.entry;
    let text = entry.data().and_then(|place| document::read_text(place).ok().flatten());
    // A broken one has no plan that could be read.
    let ends = text.and_then(|text| document::plan_ends(&text).ok());
    let data = paths::data(shelf.store, &entry.id);
    let user = ends.as_ref().and_then(|ends| owner(ends, &data));
    let mut failures = Vec::new();
    if let Some(place) = entry.data() {
        failures.extend(empty(place, user.as_ref(), tools));
    }
    let planned = ends.as_ref().map(|ends| &*ends.delete).unwrap_or_default();
    let planned = placed(Group::Delete, planned).filter(|(_, step)| !removes_tree(step, &data));
    failures.extend(tear_down(planned, tools));
    let rest = leftovers(shelf, condition, user.as_ref());
    failures.extend(rest.iter().filter_map(|step| execute(step, tools).err()));
    if let Some(failure) = failures.into_iter().next() {
        return Err(failure);
    }
    let doomed = paths::doomed(shelf.store, &entry.id);
    match rustix::fs::rename(&data, &doomed) {
        Ok(()) => {}
        Err(Errno::NOENT) => return Ok(()),
        Err(errno) => {
            let error = SysError::new("rename", errno.raw_os_error());
            return Err(of_file_system(failed(format!("Remove directory {data:?}"), error), &data));
        }
    }
    // From here on it is deleted, and its ID is free; what a kill leaves now is found by its name.
    execute(&HostStep::RemoveTree { path: doomed, user }, tools)
}

/// Removes what stands where a container's directories should be and is something else: the link, not what it leads to.
pub(crate) fn remove_links(shelf: &Shelf<'_>, id: &str) -> Result<(), CoreError> {
    let entry = shelf.entry(id);
    let sides = [(&entry.data, paths::data(shelf.store, id)), (&entry.runtime, paths::runtime(shelf.store, id))];
    let refused = sides.into_iter().filter(|(side, _)| matches!(side, Side::Refused(_)));
    for (_, path) in refused {
        execute(&HostStep::RemoveFile { path, target: None }, Tools { init: None })?;
    }
    Ok(())
}

/// Whose files are in the data directory.
fn owner(ends: &PlanEnds, data: &str) -> Option<UserMapping> {
    ends.delete.iter().find_map(|step| match step {
        HostStep::RemoveTree { path, user } if path == data => user.clone(),
        _ => None,
    })
}

fn removes_tree(step: &HostStep, data: &str) -> bool {
    matches!(step, HostStep::RemoveTree { path, .. } if path == data)
}

/// All that is in the data directory, but for the document.
fn empty(place: Place<'_>, user: Option<&UserMapping>, tools: Tools<'_>) -> Vec<CoreError> {
    let names = match small_file::all_names(place.directory) {
        Ok(names) => names,
        Err(error) => return vec![failed(format!("List directory {:?}", place.path), error)],
    };
    let others = names.into_iter().filter(|name| name != paths::DOCUMENT);
    let steps = others.map(|name| {
        let path = format!("{}/{name}", place.path);
        let status = file::status_in(place.directory, &name);
        match status.is_ok_and(|status| file::kind(&status) == FileType::Directory) {
            true => HostStep::RemoveTree { path, user: user.cloned() },
            false => HostStep::RemoveFile { path, target: None },
        }
    });
    steps.filter_map(|step| execute(&step, tools).err()).collect()
}

/// What no plan, or an older one, knows of: it may have been renamed, killed, broken.
fn leftovers(shelf: &Shelf<'_>, condition: &Condition, user: Option<&UserMapping>) -> Vec<HostStep> {
    let id = condition.id();
    let mut steps = Vec::new();
    match &condition.entry.runtime {
        Side::Absent => {}
        Side::Open(_) => {
            steps.push(HostStep::RemoveTree { path: paths::runtime(shelf.store, id), user: user.cloned() });
        }
        Side::Refused(_) => {
            steps.push(HostStep::RemoveFile { path: paths::runtime(shelf.store, id), target: None });
        }
    }
    let names = match condition.name() {
        Some(name) => vec![name.to_owned()],
        None if condition.error.is_some() => shelf.names().unwrap_or_default(),
        None => Vec::new(),
    };
    steps.extend(names.into_iter().map(|name| HostStep::RemoveFile {
        path: paths::name(shelf.store, &name),
        target: Some(paths::name_target(id)),
    }));
    steps.push(HostStep::RemoveFile { path: paths::monitor(shelf.store, id), target: None });
    steps
}
