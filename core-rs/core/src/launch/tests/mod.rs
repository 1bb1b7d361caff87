//! Plans of a busybox root, end to end: the real kernel, the real `init`. As root, with `MASU_INIT` at build time.
//!
//! `run` replaces its process, so those tests execute this test program once more, for [`run_in_this_process`] alone.

mod container;
mod terminal;

use container::{Container, Options, can_run};
use masu_wire::error::ErrorCode;
use serde_json::json;

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
    let error = super::run(serde_json::from_str(&request).unwrap()).unwrap_err();
    println!("{error:?}");
    std::process::exit(125);
}
