//! Containers are made whole or not at all, found by what they are called, and seen as they are.

use super::scratch::{Scratch, end, process};
use crate::state;
use masu_wire::error::ErrorCode;
use masu_wire::lifecycle::{StateRequest, Status};
use serde_json::json;
use std::os::unix::fs::symlink;

#[test]
fn create_keeps_the_document_as_it_is_and_makes_nothing_of_one_whose_name_is_taken() {
    let scratch = Scratch::new("create");
    scratch.create("one", Some("web"));
    let text = std::fs::read_to_string(scratch.data("one").join("container.json")).unwrap();
    assert_eq!(text, scratch.document("one", Some("web")).to_string());
    let error = scratch.try_create(&scratch.document("two", Some("web"))).unwrap_err();
    assert_eq!(error.code, ErrorCode::AlreadyExists, "{error}");
    assert!(!scratch.data("two").exists() && scratch.data("one").join("upper").exists());
    assert_eq!(scratch.events(), ["create one"]);
}

#[test]
fn create_says_whose_an_id_is() {
    let scratch = Scratch::new("taken");
    scratch.create("one", None);
    let error = scratch.try_create(&scratch.document("one", None)).unwrap_err();
    assert_eq!(
        (error.code, error.message.as_str()),
        (ErrorCode::AlreadyExists, "Create container \"one\": there is one with this ID")
    );
    std::fs::create_dir(scratch.data("two")).unwrap();
    let error = scratch.try_create(&scratch.document("two", None)).unwrap_err();
    assert!(error.hint.unwrap().contains("system prune"), "{}", error.message);
    assert!(scratch.data("one").join("container.json").exists() && scratch.data("two").exists());
}

#[test]
fn create_refuses_an_id_that_is_a_path() {
    let scratch = Scratch::new("path");
    for id in ["../x", "a/b", ".", "", "a\n", &"a".repeat(5000)] {
        assert_eq!(scratch.try_create(&scratch.document(id, None)).unwrap_err().code, ErrorCode::InvalidConfig, "{id}");
    }
    assert_eq!(scratch.try_create(&scratch.document("x", Some("../n"))).unwrap_err().code, ErrorCode::InvalidConfig);
    assert!(scratch.is_clean());
}

#[test]
fn find_takes_an_id_a_name_and_the_start_of_one_id() {
    let scratch = Scratch::new("find");
    scratch.create("abc1", Some("web"));
    scratch.create("abd2", Some("abc"));
    for (word, id) in [("abc1", "abc1"), ("web", "abc1"), ("abc", "abd2"), ("abd", "abd2")] {
        assert_eq!(scratch.view(word).id, id, "{word}");
    }
    let ambiguous = scratch.views(&["ab"]).unwrap_err();
    assert_eq!(ambiguous.message, "Find container \"ab\": 2 IDs begin so: abc1, abd2");
    assert_eq!(ambiguous.code, ErrorCode::InvalidConfig);
    let absent = scratch.views(&["wbe"]).unwrap_err();
    assert_eq!((absent.code, absent.hint.as_deref()), (ErrorCode::NotFound, Some("did you mean \"web\"?")));
    assert_eq!(scratch.views(&["../containers"]).unwrap_err().code, ErrorCode::InvalidConfig);
    std::fs::remove_file(scratch.name("web")).unwrap();
    assert_eq!(scratch.view("web").id, "abc1", "a name whose link was lost");
}

#[test]
fn containers_are_in_the_order_of_their_creation() {
    let scratch = Scratch::new("order");
    for id in ["zzz", "b", "aa"] {
        scratch.create(id, None);
    }
    let ids: Vec<String> = scratch.views(&[]).unwrap().into_iter().map(|view| view.id).collect();
    assert_eq!(ids, ["b", "aa", "zzz"]);
}

#[test]
fn status_is_what_is_true_now() {
    let scratch = Scratch::new("status");
    scratch.create("one", None);
    assert_eq!(scratch.status("one"), Status::Created);
    let mut child = process("true");
    scratch.record("one", &child, None, true);
    let view = scratch.view("one");
    assert_eq!((view.status, view.watched, view.record.is_some()), (Status::Running, false, true));
    child.kill().unwrap();
    child.wait().unwrap();
    let view = scratch.view("one");
    assert_eq!((view.status, view.record.is_some()), (Status::Stopped, false));
    std::fs::remove_dir_all(scratch.runtime("one")).unwrap();
    std::fs::write(scratch.data("one").join("started"), "").unwrap();
    assert_eq!(scratch.status("one"), Status::Stopped, "the machine went down while it ran");
    scratch.write_end("one", &end(3, false));
    let view = scratch.view("one");
    assert_eq!((view.status, view.end.unwrap().status), (Status::Stopped, 3));
}

#[test]
fn status_of_one_that_will_be_started_again_is_its_monitor_s() {
    let scratch = Scratch::new("restarting");
    let mut document = scratch.document("one", None);
    document["restart"] = json!({"kind": "on_failure", "maximum": 0});
    scratch.try_create(&document).unwrap();
    let _monitor = scratch.monitor("one", |_| None);
    for (status, requested, expected) in
        [(1, false, Status::Restarting), (0, false, Status::Stopped), (1, true, Status::Stopped)]
    {
        scratch.write_end("one", &end(status, requested));
        let view = scratch.view("one");
        assert_eq!((view.status, view.watched), (expected, true), "{status} {requested}");
    }
}

#[test]
fn a_foreground_container_is_there_while_it_runs() {
    let scratch = Scratch::new("foreground");
    let (mut child, mut masu) = (process("true"), process("true"));
    scratch.record("one", &child, Some(&masu), false);
    let view = scratch.view("one");
    assert_eq!(
        (view.status, view.lasting, view.watched, view.created.is_empty()),
        (Status::Running, false, true, false)
    );
    assert!(scratch.inspect("one").document.is_none());
    for process in [&mut child, &mut masu] {
        process.kill().unwrap();
        process.wait().unwrap();
    }
    assert_eq!((scratch.status("one"), scratch.view("one").watched), (Status::Stopped, false));
}

/// What is done to a `container.json`.
type Damage<'a> = &'a dyn Fn(&std::path::Path);

#[test]
fn a_broken_container_says_why_and_loses_nothing() {
    let scratch = Scratch::new("broken");
    let secret = scratch.data("secret");
    std::fs::write(&secret, "{}").unwrap();
    let mut newer = scratch.document("newer", None);
    newer["version"] = json!(9);
    newer["added"] = json!(true);
    let damage: [(&str, &str, Damage<'_>); 6] = [
        ("corrupt", "is damaged", &|path| std::fs::write(path, "{\"version\": 1, ").unwrap()),
        ("newer", "of a newer masu", &|path| std::fs::write(path, newer.to_string()).unwrap()),
        ("older", "of an older masu", &|path| std::fs::write(path, "{\"version\": 0}").unwrap()),
        ("link", "symbolic link", &|path| {
            std::fs::remove_file(path).unwrap();
            symlink(&secret, path).unwrap();
        }),
        ("directory", "no regular file", &|path| {
            std::fs::remove_file(path).unwrap();
            std::fs::create_dir(path).unwrap();
        }),
        ("empty", "is damaged", &|path| std::fs::write(path, "").unwrap()),
    ];
    for (id, cause, damage) in damage {
        scratch.create(id, None);
        damage(&scratch.data(id).join("container.json"));
        let view = scratch.view(id);
        let error = view.error.unwrap();
        assert_eq!(view.status, Status::Broken, "{id}");
        assert!(
            error.message.contains(cause) && error.hint.is_some() || id == "link" || id == "directory",
            "{id}: {error:?}"
        );
        assert!(scratch.delete(id, false).error.is_some(), "{id}");
        assert!(scratch.data(id).join("upper").exists(), "{id}");
        assert!(scratch.delete(id, true).error.is_none(), "{id}");
        assert!(!scratch.data(id).exists() && secret.exists(), "{id}");
    }
}

#[test]
fn directories_and_records_are_never_symbolic_links() {
    let scratch = Scratch::new("links");
    let outside = Scratch::new("outside");
    outside.create("one", None);
    symlink(outside.data("one"), scratch.data("one")).unwrap();
    let view = scratch.view("one");
    assert_eq!(view.status, Status::Broken);
    assert!(view.error.unwrap().message.contains("it is a symbolic link"));
    assert!(scratch.delete("one", false).error.unwrap().message.contains("it is a symbolic link"));
    assert!(scratch.delete("one", true).error.is_none());
    assert!(!scratch.data("one").is_symlink() && outside.data("one").join("container.json").exists());

    scratch.create("two", None);
    std::fs::create_dir(scratch.runtime("two")).unwrap();
    symlink("/etc/passwd", scratch.runtime("two").join("state.json")).unwrap();
    assert_eq!(scratch.status("two"), Status::Broken);
    std::fs::remove_file(scratch.runtime("two").join("state.json")).unwrap();
    symlink("/etc/passwd", scratch.data("two").join("end.json")).unwrap();
    assert!(scratch.view("two").error.unwrap().message.contains("it is a symbolic link"));
    assert!(scratch.delete("two", true).error.is_none() && scratch.is_clean());
}

#[test]
fn state_is_what_oci_says() {
    let scratch = Scratch::new("state");
    scratch.create("one", None);
    let request = StateRequest { store: scratch.store.clone(), container: "one".to_owned() };
    let text = || serde_json::from_str::<serde_json::Value>(&state(&request).unwrap().text).unwrap();
    let bundle = scratch.runtime("one");
    assert_eq!(
        text(),
        json!({"ociVersion": "1.3.0", "id": "one", "status": "created", "pid": 0, "bundle": bundle, "annotations": {"of": "one"}})
    );
    let mut child = process("true");
    scratch.record("one", &child, None, true);
    assert_eq!(
        text(),
        json!({"ociVersion": "1.3.0", "id": "one", "status": "running", "pid": child.id(), "bundle": bundle})
    );
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(text()["status"], "stopped");
}
