//! Plans of bundles that are kept: another document of the same form, on a host that is as it was, needs no second decision.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use masu_wire::bundle::BundleSettings;
use masu_wire::request::{Look, ObserveRequest, ProcessReply, ProcessRequest, Seen};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::kept::{Basis, are_same, of_sight};
use crate::kept_file;
use crate::observe::observe;
use crate::process::process;

/// Where the mounts of this process are listed: proc_pid_mountinfo(5).
const MOUNTS: &str = "/proc/self/mountinfo";
/// The caller's own cgroups: cgroups(7).
const CGROUPS: &str = "/proc/self/cgroup";
/// Hexadecimal digits of an ID as engines draw them. A shorter one could be a part of any word.
const DRAWN_ID: usize = 64;
/// File systems that plans of bundles look for there.
const FILE_SYSTEMS: [&str; 3] = ["cgroup", "cgroup2", "resctrl"];

/// A kept plan, as its file has it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptBundle<'a> {
    /// masu's own: another one may decide otherwise.
    #[serde(borrow)]
    build: Cow<'a, str>,
    settings: BundleSettings,
    process: ProcessReply,
    /// Their paths have the blanks of the form.
    looks: Vec<Look>,
    seen: Vec<Seen>,
    /// Of the documents that it is for.
    #[serde(borrow)]
    form: Cow<'a, str>,
    /// With the blanks of the form, beside those that every plan has.
    #[serde(borrow)]
    plan: &'a RawValue,
}

/// Keeps a plan below `directory` for documents of the form that it is based on. What cannot be kept is decided again the next time.
///
/// `id`: the container's.
pub fn keep(
    directory: &Path,
    build: &str,
    settings: BundleSettings,
    (basis, id): (Basis, &str),
    plan: &RawValue,
) -> Option<()> {
    let Basis { process, looks, form } = basis;
    let (process, form) = (of_process(process?), form?);
    let name = kept_file::name([form.as_str()].into_iter());
    let (looks, seen): (Vec<Look>, Vec<Seen>) = looks.into_iter().unzip();
    let seen = looks.iter().zip(seen).map(|(look, seen)| with_blank_id(look, seen, id)).collect();
    let kept = KeptBundle { build: build.into(), settings, process, looks, seen, form: form.into(), plan };
    kept_file::write(directory, &name, &kept)
}

/// Hands the kept plan of such a document to `act`, as long as it holds; none: it has to be decided anew.
///
/// `values`: those of the form, and the container's ID as `id`.
pub fn find<T>(
    directory: &Path,
    build: &str,
    settings: &BundleSettings,
    (form, values): (&str, &BTreeMap<String, String>),
    act: impl FnOnce(&RawValue) -> T,
) -> Option<T> {
    let own = process(ProcessRequest {}).ok()?;
    let text = kept_file::read(directory, &kept_file::name([form].into_iter()), own.uid)?;
    let kept: KeptBundle<'_> = serde_json::from_str(&text).ok()?;
    let same_wish = kept.build == build && kept.settings == *settings && kept.form == form;
    if !same_wish || kept.process != of_process(own) {
        return None;
    }
    let request = ObserveRequest { looks: kept.looks.clone(), blanks: Some(values.clone()) };
    let id = values.get("id")?;
    let seen = observe(request).ok()?.seen;
    let seen = kept.looks.iter().zip(seen).map(|(look, seen)| with_blank_id(look, seen, id)).collect();
    are_same(&kept.looks, seen, kept.seen, of_bundle_sight).then(|| act(kept.plan))
}

/// What of the caller plans of bundles depend on: neither on where it is nor on its terminal, nor on what it passes on.
fn of_process(process: ProcessReply) -> ProcessReply {
    ProcessReply {
        pid: 0,
        directory: String::new(),
        hostname: String::new(),
        terminals: [false; 3],
        rows: 0,
        columns: 0,
        inherited_descriptors: Vec::new(),
        nofile: [0; 2],
        ..process
    }
}

/// A blank for the container's ID in the names of the caller's cgroups, in which what looks like one is escaped: `withBlankID` of
/// `lib/plan/bundle_form.ts`.
fn with_blank_id(look: &Look, mut seen: Seen, id: &str) -> Seen {
    let is_drawn = id.len() == DRAWN_ID && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if is_drawn && look.path == CGROUPS {
        seen.text = seen.text.map(|text| text.replace("${", "$${").replace(id, "${id}"));
    }
    seen
}

/// As [`of_sight`]; and of the mounts only on some, since engines mount more for each container, on file systems of their own.
fn of_bundle_sight(look: &Look, mut seen: Seen) -> Seen {
    if look.path == MOUNTS {
        seen.text =
            seen.text.map(|text| text.lines().filter(|line| is_looked_for(line)).collect::<Vec<_>>().join("\n"));
    }
    if let Some(status) = &mut seen.status {
        status.device = 0;
    }
    of_sight(look, seen)
}

/// proc_pid_mountinfo(5): the type comes after a dash.
fn is_looked_for(line: &str) -> bool {
    let kind = line.split_once(" - ").and_then(|(_, rest)| rest.split(' ').next());
    kind.is_some_and(|kind| FILE_SYSTEMS.contains(&kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use masu_wire::lifecycle::Store;
    use masu_wire::request::Want;
    use std::fs;
    use std::path::PathBuf;

    const FORM: &str = r#"{"root":{"path":"/${value0}"}}"#;

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("masu-kept-bundle-{name}-{}", std::process::id()));
            fs::create_dir(&path).unwrap();
            Self(path)
        }

        /// The values of a container whose root is `name`.
        fn values(&self, name: &str) -> BTreeMap<String, String> {
            let root = self.0.join(name);
            let root = root.to_str().unwrap().trim_start_matches('/').to_owned();
            BTreeMap::from([("value0".to_owned(), root), ("id".to_owned(), "a".to_owned())])
        }

        /// The plan that is kept for such a one.
        fn found(&self, build: &str, settings: &BundleSettings, form: &str, name: &str) -> Option<String> {
            find(&self.0.join("plans"), build, settings, (form, &self.values(name)), |plan| plan.get().to_owned())
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    fn settings() -> BundleSettings {
        BundleSettings {
            store: Store { runtime: "/run/a".to_owned(), data: "/var/a".to_owned() },
            cgroup_manager: "cgroupfs".to_owned(),
            preserve_fds: 0,
            keyring: true,
            console_socket: false,
        }
    }

    /// Keeps a plan that looked at the root of a container, a directory.
    fn kept(scratch: &Scratch) {
        fs::create_dir(scratch.0.join("one")).unwrap();
        let look = Look { path: "/${value0}".to_owned(), root: None, want: Want::Stat };
        let request = ObserveRequest { looks: vec![look.clone()], blanks: Some(scratch.values("one")) };
        let seen = observe(request).unwrap().seen.remove(0);
        let basis = Basis {
            process: Some(process(ProcessRequest {}).unwrap()),
            looks: vec![(look, seen)],
            form: Some(FORM.to_owned()),
        };
        let plan = serde_json::from_str(r#"{"root":"/${value0}"}"#).unwrap();
        keep(&scratch.0.join("plans"), "1", settings(), (basis, "a"), plan).unwrap();
    }

    #[test]
    fn find_looks_at_what_the_values_name() {
        let scratch = Scratch::new("values");
        kept(&scratch);
        let found = |name| scratch.found("1", &settings(), FORM, name);
        assert_eq!(found("one").as_deref(), Some(r#"{"root":"/${value0}"}"#));
        assert_eq!(found("two"), None);
        fs::write(scratch.0.join("two"), "").unwrap();
        assert_eq!(found("two"), None);
        fs::remove_file(scratch.0.join("two")).unwrap();
        fs::create_dir(scratch.0.join("two")).unwrap();
        assert!(found("two").is_some());
    }

    #[test]
    fn find_returns_no_plan_of_another_build_form_or_setting() {
        let scratch = Scratch::new("others");
        kept(&scratch);
        assert_eq!(scratch.found("2", &settings(), FORM, "one"), None);
        assert_eq!(scratch.found("1", &settings(), r#"{"root":{"path":"/${value1}"}}"#, "one"), None);
        let others = [
            BundleSettings { keyring: false, ..settings() },
            BundleSettings { console_socket: true, ..settings() },
            BundleSettings { preserve_fds: 1, ..settings() },
            BundleSettings { cgroup_manager: "systemd".to_owned(), ..settings() },
            BundleSettings { store: Store { data: "/var/b".to_owned(), ..settings().store }, ..settings() },
        ];
        for other in others {
            assert_eq!(scratch.found("1", &other, FORM, "one"), None, "{other:?}");
        }
    }

    #[test]
    fn of_bundle_sight_leaves_the_mounts_that_plans_look_for() {
        let look = Look { path: MOUNTS.to_owned(), root: None, want: Want::Text };
        let group = "30 22 0:30 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids";
        let of = |text: &str| of_bundle_sight(&look, Seen { text: Some(text.to_owned()), ..Seen::default() });
        let shm = "99 22 0:99 / /run/engine/a/shm rw shared:7 - tmpfs shm rw";
        assert_eq!(of(&format!("{group}\n{shm}\n")), of(&format!("{group}\n")));
        assert_ne!(of(group), of(&group.replace("pids", "cpu")));
    }

    #[test]
    fn with_blank_id_knows_ids_that_engines_draw() {
        let look = |path: &str| Look { path: path.to_owned(), root: None, want: Want::Text };
        let of = |path: &str, id: &str| {
            let seen = Seen { text: Some(format!("1:pids:/conmon-{id}.scope")), ..Seen::default() };
            with_blank_id(&look(path), seen, id).text.unwrap()
        };
        let drawn = "0f".repeat(32);
        assert_eq!(of(CGROUPS, &drawn), "1:pids:/conmon-${id}.scope");
        assert_eq!(of("/etc/passwd", &drawn), format!("1:pids:/conmon-{drawn}.scope"));
        let other = "1e".repeat(32);
        let literal = Seen { text: Some("1:pids:/conmon-${id}.scope".to_owned()), ..Seen::default() };
        assert_ne!(with_blank_id(&look(CGROUPS), literal, &other).text.unwrap(), of(CGROUPS, &drawn));
        for id in ["a", &drawn[1..], &"0F".repeat(32)] {
            assert_eq!(of(CGROUPS, id), format!("1:pids:/conmon-{id}.scope"));
        }
    }
}
