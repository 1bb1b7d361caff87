//! A busybox root, the real kernel, the real `init` with its monitor. As root, with `MASU_INIT` at build time.

use masu_steps::process_identity::start_time;
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::lifecycle::{AwaitEndRequest, KillRequest, Outcome, StartReply, StartRequest, Status};
use serde_json::{Value, json};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::symlink;
use std::sync::OnceLock;

use super::scratch::{Scratch, until};

const APPLETS: [&str; 4] = ["sh", "true", "sleep", "touch"];

/// The executable that `MASU_INIT` named when this was built, in sealed memory; none: it named none.
pub(super) fn init() -> Option<BorrowedFd<'static>> {
    static INIT: OnceLock<Option<OwnedFd>> = OnceLock::new();
    let made = INIT.get_or_init(|| {
        let path = option_env!("MASU_INIT").filter(|path| !path.is_empty())?;
        Some(masu_sys::memfd::sealed_executable(c"masu", &std::fs::read(path).unwrap()).unwrap())
    });
    made.as_ref().map(AsFd::as_fd)
}

/// Says why when these tests cannot run here.
pub(super) fn can_run(test: &str) -> bool {
    let has_loader = |bytes: Vec<u8>| bytes.windows(10).any(|part| part == b"/ld-linux-" || part == b"/lib64/ld-");
    let reason = if init().is_none() {
        "the core was built without MASU_INIT"
    } else if !rustix::process::geteuid().is_root() {
        "not root"
    } else if std::fs::read("/bin/busybox").map_or(true, has_loader) {
        "no static /bin/busybox"
    } else {
        return true;
    };
    println!("{test} [skipped: {reason}]");
    false
}

/// A document whose program is this script.
fn document(scratch: &Scratch, id: &str, script: &str) -> Value {
    let root = scratch.top().join("root");
    if !root.exists() {
        for directory in ["bin", "proc", "dev"] {
            std::fs::create_dir_all(root.join(directory)).unwrap();
        }
        std::fs::copy("/bin/busybox", root.join("bin/busybox")).unwrap();
        APPLETS.iter().for_each(|applet| symlink("busybox", root.join("bin").join(applet)).unwrap());
    }
    let mut document = scratch.document(id, None);
    let runtime = format!("{}/containers/${{id}}", scratch.store.runtime);
    let rootfs = format!("{runtime}/rootfs");
    let mount = |kind: &str, destination: &str| json!({"kind": "mount", "source": kind, "destination": destination, "type": kind, "flags": 2, "data": "", "create": "directory"});
    let plan = &mut document["launch"]["plan"];
    plan["before"] = json!([
        {"kind": "make_directory", "path": runtime, "mode": 0o711, "parents": false, "owner": null},
        {"kind": "make_directory", "path": rootfs, "mode": 0o711, "parents": false, "owner": null},
    ]);
    plan["clone"]["namespaces"] = json!(["mount", "uts", "ipc", "pid"]);
    plan["clone"]["record"] = json!([
        {"kind": "write_file", "path": format!("{runtime}/state.json"), "text": record(&runtime), "mode": 0o600, "exclusive": false},
    ]);
    plan["inside"] = json!([
        {"kind": "set_propagation", "propagation": "rslave"},
        {"kind": "mount_root", "path": rootfs, "root": {"kind": "bind", "source": root, "recursive": false, "idmapped": false}},
        mount("proc", "/proc"), mount("tmpfs", "/dev"), {"kind": "pivot_root"},
    ]);
    plan["exec"] = json!([
        {"kind": "new_session"}, {"kind": "close_descriptors", "keep": 0},
        {"kind": "execute", "arguments": ["${arguments}"], "environment": ["PATH=/bin"], "reaper": false},
    ]);
    document["launch"]["arguments"] = json!(["sh", "-c", script]);
    document
}

/// `state.json`, whose numbers are not known yet.
fn record(runtime: &str) -> String {
    let record = json!({
        "ociVersion": "1.3.0", "id": "${id}", "pid": "${pid}", "bundle": runtime,
        "masu": {
            "version": 1, "created": "2026-01-01T00:00:00.000Z", "started": "${started}", "start": "${start}",
            "monitor": "${monitor}", "monitorStart": "${monitorStart}", "lasting": true, "image": "host", "command": ["sh"],
            "terminal": false, "stop": {"signal": 15, "timeoutMs": 10_000},
            "cgroups": {"directories": {}, "freezer": null},
            "exec": {"namespaces": [], "cgroup": null, "cgroupTasks": [], "steps": []},
            "undo": [{"kind": "remove_tree", "path": runtime, "user": null}],
        },
    });
    ["pid", "start", "monitor", "monitorStart"]
        .iter()
        .fold(record.to_string(), |text, name| text.replace(&format!("\"${{{name}}}\""), &format!("${{{name}}}")))
}

fn try_start(scratch: &Scratch, id: &str) -> Result<StartReply, CoreError> {
    let request =
        StartRequest { store: scratch.store.clone(), container: id.to_owned(), attach: false, notify_socket: None };
    crate::start(&request, init().unwrap())
}

fn stop(scratch: &Scratch, ids: &[&str]) -> Vec<Outcome> {
    crate::stop(&scratch.stop_request(ids, 5000), init()).unwrap().outcomes
}

fn await_end(scratch: &Scratch, id: &str) -> Outcome {
    let request = AwaitEndRequest { store: scratch.store.clone(), words: vec![id.to_owned()], cancel: None };
    crate::await_end(&request, init()).unwrap().outcomes.remove(0)
}

fn kill_monitor(scratch: &Scratch, id: &str) {
    let monitor = scratch.view(id).record.unwrap().masu.monitor;
    masu_sys::signalfd::kill(monitor, 9).unwrap();
    until(|| start_time(monitor).is_err());
}

#[test]
fn a_container_is_started_stopped_started_again_killed_and_deleted() {
    if !can_run("a_container_is_started_stopped_started_again_killed_and_deleted") {
        return;
    }
    let scratch = Scratch::new("life");
    scratch.try_create(&document(&scratch, "one", "trap 'exit 7' TERM; while :; do sleep 0.02; done")).unwrap();
    let first = try_start(&scratch, "one").unwrap();
    assert!(first.started);
    let again = try_start(&scratch, "one").unwrap();
    assert_eq!((again.started, again.pid), (false, first.pid));
    let view = scratch.view("one");
    assert_eq!((view.status, view.watched, view.record.unwrap().pid), (Status::Running, true, first.pid));
    assert!(scratch.delete("one", false).error.is_some());
    // Its trap is set a moment after its program runs.
    std::thread::sleep(std::time::Duration::from_millis(100));
    let outcome = stop(&scratch, &["one"]).remove(0);
    let end = outcome.end.unwrap();
    assert_eq!((outcome.error.is_none(), end.status, end.requested), (true, 7, true));
    let view = scratch.view("one");
    assert_eq!((view.status, view.watched, view.end.unwrap().status), (Status::Stopped, false, 7));
    assert!(!scratch.runtime("one").exists());
    assert!(try_start(&scratch, "one").unwrap().started);
    let request = KillRequest { store: scratch.store.clone(), words: vec!["one".to_owned()], signal: 9, all: false };
    assert!(crate::kill(&request).unwrap().outcomes[0].error.is_none());
    assert_eq!(await_end(&scratch, "one").end.unwrap().status, 137);
    assert!(scratch.delete("one", false).error.is_none());
    assert!(scratch.is_clean());
}

#[test]
fn starts_of_one_container_at_once_start_it_once() {
    if !can_run("starts_of_one_container_at_once_start_it_once") {
        return;
    }
    let scratch = Scratch::new("once");
    scratch.try_create(&document(&scratch, "one", "sleep 100")).unwrap();
    let started = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..4).map(|_| scope.spawn(|| try_start(&scratch, "one").unwrap())).collect();
        starts.into_iter().map(|start| start.join().unwrap()).filter(|reply| reply.started).count()
    });
    assert_eq!(started, 1);
    assert!(scratch.delete("one", true).error.is_none() && scratch.is_clean());
}

#[test]
fn many_are_stopped_in_one_grace_period() {
    if !can_run("many_are_stopped_in_one_grace_period") {
        return;
    }
    let scratch = Scratch::new("many");
    let ids = ["a", "b", "c", "d", "e", "f", "g", "h"];
    for id in ids {
        scratch
            .try_create(&document(&scratch, id, "trap '' TERM; touch /dev/ready; while :; do sleep 0.05; done"))
            .unwrap();
        let pid = try_start(&scratch, id).unwrap().pid;
        until(|| std::path::Path::new(&format!("/proc/{pid}/root/dev/ready")).exists());
    }
    let before = std::time::Instant::now();
    let outcomes = crate::stop(&scratch.stop_request(&ids, 1000), init()).unwrap().outcomes;
    let took = before.elapsed().as_millis();
    assert!((1000..3000).contains(&took), "{took} ms");
    assert!(outcomes.iter().all(|outcome| outcome.end.as_ref().is_some_and(|end| end.status == 137)), "{outcomes:?}");
    for id in ids {
        assert!(scratch.delete(id, false).error.is_none());
    }
    assert!(scratch.is_clean());
}

#[test]
fn a_start_that_fails_leaves_a_container_that_was_never_started() {
    if !can_run("a_start_that_fails_leaves_a_container_that_was_never_started") {
        return;
    }
    let scratch = Scratch::new("fails");
    let mut document = document(&scratch, "one", "");
    document["launch"]["arguments"] = json!(["/absent"]);
    scratch.try_create(&document).unwrap();
    let error = try_start(&scratch, "one").unwrap_err();
    assert_eq!(error.code, ErrorCode::ProgramNotFound, "{error}");
    let view = scratch.view("one");
    assert_eq!((view.status, view.watched), (Status::Created, false));
    assert!(!scratch.runtime("one").exists());
    assert!(scratch.delete("one", false).error.is_none() && scratch.is_clean());
}

#[test]
fn a_container_whose_monitor_was_killed_runs_on_and_can_be_stopped() {
    if !can_run("a_container_whose_monitor_was_killed_runs_on_and_can_be_stopped") {
        return;
    }
    let scratch = Scratch::new("orphan");
    scratch
        .try_create(&document(&scratch, "one", "trap 'exit 7' TERM; touch /dev/ready; while :; do sleep 0.02; done"))
        .unwrap();
    let pid = try_start(&scratch, "one").unwrap().pid;
    until(|| std::path::Path::new(&format!("/proc/{pid}/root/dev/ready")).exists());
    kill_monitor(&scratch, "one");
    let view = scratch.view("one");
    assert_eq!((view.status, view.watched), (Status::Running, false));
    assert!(!try_start(&scratch, "one").unwrap().started);
    let outcome = stop(&scratch, &["one"]).remove(0);
    assert!(outcome.error.is_none(), "{outcome:?}");
    assert!(start_time(pid).is_err() && !scratch.runtime("one").exists());
    assert_eq!((scratch.status("one"), outcome.end.unwrap().status), (Status::Stopped, 255));
    // After all of it was killed, too.
    let pid = try_start(&scratch, "one").unwrap().pid;
    kill_monitor(&scratch, "one");
    masu_sys::signalfd::kill(pid, 9).unwrap();
    until(|| start_time(pid).is_err());
    assert_eq!(scratch.status("one"), Status::Stopped);
    assert!(try_start(&scratch, "one").unwrap().started);
    assert!(scratch.delete("one", true).error.is_none() && scratch.is_clean());
}

#[test]
fn a_container_that_is_started_again_and_again_can_be_stopped() {
    if !can_run("a_container_that_is_started_again_and_again_can_be_stopped") {
        return;
    }
    let scratch = Scratch::new("again");
    let mut document = document(&scratch, "one", "exit 3");
    document["restart"] = json!({"kind": "always", "maximum": 0});
    scratch.try_create(&document).unwrap();
    try_start(&scratch, "one").unwrap();
    until(|| scratch.status("one") == Status::Restarting);
    assert!(scratch.delete("one", false).error.unwrap().message.contains("about to be started"));
    assert!(stop(&scratch, &["one"])[0].error.is_none());
    assert_eq!((scratch.status("one"), scratch.view("one").watched), (Status::Stopped, false));
    assert!(scratch.delete("one", false).error.is_none() && scratch.is_clean());
}

#[test]
fn a_container_that_is_to_be_removed_is_gone_when_it_has_ended() {
    if !can_run("a_container_that_is_to_be_removed_is_gone_when_it_has_ended") {
        return;
    }
    let scratch = Scratch::new("rm");
    for (id, script) in [("short", "exit 5"), ("long", "sleep 100")] {
        let mut document = document(&scratch, id, script);
        document["remove"] = json!(true);
        scratch.try_create(&document).unwrap();
        try_start(&scratch, id).unwrap();
    }
    until(|| !scratch.data("short").exists());
    assert!(scratch.delete("long", true).error.is_none());
    until(|| scratch.is_clean());
}
