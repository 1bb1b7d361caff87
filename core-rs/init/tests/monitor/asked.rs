//! What others ask of the monitor, however they do it.

use masu_steps::monitor_protocol::{MonitorAnswer, MonitorRequest};
use masu_steps::process_identity::start_time;
use rustix::fs::{FlockOperation, flock};
use serde_json::json;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use crate::container::{Container, can_run, end, hear, until};

/// Its program says when it is ready, and ends with status 9 when it is asked to.
const POLITE: &str =
    "trap 'exit 9' TERM; trap 'echo usr1 >> /out/heard' USR1; touch /out/ready; while :; do sleep 0.01; done";

fn polite() -> Container {
    let mut container = Container::new(POLITE);
    container.start();
    until(|| container.top.join("out/ready").exists());
    container
}

#[test]
fn stop_asks_first_and_kills_who_takes_too_long() {
    if !can_run("stop_asks_first_and_kills_who_takes_too_long") {
        return;
    }
    let container = polite();
    let begun = Instant::now();
    assert_eq!(end(container.stop(10_000, false)).status, 9);
    assert!(begun.elapsed() < Duration::from_secs(5));
    container.until_down();
    let mut container = Container::new("trap '' TERM; touch /out/ready; while :; do sleep 0.01; done");
    container.start();
    until(|| container.top.join("out/ready").exists());
    let begun = Instant::now();
    // Without a limit first, and with one that comes later.
    let patient = container.ask(&MonitorRequest::Stop { signal: None, timeout_ms: Some(-1), restart: false });
    let end_of_other = end(container.stop(300, false));
    assert_eq!((end_of_other.status, end_of_other.signal), (137, Some(9)));
    assert_eq!(end(hear(&patient)).status, 137);
    assert!((300..5000).contains(&begun.elapsed().as_millis()));
    container.until_down();
}

#[test]
fn stop_with_a_restart_answers_when_it_runs_again() {
    if !can_run("stop_with_a_restart_answers_when_it_runs_again") {
        return;
    }
    let container = polite();
    let before = container.record()["pid"].as_u64().unwrap();
    let waiting = container.ask(&MonitorRequest::Wait);
    let MonitorAnswer::Started { pid, start } = container.stop(10_000, true) else { panic!("it does not run") };
    assert!(u64::from(pid) != before && start_time(pid).unwrap() == start);
    assert_eq!(container.record()["pid"], json!(pid));
    let end_of_first = container.end().unwrap();
    assert_eq!((end_of_first.status, end_of_first.requested), (9, true));
    // It was asked what becomes of it for good.
    let end_of_second = container.stopped();
    assert_eq!((end(hear(&waiting)).status, end_of_second.restarts), (end_of_second.status, 0));
    container.until_down();
}

#[test]
fn stop_and_start_of_one_that_waits_to_be_started_again_do_not_wait_for_that() {
    if !can_run("stop_and_start_of_one_that_waits_to_be_started_again_do_not_wait_for_that") {
        return;
    }
    let mut container =
        Container::new("echo run >> /out/runs; exit 1").with("restart", json!({"kind": "always", "maximum": 0}));
    container.start();
    until(|| container.out("runs").lines().count() >= 5);
    // By now it waits for longer than this takes.
    let begun = Instant::now();
    until(|| !container.runtime().exists());
    let MonitorAnswer::Started { .. } = container.stop(0, true) else { panic!("it was not started") };
    until(|| container.out("runs").lines().count() >= 6 && !container.runtime().exists());
    let end = container.stopped();
    assert!(end.requested && begun.elapsed() < Duration::from_secs(10));
    assert!(container.end().unwrap().requested);
    container.until_down();
}

#[test]
fn signal_goes_to_the_first_process_or_to_all_and_only_the_stop_signal_ends_the_policy() {
    if !can_run("signal_goes_to_the_first_process_or_to_all_and_only_the_stop_signal_ends_the_policy") {
        return;
    }
    let child =
        "touch /dev/null; (trap 'echo child >> /out/heard' USR1; touch /out/child; while :; do sleep 0.01; done) & ";
    let mut container =
        Container::new(&format!("{child}{POLITE}")).with("restart", json!({"kind": "always", "maximum": 0}));
    container.start();
    until(|| container.top.join("out/ready").exists() && container.top.join("out/child").exists());
    let signal = |signal, all| hear(&container.ask(&MonitorRequest::Signal { signal, all }));
    assert!(matches!(signal(10, false), MonitorAnswer::Done));
    until(|| container.out("heard") == "usr1\n");
    assert!(matches!(signal(10, true), MonitorAnswer::Done));
    until(|| {
        container.out("heard").lines().filter(|line| *line == "usr1").count() == 2
            && container.out("heard").contains("child")
    });
    let waiting = container.ask(&MonitorRequest::Wait);
    assert!(matches!(signal(15, false), MonitorAnswer::Done));
    let end = end(hear(&waiting));
    assert_eq!((end.status, end.requested), (9, true));
    container.until_down();
}

#[test]
fn nobody_can_make_the_monitor_wait() {
    if !can_run("nobody_can_make_the_monitor_wait") {
        return;
    }
    let container = polite();
    let socket = container.socket();
    assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    // One says half of something, one nothing at all, one nonsense, and one never listens.
    let mut half = UnixStream::connect(&socket).unwrap();
    half.write_all(&[200, 0, 0, 0, b'{']).unwrap();
    let _silent: Vec<_> = (0..50).map(|_| UnixStream::connect(&socket).unwrap()).collect();
    let mut nonsense = UnixStream::connect(&socket).unwrap();
    nonsense.write_all(&[0xff; 64]).unwrap();
    let mut deaf = UnixStream::connect(&socket).unwrap();
    deaf.set_nonblocking(true).unwrap();
    let body = serde_json::to_vec(&MonitorRequest::Reload).unwrap();
    let request: Vec<u8> = (body.len() as u32).to_le_bytes().into_iter().chain(body).collect();
    for _ in 0..20_000 {
        // Refused when too much waits.
        let _ = deaf.write(&request);
    }
    let begun = Instant::now();
    assert!(matches!(hear(&container.ask(&MonitorRequest::Reload)), MonitorAnswer::Done));
    assert_eq!(end(container.stop(10_000, false)).status, 9);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    container.until_down();
}

#[test]
fn an_end_waits_for_whoever_has_the_lock_and_the_monitor_answers_meanwhile() {
    if !can_run("an_end_waits_for_whoever_has_the_lock_and_the_monitor_answers_meanwhile") {
        return;
    }
    let container = polite();
    let pid = container.record()["pid"].as_u64().unwrap() as u32;
    let directory = std::fs::File::open(container.data()).unwrap();
    flock(&directory, FlockOperation::LockExclusive).unwrap();
    let stopping = container.ask(&MonitorRequest::Stop { signal: None, timeout_ms: None, restart: false });
    until(|| start_time(pid).is_err());
    assert!(matches!(hear(&container.ask(&MonitorRequest::Reload)), MonitorAnswer::Done));
    std::thread::sleep(Duration::from_millis(100));
    assert!(container.end().is_none() && container.runtime().exists());
    flock(&directory, FlockOperation::Unlock).unwrap();
    assert_eq!(end(hear(&stopping)).status, 9);
    assert!(container.end().is_some() && !container.runtime().exists());
    container.until_down();
    // Nobody of the monitor's has it any more.
    flock(&directory, FlockOperation::NonBlockingLockExclusive).unwrap();
}

#[test]
fn reload_of_a_policy_that_starts_nothing_again_leaves_a_waiting_container_down() {
    if !can_run("reload_of_a_policy_that_starts_nothing_again_leaves_a_waiting_container_down") {
        return;
    }
    let mut container =
        Container::new("echo run >> /out/runs; exit 1").with("restart", json!({"kind": "always", "maximum": 0}));
    container.start();
    until(|| container.out("runs").lines().count() >= 4 && !container.runtime().exists());
    let waiting = container.ask(&MonitorRequest::Wait);
    container.document["restart"] = json!({"kind": "no", "maximum": 0});
    container.write_document();
    assert!(matches!(hear(&container.ask(&MonitorRequest::Reload)), MonitorAnswer::Done));
    let end = end(hear(&waiting));
    assert_eq!((end.status, end.requested), (1, false));
    container.until_down();
}

#[test]
fn reload_takes_another_policy_over_and_refuses_what_cannot_be_read() {
    if !can_run("reload_takes_another_policy_over_and_refuses_what_cannot_be_read") {
        return;
    }
    let mut container = polite();
    std::fs::write(container.data().join("container.json"), "{").unwrap();
    assert!(matches!(hear(&container.ask(&MonitorRequest::Reload)), MonitorAnswer::Failed { .. }));
    container.document["stop"]["signal"] = json!(9);
    container.document["name"] = json!("other");
    container.write_document();
    assert!(matches!(hear(&container.ask(&MonitorRequest::Reload)), MonitorAnswer::Done));
    assert_eq!(end(container.stop(10_000, false)).status, 137);
    container.until_down();
    let events = std::fs::read_to_string(container.top.join("run/events")).unwrap();
    assert!(events.lines().last().unwrap().contains("\"name\":\"other\""), "{events}");
}
