//! Blanks: what differs between two runs of the same command stays a named blank in the plan.
//!
//! A blank is written `${name}`; a literal `${` is written `$${`. A list element that is exactly `${arguments}` stands for all of the program's arguments.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// The list blank of the program's arguments.
pub const ARGUMENTS: &str = "${arguments}";

/// Values of the blanks, by name.
#[derive(Clone, Debug, Default)]
pub struct Blanks {
    /// Text blanks: `id`, `created` and, once the child exists, `pid` and `start`.
    pub text: BTreeMap<String, String>,
    /// The program's own arguments.
    pub arguments: Vec<String>,
}

/// Fills in every blank of a JSON text that has a value; one without a value stays.
///
/// On the text, because a plan is some ten thousand bytes with a handful of blanks: parsing it into a tree first would cost more than the rest.
/// The list blank is found with its quotation marks, which inside a JSON string would be escaped, so it is always a whole element.
pub fn fill_json<'a>(text: &'a str, blanks: &Blanks) -> Cow<'a, str> {
    if !text.contains("${") {
        return Cow::Borrowed(text);
    }
    let escaped = Blanks {
        text: blanks.text.iter().map(|(name, value)| (name.clone(), escape(value))).collect(),
        arguments: Vec::new(),
    };
    let element = format!("\"{ARGUMENTS}\"");
    let mut filled = String::with_capacity(text.len() + 1024);
    let mut rest = text;
    while let Some(at) = rest.find(&element) {
        filled.push_str(&fill_text(&rest[..at], &escaped));
        rest = &rest[at + element.len()..];
        push_arguments(&mut filled, &mut rest, &blanks.arguments);
    }
    filled.push_str(&fill_text(rest, &escaped));
    Cow::Owned(filled)
}

/// Writes the arguments as list elements; when there are none, one of the commas around them goes too.
fn push_arguments(filled: &mut String, rest: &mut &str, arguments: &[String]) {
    for (number, argument) in arguments.iter().enumerate() {
        let comma = if number > 0 { "," } else { "" };
        filled.push_str(comma);
        filled.push('"');
        filled.push_str(&escape(argument));
        filled.push('"');
    }
    if !arguments.is_empty() {
        return;
    }
    if let Some(after) = rest.trim_start().strip_prefix(',') {
        *rest = after;
    } else if filled.trim_end().ends_with(',') {
        filled.truncate(filled.trim_end().len() - 1);
    }
}

/// The text between the quotation marks of its JSON string.
fn escape(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
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
#[allow(clippy::unwrap_used)]
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
    fn fill_json_does_what_its_table_says() {
        let mut blanks = blanks();
        blanks.text.insert("odd".to_owned(), "a\"\\\n${id}".to_owned());
        for (input, expected) in [
            (json!({"n": 1}), json!({"n": 1})),
            (json!({"a": ["sh", "${arguments}", "${id}"]}), json!({"a": ["sh", "echo", "${id}", "0f3a"]})),
            (json!(["$${arguments}"]), json!(["${arguments}"])),
            (json!(["\"${arguments}\""]), json!(["\"${arguments}\""])),
            (json!({"x": "<${odd}>"}), json!({"x": "<a\"\\\n${id}>"})),
            (json!(["${pid}", "$${pid}"]), json!(["${pid}", "${pid}"])),
        ] {
            let text = input.to_string();
            let filled = fill_json(&text, &blanks);
            assert_eq!(serde_json::from_str::<serde_json::Value>(&filled).unwrap(), expected, "{input}");
        }
    }

    #[test]
    fn fill_json_leaves_a_valid_list_when_there_are_no_arguments() {
        let blanks = Blanks { arguments: Vec::new(), ..blanks() };
        for (input, expected) in [
            (r#"["${arguments}"]"#, "[]"),
            (r#"["a","${arguments}"]"#, r#"["a"]"#),
            (r#"["${arguments}","b"]"#, r#"["b"]"#),
            (r#"["a" , "${arguments}" , "b"]"#, r#"["a" ,  "b"]"#),
        ] {
            assert_eq!(fill_json(input, &blanks), expected);
        }
    }
}
