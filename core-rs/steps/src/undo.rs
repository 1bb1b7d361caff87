//! Which of a plan's `afterwards` undo something that was really done.
//!
//! A name that was taken, a directory that was there: when such a step fails, what it names belongs to another container,
//! and `afterwards` must not touch it.

use masu_wire::plan::HostStep;
use serde::{Deserialize, Serialize};

/// `afterwards`, each with the step that makes what it removes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Undo {
    steps: Vec<UndoStep>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct UndoStep {
    step: HostStep,
    /// Number of the step that makes it, in `before` and then `record`; none: nobody makes it before the container exists.
    maker: Option<u32>,
}

impl Undo {
    /// Pairs each step of `afterwards` with the step of `before` or `record` that makes its very path.
    #[must_use]
    pub fn new(before: &[HostStep], record: &[HostStep], afterwards: Vec<HostStep>) -> Self {
        let makers: Vec<Option<&str>> = before.iter().chain(record).map(made).collect();
        let steps = afterwards.into_iter().map(|step| {
            let maker = removed(&step).and_then(|path| makers.iter().position(|made| *made == Some(path)));
            UndoStep { maker: maker.and_then(|number| u32::try_from(number).ok()), step }
        });
        Self { steps: steps.collect() }
    }

    /// What has to be executed, with its number in `afterwards`, when this many steps of `before` and `record` were done.
    pub fn due(&self, done: u32) -> impl Iterator<Item = (usize, &HostStep)> {
        let steps = self.steps.iter().enumerate();
        steps
            .filter(move |(_, undo)| undo.maker.is_none_or(|maker| maker < done))
            .map(|(index, undo)| (index, &undo.step))
    }

    /// All of it.
    pub fn all(&self) -> impl Iterator<Item = (usize, &HostStep)> {
        self.due(u32::MAX)
    }
}

/// The path that a step makes.
fn made(step: &HostStep) -> Option<&str> {
    match step {
        HostStep::MakeDirectory { path, .. }
        | HostStep::WriteFile { path, .. }
        | HostStep::ReserveName { path, .. } => Some(path),
        _ => None,
    }
}

/// The path that a step removes, or whose processes it kills.
fn removed(step: &HostStep) -> Option<&str> {
    match step {
        HostStep::KillCgroup { path }
        | HostStep::RemoveCgroup { path, .. }
        | HostStep::RemoveTree { path, .. }
        | HostStep::RemoveFile { path, .. } => Some(path),
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
        let undo = Undo::new(&before, &record, afterwards);
        for (done, expected) in [(0, vec![2]), (1, vec![2]), (2, vec![2, 3]), (3, vec![1, 2, 3]), (4, vec![0, 1, 2, 3])]
        {
            assert_eq!(undo.due(done).map(|(index, _)| index).collect::<Vec<_>>(), expected, "{done} done");
        }
        assert_eq!(undo.all().count(), 4);
    }
}
