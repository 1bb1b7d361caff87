//! Blanks: what differs between two runs of the same command stays a named blank in the plan.
//!
//! A blank is written `${name}`; a literal `${` is written `$${`. A list element that is exactly `${arguments}` stands for all of the program's arguments.

use serde_json::Value;
use std::collections::BTreeMap;

/// The list blank of the program's arguments.
pub const ARGUMENTS: &str = "${arguments}";

/// Values of the blanks, by name.
#[derive(Clone, Debug, Default)]
pub struct Blanks {
    /// Text blanks: `id`, `created` and, once the child exists, `pid`.
    pub text: BTreeMap<String, String>,
    /// The program's own arguments.
    pub arguments: Vec<String>,
}

/// Fills in every blank of a document that has a value; one without a value stays.
pub fn fill(document: &mut Value, blanks: &Blanks) {
    match document {
        Value::String(text) => {
            if text.contains("${") {
                *text = fill_text(text, blanks);
            }
        }
        Value::Array(items) => {
            if let Some(at) = items.iter().position(|item| item.as_str() == Some(ARGUMENTS)) {
                // Not filled in again: the arguments are the program's own text.
                let after = items.split_off(at + 1);
                items.pop();
                items.iter_mut().for_each(|item| fill(item, blanks));
                items.extend(blanks.arguments.iter().cloned().map(Value::String));
                items.extend(after.into_iter().map(|mut item| {
                    fill(&mut item, blanks);
                    item
                }));
            } else {
                items.iter_mut().for_each(|item| fill(item, blanks));
            }
        }
        Value::Object(fields) => fields.values_mut().for_each(|value| fill(value, blanks)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Fills in the blanks of one text.
pub fn fill_text(text: &str, blanks: &Blanks) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if at > 0 && rest.as_bytes()[at - 1] == b'$' {
            filled.push_str(&rest[..at - 1]);
            filled.push_str("${");
            rest = &rest[at + 2..];
            continue;
        }
        filled.push_str(&rest[..at]);
        let name = rest[at + 2..].split('}').next().unwrap_or_default();
        match blanks.text.get(name) {
            Some(value) => filled.push_str(value),
            None => filled.push_str(rest.get(at..at + 3 + name.len()).unwrap_or(&rest[at..])),
        }
        rest = rest.get(at + 3 + name.len()..).unwrap_or_default();
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn blanks() -> Blanks {
        Blanks {
            text: BTreeMap::from([("id".to_owned(), "0f3a".to_owned())]),
            arguments: vec!["echo".to_owned(), "${id}".to_owned()],
        }
    }

    #[test]
    fn fill_text_does_what_its_table_says() {
        for (input, expected) in [
            ("", ""),
            ("/run/${id}/x", "/run/0f3a/x"),
            ("${id}${id}", "0f3a0f3a"),
            ("$${id}", "${id}"),
            ("${pid}", "${pid}"),
            ("${id", "0f3a"),
            ("$", "$"),
            ("a$$b", "a$$b"),
        ] {
            assert_eq!(fill_text(input, &blanks()), expected, "{input}");
        }
    }

    #[test]
    fn fill_replaces_the_argument_list_without_reading_it() {
        let mut document = json!({"arguments": ["sh", "${arguments}", "${id}"], "n": 1});
        fill(&mut document, &blanks());
        assert_eq!(document, json!({"arguments": ["sh", "echo", "${id}", "0f3a"], "n": 1}));
    }
}
