use super::*;
use masu_wire::blank::{Blanks, fill_json, fill_text};
use serde_json::{Value, json};

const BUNDLE_PATH: &str = "/run/engine/0f3a";

fn form_of(document: &Value) -> Form {
    form(&document.to_string(), BUNDLE_PATH).unwrap()
}

/// The form as a document, and its values in order.
fn told(document: &Value) -> (Value, Vec<String>) {
    let form = form_of(document);
    let count = form.values.len() - 1;
    let values = (0..count).map(|number| form.values[&format!("value{number}")].clone()).collect();
    (serde_json::from_str(&form.text).unwrap(), values)
}

#[test]
fn form_has_blanks_where_engines_write_something_new() {
    let document = json!({
        "ociVersion": "1.0.2",
        "hostname": "0f3a",
        "root": {"path": "/var/lib/engine/0f3a/merged", "readonly": true},
        "process": {"env": ["PATH=/bin", "HOME=/root", "EMPTY=", "HOSTNAME=0f3a"], "args": ["sh", "-c", "echo \"$1\""], "cwd": "/"},
        "mounts": [
            {"destination": "/etc/hosts", "type": "bind", "source": "/run/engine/0f3a/hosts", "options": ["rbind"]},
            {"destination": "/sys", "type": "none", "source": "/sys", "options": ["rbind"]},
            {"destination": "/dev/shm", "type": "tmpfs", "source": "/not/a/path"},
        ],
        "hooks": {"prestart": [{"path": "/bin/engine", "args": ["engine", "0f3a"]}]},
        "annotations": {"org.engine/name": "web", "org.systemd.property.X": "1"},
        "linux": {
            "cgroupsPath": "/engine/0f3a",
            "namespaces": [{"type": "network", "path": "/run/netns/0f3a"}, {"type": "user", "path": "/proc/7/ns/user"}, {"type": "pid"}],
        },
    });
    let expected = json!({
        "ociVersion": "1.0.2",
        "hostname": "${value4}",
        "root": {"path": "/${value14}", "readonly": true},
        "process": {"env": ["PATH=${value11}", "HOME=/root", "EMPTY=", "HOSTNAME=${value12}"], "args": ["${arguments}"], "cwd": "/"},
        "mounts": [
            {"destination": "/etc/hosts", "type": "bind", "source": "/${value9}", "options": ["rbind"]},
            {"destination": "/sys", "type": "none", "source": "/sys", "options": ["rbind"]},
            {"destination": "/dev/shm", "type": "tmpfs", "source": "/not/a/path"},
        ],
        "hooks": {"prestart": [{"path": "/bin/engine", "args": ["${value1}", "${value2}"]}]},
        "annotations": {"org.engine/name": "${value0}", "org.systemd.property.X": "1"},
        "linux": {
            "cgroupsPath": "/${value5}/${value6}",
            "namespaces": [{"type": "network", "path": "/${value7}"}, {"type": "user", "path": "/proc/7/ns/user"}, {"type": "pid"}],
        },
    });
    let (form, values) = told(&document);
    // Numbers go by where things stand in the text.
    let shape = |value: &Value| {
        let text = value.to_string();
        let mut parts = text.split("${value");
        let first = parts.next().unwrap().to_owned();
        parts.fold(first, |all, part| all + "${" + part.split_once('}').unwrap().1)
    };
    assert_eq!(shape(&form), shape(&expected));
    for value in
        ["0f3a", "var/lib/engine/0f3a/merged", "/bin", "run/engine/0f3a/hosts", "engine", "web", "run/netns/0f3a"]
    {
        assert!(values.iter().any(|known| known == value), "{value} {values:?}");
    }
    assert_eq!(form_of(&document).arguments, ["sh", "-c", "echo \"$1\""]);
}

#[test]
fn form_filled_in_is_the_document_again() {
    let document = json!({
        "annotations": {"a": "one", "b/c~d": "two"},
        "process": {"args": ["a", "b\n"], "env": ["A=1", "B="]},
        "linux": {"cgroupsPath": "machine.slice:engine:0f3a"},
    });
    let form = form_of(&document);
    let blanks = Blanks { text: form.values.clone(), arguments: form.arguments.clone() };
    let filled: Value = serde_json::from_str(&fill_json(&form.text, &blanks)).unwrap();
    assert_eq!(filled, document);
    for DocumentBlank { place, text } in &form.blanks {
        let there = place.iter().fold(&document, |value, part| match value {
            Value::Array(items) => &items[part.parse::<usize>().unwrap()],
            other => &other[part.as_str()],
        });
        assert_eq!(there.as_str(), Some(fill_text(text, &blanks).as_str()), "{place:?}");
    }
}

#[test]
fn form_leaves_values_that_could_mean_more() {
    for document in [
        json!({"hostname": "a b"}),
        json!({"hostname": "a".repeat(65)}),
        json!({"hostname": ""}),
        json!({"annotations": {"a": "with \"quotes\""}}),
        json!({"annotations": {"a": "${pid}"}}),
        json!({"annotations": {"a": "back\\slash"}}),
        json!({"annotations": {"a": "n\u{e9}e"}}),
        json!({"annotations": {"a": "x".repeat(LONGEST_VALUE + 1)}}),
        json!({"root": {"path": "rootfs"}}),
        json!({"root": {"path": "/a/../b"}}),
        json!({"root": {"path": "/a/"}}),
        json!({"root": {"path": "/"}}),
        json!({"root": "/a"}),
        json!({"process": {"env": ["=x", "HOME=/a"]}}),
        json!({"process": {"args": []}}),
        json!({"process": {"args": [""]}}),
        json!({"process": {"args": ["a", 1]}}),
        json!({"process": {"args": ["a\u{0}b"]}}),
        json!({"mounts": [{"type": "tmpfs", "source": "/a"}, {"type": "bind", "source": "/proc/7/root"}, {"type": "bind", "source": "a"}]}),
        json!({"linux": {"cgroupsPath": "/a/../b"}}),
        json!({"linux": {"cgroupsPath": "a.slice:engine:b.slice"}}),
        json!({"linux": {"cgroupsPath": "/a:b/c:d"}}),
        json!({"linux": {"namespaces": [{"type": "user", "path": "/proc/7/ns/user"}]}}),
    ] {
        let form = form_of(&document);
        assert_eq!((form.text.as_str(), form.blanks.len()), (document.to_string().as_str(), 0), "{document}");
        assert!(form.arguments.is_empty(), "{document}");
    }
}

#[test]
fn form_keeps_the_path_of_a_user_namespace_however_it_is_written() {
    let document = r#"{"linux":{"namespaces":[{"type":"us\u0065r","path":"/proc/7/ns/user"}]}}"#;
    assert_eq!(form(document, BUNDLE_PATH).unwrap().text, document);
}

#[test]
fn form_is_none_where_there_is_no_telling() {
    for text in [
        "",
        "{",
        "[1,2",
        r#"{"hostname":"a","hostname":"b"}"#,
        r#"{"hostname":"a","\u0068ostname":"b"}"#,
        r#"{"process":{"args":["a"],"args":["b"]}}"#,
        r#"{"hostname":"${value0}"}"#,
        r#"{"x":"${arguments}"}"#,
        r#"{"process":{"env":["A=a$b"]}}"#,
        r#"{"process":{"env":["A=\"b\""]}}"#,
        r#"{"process":{"env":["A"]}}"#,
        r#"{"process":{"env":[7]}}"#,
    ] {
        assert!(form(text, BUNDLE_PATH).is_none(), "{text}");
    }
    for bundle in ["/", "relative", "/a$b", "/a\"b", "/n\u{e9}e"] {
        assert!(form("{}", bundle).is_none(), "{bundle}");
    }
}

#[test]
fn forms_of_documents_that_mean_different_things_differ() {
    let documents = [
        json!({"process": {"env": ["A=1"]}}),
        json!({"process": {"env": ["B=1"]}}),
        json!({"process": {"env": ["A=1", "A=2"]}}),
        json!({"linux": {"cgroupsPath": "/a/b"}}),
        json!({"linux": {"cgroupsPath": "a/b"}}),
        json!({"linux": {"cgroupsPath": "/a/b/c"}}),
        json!({"linux": {"cgroupsPath": "a.slice:b:c"}}),
        json!({"linux": {"cgroupsPath": "b.slice:b:c"}}),
        json!({"annotations": {"a": "1"}}),
        json!({"annotations": {"b": "1"}}),
        json!({"annotations": {"org.systemd.property.A": "1"}}),
        json!({"annotations": {"org.systemd.property.A": "2"}}),
        json!({"root": {"path": "a"}}),
        json!({"root": {"path": "/a"}}),
        json!({"root": {"path": "b"}}),
    ];
    let forms: BTreeSet<String> = documents.iter().map(|document| form_of(document).text).collect();
    assert_eq!(forms.len(), documents.len());
}
