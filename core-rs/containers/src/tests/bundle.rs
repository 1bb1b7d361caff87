//! Containers of OCI bundles from their creation to their deletion.

use masu_sys::file::{OFlags, open};
use masu_sys::socket::receive;
use masu_sys::wait::End;
use masu_wire::error::ErrorCode;
use masu_wire::lifecycle::{AwaitEndRequest, FreezeRequest, PruneRequest, StopRequest};
use serde_json::{Value, json};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use super::end_to_end::{can_run, init};
use super::sandbox::Sandbox;
use super::scratch::until;

const SLEEP: &str = "touch /dev/ready; while :; do sleep 0.02; done";

#[test]
fn a_container_of_a_bundle_waits_runs_ends_and_is_deleted() {
    if !can_run("a_container_of_a_bundle_waits_runs_ends_and_is_deleted") {
        return;
    }
    let sandbox = Sandbox::new("bundle", "exit 7");
    let pid = sandbox.create();
    let expected = json!({
        "ociVersion": "1.3.0", "id": "one", "pid": pid, "status": "created", "bundle": "/bundle", "rootfs": sandbox.root(),
        "created": "2026-01-01T00:00:00.000Z", "annotations": {"a": "b"}, "owner": "root",
    });
    assert_eq!(sandbox.state().unwrap(), expected);
    // Whoever only looks disturbs nothing.
    for _ in 0..300 {
        assert_eq!(sandbox.status(), "created");
    }
    let reply = sandbox.start().unwrap();
    assert_eq!((reply.pid, reply.started), (pid, true));
    until(|| sandbox.status() == "stopped");
    assert_eq!(sandbox.state().unwrap()["pid"], 0, "not reaped yet, it has stopped all the same");
    assert_eq!(sandbox.reap(), End::Exited(7));
    assert_eq!(sandbox.status(), "stopped");
    assert!(sandbox.delete(false).is_none());
    assert!(sandbox.scratch.is_clean());
    assert_eq!(sandbox.state().unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(sandbox.scratch.events(), ["create one", "start one", "destroy one"]);
}

#[test]
fn what_waits_has_nothing_of_the_host_but_its_socket() {
    if !can_run("what_waits_has_nothing_of_the_host_but_its_socket") {
        return;
    }
    let sandbox = Sandbox::new("waits", "exit 0");
    let pid = sandbox.create();
    let link = |name: &str| std::fs::read_link(format!("/proc/{pid}/{name}")).unwrap();
    let others = || -> Vec<String> {
        let names = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().flatten().map(|entry| entry.file_name());
        let others = names.filter(|name| !matches!(name.to_str(), Some("0" | "1" | "2")));
        let paths = others.map(|name| Path::new("/proc").join(pid.to_string()).join("fd").join(name));
        paths.filter_map(|path| Some(std::fs::read_link(path).ok()?.display().to_string())).collect()
    };
    // The core's socket goes right after it was told.
    until(|| others().len() <= 2);
    let others = others();
    let sockets = others.iter().filter(|name| name.starts_with("socket:")).count();
    let signals = others.iter().filter(|name| *name == "anon_inode:[signalfd]").count();
    assert_eq!((sockets, signals, others.len()), (1, 1, 2), "{others:?}");
    assert_eq!(link("cwd"), Path::new("/"));
    let status = std::fs::read_to_string(format!("/proc/{pid}/mountinfo")).unwrap();
    assert!(!status.contains(&sandbox.scratch.store.runtime), "{status}");
}

#[test]
fn create_fails_where_the_program_cannot_be_executed_and_leaves_nothing() {
    if !can_run("create_fails_where_the_program_cannot_be_executed_and_leaves_nothing") {
        return;
    }
    for (program, code, cause) in [
        ("absent", ErrorCode::ProgramNotFound, "executable file not found in $PATH"),
        ("/absent", ErrorCode::ProgramNotFound, "no such file or directory"),
        ("/dev", ErrorCode::ProgramNotExecutable, "permission denied: it is a directory"),
        ("/plain", ErrorCode::ProgramNotExecutable, "permission denied: it is not executable"),
    ] {
        let mut sandbox = Sandbox::new("absent", "");
        std::fs::write(sandbox.root().join("plain"), "").unwrap();
        sandbox.request["launch"]["arguments"] = json!([program]);
        let error = sandbox.try_create().unwrap_err();
        assert_eq!(error.code, code, "{error:?}");
        assert!(error.message.contains(cause), "{}", error.message);
        assert!(sandbox.scratch.is_clean());
    }
}

#[test]
fn create_refuses_an_id_that_is_taken() {
    if !can_run("create_refuses_an_id_that_is_taken") {
        return;
    }
    let sandbox = Sandbox::new("taken", SLEEP);
    let error = |sandbox: &Sandbox| sandbox.try_create().unwrap_err();
    sandbox.create();
    let taken = error(&sandbox);
    assert_eq!(taken.message, "Create container \"one\": container with given ID already exists");
    assert_eq!((taken.code, sandbox.status().as_str()), (ErrorCode::AlreadyExists, "created"));
    assert!(sandbox.delete(true).is_none());
    sandbox.scratch.create("one", None);
    assert!(error(&sandbox).message.contains("container with given ID already exists"));
    assert!(sandbox.delete(true).is_none());
    std::fs::create_dir(sandbox.scratch.runtime("one")).unwrap();
    let left = error(&sandbox);
    assert!(left.hint.unwrap().contains("system prune") && left.message.contains("already exists"));
    assert!(sandbox.scratch.runtime("one").exists(), "it may be somebody's");
    assert!(sandbox.delete(true).is_none());
    sandbox.create();
    assert!(sandbox.delete(true).is_none() && sandbox.scratch.is_clean());
}

#[test]
fn start_starts_once() {
    if !can_run("start_starts_once") {
        return;
    }
    let sandbox = Sandbox::new("twice", SLEEP);
    sandbox.create();
    let store = &sandbox.scratch.store;
    let replies: Vec<_> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..4).map(|_| scope.spawn(|| super::sandbox::start(store))).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    assert_eq!(replies.iter().filter(|reply| reply.is_ok()).count(), 1);
    assert!(replies.iter().flat_map(Result::as_ref).all(|reply| reply.started));
    let message = |sandbox: &Sandbox| sandbox.start().unwrap_err().message;
    assert_eq!(message(&sandbox), "Start container \"one\": cannot start an already running container");
    assert!(sandbox.kill(9, false).is_none());
    until(|| sandbox.status() == "stopped");
    assert_eq!(message(&sandbox), "Start container \"one\": cannot start a container that has stopped");
    assert!(sandbox.delete(false).is_none());
    assert_eq!(message(&sandbox), "Find container \"one\": container does not exist");
}

#[test]
fn start_says_why_the_program_was_not_executed() {
    if !can_run("start_says_why_the_program_was_not_executed") {
        return;
    }
    let mut sandbox = Sandbox::new("format", "");
    std::fs::write(sandbox.root().join("bin/odd"), "no format at all").unwrap();
    std::fs::set_permissions(sandbox.root().join("bin/odd"), std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .unwrap();
    sandbox.request["launch"]["arguments"] = json!(["odd"]);
    sandbox.create();
    let error = sandbox.start().unwrap_err();
    assert_eq!(error.code, ErrorCode::ProgramNotExecutable, "{error:?}");
    assert_eq!((sandbox.status().as_str(), sandbox.reap()), ("stopped", End::Exited(126)));
    assert!(sandbox.delete(false).is_none() && sandbox.scratch.is_clean());
}

#[test]
fn one_that_waits_can_be_killed_and_deleted() {
    if !can_run("one_that_waits_can_be_killed_and_deleted") {
        return;
    }
    for (signal, end) in [(15, End::Exited(143)), (9, End::Signalled(9))] {
        let sandbox = Sandbox::new("waiting", SLEEP);
        sandbox.create();
        assert!(sandbox.kill(signal, false).is_none());
        until(|| sandbox.status() == "stopped");
        let error = sandbox.kill(signal, false).unwrap();
        assert!(error.message.contains("container not running"), "{error:?}");
        assert_eq!(sandbox.reap(), end);
        assert!(sandbox.delete(false).is_none() && sandbox.scratch.is_clean());
    }
    let sandbox = Sandbox::new("waiting", SLEEP);
    sandbox.create();
    assert!(sandbox.delete(false).is_none() && sandbox.scratch.is_clean());
    assert_eq!(sandbox.reap(), End::Signalled(9));
}

#[test]
fn delete_needs_force_while_the_program_runs() {
    if !can_run("delete_needs_force_while_the_program_runs") {
        return;
    }
    let sandbox = Sandbox::new("force", SLEEP);
    sandbox.create();
    sandbox.start().unwrap();
    let error = sandbox.delete(false).unwrap();
    assert!(error.message.contains("cannot delete container one that is not stopped: running"), "{error:?}");
    assert_eq!(sandbox.status(), "running");
    assert!(sandbox.delete(true).is_none() && sandbox.scratch.is_clean());
    assert!(sandbox.delete(false).unwrap().message.contains("container does not exist"));
}

#[test]
fn stop_and_wait_leave_it_until_it_is_deleted() {
    if !can_run("stop_and_wait_leave_it_until_it_is_deleted") {
        return;
    }
    let sandbox = Sandbox::new("stop", "trap 'exit 3' TERM; touch /dev/ready; while :; do sleep 0.02; done");
    let pid = sandbox.create();
    sandbox.start().unwrap();
    until(|| Path::new(&format!("/proc/{pid}/root/dev/ready")).exists());
    let request: StopRequest = sandbox.scratch.stop_request(&["one"], 5000);
    let outcome = crate::stop(&request, init()).unwrap().outcomes.remove(0);
    assert!(outcome.error.is_none() && outcome.end.is_none(), "{outcome:?}");
    assert_eq!((sandbox.status().as_str(), sandbox.reap()), ("stopped", End::Exited(3)));
    let request = AwaitEndRequest { store: sandbox.scratch.store.clone(), words: vec!["one".to_owned()], cancel: None };
    let error = crate::await_end(&request, init()).unwrap().outcomes.remove(0).error.unwrap();
    assert!(error.message.contains("only whoever waits for its first process knows how"), "{error:?}");
    let request = FreezeRequest { store: sandbox.scratch.store.clone(), words: vec!["one".to_owned()], frozen: true };
    let error = crate::freeze(&request).unwrap().outcomes.remove(0).error.unwrap();
    assert!(error.message.contains("container not running"), "{error:?}");
    let view = sandbox.scratch.view("one");
    assert!(view.record.is_some() && !view.lasting && !view.watched);
    assert!(sweep(&sandbox, false).is_empty());
    assert_eq!(sweep(&sandbox, true), ["one"]);
    assert!(sandbox.scratch.is_clean());
}

fn sweep(sandbox: &Sandbox, containers: bool) -> Vec<String> {
    let request = PruneRequest { store: sandbox.scratch.store.clone(), containers, dry: false };
    let reply = crate::prune_below(&request, &[sandbox.scratch.top().join("cgroups")], init()).unwrap();
    assert!(reply.failures.is_empty(), "{reply:?}");
    reply.containers
}

#[test]
fn only_its_whole_id_names_it() {
    if !can_run("only_its_whole_id_names_it") {
        return;
    }
    let sandbox = Sandbox::new("prefix", SLEEP);
    sandbox.create();
    let error = sandbox.scratch.delete("on", true).error.unwrap();
    assert!(error.message.contains("container does not exist"), "{error:?}");
    assert_eq!(sandbox.status(), "created");
}

#[test]
fn kill_all_reaches_what_is_left_when_the_first_process_has_ended() {
    let test = "kill_all_reaches_what_is_left_when_the_first_process_has_ended";
    if !can_run(test) {
        return;
    }
    let cgroup = format!("/sys/fs/cgroup/pids/masu-test-bundle-{}", std::process::id());
    if std::fs::create_dir(&cgroup).is_err() {
        return println!("{test} [skipped: no v1 cgroup of pids]");
    }
    let mut sandbox = Sandbox::new("left", ": >/dev/null; sleep 100 & exit 0");
    // Processes of a pid namespace would end with its first one.
    sandbox.request["launch"]["plan"]["clone"]["namespaces"] = json!(["mount", "uts", "ipc"]);
    sandbox.plan("inside").insert(0, json!({"kind": "join_cgroups", "paths": [format!("{cgroup}/tasks")]}));
    let text = sandbox.request["launch"]["plan"]["clone"]["record"][0]["text"].as_str().unwrap().to_owned();
    let directories = text.replace("\"directories\":{}", &format!("\"directories\":{{\"pids\":{cgroup:?}}}"));
    sandbox.request["launch"]["plan"]["clone"]["record"][0]["text"] = json!(directories);
    sandbox.create();
    sandbox.start().unwrap();
    assert_eq!(sandbox.reap(), End::Exited(0));
    let left = || std::fs::read_to_string(format!("{cgroup}/cgroup.procs")).unwrap();
    assert!(!left().is_empty());
    assert!(sandbox.kill(9, false).unwrap().message.contains("container not running"));
    assert!(sandbox.kill(9, true).is_none());
    until(|| left().is_empty());
    assert!(sandbox.kill(9, true).unwrap().message.contains("container not running"));
    assert!(sandbox.delete(false).is_none() && sandbox.scratch.is_clean());
    until(|| std::fs::remove_dir(&cgroup).is_ok());
}

/// What a socket gets: the message, and the file behind its one descriptor.
fn expect(path: &Path) -> std::thread::JoinHandle<(String, String, OwnedFd)> {
    let listener = UnixListener::bind(path).unwrap();
    std::thread::spawn(move || {
        let (connection, _) = listener.accept().unwrap();
        let (mut buffer, mut descriptors): ([u8; 4096], Vec<OwnedFd>) = ([0; 4096], Vec::new());
        let length = receive(connection.as_fd(), &mut buffer, &mut descriptors).unwrap();
        assert_eq!((descriptors.len(), receive(connection.as_fd(), &mut [0; 1], &mut Vec::new()).unwrap()), (1, 0));
        let file = std::os::fd::AsRawFd::as_raw_fd(&descriptors[0]);
        let file = std::fs::read_link(format!("/proc/self/fd/{file}")).unwrap().display().to_string();
        (String::from_utf8(buffer[..length].to_vec()).unwrap(), file, descriptors.remove(0))
    })
}

#[test]
fn create_hands_over_the_terminal_the_pidfd_and_last_the_pid() {
    if !can_run("create_hands_over_the_terminal_the_pidfd_and_last_the_pid") {
        return;
    }
    let mut sandbox = Sandbox::new("handover", "test -t 0 && test -t 1");
    let place = |name: &str| sandbox.scratch.top().join(name);
    let (console, pidfd, file) = (place("console"), place("pidfd"), place("pid"));
    sandbox.request["handover"] = json!({"consoleSocket": console, "pidfdSocket": pidfd, "pidFile": file});
    let terminal = json!({"kind": "open_terminal", "rows": 0, "columns": 0, "console": true, "uid": 0});
    sandbox.plan("exec").insert(1, terminal);
    let (masters, pidfds) = (expect(&console), expect(&pidfd));
    let pid = sandbox.create();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), pid.to_string());
    let (name, file_name, master) = masters.join().unwrap();
    assert_eq!((name.as_str(), file_name.ends_with("ptmx")), ("/dev/pts/ptmx", true), "{file_name}");
    assert!(pidfds.join().unwrap().1.contains("pidfd"));
    sandbox.start().unwrap();
    assert_eq!(sandbox.reap(), End::Exited(0));
    drop(master);
    assert!(sandbox.delete(false).is_none());
    for listening in [false, true] {
        for socket in [&console, &pidfd, &file] {
            let _ = std::fs::remove_file(socket);
        }
        let masters = listening.then(|| expect(&console));
        assert!(sandbox.try_create().unwrap_err().message.starts_with("Send the "));
        masters.map(|masters| masters.join().unwrap());
        assert!(sandbox.scratch.is_clean() && !file.exists());
    }
}

#[test]
fn a_create_that_is_killed_leaves_what_delete_and_prune_remove() {
    if !can_run("a_create_that_is_killed_leaves_what_delete_and_prune_remove") {
        return;
    }
    for (name, record, prune) in [("half", false, false), ("half-prune", false, true), ("whole", true, false)] {
        let mut sandbox = Sandbox::new(name, SLEEP);
        let mark = sandbox.scratch.top().join("mark");
        let stuck = json!({"kind": "run_hook", "state": {}, "pid": "",
            "hook": {"path": "/bin/sh", "args": ["sh", "-c", format!("touch {mark:?}; exec sleep 2")], "env": []}});
        if record {
            sandbox.plan("created").push(stuck);
            let at = sandbox.place("inside", "pivot_root");
            sandbox.plan("inside").insert(at, json!({"kind": "await_runtime"}));
        } else {
            sandbox.plan("before").push(stuck);
        }
        let mut maker = make_elsewhere(&sandbox.request);
        until(|| mark.exists());
        maker.kill().unwrap();
        maker.wait().unwrap();
        let runtime = sandbox.scratch.runtime("one");
        assert!(sandbox.try_create().unwrap_err().message.contains("container with given ID already exists"));
        if prune {
            let minute_ago = SystemTime::now() - Duration::from_secs(60);
            let times = std::fs::FileTimes::new().set_modified(minute_ago);
            std::fs::File::open(&runtime).unwrap().set_times(times).unwrap();
            assert!(sweep(&sandbox, false).is_empty());
        } else {
            assert_eq!(sandbox.state().is_ok(), record);
            if record {
                // Its first process learns of it soon.
                until(|| sandbox.status() == "stopped");
            }
            assert_eq!(sandbox.delete(false).is_some(), !record, "only whose record is there has ended for sure");
            assert_eq!(sandbox.delete(true).map(|error| error.code), record.then_some(ErrorCode::NotFound));
        }
        assert!(sandbox.scratch.is_clean(), "{name}");
    }
}

/// This test program once more, for [`create_in_this_process`] alone.
fn make_elsewhere(request: &Value) -> std::process::Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "tests::bundle::create_in_this_process", "--ignored", "--nocapture", "--quiet"]);
    command.env("MASU_TEST_REQUEST", request.to_string()).stdin(Stdio::null()).stdout(Stdio::null());
    command.spawn().unwrap()
}

#[test]
#[ignore = "the part of the test above that is killed"]
fn create_in_this_process() {
    let Ok(request) = std::env::var("MASU_TEST_REQUEST") else { return };
    drop(open("/dev/null", OFlags::RDONLY));
    crate::create_bundle(serde_json::from_str(&request).unwrap(), init().unwrap()).unwrap();
}
