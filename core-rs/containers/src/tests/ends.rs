//! Containers are asked to end all at once, and waited for; with a monitor, and where it was killed.

use super::scratch::{Scratch, end, process, until};
use crate::{await_end, kill, restart, stop};
use masu_steps::monitor_protocol::{MonitorAnswer, MonitorRequest};
use masu_wire::error::ErrorCode;
use masu_wire::lifecycle::{AwaitEndRequest, KillRequest, Outcome, Status, StopRequest};
use std::os::unix::process::ExitStatusExt;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

fn stopped(request: &StopRequest) -> Vec<Outcome> {
    stop(request, None).unwrap().outcomes
}

fn await_one(scratch: &Scratch, word: &str) -> Outcome {
    let request = AwaitEndRequest { store: scratch.store.clone(), words: vec![word.to_owned()], cancel: None };
    await_end(&request, None).unwrap().outcomes.remove(0)
}

fn ended(status: i32) -> Option<MonitorAnswer> {
    Some(MonitorAnswer::Ended { end: Box::new(end(status, true)) })
}

#[test]
fn stop_asks_all_at_once_and_takes_one_grace_period() {
    let scratch = Scratch::new("grace");
    let ids = ["a", "b", "c", "d"];
    let mut children: Vec<_> = ids
        .iter()
        .map(|id| {
            scratch.create(id, None);
            let child = process("trap '' TERM");
            scratch.record(id, &child, None, true);
            child
        })
        .collect();
    let before = Instant::now();
    let outcomes = stopped(&scratch.stop_request(&ids, 400));
    let took = before.elapsed();
    assert!(took >= Duration::from_millis(400) && took < Duration::from_millis(1200), "{took:?}");
    for (outcome, child) in outcomes.iter().zip(&mut children) {
        assert!(outcome.error.is_none(), "{outcome:?}");
        assert_eq!(child.wait().unwrap().signal(), Some(9));
        assert!(outcome.end.as_ref().unwrap().error.as_ref().unwrap().message.contains("its monitor was killed"));
    }
    for id in ids {
        assert!(!scratch.runtime(id).exists(), "torn down");
        assert_eq!(scratch.status(id), Status::Stopped);
    }
}

#[test]
fn stop_sends_the_container_s_own_signal_and_kills_nobody_who_heeds_it() {
    let scratch = Scratch::new("heed");
    scratch.create("one", None);
    let mut document = scratch.document("two", None);
    document["stop"] = serde_json::json!({"signal": 10, "timeoutMs": -1});
    scratch.try_create(&document).unwrap();
    let (mut one, mut two) = (process("trap 'exit 7' TERM"), process("trap 'exit 8' USR1"));
    scratch.record("one", &one, None, true);
    scratch.record("two", &two, None, true);
    let request = StopRequest { timeout_ms: None, ..scratch.stop_request(&["one", "two"], 0) };
    assert!(stopped(&request).iter().all(|outcome| outcome.error.is_none()));
    assert_eq!((one.wait().unwrap().code(), two.wait().unwrap().code()), (Some(7), Some(8)));
    assert_eq!(scratch.events(), ["create one", "create two", "stop one", "stop two"]);
}

#[test]
fn stop_of_what_does_not_run_is_fine_and_of_what_is_not_there_is_told() {
    let scratch = Scratch::new("idle");
    scratch.create("one", None);
    let outcomes = stopped(&scratch.stop_request(&["one", "nothing"], 1000));
    assert!(outcomes[0].error.is_none() && outcomes[0].id.as_deref() == Some("one"));
    assert_eq!(outcomes[1].error.as_ref().unwrap().code, ErrorCode::NotFound);
    assert_eq!(scratch.status("one"), Status::Created);
    assert_eq!(scratch.events(), ["create one"]);
}

#[test]
fn stop_leaves_it_to_the_monitor_and_does_it_itself_when_that_is_killed() {
    let scratch = Scratch::new("monitor");
    let (send, asked) = channel();
    for id in ["one", "two"] {
        scratch.create(id, None);
    }
    let one = scratch.monitor("one", move |request| {
        send.send(request).unwrap();
        ended(5)
    });
    let mut child = process("true");
    scratch.record("two", &child, None, true);
    let two = scratch.monitor("two", |_| None);
    let outcomes = stopped(&scratch.stop_request(&["one", "two"], 2500));
    assert!(matches!(
        asked.recv().unwrap(),
        MonitorRequest::Stop { signal: None, timeout_ms: Some(2500), restart: false }
    ));
    assert_eq!(outcomes[0].end.as_ref().unwrap().status, 5);
    assert!(outcomes[1].error.is_none(), "{outcomes:?}");
    assert_eq!(child.wait().unwrap().signal(), Some(15));
    one.join().unwrap();
    two.join().unwrap();
}

#[test]
fn stop_of_a_foreground_container_goes_through_its_masu() {
    let scratch = Scratch::new("foreground");
    let mut child = process("true");
    // As the monitor in the foreground: it passes the signal on, cleans up and ends.
    let script = format!("trap 'kill -9 {}; rm -r {}; exit 0' TERM", child.id(), scratch.runtime("one").display());
    let mut masu = process(&script);
    scratch.record("one", &child, Some(&masu), false);
    let outcome = stopped(&scratch.stop_request(&["one"], -1)).remove(0);
    assert!(outcome.error.is_none() && outcome.end.is_none(), "{outcome:?}");
    assert_eq!((masu.wait().unwrap().code(), child.wait().unwrap().signal()), (Some(0), Some(9)));
    assert!(scratch.is_clean());
}

#[test]
fn await_end_says_how_it_ended_or_that_it_never_began() {
    let scratch = Scratch::new("wait");
    scratch.create("one", None);
    let outcome = await_one(&scratch, "one");
    assert_eq!(outcome.error.unwrap().message, "Wait for container \"one\": it was never started");
    scratch.write_end("one", &end(3, false));
    assert_eq!(await_one(&scratch, "one").end.unwrap().status, 3);
    let monitor = scratch.monitor("one", |request| {
        assert!(matches!(request, MonitorRequest::Wait));
        std::thread::sleep(Duration::from_millis(50));
        ended(4)
    });
    assert_eq!(await_one(&scratch, "one").end.unwrap().status, 4);
    monitor.join().unwrap();
}

#[test]
fn await_end_waits_for_a_process_that_nobody_watches() {
    let scratch = Scratch::new("unwatched");
    scratch.create("one", None);
    let mut child = process("true");
    scratch.record("one", &child, None, true);
    let store = scratch.store.clone();
    let waiting = std::thread::spawn(move || {
        await_end(&AwaitEndRequest { store, words: vec!["one".to_owned()], cancel: None }, None)
            .unwrap()
            .outcomes
            .remove(0)
    });
    std::thread::sleep(Duration::from_millis(50));
    assert!(!waiting.is_finished());
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(waiting.join().unwrap().end.unwrap().status, 255);
}

#[test]
fn await_end_does_not_know_how_a_foreground_container_ended() {
    let scratch = Scratch::new("unknown");
    let (mut child, mut masu) = (process("true"), process("true"));
    scratch.record("one", &child, Some(&masu), false);
    for process in [&mut child, &mut masu] {
        process.kill().unwrap();
        process.wait().unwrap();
    }
    let error = await_one(&scratch, "one").error.unwrap();
    assert!(error.message.contains("only the masu that ran it knows"), "{error}");
    assert!(scratch.is_clean());
}

#[test]
fn kill_goes_to_the_monitor_or_to_the_first_process() {
    let scratch = Scratch::new("kill");
    for id in ["one", "two", "three"] {
        scratch.create(id, None);
    }
    let (send, asked) = channel();
    let _monitor = scratch.monitor("one", move |request| {
        send.send(request).unwrap();
        Some(MonitorAnswer::Done)
    });
    let mut child = process("trap 'exit 9' USR1");
    scratch.record("two", &child, None, true);
    let words = ["one", "two", "three"].map(str::to_owned).to_vec();
    let request = KillRequest { store: scratch.store.clone(), words, signal: 10, all: false };
    let outcomes = kill(&request).unwrap().outcomes;
    assert!(matches!(asked.recv().unwrap(), MonitorRequest::Signal { signal: 10, all: false }));
    assert_eq!(child.wait().unwrap().code(), Some(9));
    assert!(outcomes[0].error.is_none() && outcomes[1].error.is_none());
    let error = outcomes[2].error.as_ref().unwrap();
    assert_eq!(
        (error.code, error.message.as_str()),
        (ErrorCode::Failed, "Send a signal to container \"three\": it does not run")
    );
    assert_eq!(scratch.events().iter().filter(|event| event.starts_with("kill")).count(), 2);
    assert_eq!(kill(&KillRequest { signal: 65, ..request }).unwrap_err().code, ErrorCode::InvalidConfig);
}

#[test]
fn restart_is_the_monitor_s_where_there_is_one() {
    let scratch = Scratch::new("restart");
    scratch.create("one", None);
    let monitor = scratch.monitor("one", |request| {
        assert!(matches!(request, MonitorRequest::Stop { restart: true, .. }));
        Some(MonitorAnswer::Started { pid: 7, start: 7 })
    });
    let outcomes = restart(&scratch.stop_request(&["one"], 100), rustix::stdio::stdin()).unwrap().outcomes;
    assert!(outcomes[0].error.is_none(), "{outcomes:?}");
    drop(monitor);
}

#[test]
fn delete_kills_only_when_it_is_told_to() {
    let scratch = Scratch::new("delete");
    scratch.create("one", Some("web"));
    let mut child = process("true");
    scratch.record("one", &child, None, true);
    let error = scratch.delete("web", false).error.unwrap();
    assert_eq!((error.code, error.message.as_str()), (ErrorCode::Failed, "Delete container \"one\": it runs"));
    assert!(error.hint.unwrap().contains("--force"));
    assert!(scratch.delete("web", true).error.is_none());
    assert_eq!(child.wait().unwrap().signal(), Some(9));
    assert!(scratch.is_clean());
    assert_eq!(scratch.events(), ["create one", "destroy one"]);
    assert_eq!(scratch.delete("web", true).error.unwrap().code, ErrorCode::NotFound);
}

#[test]
fn delete_takes_it_as_done_when_a_killed_container_s_monitor_deleted_it() {
    let scratch = Scratch::new("removed");
    scratch.create("one", None);
    let data = scratch.data("one");
    let mut child = process("true");
    scratch.record("one", &child, None, true);
    let runtime = scratch.runtime("one");
    let pid = child.id();
    let monitor = scratch.monitor("one", move |request| {
        assert!(matches!(request, MonitorRequest::Stop { signal: Some(9), .. }));
        masu_sys::signalfd::kill(pid, 9).unwrap();
        std::fs::remove_dir_all(&data).unwrap();
        std::fs::remove_dir_all(&runtime).unwrap();
        ended(137)
    });
    let outcome = scratch.delete("one", true);
    assert!(outcome.error.is_none() && outcome.id.as_deref() == Some("one"), "{outcome:?}");
    child.wait().unwrap();
    monitor.join().unwrap();
}

#[test]
fn delete_that_was_killed_can_be_repeated() {
    let scratch = Scratch::new("repeat");
    scratch.create("one", Some("web"));
    std::fs::write(scratch.data("one").join("upper/file"), "").unwrap();
    // As far as it comes before it removes the document.
    std::fs::remove_dir_all(scratch.data("one").join("upper")).unwrap();
    std::fs::remove_file(scratch.name("web")).unwrap();
    assert_eq!(scratch.status("one"), Status::Created);
    assert!(scratch.delete("web", false).error.is_none());
    assert!(scratch.is_clean());
}

#[test]
fn delete_keeps_the_document_when_something_cannot_be_removed() {
    let scratch = Scratch::new("stuck");
    let mut document = scratch.document("one", None);
    let steps = document["launch"]["plan"]["delete"].as_array_mut().unwrap();
    let stuck = scratch.data("file");
    steps.insert(0, serde_json::json!({"kind": "remove_tree", "path": stuck, "user": null}));
    std::fs::write(&stuck, "").unwrap();
    scratch.try_create(&document).unwrap();
    let error = scratch.delete("one", false).error.unwrap();
    assert!(error.message.contains("it is no directory"), "{error}");
    assert_eq!(scratch.status("one"), Status::Created);
    std::fs::remove_file(stuck).unwrap();
    assert!(scratch.delete("one", false).error.is_none() && scratch.is_clean());
}

#[test]
fn delete_waits_for_a_monitor_that_is_about_to_end() {
    let scratch = Scratch::new("ending");
    scratch.create("one", None);
    scratch.write_end("one", &end(0, false));
    let monitor = scratch.monitor("one", |request| {
        assert!(matches!(request, MonitorRequest::Wait));
        ended(0)
    });
    assert!(scratch.delete("one", false).error.is_none());
    monitor.join().unwrap();
    assert!(scratch.is_clean());
}

#[test]
fn two_commands_on_one_container_give_one_order() {
    let scratch = Scratch::new("lock");
    scratch.create("one", None);
    let locked = scratch.lock("one");
    std::thread::scope(|scope| {
        let deletes: Vec<_> = (0..4).map(|_| scope.spawn(|| scratch.delete("one", false))).collect();
        std::thread::sleep(Duration::from_millis(50));
        assert!(scratch.data("one").exists() && deletes.iter().all(|delete| !delete.is_finished()));
        drop(locked);
        let outcomes: Vec<_> = deletes.into_iter().map(|delete| delete.join().unwrap()).collect();
        let done = outcomes.iter().filter(|outcome| outcome.error.is_none()).count();
        assert_eq!(done, 1, "{outcomes:?}");
        let told = outcomes.iter().filter_map(|outcome| outcome.error.as_ref());
        assert!(told.into_iter().all(|error| error.code == ErrorCode::NotFound), "{outcomes:?}");
    });
    until(|| scratch.is_clean());
}
