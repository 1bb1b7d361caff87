use super::*;
use serde_json::json;

fn with(changes: &Value) -> Value {
    let mut document = json!({"args": ["true"], "cwd": "/"});
    for (name, value) in changes.as_object().unwrap() {
        document[name] = value.clone();
    }
    document
}

#[test]
fn read_takes_the_least() {
    let document = ProcessDocument::read(&with(&json!({}))).unwrap();
    assert_eq!((document.user.uid, document.args, document.env.len()), (0, vec!["true".to_owned()], 0));
}

#[test]
fn read_takes_null_for_what_go_has_no_value_for_and_ignores_unknown_keys() {
    let document = with(&json!({"env": null, "capabilities": null, "rlimits": null, "user": {"additionalGids": null},
        "commandLine": "x", "org.example": {}}));
    assert!(ProcessDocument::read(&document).unwrap().capabilities.is_none());
}

#[test]
fn narrow_leaves_out_what_nobody_can_give() {
    let document =
        with(&json!({"capabilities": {"bounding": ["CAP_X", "CAP_KILL", "CAP_CHOWN"], "ambient": ["CAP_CHOWN"]}}));
    let mut sets = ProcessDocument::read(&document).unwrap().capabilities.unwrap();
    sets.narrow(|number| number == 5);
    assert_eq!((sets.bounding, sets.ambient.len()), (vec!["CAP_KILL".to_owned()], 0));
}

#[test]
fn read_takes_rlim_infinity_for_no_limit_also_where_it_was_rounded() {
    for unlimited in ["18446744073709551615", "18446744073709551616", "1.8446744073709552e19", "-1"] {
        let text = format!(
            r#"{{"args": ["a"], "cwd": "/", "rlimits": [{{"type": "RLIMIT_CORE", "soft": 0, "hard": {unlimited}}}]}}"#
        );
        let document = ProcessDocument::read(&serde_json::from_str(&text).unwrap()).unwrap();
        assert_eq!((document.rlimits[0].soft, document.rlimits[0].hard), (0, -1), "{unlimited}");
    }
}

#[test]
fn read_names_the_key_that_is_wrong() {
    for (document, message) in [
        (json!([]), "Read process document: invalid"),
        (json!({"args": ["a"]}), "Read process document: missing field `cwd`"),
        (json!({"cwd": "/"}), "key \"args\": it names no program"),
        (json!({"args": [1], "cwd": "/"}), "key \"args[0]\": invalid type: integer `1`, expected a string"),
        (with(&json!({"cwd": "srv"})), "key \"cwd\": \"srv\" is not an absolute path"),
        (with(&json!({"args": ["a\0"]})), "key \"args[0]\": it holds a NUL character"),
        (with(&json!({"env": ["A"]})), "key \"env[0]\": \"A\" is not NAME=VALUE"),
        (with(&json!({"env": ["=A"]})), "key \"env[0]\": \"=A\" is not NAME=VALUE"),
        (with(&json!({"user": {"uid": "root"}})), "key \"user.uid\": invalid type: string \"root\", expected u32"),
        (with(&json!({"user": {"uid": 4_294_967_295_u32}})), "key \"user.uid\": 4294967295 is no id"),
        (with(&json!({"user": {"additionalGids": [-1]}})), "key \"user.additionalGids[0]\": invalid value"),
        (with(&json!({"user": {"umask": 512}})), "key \"user.umask\": it is not"),
        (
            with(&json!({"rlimits": [{"type": "NOFILE", "soft": 1, "hard": 1}]})),
            "key \"rlimits[0].type\": \"NOFILE\" is no limit",
        ),
        (with(&json!({"rlimits": [{"type": "RLIMIT_CORE", "soft": 1}]})), "key \"rlimits[0]\": missing field `hard`"),
        (
            with(&json!({"rlimits": [{"type": "RLIMIT_CORE", "soft": -2, "hard": 1}]})),
            "key \"rlimits[0].soft\": invalid value: integer `-2`",
        ),
        (with(&json!({"scheduler": {"policy": "FIFO"}})), "key \"scheduler.policy\": unknown variant `FIFO`"),
        (with(&json!({"scheduler": {"policy": "SCHED_RR", "nice": 20}})), "key \"scheduler.nice\": it is not"),
        (with(&json!({"ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 8}})), "key \"ioPriority.priority\""),
        (with(&json!({"oomScoreAdj": 1001})), "key \"oomScoreAdj\": it is not a whole number from -1000 to 1000"),
    ] {
        let error = ProcessDocument::read(&document).unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidConfig);
        assert!(error.message.contains(message), "{document} -> {}", error.message);
    }
}

proptest::proptest! {
    /// Whatever stands in it, it is read or refused.
    #[test]
    fn read_answers_any_document(text in r#"\{("(args|env|cwd|user|rlimits)":(\[("[ -~]{0,3}",?)?\]|"/?"|-?[0-9]{1,20}|null|\{\}),?){0,5}\}"#) {
        if let Ok(document) = serde_json::from_str(&text) {
            drop(ProcessDocument::read(&document));
        }
    }
}

/// Any JSON, in which the document's own keys are frequent.
fn any_document() -> impl proptest::strategy::Strategy<Value = Value> {
    use proptest::prelude::*;
    const KEYS: [&str; 14] = [
        "args",
        "env",
        "cwd",
        "user",
        "uid",
        "gid",
        "additionalGids",
        "umask",
        "capabilities",
        "bounding",
        "rlimits",
        "terminal",
        "noNewPrivileges",
        "scheduler",
    ];
    let text = prop_oneof![
        4 => prop::sample::select(&KEYS[..]).prop_map(str::to_owned),
        2 => prop::sample::select(vec!["/", "id", "CAP_CHOWN", "a\0b", "A=b", ".."]).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    let leaf = prop_oneof![
        text.clone().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(4, 48, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map(text.clone(), inner, 0..10)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest::proptest! {
    #[test]
    fn read_takes_or_refuses_any_document(mut document in any_document(), whole in proptest::prelude::any::<bool>()) {
        if let (true, Some(fields)) = (whole, document.as_object_mut()) {
            fields.insert("args".to_owned(), serde_json::json!(["id"]));
            fields.insert("cwd".to_owned(), serde_json::json!("/"));
        }
        if let Ok(read) = ProcessDocument::read(&document) {
            proptest::prop_assert!(!read.args.is_empty() && read.cwd.starts_with('/'));
            proptest::prop_assert!(read.args.iter().chain(&read.env).all(|text| !text.contains('\0')));
        }
    }
}
