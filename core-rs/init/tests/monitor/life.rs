//! Starts, ends, and what they lead to.

use masu_steps::monitor_protocol::{MonitorAnswer, MonitorRequest};
use masu_steps::process_identity::start_time;
use masu_sys::signalfd::kill;
use serde_json::json;
use std::time::Instant;

use crate::container::{Container, can_run, end, hear, until};

const SIGHUP: i32 = 1;
const SIGKILL: i32 = 9;
const SIGTERM: i32 = 15;

#[test]
fn a_container_ends_by_itself_and_its_end_is_written_down() {
    if !can_run("a_container_ends_by_itself_and_its_end_is_written_down") {
        return;
    }
    let mut container = Container::new("until test -e /out/go; do sleep 0.01; done; seq 20; exit 7");
    container.start();
    let started = container.record()["masu"]["started"].as_str().unwrap().to_owned();
    let waiting = container.ask(&MonitorRequest::Wait);
    std::fs::write(container.top.join("out/go"), "").unwrap();
    let end = end(hear(&waiting));
    assert_eq!((end.status, end.signal, end.requested, end.restarts), (7, None, false, 0));
    assert_eq!((&end.started, end.error.is_none()), (&started, true));
    assert_eq!(end.last_lines.len(), 10);
    assert!(end.last_lines[9].contains("20"), "{:?}", end.last_lines);
    container.until_down();
    assert_eq!(container.end().unwrap().status, 7);
    assert_eq!(container.events(), ["start", "die 7"]);
}

#[test]
fn a_policy_starts_it_again_so_often_and_ever_later() {
    if !can_run("a_policy_starts_it_again_so_often_and_ever_later") {
        return;
    }
    let mut container = Container::new("echo run >> /out/runs; sleep 0.1; exit 3")
        .with("restart", json!({"kind": "on_failure", "maximum": 2}));
    let begun = Instant::now();
    container.start();
    let end = end(hear(&container.ask(&MonitorRequest::Wait)));
    assert_eq!((end.status, end.restarts, end.requested), (3, 2, false));
    assert_eq!(container.out("runs"), "run\nrun\nrun\n");
    // Three runs, and 100 and 200 ms between them.
    let took = begun.elapsed().as_millis();
    assert!((600..5000).contains(&took), "{took} ms");
    container.until_down();
    assert_eq!(container.events(), ["start", "die 3", "start", "die 3", "start", "die 3"]);
}

#[test]
fn a_container_that_was_killed_from_outside_is_started_again_and_one_that_was_stopped_is_not() {
    if !can_run("a_container_that_was_killed_from_outside_is_started_again_and_one_that_was_stopped_is_not") {
        return;
    }
    let mut container =
        Container::new("exec sleep 100").with("restart", json!({"kind": "unless_stopped", "maximum": 0}));
    let pid = container.start();
    kill(pid, SIGKILL).unwrap();
    let has_another = || {
        let text = std::fs::read_to_string(container.runtime().join("state.json")).unwrap_or_default();
        serde_json::from_str::<serde_json::Value>(&text).is_ok_and(|record| record["pid"] != json!(pid))
    };
    until(|| start_time(pid).is_err() && has_another());
    let record = container.record();
    assert_eq!(record["masu"]["monitor"], json!(container.monitor()));
    assert!(matches!(container.end(), Some(end) if end.status == 137 && !end.requested));
    let end = container.stopped();
    assert_eq!((end.status, end.requested, end.restarts), (137, true, 1));
    container.until_down();
}

#[test]
fn a_container_that_cannot_be_started_again_stays_down_and_says_why() {
    if !can_run("a_container_that_cannot_be_started_again_stays_down_and_says_why") {
        return;
    }
    let mut container = Container::new("until test -e /out/go; do sleep 0.01; done; exit 1")
        .with("restart", json!({"kind": "always", "maximum": 0}));
    container.start();
    let waiting = container.ask(&MonitorRequest::Wait);
    std::fs::rename(container.top.join("root/bin"), container.top.join("root/gone")).unwrap();
    std::fs::write(container.top.join("out/go"), "").unwrap();
    let end = end(hear(&waiting));
    assert_eq!((end.status, end.restarts), (1, 0));
    assert_eq!(end.error.unwrap().code, masu_wire::error::ErrorCode::ProgramNotFound);
    container.until_down();
    assert!(container.end().unwrap().error.is_some());
}

#[test]
fn a_first_start_that_fails_leaves_nothing() {
    if !can_run("a_first_start_that_fails_leaves_nothing") {
        return;
    }
    let mut container = Container::new("");
    container.document["launch"]["arguments"] = json!(["/absent"]);
    let MonitorAnswer::Failed { error } = container.try_start() else { panic!("it runs") };
    assert_eq!(error.code, masu_wire::error::ErrorCode::ProgramNotFound, "{error}");
    assert!(!container.runtime().exists() && !container.socket().exists() && container.end().is_none());
    std::fs::remove_file(container.data().join("container.json")).unwrap();
    assert_eq!(container.events(), Vec::<String>::new());
}

#[test]
fn a_container_that_is_to_be_removed_is_gone_when_its_end_is_told() {
    if !can_run("a_container_that_is_to_be_removed_is_gone_when_its_end_is_told") {
        return;
    }
    let mut container = Container::new("exec sleep 100").with("remove", json!(true));
    container.start();
    assert_eq!(container.stopped().status, 137);
    assert!(!container.data().exists() && !container.runtime().exists() && !container.socket().exists());
    assert_eq!(container.events(), ["start", "die 137 9", "destroy"]);
    container.until_down();
}

#[test]
fn a_monitor_that_is_told_to_end_takes_its_container_along_and_no_policy_starts_it_again() {
    if !can_run("a_monitor_that_is_told_to_end_takes_its_container_along_and_no_policy_starts_it_again") {
        return;
    }
    let mut container = Container::new("trap 'exit 5' TERM; touch /out/ready; while :; do sleep 0.01; done")
        .with("restart", json!({"kind": "always", "maximum": 0}));
    container.start();
    until(|| container.top.join("out/ready").exists());
    kill(container.monitor(), SIGHUP).unwrap();
    assert!(matches!(hear(&container.ask(&MonitorRequest::Reload)), MonitorAnswer::Done));
    kill(container.monitor(), SIGTERM).unwrap();
    container.until_down();
    assert!(matches!(container.end(), Some(end) if end.status == 5 && !end.requested));
}

#[test]
fn a_monitor_is_out_of_reach_of_who_started_it() {
    if !can_run("a_monitor_is_out_of_reach_of_who_started_it") {
        return;
    }
    let mut container = Container::new("exec sleep 100");
    let pid = container.start();
    let file = |name: &str| std::fs::read_to_string(format!("/proc/{}/{name}", container.monitor())).unwrap();
    let stat = file("stat");
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    let own_session = std::process::id().to_string();
    assert_ne!(fields[1], own_session, "it is no child of the one who started it");
    assert_eq!(fields[4], "0", "no terminal: {stat}");
    assert_eq!(std::fs::read_link(format!("/proc/{}/cwd", container.monitor())).unwrap().to_str(), Some("/"));
    // The program has no signal blocked, though its monitor has all.
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    assert!(status.contains("SigBlk:\t0000000000000000"), "{status}");
    container.stopped();
    container.until_down();
}
