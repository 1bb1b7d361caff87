//! Plans of a busybox root, end to end: the real kernel, the real `init`. As root, with `MASU_INIT` at build time.
//!
//! `run` replaces its process, so those tests execute this test program once more, for [`run_in_this_process`] alone.

mod container;
mod seccomp_agent;
mod terminal;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;

use container::{Container, Options, can_run};
use masu_wire::error::ErrorCode;
use serde_json::json;

/// The executable that `MASU_INIT` named when this was built, in sealed memory; none: it named none.
fn init() -> Option<BorrowedFd<'static>> {
    static INIT: OnceLock<Option<OwnedFd>> = OnceLock::new();
    let made = INIT.get_or_init(|| {
        let path = option_env!("MASU_INIT").filter(|path| !path.is_empty())?;
        Some(masu_sys::memfd::sealed_executable(c"masu", &std::fs::read(path).unwrap()).unwrap())
    });
    made.as_ref().map(AsFd::as_fd)
}

#[test]
fn launch_starts_pid_1_of_a_container_and_teardown_leaves_nothing() {
    if !can_run("launch_starts_pid_1_of_a_container_and_teardown_leaves_nothing") {
        return;
    }
    let container =
        Container::new("launch", &["sh", "-c", "test $$ = 1 && test $(hostname) = box && exit 3"], Options::default());
    let launched = container.launch().unwrap();
    let state = std::fs::read_to_string(container.directory().join("state")).unwrap();
    assert_eq!(state, format!("{} {} ${{pid}}", launched.pid, launched.start));
    assert_eq!(container.wait(&launched), (Some(3), None));
    container.tear_down();
    assert!(!container.directory().exists());
}

#[test]
fn launch_undoes_everything_when_a_step_fails() {
    if !can_run("launch_undoes_everything_when_a_step_fails") {
        return;
    }
    let missing = json!({"kind": "bind", "source": "/does/not/exist", "destination": "/x", "recursive": false, "flags": 0,
        "recursiveReadOnly": false, "propagation": null, "create": "directory"});
    for (name, options, code, group) in [
        (
            "undo-program",
            Options { arguments: vec!["nonexistent"], ..Options::default() },
            ErrorCode::ProgramNotFound,
            "exec",
        ),
        ("undo-inside", Options { inside: vec![missing], ..Options::default() }, ErrorCode::NotFound, "inside"),
        (
            "undo-record",
            Options {
                record: vec![json!({"kind": "write_control", "path": "/does/not/exist", "text": "1"})],
                ..Options::default()
            },
            ErrorCode::NotFound,
            "clone",
        ),
    ] {
        let arguments = options.arguments.clone();
        let container = Container::new(name, &arguments, options);
        let error = container.launch().unwrap_err();
        let place = serde_json::to_value(error.place.unwrap().group).unwrap();
        assert_eq!((error.code, place), (code, json!(group)), "{error:?}");
        assert!(!container.directory().exists(), "{name}");
        assert_eq!(container.processes(), Vec::<String>::new(), "{name}");
    }
}

/// Writes the pid that it is told into a file.
fn hook(file: &std::path::Path, script: &str) -> serde_json::Value {
    json!({"kind": "run_hook", "state": {"id": "${id}"}, "pid": "${pid}",
        "hook": {"path": "/bin/sh", "args": ["sh", "-c", format!("cat >{file:?}; {script}")], "env": ["PATH=/bin:/usr/bin"]}})
}

#[test]
fn launch_does_what_follows_the_mounts_and_what_follows_the_program() {
    if !can_run("launch_does_what_follows_the_mounts_and_what_follows_the_program") {
        return;
    }
    let files =
        ["created", "started"].map(|name| std::env::temp_dir().join(format!("masu-{name}-{}", std::process::id())));
    let [created, started] = &files;
    let options = Options { created: vec![hook(created, "")], started: vec![hook(started, "")], ..Options::default() };
    let container = Container::new("late", &["sleep", "0.2"], options);
    let launched = container.launch().unwrap();
    for file in &files {
        let told: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        assert_eq!(told["pid"], launched.pid, "{told}");
        std::fs::remove_file(file).unwrap();
    }
    assert_eq!(container.wait(&launched), (Some(0), None));
    container.tear_down();
}

#[test]
fn launch_ends_the_program_when_what_follows_it_fails() {
    if !can_run("launch_ends_the_program_when_what_follows_it_fails") {
        return;
    }
    let nowhere = std::path::Path::new("/dev/null");
    for (name, group) in [("late-created", "created"), ("late-started", "started")] {
        let fails = vec![hook(nowhere, "exit 4")];
        let options = match group {
            "created" => Options { created: fails, ..Options::default() },
            _ => Options { started: fails, ..Options::default() },
        };
        let container = Container::new(name, &["sleep", "100"], options);
        let error = container.launch().unwrap_err();
        assert_eq!(serde_json::to_value(error.place.unwrap().group).unwrap(), json!(group), "{error:?}");
        assert!(error.message.contains("it ended with status 4"), "{error:?}");
        assert!(!container.directory().exists() && container.processes().is_empty(), "{name}");
    }
}

#[test]
fn launch_leaves_alone_the_container_that_has_the_id_already() {
    if !can_run("launch_leaves_alone_the_container_that_has_the_id_already") {
        return;
    }
    let container = Container::new("taken", &["true"], Options::default());
    std::fs::create_dir_all(container.directory()).unwrap();
    std::fs::write(container.directory().join("state"), "another's").unwrap();
    let error = container.launch().unwrap_err();
    assert_eq!(error.code, ErrorCode::AlreadyExists, "{error:?}");
    assert_eq!(std::fs::read_to_string(container.directory().join("state")).unwrap(), "another's");
}

#[test]
fn launch_maps_ids_and_owners_through_a_user_namespace() {
    if !can_run("launch_maps_ids_and_owners_through_a_user_namespace") {
        return;
    }
    let script = "test $(id -u) = 0 && test \"$(stat -c %u:%g /bin/busybox)\" = 0:0 && read a b c < /proc/self/uid_map && test $b = 100000";
    let options = Options { user: true, ..Options::default() };
    let container = Container::new("user", &["sh", "-ec", script], options);
    match container.launch() {
        Ok(launched) => assert_eq!(container.wait(&launched), (Some(0), None)),
        Err(error) if error.call.as_deref() == Some("mount_setattr") => {
            println!("launch_maps_ids_and_owners_through_a_user_namespace [skipped: {error}]");
        }
        Err(error) => panic!("{error:?}"),
    }
    container.tear_down();
}

#[test]
fn launch_maps_owners_of_a_bind_mount_by_a_mapping_of_its_own() {
    if !can_run("launch_maps_owners_of_a_bind_mount_by_a_mapping_of_its_own") {
        return;
    }
    let ids = json!([{"containerID": 0, "hostID": 5000, "size": 10}]);
    let mapping = json!({"uidMappings": ids, "gidMappings": ids, "tools": null, "denySetgroups": false});
    let source = std::path::PathBuf::from(format!("/dev/shm/masu-mapped-{}", std::process::id()));
    std::fs::create_dir(&source).unwrap();
    std::fs::write(source.join("file"), "").unwrap();
    let bind = |destination: &str| {
        json!({"kind": "bind", "source": source, "destination": destination, "recursive": true, "flags": 0, "recursiveReadOnly": false,
            "propagation": null, "create": "directory", "mapping": {"mapping": mapping, "recursive": true}})
    };
    let script = "test \"$(stat -c %u:%g /a/file /b/file)\" = \"$(echo 5000:5000; echo 5000:5000)\"";
    let options = Options { inside: vec![bind("/a"), bind("/b")], ..Options::default() };
    let container = Container::new("mapped", &["sh", "-ec", script], options);
    let ended = container.launch().map(|launched| container.wait(&launched));
    std::fs::remove_dir_all(&source).unwrap();
    match ended {
        Ok(ended) => assert_eq!(ended, (Some(0), None)),
        Err(error) if error.call.as_deref() == Some("mount_setattr") => {
            println!("launch_maps_owners_of_a_bind_mount_by_a_mapping_of_its_own [skipped: {error}]");
        }
        Err(error) => panic!("{error:?}"),
    }
    container.tear_down();
}

#[test]
fn run_ends_as_its_program_ends_and_leaves_nothing() {
    if !can_run("run_ends_as_its_program_ends_and_leaves_nothing") {
        return;
    }
    for (name, script, status) in [("exit", "echo out; exit 7", 7), ("signal", "exec sh -c 'exit 143'", 143)] {
        let container = Container::new(name, &["sh", "-c", script], Options::default());
        let output = container.run().wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(status), "{output:?}");
        assert!(!container.directory().exists(), "{name}");
        assert_eq!(container.processes(), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn run_forwards_signals_and_ends_a_bare_pid_1_that_does_nothing_about_them() {
    if !can_run("run_forwards_signals_and_ends_a_bare_pid_1_that_does_nothing_about_them") {
        return;
    }
    for (name, script, signals, status) in [
        ("bare", "touch /dev/ready; exec sleep 100", &[15][..], 143),
        ("trap", "trap 'exit 9' TERM; touch /dev/ready; while :; do sleep 0.02; done", &[15], 9),
        ("ignore", "trap '' HUP; trap 'exit 8' USR1; touch /dev/ready; while :; do sleep 0.02; done", &[1, 10], 8),
    ] {
        let container = Container::new(name, &["sh", "-c", script], Options::default());
        let mut run = container.run();
        container.wait_until_ready(&run);
        for signal in signals {
            masu_sys::signalfd::kill(run.id(), *signal).unwrap();
        }
        assert_eq!(run.wait().unwrap().code(), Some(status), "{name}");
        assert!(!container.directory().exists(), "{name}");
    }
}

#[test]
fn run_forks_the_program_from_an_init_although_a_filter_came_first() {
    if !can_run("run_forks_the_program_from_an_init_although_a_filter_came_first") {
        return;
    }
    let options = Options { reaper: true, ..Options::default() };
    let container = Container::new("reaper", &["sh", "-c", "test $$ != 1 && exit 6"], options);
    let output = container.run().wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(6), "{output:?}");
}

#[test]
fn run_stops_and_continues_with_its_container() {
    if !can_run("run_stops_and_continues_with_its_container") {
        return;
    }
    let container = Container::new("stop", &["sh", "-c", "touch /dev/ready; sleep 100"], Options::default());
    let mut run = container.run();
    container.wait_until_ready(&run);
    masu_sys::signalfd::kill(run.id(), 20).unwrap();
    container.wait_for_state(run.id(), 'T');
    container.wait_for_state(container.pid(), 'T');
    masu_sys::signalfd::kill(run.id(), 18).unwrap();
    container.wait_for_state(run.id(), 'S');
    container.wait_for_state(container.pid(), 'S');
    masu_sys::signalfd::kill(run.id(), 15).unwrap();
    assert_eq!(run.wait().unwrap().code(), Some(143));
}

#[test]
fn run_killed_leaves_nothing_to_its_guard() {
    if !can_run("run_killed_leaves_nothing_to_its_guard") {
        return;
    }
    let container = Container::new("killed", &["sh", "-c", "touch /dev/ready; sleep 100"], Options::default());
    let mut run = container.run();
    container.wait_until_ready(&run);
    run.kill().unwrap();
    run.wait().unwrap();
    container.wait_until(|| !container.directory().exists());
    container.wait_until(|| container.processes().is_empty());
}

#[test]
fn run_takes_less_than_a_mebibyte_while_it_waits() {
    if !can_run("run_takes_less_than_a_mebibyte_while_it_waits") {
        return;
    }
    let container = Container::new("memory", &["sh", "-c", "touch /dev/ready; sleep 100"], Options::default());
    let mut run = container.run();
    container.wait_until_ready(&run);
    let text = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", run.id())).unwrap();
    let pss = text.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap();
    let kilobytes: u64 = pss.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(kilobytes < 1024, "{text}");
    masu_sys::signalfd::kill(run.id(), 15).unwrap();
    run.wait().unwrap();
}

#[test]
#[ignore = "the part of the tests above that becomes a monitor"]
fn run_in_this_process() {
    let Ok(request) = std::env::var("MASU_TEST_REQUEST") else { return };
    let error = super::run(serde_json::from_str(&request).unwrap(), init().unwrap(), |_| Ok(())).unwrap_err();
    println!("{error:?}");
    std::process::exit(125);
}
