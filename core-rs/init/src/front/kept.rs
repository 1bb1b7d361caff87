//! `masu run` by a plan that was kept when the same words were typed before: nothing is left to decide.

use std::os::fd::{AsFd as _, BorrowedFd};
use std::path::Path;

use masu_containers::kept::{new_id, run_document};
use masu_host::kept::{Work, build, find};
use masu_launch::LaunchText;
use masu_steps::time;
use masu_wire::error::CoreError;
use masu_wire::lifecycle::Store;

use super::answer::Answer;
use super::context::Context;

/// The directory of kept plans below the runtime directory: `planDirectory` of `lib/engine/kept.ts`.
const PLANS: &str = "plans";

/// Runs the container. None: no plan was kept for these words, or something that it was made of has changed.
pub(super) fn run(words: &[&str], root: Option<&str>, context: Context<'_>) -> Answer {
    let store = context.store_below(root)?;
    let directory = Path::new(&store.runtime).join(PLANS);
    let command: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let variable = |name: &str| Some(std::str::from_utf8(context.variable(name)?).ok()?.to_owned());
    find(&directory, &build()?, &command, variable, |work| {
        let init = context.init()?;
        let done = execute(work, &store, init.as_fd());
        Some(match done {
            Ok(id) => context.told(&id),
            Err(error) => context.failed(&error),
        })
    })?
}

/// Carries it out. Returns the ID of a container that lives on: one in the foreground has become this process.
fn execute(work: Work<'_>, store: &Store, init: BorrowedFd<'_>) -> Result<String, CoreError> {
    match work {
        Work::Document(text) => run_document(store, text, init),
        Work::Launch(text) => {
            let mut launch: LaunchText<'_> =
                serde_json::from_str(text.get()).map_err(|error| CoreError::unreadable("run", &error))?;
            launch.set_blank("id", new_id()?);
            launch.set_blank("created", time::now());
            masu_launch::run(launch, init, |_| Ok(())).map(|never| match never {})
        }
    }
}

/// What `--root` says. The outer none: this is no `run`, or something stands before it that the program has to look at.
pub(super) fn root_of_run<'a>(words: &[&'a str]) -> Option<Option<&'a str>> {
    match words {
        ["run", ..] => Some(None),
        ["--root", root, "run", ..] => Some(Some(root)),
        [first, "run", ..] => Some(Some(first.strip_prefix("--root=")?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_of_run_knows_a_run_and_its_root() {
        for (words, expected) in [
            (&["run", "host"][..], Some(None)),
            (&["--root", "/r", "run", "host"], Some(Some("/r"))),
            (&["--root=/r", "run"], Some(Some("/r"))),
            (&["--debug", "run"], None),
            (&["--root", "run"], None),
            (&["list"], None),
            (&[], None),
        ] {
            assert_eq!(root_of_run(words), expected, "{words:?}");
        }
    }
}
