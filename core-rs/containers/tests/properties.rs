//! Files of the state directory that say anything at all: masu says what is wrong with them, and takes nothing else for them.

#![allow(clippy::unwrap_used, missing_docs, reason = "a test")]

use masu_containers::document::{launch, parse_head, plan_ends};
use masu_containers::small_file::{Place, read};
use masu_containers::word::{is_id, is_word};
use masu_wire::container::{ContainerEnd, ContainerRecord, HealthRecord};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;
use std::os::fd::AsFd;
use std::os::unix::fs::symlink;

const WORDS: &[&str] = &[
    "version",
    "id",
    "name",
    "created",
    "image",
    "command",
    "labels",
    "remove",
    "terminal",
    "stdin",
    "stop",
    "restart",
    "log",
    "health",
    "memory",
    "launch",
    "plan",
    "blanks",
    "arguments",
    "create",
    "before",
    "afterwards",
    "delete",
    "kind",
    "pid",
    "start",
    "masu",
    "bundle",
    "status",
    "annotations",
    "ociVersion",
    "path",
    "${id}",
    "${arguments}",
    "remove_cgroup",
    "make_directory",
];

/// Any JSON, in which masu's own keys are frequent.
fn document() -> impl Strategy<Value = Value> {
    let text = prop_oneof![4 => select(WORDS).prop_map(str::to_owned), 1 => any::<String>()];
    let leaf = prop_oneof![
        text.clone().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0..4u64).prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
        Just(Value::Array(Vec::new())),
    ];
    leaf.prop_recursive(5, 96, 12, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::Array),
            btree_map(text.clone(), inner, 0..16).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// A document as it is, cut off, or with one byte changed.
fn text() -> impl Strategy<Value = String> {
    (document(), any::<prop::sample::Index>(), any::<Option<char>>(), any::<bool>()).prop_map(
        |(document, at, other, cut)| {
            let mut text: Vec<char> = document.to_string().chars().collect();
            let at = at.index(text.len().max(1));
            if cut {
                text.truncate(at);
            } else if let (Some(other), Some(place)) = (other, text.get_mut(at)) {
                *place = other;
            }
            text.into_iter().collect()
        },
    )
}

fn is_reading_of_a_record(text: &str) {
    let _ = serde_json::from_str::<ContainerRecord>(text);
    let _ = serde_json::from_str::<ContainerEnd>(text);
    let _ = serde_json::from_str::<HealthRecord>(text);
}

proptest! {
    #[test]
    fn a_document_is_read_or_refused_by_name(text in text()) {
        let directory = std::fs::File::open("/").unwrap();
        let place = Place { directory: directory.as_fd(), path: "/state" };
        if let Err(error) = parse_head(&text, place) {
            prop_assert!(error.message.contains("/state/container.json"), "{}", error.message);
        }
        let _ = launch(&text);
        let _ = plan_ends(&text);
        is_reading_of_a_record(&text);
    }

    #[test]
    fn a_word_that_is_taken_is_one_name_in_a_directory(text in prop_oneof![any::<String>(), "[a-z0-9./_-]{0,12}"]) {
        if is_word(&text) || is_id(&text) {
            prop_assert!(!text.is_empty() && !text.contains('/') && !text.starts_with('.'));
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_graphic()));
        }
    }

    #[test]
    fn a_file_is_read_as_it_is_or_refused(bytes in vec(any::<u8>(), 0..200), linked in any::<bool>()) {
        let path = std::env::temp_dir().join(format!("masu-properties-{}-{:?}", std::process::id(), std::thread::current().id()));
        std::fs::create_dir_all(&path).unwrap();
        std::fs::write(path.join("real"), &bytes).unwrap();
        let name = if linked { "link" } else { "real" };
        let _ = std::fs::remove_file(path.join("link"));
        symlink("real", path.join("link")).unwrap();
        let directory = std::fs::File::open(&path).unwrap();
        let outcome = read(Place { directory: directory.as_fd(), path: "/state" }, name);
        std::fs::remove_dir_all(&path).unwrap();
        match (outcome, String::from_utf8(bytes)) {
            (Ok(read), Ok(text)) if !linked => prop_assert_eq!(read, Some(text)),
            (Err(error), _) => prop_assert!(error.message.contains("/state/")),
            (Ok(read), _) => prop_assert!(false, "{read:?}"),
        }
    }
}
