//! Names, limits, frozen processes and leftovers.

use super::scratch::{Scratch, end, process, until};
use crate::lock::Lock;
use crate::store::Shelf;
use crate::{freeze, lock_for_caller, prune_below, rename, update};
use masu_wire::error::ErrorCode;
use masu_wire::lifecycle::{FreezeRequest, LockRequest, PruneReply, PruneRequest, RenameRequest, Status};
use serde_json::{Value, json};
use std::os::fd::AsRawFd;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

fn try_rename(scratch: &Scratch, container: &str, name: &str) -> Result<(), masu_wire::error::CoreError> {
    let request =
        RenameRequest { store: scratch.store.clone(), container: container.to_owned(), name: name.to_owned() };
    rename(&request).map(drop)
}

#[test]
fn rename_moves_the_name_and_keeps_everything_else() {
    let scratch = Scratch::new("rename");
    scratch.create("one", Some("web"));
    scratch.create("two", Some("db"));
    try_rename(&scratch, "web", "shop").unwrap();
    assert_eq!((scratch.view("shop").id.as_str(), scratch.view("one").name.as_deref()), ("one", Some("shop")));
    assert_eq!(scratch.views(&["web"]).unwrap_err().code, ErrorCode::NotFound);
    let mut expected = scratch.document("one", Some("web"));
    (expected["name"], expected["config"]["name"]) = (json!("shop"), json!("shop"));
    let text = std::fs::read_to_string(scratch.data("one").join("container.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
    for (name, code) in
        [("db", ErrorCode::AlreadyExists), ("two", ErrorCode::AlreadyExists), ("a/b", ErrorCode::InvalidConfig)]
    {
        assert_eq!(try_rename(&scratch, "shop", name).unwrap_err().code, code, "{name}");
        assert_eq!(scratch.view("shop").id, "one");
    }
    assert!(scratch.delete("shop", false).error.is_none() && scratch.delete("db", false).error.is_none());
    assert!(scratch.is_clean());
}

#[test]
fn rename_that_was_killed_can_be_repeated() {
    let scratch = Scratch::new("again");
    scratch.create("one", Some("web"));
    symlink("../containers/one", scratch.name("shop")).unwrap();
    assert_eq!(scratch.view("shop").name.as_deref(), Some("web"));
    try_rename(&scratch, "one", "shop").unwrap();
    assert!(!scratch.name("web").is_symlink());
    assert!(scratch.delete("shop", false).error.is_none() && scratch.is_clean());
}

fn try_update(scratch: &Scratch, document: &Value, writes: &Value) -> Result<(), masu_wire::error::CoreError> {
    let locked = lock_for_caller(&LockRequest { store: scratch.store.clone(), container: "one".to_owned() }).unwrap();
    let updated = update_with(scratch, document, writes, locked.descriptor);
    drop(masu_sys::descriptor::adopt(locked.descriptor));
    updated
}

fn update_with(
    scratch: &Scratch,
    document: &Value,
    writes: &Value,
    lock: i32,
) -> Result<(), masu_wire::error::CoreError> {
    let request =
        json!({"store": scratch.store, "container": "one", "lock": lock, "writes": writes, "document": document});
    update(&serde_json::from_str(&request.to_string()).unwrap(), None).map(drop)
}

#[test]
fn update_writes_down_only_what_could_be_done() {
    let scratch = Scratch::new("update");
    scratch.create("one", None);
    let control = scratch.data("one").join("pids.max");
    let writes = json!([{"kind": "write_control", "path": control, "text": "5"}]);
    let mut document = scratch.document("one", None);
    document["restart"]["kind"] = json!("always");
    try_update(&scratch, &document, &writes).unwrap();
    assert!(!control.exists(), "it does not run");
    assert_eq!(serde_json::to_value(scratch.view("one").restart).unwrap()["kind"], "always");
    let mut child = process("true");
    scratch.record("one", &child, None, true);
    document["restart"]["kind"] = json!("no");
    let error = try_update(&scratch, &document, &writes).unwrap_err();
    assert!(error.message.contains("pids.max") && error.place.is_none(), "{error:?}");
    assert_eq!(serde_json::to_value(scratch.view("one").restart).unwrap()["kind"], "always");
    std::fs::write(&control, "").unwrap();
    try_update(&scratch, &document, &writes).unwrap();
    assert_eq!(std::fs::read_to_string(&control).unwrap(), "5");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(scratch.events(), ["create one", "update one", "update one"]);
}

#[test]
fn update_wants_the_lock_of_that_container() {
    let scratch = Scratch::new("unlocked");
    scratch.create("one", None);
    scratch.create("two", None);
    let document = scratch.document("one", None);
    let other = std::fs::File::open(scratch.data("two")).unwrap();
    for lock in [-1, other.as_raw_fd()] {
        let error = update_with(&scratch, &document, &json!([]), lock).unwrap_err();
        assert_eq!(
            (error.code, error.message.as_str()),
            (ErrorCode::Bug, "Update container \"one\": it is not locked")
        );
    }
}

#[test]
fn lock_lasts_until_its_descriptor_is_closed() {
    let scratch = Scratch::new("lock");
    scratch.create("one", Some("web"));
    let request = |word: &str| LockRequest { store: scratch.store.clone(), container: word.to_owned() };
    assert_eq!(lock_for_caller(&request("two")).unwrap_err().code, ErrorCode::NotFound);
    let locked = lock_for_caller(&request("web")).unwrap();
    assert_eq!(locked.id, "one");
    let shelf = Shelf::open(&scratch.store).unwrap();
    let entry = shelf.entry("one");
    let is_free = || Lock::try_of(entry.data().unwrap()).unwrap().is_some();
    assert!(!is_free());
    drop(masu_sys::descriptor::adopt(locked.descriptor));
    // Another test's fork(2) may have a copy until its execve(2).
    until(is_free);
}

/// A cgroup of this test's own, or why there is none.
fn cgroup(hierarchy: &str, control: &str) -> Result<PathBuf, String> {
    let path = Path::new(hierarchy).join(format!("masu-test-freeze-{}", std::process::id()));
    std::fs::create_dir(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    if path.join(control).exists() {
        return Ok(path);
    }
    std::fs::remove_dir(&path).unwrap();
    Err(format!("{hierarchy} has no {control}"))
}

#[test]
fn freeze_stops_all_processes_and_lets_them_go_on() {
    for (unified, hierarchy, control) in [
        (false, "/sys/fs/cgroup/freezer", "freezer.state"),
        (true, "/sys/fs/cgroup/unified", "cgroup.freeze"),
        (true, "/sys/fs/cgroup", "cgroup.freeze"),
    ] {
        let path = match cgroup(hierarchy, control) {
            Ok(path) => path,
            Err(reason) => {
                println!("freeze_stops_all_processes_and_lets_them_go_on [skipped: {reason}]");
                continue;
            }
        };
        freeze_in(unified, &path);
        // The kernel lets go of its last process a moment after it was reaped.
        until(|| std::fs::remove_dir(&path).is_ok());
    }
}

fn freeze_in(unified: bool, path: &Path) {
    let scratch = Scratch::new(if unified { "freeze2" } else { "freeze1" });
    scratch.create("one", None);
    let mut child = process("true");
    std::fs::write(path.join("cgroup.procs"), child.id().to_string()).unwrap();
    scratch.record("one", &child, None, true);
    let state = scratch.runtime("one").join("state.json");
    let mut record: Value = serde_json::from_str(&std::fs::read_to_string(&state).unwrap()).unwrap();
    record["masu"]["cgroups"]["freezer"] = json!({"unified": unified, "directory": path});
    std::fs::write(&state, record.to_string()).unwrap();
    let set = |frozen| {
        let request = FreezeRequest { store: scratch.store.clone(), words: vec!["one".to_owned()], frozen };
        freeze(&request).unwrap().outcomes.remove(0).error
    };
    for (frozen, expected) in [
        (true, Status::Paused),
        (true, Status::Paused),
        (false, Status::Running),
        (false, Status::Running),
        (true, Status::Paused),
    ] {
        assert!(set(frozen).is_none());
        assert_eq!(scratch.status("one"), expected);
    }
    assert_eq!(scratch.events()[1..], ["pause one", "unpause one", "pause one"]);
    // Even though it is frozen.
    assert!(scratch.delete("one", true).error.is_none());
    child.wait().unwrap();
    assert!(scratch.is_clean());
}

#[test]
fn freeze_of_what_does_not_run_says_so() {
    let scratch = Scratch::new("idle");
    scratch.create("one", None);
    let request = FreezeRequest { store: scratch.store.clone(), words: vec!["one".to_owned()], frozen: true };
    let error = freeze(&request).unwrap().outcomes.remove(0).error.unwrap();
    assert_eq!(error.message, "Pause container \"one\": it does not run");
}

/// Not below the host's cgroups, which others have, too.
fn sweep(scratch: &Scratch, containers: bool, dry: bool) -> PruneReply {
    let cgroups = [Path::new(&scratch.store.data).join("cgroups")];
    prune_below(&PruneRequest { store: scratch.store.clone(), containers, dry }, &cgroups, None).unwrap()
}

/// Makes it look as if it had been made a minute ago.
fn age(path: &Path) {
    let file = std::fs::File::open(path).unwrap();
    file.set_times(std::fs::FileTimes::new().set_modified(SystemTime::now() - Duration::from_secs(60))).unwrap();
}

/// Relative to the store.
fn own(scratch: &Scratch, reply: &PruneReply) -> Vec<String> {
    let top = Path::new(&scratch.store.data).parent().unwrap();
    let below = reply.leftovers.iter().map(|path| Path::new(path).strip_prefix(top).unwrap());
    below.map(|path| path.to_str().unwrap().to_owned()).collect()
}

#[test]
fn prune_removes_what_no_container_has() {
    let scratch = Scratch::new("prune");
    scratch.create("kept", Some("web"));
    let mut dead = process("true");
    scratch.create("over", None);
    scratch.record("over", &dead, None, true);
    scratch.record("masu", &dead, None, false);
    dead.kill().unwrap();
    dead.wait().unwrap();
    for made in [scratch.data("half"), scratch.runtime("half"), scratch.data("young")] {
        std::fs::create_dir(made).unwrap();
    }
    std::fs::write(scratch.data("half").join("x"), "").unwrap();
    for old in [scratch.data("half"), scratch.runtime("half")] {
        age(&old);
    }
    std::fs::create_dir(scratch.data(".deleted.gone.7")).unwrap();
    let socket = Path::new(&scratch.store.runtime).join("monitors/over");
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    let expected = [
        "lib/containers/half",
        "run/containers/half",
        "run/containers/masu",
        "run/containers/over",
        "lib/containers/.deleted.gone.7",
        "run/monitors/over",
    ];
    let dry = sweep(&scratch, false, true);
    assert_eq!(own(&scratch, &dry), expected, "{dry:?}");
    assert!(scratch.data("half").exists() && socket.exists());
    let done = sweep(&scratch, false, false);
    assert_eq!((own(&scratch, &done), done.failures.len()), (expected.map(str::to_owned).to_vec(), 0), "{done:?}");
    assert!(own(&scratch, &sweep(&scratch, false, false)).is_empty());
    assert!(scratch.data("young").exists() && scratch.name("web").is_symlink());
    assert_eq!(scratch.status("over"), Status::Stopped);
    std::fs::remove_dir(scratch.data("young")).unwrap();
    assert_eq!(sweep(&scratch, true, false).containers, ["kept", "over"]);
    assert!(scratch.is_clean());
}

#[test]
fn prune_removes_cgroups_that_have_nobody_s_id_and_no_process() {
    let scratch = Scratch::new("cgroups");
    scratch.create("one", None);
    let all = Path::new(&scratch.store.data).join("cgroups");
    for (name, procs) in [("one", ""), ("gone", ""), ("busy", "4711\n"), ("young", ""), ("not an id", "")] {
        std::fs::create_dir_all(all.join(name)).unwrap();
        if !procs.is_empty() {
            std::fs::write(all.join(name).join("cgroup.procs"), procs).unwrap();
        }
        if name != "young" {
            age(&all.join(name));
        }
    }
    assert_eq!(own(&scratch, &sweep(&scratch, false, false)), ["lib/cgroups/gone"]);
    assert!(!all.join("gone").exists() && all.join("one").exists() && all.join("busy").exists());
}

#[test]
fn prune_removes_dead_names_and_leaves_alone_what_is_not_masu_s() {
    let scratch = Scratch::new("names");
    scratch.create("one", Some("web"));
    for (name, target) in [("old", "../containers/one"), ("dead", "../containers/two"), ("other", "/etc/passwd")] {
        symlink(target, scratch.name(name)).unwrap();
    }
    assert!(own(&scratch, &sweep(&scratch, false, false)).is_empty(), "they are young");
    for name in ["old", "dead", "other", "web"] {
        let time = long_ago();
        rustix::fs::utimensat(rustix::fs::CWD, scratch.name(name), &time, rustix::fs::AtFlags::SYMLINK_NOFOLLOW)
            .unwrap();
    }
    assert_eq!(own(&scratch, &sweep(&scratch, false, false)), ["lib/names/dead", "lib/names/old"]);
    assert_eq!(scratch.view("web").id, "one");
}

fn long_ago() -> rustix::fs::Timestamps {
    let then = rustix::fs::Timespec { tv_sec: 1_000_000, tv_nsec: 0 };
    rustix::fs::Timestamps { last_access: then, last_modification: then }
}

#[test]
fn prune_deletes_containers_that_have_ended_and_none_that_run() {
    let scratch = Scratch::new("ended");
    for id in ["created", "stopped", "running", "broken"] {
        scratch.create(id, None);
    }
    scratch.write_end("stopped", &end(0, false));
    std::fs::write(scratch.data("broken").join("container.json"), "?").unwrap();
    let mut child = process("true");
    scratch.record("running", &child, None, true);
    assert_eq!(sweep(&scratch, true, true).containers, ["broken", "created", "stopped"]);
    assert_eq!(sweep(&scratch, true, false).containers, ["broken", "created", "stopped"]);
    assert_eq!(scratch.status("running"), Status::Running);
    assert!(scratch.delete("running", true).error.is_none());
    child.wait().unwrap();
    assert!(scratch.is_clean());
}
