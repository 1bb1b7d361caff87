//! Whatever a person's text holds, filling in blanks gives it back as it was and never breaks the document around it.

#![allow(clippy::unwrap_used, missing_docs, reason = "a test")]

use masu_wire::blank::{ARGUMENTS, Blanks, fill_json, fill_text};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Text in which what blanks are made of is frequent.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("$".to_owned()),
        Just("{".to_owned()),
        Just("}".to_owned()),
        Just("id".to_owned()),
        Just(ARGUMENTS.to_owned()),
        any::<char>().prop_map(String::from),
    ];
    vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// What `lib/plan/blank.ts` makes of text that is not masu's own.
fn escaped(text: &str) -> String {
    text.replace("${", "$${")
}

fn escape_all(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(escaped(text)),
        Value::Array(list) => list.iter().map(escape_all).collect(),
        Value::Object(map) => map.iter().map(|(key, value)| (escaped(key), escape_all(value))).collect(),
        other => other.clone(),
    }
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![text().prop_map(Value::from), any::<i64>().prop_map(Value::from), Just(Value::Null)];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::Array),
            btree_map(text(), inner, 0..6).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn blanks(id: &str, arguments: &[String]) -> Blanks {
    Blanks { text: [("id".to_owned(), id.to_owned())].into(), arguments: arguments.to_vec() }
}

proptest! {
    #[test]
    fn fill_text_takes_any_text(text in text(), id in text()) {
        fill_text(&text, &blanks(&id, &[]));
    }

    #[test]
    fn fill_json_gives_back_what_was_escaped(document in document(), id in text(), arguments in vec(text(), 0..4)) {
        let text = escape_all(&document).to_string();
        let filled = fill_json(&text, &blanks(&id, &arguments));
        prop_assert_eq!(serde_json::from_str::<Value>(&filled).unwrap(), document);
    }

    #[test]
    fn fill_json_puts_values_where_the_blanks_are(before in text(), id in text(), arguments in vec(text(), 0..4)) {
        let blank = json!({"a": [escaped(&before), ARGUMENTS], "b": [ARGUMENTS, 1], "c": "/${id}/x", "d": escaped(&before)});
        let filled = fill_json(&blank.to_string(), &blanks(&id, &arguments)).into_owned();
        let mut first = vec![before.clone()];
        first.extend(arguments.clone());
        let mut second: Vec<Value> = arguments.into_iter().map(Value::from).collect();
        second.push(json!(1));
        let expected = json!({"a": first, "b": second, "c": format!("/{id}/x"), "d": before});
        prop_assert_eq!(serde_json::from_str::<Value>(&filled).unwrap(), expected);
    }
}
