use super::*;
use serde_json::{Value, json};

/// What a container's record has: no new privileges, a filter, a label of each kind.
fn template() -> Value {
    json!([
        {"kind": "set_oom_score_adj", "value": 1},
        {"kind": "new_session"},
        {"kind": "set_rlimit", "resource": "RLIMIT_NOFILE", "soft": 1, "hard": 2},
        {"kind": "set_umask", "mask": 18},
        {"kind": "set_security_label", "module": "apparmor", "label": "own"},
        {"kind": "set_bounding_set", "keep": ["CAP_KILL"]},
        {"kind": "set_user", "uid": 0, "gid": 0, "groups": [9]},
        {"kind": "set_capabilities", "effective": ["CAP_KILL"], "permitted": ["CAP_KILL"], "inheritable": [], "ambient": []},
        {"kind": "no_new_privileges"},
        {"kind": "load_filter", "filter": {"kind": "default"}},
        {"kind": "execute", "arguments": ["${arguments}"], "environment": ["A=1"], "reaper": true},
    ])
}

fn steps_of(template: &Value, changes: &Value) -> Result<Vec<Value>, CoreError> {
    let template: Vec<StageStep> = serde_json::from_value(template.clone()).unwrap();
    let mut document = json!({"args": ["true"], "cwd": "/"});
    for (name, value) in changes.as_object().unwrap() {
        document[name] = value.clone();
    }
    let steps = document_steps(&template, &ProcessDocument::read(&document).unwrap())?;
    Ok(steps.iter().map(|step| serde_json::to_value(step).unwrap()).collect())
}

fn without(kind: &str) -> Value {
    template().as_array().unwrap().iter().filter(|step| step["kind"] != kind).cloned().collect()
}

fn kinds(steps: &[Value]) -> Vec<&str> {
    steps.iter().map(|step| step["kind"].as_str().unwrap()).collect()
}

#[test]
fn document_steps_leaves_what_the_document_does_not_name() {
    let steps = steps_of(&template(), &json!({})).unwrap();
    let mut expected = template();
    expected[6]["groups"] = json!([]);
    expected[10] =
        json!({"kind": "execute", "arguments": ["${arguments}"], "environment": [], "reaper": false, "home": true});
    assert_eq!(Value::from(steps), expected);
}

#[test]
fn document_steps_replaces_what_the_document_says() {
    let changes = json!({
        "user": {"uid": 3, "gid": 4, "additionalGids": [5], "umask": 63}, "env": ["B=2"], "oomScoreAdj": 7,
        "rlimits": [{"type": "RLIMIT_CORE", "soft": 0, "hard": -1}],
        "capabilities": {"bounding": ["CAP_CHOWN"], "permitted": ["CAP_CHOWN"], "ambient": ["CAP_CHOWN"]},
        "apparmorProfile": "other", "selinuxLabel": "u:r:t", "execCPUAffinity": {"final": "0-1"},
        "scheduler": {"policy": "SCHED_BATCH", "nice": 5, "flags": ["SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_KEEP_PARAMS"]},
        "ioPriority": {"class": "IOPRIO_CLASS_IDLE"},
    });
    let expected = json!([
        {"kind": "set_oom_score_adj", "value": 7},
        {"kind": "new_session"},
        {"kind": "set_umask", "mask": 63},
        {"kind": "set_rlimit", "resource": "RLIMIT_CORE", "soft": 0, "hard": -1},
        {"kind": "set_scheduler", "policy": 3, "nice": 5, "priority": 0, "flags": 17, "runtime": 0, "deadline": 0, "period": 0},
        {"kind": "set_io_priority", "class": 3, "priority": 0},
        {"kind": "set_affinity", "cpus": "0-1"},
        {"kind": "set_security_label", "module": "apparmor", "label": "other"},
        {"kind": "set_security_label", "module": "selinux", "label": "u:r:t"},
        {"kind": "set_bounding_set", "keep": ["CAP_CHOWN"]},
        {"kind": "set_user", "uid": 3, "gid": 4, "groups": [5]},
        {"kind": "set_capabilities", "effective": [], "permitted": ["CAP_CHOWN"], "inheritable": [], "ambient": ["CAP_CHOWN"]},
        {"kind": "no_new_privileges"},
        {"kind": "load_filter", "filter": {"kind": "default"}},
        {"kind": "execute", "arguments": ["${arguments}"], "environment": ["B=2"], "reaper": false, "home": true},
    ]);
    assert_eq!(Value::from(steps_of(&template(), &changes).unwrap()), expected);
}

#[test]
fn document_steps_cannot_take_back_that_new_privileges_are_forbidden() {
    let error = steps_of(&template(), &json!({"noNewPrivileges": false})).unwrap_err();
    assert_eq!(
        (error.code, error.message.as_str()),
        (
            ErrorCode::InvalidConfig,
            "Read process document: key \"noNewPrivileges\": the container forbids new privileges"
        )
    );
    assert!(steps_of(&without("no_new_privileges"), &json!({"noNewPrivileges": false})).is_ok());
}

#[test]
fn document_steps_loads_the_filter_once_new_privileges_are_forbidden() {
    let mut loose = without("no_new_privileges");
    let filter = loose.as_array_mut().unwrap().remove(8);
    loose.as_array_mut().unwrap().insert(4, filter);
    let steps = steps_of(&loose, &json!({"noNewPrivileges": true})).unwrap();
    assert_eq!(kinds(&steps)[7..], ["set_capabilities", "no_new_privileges", "load_filter", "execute"]);
    assert_eq!(kinds(&steps).iter().filter(|kind| **kind == "load_filter").count(), 1);
}

#[test]
fn document_steps_gives_no_groups_that_the_user_namespace_denies() {
    let mut single = template();
    single[6]["groups"] = Value::Null;
    assert_eq!(steps_of(&single, &json!({"user": {"uid": 1}})).unwrap()[6]["groups"], Value::Null);
    let error = steps_of(&single, &json!({"user": {"additionalGids": [5]}})).unwrap_err();
    assert!(error.message.contains("\"user.additionalGids\""), "{}", error.message);
}

#[test]
fn document_steps_needs_the_steps_that_it_changes() {
    assert_eq!(steps_of(&json!([]), &json!({})).unwrap_err().code, ErrorCode::Bug);
}
