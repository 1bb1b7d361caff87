//! Which of a plan's `afterwards` and `delete` undo something that was really done.
//!
//! A name that was taken, a directory that was there: when such a step fails, what it names belongs to another container,
//! and nothing must touch it.

use masu_wire::error::{Group, Place};
use masu_wire::plan::HostStep;
use serde::{Deserialize, Serialize};

use crate::executor::placed;

/// The steps that undo, each with the step that makes what it removes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Undo {
    steps: Vec<UndoStep>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct UndoStep {
    place: Place,
    step: HostStep,
    /// Number of the step that makes it, of a hook the last one; none: nobody makes it before the container exists.
    maker: Option<u32>,
}

impl Undo {
    /// Pairs each step of `groups` with the first of `making` that makes its very path, and hooks with all of them.
    pub fn new<'a>(
        making: impl Iterator<Item = &'a HostStep>,
        groups: impl IntoIterator<Item = (Group, &'a [HostStep])>,
    ) -> Self {
        let makers: Vec<Option<Made<'_>>> = making.map(made).collect();
        // runtime.md, "Lifecycle": hooks follow what was created. A container that could not even be made had none of its life.
        let whole = makers.len().checked_sub(1);
        let undoing = groups.into_iter().flat_map(|(group, steps)| placed(group, steps));
        let steps = undoing.map(|(place, step)| {
            let maker = match step {
                HostStep::RunHook { .. } => whole,
                _ => removed(step).and_then(|gone| makers.iter().position(|made| *made == Some(gone))),
            };
            UndoStep { place, maker: maker.and_then(|number| u32::try_from(number).ok()), step: step.clone() }
        });
        Self { steps: steps.collect() }
    }

    /// What has to be executed when this many of the making steps were done.
    pub fn due(&self, done: u32) -> impl Iterator<Item = (Place, &HostStep)> {
        let due = self.steps.iter().filter(move |undo| undo.maker.is_none_or(|maker| maker < done));
        due.map(|undo| (undo.place, &undo.step))
    }

    /// All of it.
    pub fn all(&self) -> impl Iterator<Item = (Place, &HostStep)> {
        self.due(u32::MAX)
    }
}

/// A mount covers what was made at its path before: neither is undone by what undoes the other.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Made<'a> {
    Path(&'a str),
    Mount(&'a str),
    Unit(&'a str),
}

/// What a step makes.
fn made(step: &HostStep) -> Option<Made<'_>> {
    match step {
        HostStep::MakeDirectory { path, .. }
        | HostStep::MakeCgroup { path }
        | HostStep::WriteFile { path, .. }
        | HostStep::ReserveName { path, .. } => Some(Made::Path(path)),
        HostStep::Mount { destination, .. } => Some(Made::Mount(destination)),
        HostStep::StartUnit { name, .. } => Some(Made::Unit(name)),
        _ => None,
    }
}

/// What a step removes, or whose processes it kills.
fn removed(step: &HostStep) -> Option<Made<'_>> {
    match step {
        HostStep::KillCgroup { path }
        | HostStep::RemoveCgroup { path, .. }
        | HostStep::RemoveTree { path, .. }
        | HostStep::RemoveFile { path, .. } => Some(Made::Path(path)),
        HostStep::Unmount { path, .. } => Some(Made::Mount(path)),
        HostStep::StopUnit { name, .. } => Some(Made::Unit(name)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(json: &str) -> Vec<HostStep> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn due_leaves_alone_what_was_not_made() {
        let before = steps(
            r#"[{"kind":"make_directory","path":"/run/c","mode":448,"parents":true,"owner":null},
                {"kind":"make_directory","path":"/run/c/1","mode":448,"parents":false,"owner":null},
                {"kind":"reserve_name","path":"/run/n/web","target":"1","name":"web"}]"#,
        );
        let record = steps(r#"[{"kind":"write_file","path":"/tmp/pid","text":"1","mode":420,"exclusive":true}]"#);
        let afterwards = steps(
            r#"[{"kind":"remove_file","path":"/tmp/pid","target":null},
                {"kind":"remove_file","path":"/run/n/web","target":"1"},
                {"kind":"remove_mount_point","root":"/r","path":"/m","file":false},
                {"kind":"remove_tree","path":"/run/c/1","user":null}]"#,
        );
        let undo = Undo::new(before.iter().chain(&record), [(Group::Afterwards, &*afterwards)]);
        for (done, expected) in [(0, vec![2]), (1, vec![2]), (2, vec![2, 3]), (3, vec![1, 2, 3]), (4, vec![0, 1, 2, 3])]
        {
            assert_eq!(undo.due(done).map(|(place, _)| place.index).collect::<Vec<_>>(), expected, "{done} done");
        }
        assert_eq!(undo.all().count(), 4);
    }

    #[test]
    fn only_a_unit_that_was_started_is_stopped() {
        let making = steps(
            r#"[{"kind": "make_directory", "path": "/d", "mode": 448, "parents": false, "owner": null},
                {"kind": "start_unit", "name": "m.scope", "user": false, "pid": "1", "properties": []}]"#,
        );
        let afterwards = steps(r#"[{"kind": "stop_unit", "name": "m.scope", "user": false}]"#);
        let undo = Undo::new(making.iter(), [(Group::Afterwards, &*afterwards)]);
        assert_eq!([0, 1, 2].map(|done| undo.due(done).count()), [0, 0, 1]);
    }

    #[test]
    fn hooks_are_due_when_everything_was_made() {
        let making = steps(
            r#"[{"kind": "make_directory", "path": "/d", "mode": 448, "parents": false, "owner": null},
                {"kind": "write_file", "path": "/d/state", "text": "", "mode": 384, "exclusive": false}]"#,
        );
        let deletion = steps(
            r#"[{"kind": "run_hook", "hook": {"path": "/bin/true", "args": [], "env": []}, "state": {}, "pid": ""},
                {"kind": "remove_tree", "path": "/d", "user": null}]"#,
        );
        let undo = Undo::new(making.iter(), [(Group::Delete, &*deletion)]);
        for (done, expected) in [(0, vec![]), (1, vec![1]), (2, vec![0, 1])] {
            assert_eq!(undo.due(done).map(|(place, _)| place.index).collect::<Vec<_>>(), expected, "{done} done");
        }
    }

    #[test]
    fn only_a_mount_that_was_made_is_unmounted() {
        let making = steps(
            r#"[{"kind": "make_directory", "path": "/d", "mode": 448, "parents": false, "owner": null},
                {"kind": "mount", "source": "x", "destination": "/d", "type": "tmpfs", "flags": 0, "data": ""}]"#,
        );
        let deletion = steps(
            r#"[{"kind": "unmount", "path": "/d", "lazy": false}, {"kind": "remove_tree", "path": "/d", "user": null}]"#,
        );
        let undo = Undo::new(making.iter(), [(Group::Delete, &*deletion)]);
        for (done, expected) in [(0, vec![]), (1, vec![1]), (2, vec![0, 1])] {
            assert_eq!(undo.due(done).map(|(place, _)| place.index).collect::<Vec<_>>(), expected, "{done} done");
        }
    }
}
