//! Host steps on the real kernel: files in a temporary directory, cgroups of the test's own.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, clippy::panic)]

use masu_steps::executor::{Progress, Tools, execute, placed, set_up, tear_down};
use masu_wire::error::{CoreError, ErrorCode, Group};
use masu_wire::plan::HostStep;
use serde_json::{Value, json};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

const TOOLS: Tools<'static> = Tools { init: None };

/// A directory of one test; what is left in it when the test ends goes, too.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("masu-steps-{name}-{}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn step(value: Value) -> HostStep {
    serde_json::from_value(value).unwrap()
}

fn run(value: Value) -> Result<(), CoreError> {
    execute(&step(value), TOOLS)
}

fn mode(path: &str) -> u32 {
    std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

fn make(path: &str, mode: u32, parents: bool) -> Value {
    json!({"kind": "make_directory", "path": path, "mode": mode, "parents": parents, "owner": null})
}

fn write(path: &str, text: &str, exclusive: bool) -> Value {
    json!({"kind": "write_file", "path": path, "text": text, "mode": 0o640, "exclusive": exclusive})
}

#[test]
fn make_directory_makes_parents_and_takes_one_that_is_there_only_when_told() {
    let scratch = Scratch::new("directory");
    let path = scratch.path("a/b/c");
    assert_eq!(run(make(&path, 0o775, false)).unwrap_err().code, ErrorCode::NotFound);
    run(make(&path, 0o775, true)).unwrap();
    run(make(&path, 0o775, true)).unwrap();
    assert_eq!((mode(&path), mode(&scratch.path("a"))), (0o775, 0o775));
    let error = run(make(&path, 0o700, false)).unwrap_err();
    assert_eq!((error.code, error.call.as_deref()), (ErrorCode::AlreadyExists, Some("mkdir")), "{error}");
    std::fs::write(scratch.path("file"), "").unwrap();
    assert_eq!(run(make(&scratch.path("file"), 0o700, true)).unwrap_err().errno, Some(20));
}

#[test]
fn write_file_replaces_or_refuses_and_follows_no_link() {
    let scratch = Scratch::new("write");
    let (path, victim, link) = (scratch.path("file"), scratch.path("victim"), scratch.path("link"));
    run(write(&path, "one", false)).unwrap();
    run(write(&path, "two", false)).unwrap();
    assert_eq!((std::fs::read_to_string(&path).unwrap().as_str(), mode(&path)), ("two", 0o640));
    assert_eq!(run(write(&path, "three", true)).unwrap_err().code, ErrorCode::AlreadyExists);
    std::fs::write(&victim, "kept").unwrap();
    symlink("victim", &link).unwrap();
    assert_eq!(run(write(&link, "x", true)).unwrap_err().code, ErrorCode::AlreadyExists);
    run(write(&link, "x", false)).unwrap();
    assert_eq!(std::fs::read_to_string(&victim).unwrap(), "kept");
    let names: Vec<_> = std::fs::read_dir(&scratch.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 3, "nothing is left beside: {names:?}");
}

#[test]
fn reserve_name_names_who_has_it() {
    let scratch = Scratch::new("name");
    let reserve = |target: &str| {
        run(json!({"kind": "reserve_name", "path": scratch.path("web"), "target": target, "name": "web"}))
    };
    reserve("../containers/0f3a").unwrap();
    let error = reserve("1b2c").unwrap_err();
    assert_eq!(error.message, "Reserve name \"web\": container \"0f3a\" has it (EEXIST from symlink(2))");
    assert_eq!(error.code, ErrorCode::AlreadyExists);
    let remove = |target: &str| run(json!({"kind": "remove_file", "path": scratch.path("web"), "target": target}));
    remove("1b2c").unwrap();
    assert!(Path::new(&scratch.path("web")).is_symlink());
    remove("../containers/0f3a").unwrap();
    assert!(!Path::new(&scratch.path("web")).is_symlink());
}

#[test]
fn write_control_names_the_controller_that_is_missing() {
    let scratch = Scratch::new("control");
    let error = run(json!({"kind": "write_control", "path": scratch.path("memory.max"), "text": "1"})).unwrap_err();
    assert_eq!(error.code, ErrorCode::NotFound);
    assert!(error.hint.unwrap().contains("\"memory\""));
    std::fs::write(scratch.path("cgroup.controllers"), "cpu pids\n").unwrap();
    let error =
        run(json!({"kind": "write_control", "path": scratch.path("cgroup.subtree_control"), "text": "+cpu +memory"}))
            .unwrap_err();
    assert!(error.hint.as_ref().is_some_and(|hint| hint.contains("\"memory\"") && !hint.contains("cpu")), "{error:?}");
}

#[test]
fn write_control_passes_over_a_file_that_is_not_there_only_where_it_is_optional() {
    let scratch = Scratch::new("optional");
    let optional = |path: &str| run(json!({"kind": "write_control", "path": path, "text": "1", "optional": true}));
    optional(&scratch.path("hugetlb.2MB.rsvd.max")).unwrap();
    assert!(!Path::new(&scratch.path("hugetlb.2MB.rsvd.max")).exists());
    std::fs::write(scratch.path("pids.max"), "").unwrap();
    optional(&scratch.path("pids.max")).unwrap();
    assert_eq!(std::fs::read_to_string(scratch.path("pids.max")).unwrap(), "1");
    assert_eq!(optional(&scratch.path("")).unwrap_err().errno, Some(21));
}

#[test]
fn remove_mount_point_removes_only_what_is_empty_and_inside() {
    let scratch = Scratch::new("point");
    std::fs::create_dir_all(scratch.path("root/full/x")).unwrap();
    std::fs::create_dir_all(scratch.path("root/empty")).unwrap();
    std::fs::create_dir_all(scratch.path("outside/empty")).unwrap();
    symlink("../outside", scratch.path("root/link")).unwrap();
    std::fs::write(scratch.path("root/file"), "").unwrap();
    std::fs::write(scratch.path("root/content"), "x").unwrap();
    let remove = |path: &str, file: bool| {
        run(json!({"kind": "remove_mount_point", "root": scratch.path("root"), "path": path, "file": file})).unwrap();
    };
    for (path, file) in [
        ("/empty", false),
        ("/full", false),
        ("/link/empty", false),
        ("/../outside/empty", false),
        ("/file", true),
        ("/content", true),
        ("/gone", true),
        ("/gone/x", false),
    ] {
        remove(path, file);
    }
    let there = |name: &str| Path::new(&scratch.path(name)).exists();
    assert_eq!((there("root/empty"), there("root/file")), (false, false));
    assert!(there("root/full/x") && there("outside/empty") && there("root/content"));
}

#[test]
fn set_up_stops_at_the_first_failure_and_tear_down_tries_everything() {
    let scratch = Scratch::new("order");
    let steps = [
        make(&scratch.path("a"), 0o700, false),
        make(&scratch.path("x/y"), 0o700, false),
        make(&scratch.path("b"), 0o700, false),
    ]
    .map(step);
    let mut told = Vec::new();
    let error = set_up((Group::Before, 4), &steps, TOOLS, |progress| told.push(progress)).unwrap_err();
    let place = error.place.unwrap();
    assert_eq!((place.group, place.index), (Group::Before, 5));
    assert_eq!(told, [Progress::Begins, Progress::Done, Progress::Begins, Progress::Failed]);
    assert!(!Path::new(&scratch.path("b")).exists());
    let failures = tear_down(placed(Group::Afterwards, &steps), TOOLS);
    let places: Vec<_> = failures.iter().filter_map(|failure| Some(failure.place?.index)).collect();
    assert_eq!(places, [0, 1]);
    assert!(Path::new(&scratch.path("b")).exists());
}

#[test]
fn mount_mounts_and_unmount_takes_it_away_again() {
    let scratch = Scratch::new("mount");
    let (place, inside) = (scratch.path("place"), scratch.path("place/inside"));
    run(make(&place, 0o700, false)).unwrap();
    let unmount = |lazy: bool| run(json!({"kind": "unmount", "path": place, "lazy": lazy}));
    let mount = |kind: &str| {
        let destination = &place;
        run(
            json!({"kind": "mount", "source": "x", "destination": destination, "type": kind, "flags": 6, "data": "mode=755"}),
        )
    };
    match mount("tmpfs") {
        Err(error) if error.errno == Some(1) => return println!("skipped: {}", error.message),
        mounted => mounted.unwrap(),
    }
    std::fs::write(&inside, "").unwrap();
    // Busy, so that only a lazy one does it.
    let open = std::fs::File::open(&inside).unwrap();
    let busy = unmount(false);
    let lazy = unmount(true);
    drop(open);
    assert_eq!((busy.unwrap_err().errno, lazy.is_ok()), (Some(16), true));
    assert!(!Path::new(&inside).exists());
    let again = unmount(false).unwrap_err().message;
    assert!(again.starts_with(&format!("Unmount {place:?}: ")), "{again}");
    let unknown = mount("no-such-type").unwrap_err().message;
    assert!(unknown.starts_with(&format!("Mount \"x\" on {place:?}: ")), "{unknown}");
}

/// A hierarchy in which this test may make cgroups: v1, v2, or none.
fn hierarchy(candidates: &[&str]) -> Option<PathBuf> {
    let own = |name: &&&str| {
        let path = Path::new(name).join(format!("masu-steps-{}", std::process::id()));
        std::fs::create_dir(&path).ok().map(|()| path)
    };
    candidates.iter().find_map(|name| own(&name))
}

#[test]
fn kill_and_remove_cgroup_end_everything_below() {
    for (version, candidates) in [
        ("v1", &["/sys/fs/cgroup/freezer", "/sys/fs/cgroup/pids"][..]),
        ("v2", &["/sys/fs/cgroup/unified", "/sys/fs/cgroup"][..]),
    ] {
        let Some(top) = hierarchy(candidates).filter(|top| top.join("cgroup.procs").exists()) else {
            println!("kill_and_remove_cgroup_end_everything_below [skipped: no {version} cgroup can be made here]");
            continue;
        };
        let own = top.join("own");
        std::fs::create_dir_all(own.join("below")).unwrap();
        let mut processes: Vec<_> = [&own, &own.join("below")]
            .into_iter()
            .map(|cgroup| {
                let process = Command::new("sleep").arg("100").spawn().unwrap();
                std::fs::write(cgroup.join("cgroup.procs"), process.id().to_string()).unwrap();
                process
            })
            .collect();
        let path = |path: &Path| path.to_str().unwrap().to_owned();
        let remove = |cgroup: &Path, recursive: bool| {
            run(json!({"kind": "remove_cgroup", "path": path(cgroup), "recursive": recursive}))
        };
        // Others' cgroups below it: it stays.
        remove(&top, false).unwrap();
        assert!(own.exists());
        // Somebody has to reap them, or they stay in their cgroup as zombies.
        let reaper = std::thread::spawn(move || processes.iter_mut().all(|process| !process.wait().unwrap().success()));
        run(json!({"kind": "kill_cgroup", "path": path(&own)})).unwrap();
        assert!(reaper.join().unwrap(), "{version}: killed");
        remove(&own, true).unwrap();
        remove(&top, false).unwrap();
        remove(&top, false).unwrap();
        run(json!({"kind": "kill_cgroup", "path": path(&own)})).unwrap();
        assert!(!top.exists(), "{version}");
    }
}

/// A v2 group with a process in it, in one without. Both end with this.
struct Occupied {
    top: PathBuf,
    own: PathBuf,
    processes: Vec<std::process::Child>,
}

impl Occupied {
    /// None where this user may make no v2 group.
    fn new() -> Option<Self> {
        let candidates = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"];
        let is_v2 = |name: &&&str| Path::new(name).join("cgroup.controllers").exists();
        static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let top =
            Path::new(candidates.iter().find(is_v2)?).join(format!("masu-steps-{}-v2-{number}", std::process::id()));
        std::fs::create_dir(&top).ok()?;
        let mut group = Self { own: top.join("own"), top, processes: Vec::new() };
        std::fs::create_dir(&group.own).unwrap();
        group.sleep_in(&group.own.clone());
        Some(group)
    }

    fn sleep_in(&mut self, group: &Path) -> u32 {
        let process = Command::new("sleep").arg("100").spawn().unwrap();
        let pid = process.id();
        self.processes.push(process);
        std::fs::write(group.join("cgroup.procs"), pid.to_string()).unwrap();
        pid
    }
}

impl Drop for Occupied {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
        let _ = run(json!({"kind": "remove_cgroup", "path": self.top, "recursive": true}));
    }
}

fn enable(path: &Path, needed: &[&str], usual: &[&str]) -> Result<(), CoreError> {
    let needed: Vec<_> = needed.iter().map(|name| json!({"name": name, "by": "--limit"})).collect();
    run(json!({"kind": "enable_controllers", "path": path, "needed": needed, "usual": usual}))
}

#[test]
fn enable_controllers_leaves_out_what_cannot_be_had_but_for_what_is_needed() {
    let Some(group) = Occupied::new() else {
        return println!("enable_controllers [skipped: no v2 cgroup can be made here]");
    };
    let said = |path: &Path, file: &str| std::fs::read_to_string(path.join(file)).unwrap().trim().to_owned();
    let available = said(&group.top, "cgroup.controllers");
    let Some(domain) = ["hugetlb", "io", "memory"].into_iter().find(|name| available.contains(name)) else {
        return println!("enable_controllers [skipped: no v2 controller is enabled here]");
    };
    enable(&group.top, &[], &["no_such", domain]).unwrap();
    assert_eq!(said(&group.top, "cgroup.subtree_control"), domain, "one by one");
    enable(&group.top, &[domain], &["no_such"]).unwrap();
    enable(&group.own, &[], &[domain, "pids"]).unwrap();
    assert_eq!(said(&group.own, "cgroup.subtree_control"), "", "it has processes");
    assert_eq!(said(&group.own, "cgroup.type"), "domain");
    let error = enable(&group.own, &[domain], &["pids"]).unwrap_err();
    let start = format!("Enable cgroup controller {domain:?} in {:?} for \"--limit\": ", group.own);
    assert_eq!(error.message, format!("{start}the cgroup has processes of its own (EBUSY from write(2))"));
    assert!(error.code == ErrorCode::Denied && error.hint.is_some(), "{error:?}");
    let error = enable(&group.top, &[domain, "no_such"], &[]).unwrap_err();
    let start = format!("Enable cgroup controller \"no_such\" in {:?} for \"--limit\": ", group.top);
    assert_eq!(error.message, format!("{start}it is not available there (EINVAL from write(2))"));
    assert_eq!(error.code, ErrorCode::KernelLacks);
    enable(&group.top.join("gone"), &[], &[domain]).unwrap();
    assert!(enable(&group.top.join("gone"), &[domain], &[]).is_err());
}

#[test]
fn make_cgroup_makes_a_threaded_one_where_nobody_could_be_in_another_and_kill_cgroup_ends_it() {
    let Some(mut group) = Occupied::new() else {
        return println!("make_cgroup [skipped: no v2 cgroup can be made here]");
    };
    let make = |path: &Path| run(json!({"kind": "make_cgroup", "path": path}));
    let kind = |path: &Path| std::fs::read_to_string(path.join("cgroup.type")).unwrap().trim().to_owned();
    make(&group.own.join("plain")).unwrap();
    assert_eq!(kind(&group.own.join("plain")), "domain");
    std::fs::create_dir(group.own.join("threads")).unwrap();
    std::fs::write(group.own.join("threads/cgroup.type"), "threaded").unwrap();
    let container = group.own.join("way/container");
    make(&group.own.join("way")).unwrap();
    make(&container).unwrap();
    make(&container).unwrap();
    assert_eq!((kind(&group.own), kind(&container)), ("domain threaded".to_owned(), "threaded".to_owned()));
    let pid = group.sleep_in(&container);
    assert_eq!(masu_steps::cgroup::processes(&group.own.join("way")), [pid]);
    let mut process = group.processes.pop().unwrap();
    let reaper = std::thread::spawn(move || process.wait().unwrap().success());
    run(json!({"kind": "kill_cgroup", "path": container})).unwrap();
    assert!(!reaper.join().unwrap());
    run(json!({"kind": "remove_cgroup", "path": container})).unwrap();
    assert!(!container.exists());
}
