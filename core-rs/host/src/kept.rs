//! Plans that are kept: the same command again, where all that its plan was made of is still so, needs no second decision.
//!
//! A kept plan holds what was typed, what was read of the environment, what this process was, and every look at the host with what was
//! seen. It is used only when all of that is the same again; otherwise it is as if it were not there.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use masu_wire::request::{Look, ObserveRequest, ProcessReply, ProcessRequest, Seen};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::kept_file;
use crate::observe::observe;
use crate::process::process;

/// What tells this masu from another: the file that it was started from. None: there is no telling.
pub fn build() -> Option<String> {
    version_of(Path::new("/proc/self/exe"))
}

/// What tells a file from all that were or will be in its place. When it was written is not enough: packages say when that was.
fn version_of(path: &Path) -> Option<String> {
    let file = fs::metadata(path).ok()?;
    let times = [file.mtime(), file.mtime_nsec(), file.ctime(), file.ctime_nsec()];
    Some(format!("{}:{}:{}:{times:?}", file.dev(), file.ino(), file.size()))
}

/// What was typed, and what of the environment was read for it.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Typed {
    /// All words after `masu`.
    pub command: Vec<String>,
    /// Variables that were asked for, by name; none: not set.
    pub environment: BTreeMap<String, Option<String>>,
}

/// A kept plan, as its file has it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptPlan<'a> {
    /// masu's own: another one may decide otherwise.
    build: String,
    typed: Typed,
    process: ProcessReply,
    looks: Vec<Look>,
    seen: Vec<Seen>,
    /// What is to be done.
    #[serde(borrow)]
    work: Work<'a>,
}

/// What a kept plan is the plan of. With the id and the time of when it was kept.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work<'a> {
    /// `LaunchRequest`: a container in the foreground.
    #[serde(borrow)]
    Launch(&'a RawValue),
    /// `ContainerDocument`: one that lives on, made and started at once.
    #[serde(borrow)]
    Document(&'a RawValue),
}

impl Work<'_> {
    const fn text(&self) -> &RawValue {
        match self {
            Self::Launch(text) | Self::Document(text) => text,
        }
    }
}

/// What a plan was made of.
#[derive(Clone, Debug, Default)]
pub struct Basis {
    /// This process, as it was told.
    pub process: Option<ProcessReply>,
    /// Every look, with what was seen.
    pub looks: Vec<(Look, Seen)>,
    /// The form of the bundle's document that was read last.
    pub form: Option<String>,
}

/// Keeps a plan below `directory`. A plan that cannot be kept is decided again the next time: there is nothing to report.
pub fn keep(directory: &Path, build: &str, typed: Typed, basis: Basis, work: Work<'_>) -> Option<()> {
    let process = basis.process?;
    let name = file_name(&typed.command, &process.directory);
    let (looks, seen) = basis.looks.into_iter().unzip();
    kept_file::write(directory, &name, &KeptPlan { build: build.to_owned(), typed, process, looks, seen, work })
}

/// Hands the work of a kept plan that still holds to `act`; none: it has to be decided anew.
pub fn find<T>(
    directory: &Path,
    build: &str,
    command: &[String],
    variable: impl Fn(&str) -> Option<String>,
    act: impl FnOnce(Work<'_>) -> T,
) -> Option<T> {
    let own = process(ProcessRequest {}).ok()?;
    let text = kept_file::read(directory, &file_name(command, &own.directory), own.uid)?;
    let kept: KeptPlan<'_> = serde_json::from_str(&text).ok()?;
    let terminal = kept.work.text().get().contains("\"open_terminal\"");
    let same_words = kept.build == build && kept.typed.command == command;
    let same_variables = || kept.typed.environment.iter().all(|(name, value)| variable(name) == *value);
    if !same_words || !same_variables() || of_process(kept.process, terminal) != of_process(own, terminal) {
        return None;
    }
    let request = ObserveRequest { looks: kept.looks.clone(), blanks: None };
    are_same(&kept.looks, observe(request).ok()?.seen, kept.seen, of_sight).then(|| act(kept.work))
}

/// Only a plan with a terminal depends on those of the caller; and one that passes descriptors on is never kept.
fn of_process(process: ProcessReply, terminal: bool) -> ProcessReply {
    let process = ProcessReply { pid: 0, inherited_descriptors: Vec::new(), ..process };
    if terminal { process } else { ProcessReply { terminals: [false; 3], rows: 0, columns: 0, ..process } }
}

/// Whether what is seen now is what was seen then, as far as plans depend on it.
pub(crate) fn are_same(
    looks: &[Look],
    now: Vec<Seen>,
    then: Vec<Seen>,
    of_sight: impl Fn(&Look, Seen) -> Seen,
) -> bool {
    now.len() == then.len()
        && looks.iter().zip(now).zip(then).all(|((look, now), then)| of_sight(look, now) == of_sight(look, then))
}

/// What plans depend on of a sight: not on when a directory changed, how long a file is or which one it is, but on what is in it; and
/// of a cgroup only on whether there are processes in it at all.
pub(crate) fn of_sight(look: &Look, mut seen: Seen) -> Seen {
    if look.path.ends_with("/cgroup.procs") {
        seen.text = seen.text.filter(|text| !text.is_empty()).map(|_| String::new());
    }
    if let Some(status) = &mut seen.status {
        (status.mtime_ms, status.size, status.inode) = (0.0, 0, 0);
    }
    seen
}

/// Two commands of one name take turns; what a file holds says whose it is.
fn file_name(command: &[String], directory: &str) -> String {
    kept_file::name(command.iter().map(String::as_str).chain([directory]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use masu_wire::request::Want;
    use std::path::PathBuf;

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("masu-kept-{name}-{}", std::process::id()));
            fs::create_dir(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    fn looked(path: &Path, want: Want) -> (Look, Seen) {
        let look = Look { path: path.to_str().unwrap().to_owned(), root: None, want };
        let seen = observe(ObserveRequest { looks: vec![look.clone()], blanks: None }).unwrap().seen.remove(0);
        (look, seen)
    }

    /// Keeps a plan that looked at `file` and `directory`, and was told that `HOME` is `/root`.
    fn kept(scratch: &Scratch) -> (PathBuf, PathBuf, PathBuf) {
        let (plans, file, directory) = (scratch.0.join("plans"), scratch.0.join("file"), scratch.0.join("directory"));
        fs::write(&file, "one").unwrap();
        fs::create_dir(&directory).unwrap();
        let basis = Basis {
            process: Some(process(ProcessRequest {}).unwrap()),
            looks: vec![looked(&file, Want::Text), looked(&directory, Want::Stat)],
            form: None,
        };
        let environment = BTreeMap::from([("HOME".to_owned(), Some("/root".to_owned())), ("NONE".to_owned(), None)]);
        let typed = Typed { command: words(&["run", "host"]), environment };
        let launch = serde_json::from_str(r#"{"plan":1}"#).unwrap();
        keep(&plans, "1", typed, basis, Work::Launch(launch)).unwrap();
        (plans, file, directory)
    }

    /// The launch that is found.
    fn found(plans: &Path, build: &str, command: &[&str], variable: impl Fn(&str) -> Option<String>) -> Option<String> {
        find(plans, build, &words(command), variable, |work| match work {
            Work::Launch(text) | Work::Document(text) => text.get().to_owned(),
        })
    }

    fn home(name: &str) -> Option<String> {
        (name == "HOME").then(|| "/root".to_owned())
    }

    #[test]
    fn version_of_differs_when_a_file_of_the_same_time_takes_the_place() {
        let scratch = Scratch::new("version");
        let path = scratch.0.join("masu");
        let packaged = |text: &str| {
            fs::write(&path, text).unwrap();
            fs::File::options().write(true).open(&path).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
            version_of(&path).unwrap()
        };
        let version = packaged("one");
        assert_eq!(version_of(&path), Some(version.clone()));
        assert_ne!(packaged("other"), version);
    }

    #[test]
    fn find_returns_a_plan_only_while_all_that_it_was_made_of_is_so() {
        let scratch = Scratch::new("holds");
        let (plans, file, directory) = kept(&scratch);
        let find_it = || found(&plans, "1", &["run", "host"], home);
        assert_eq!(find_it().as_deref(), Some(r#"{"plan":1}"#));
        // What is in a directory changed its time, which no plan depends on.
        fs::write(directory.join("new"), "").unwrap();
        assert!(find_it().is_some());
        fs::write(&file, "two").unwrap();
        assert!(find_it().is_none());
        fs::write(&file, "one").unwrap();
        assert!(find_it().is_some());
        fs::remove_dir_all(&directory).unwrap();
        assert!(find_it().is_none());
    }

    #[test]
    fn find_returns_no_plan_of_other_words_variables_or_builds() {
        let scratch = Scratch::new("others");
        let (plans, ..) = kept(&scratch);
        assert!(found(&plans, "1", &["run", "host", "x"], home).is_none());
        assert!(found(&plans, "2", &["run", "host"], home).is_none());
        assert!(found(&plans, "1", &["run", "host"], |_| None).is_none());
        assert!(found(&plans, "1", &["run", "host"], |_| Some("/root".to_owned())).is_none());
    }

    #[test]
    fn find_returns_no_plan_of_what_is_no_file_or_no_plan() {
        let scratch = Scratch::new("files");
        let (plans, ..) = kept(&scratch);
        let path = fs::read_dir(&plans).unwrap().next().unwrap().unwrap().path();
        let elsewhere = scratch.0.join("elsewhere");
        fs::rename(&path, &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        assert!(found(&plans, "1", &["run", "host"], home).is_none());
        fs::remove_file(&path).unwrap();
        fs::write(&path, "{").unwrap();
        assert!(found(&plans, "1", &["run", "host"], home).is_none());
    }
}
