//! Hooks of containers of OCI bundles: when they run, where, and what their failure leads to. runtime.md, "Lifecycle"

use masu_sys::wait::End;
use serde_json::{Value, json};

use super::end_to_end::can_run;
use super::sandbox::Sandbox;

/// A hook of the host that writes its name, and what it was told of pid and status, to the log.
fn host(sandbox: &Sandbox, name: &str, pid: &str) -> Value {
    let log = sandbox.root().join("log");
    let script = format!("echo {name} $(cat) >>{log:?}");
    json!({"kind": "run_hook", "state": {"id": "${id}", "status": name}, "pid": pid,
        "hook": {"path": "/bin/sh", "args": ["sh", "-c", script], "env": ["PATH=/bin:/usr/bin"]}})
}

/// A hook of the stage; `log` is where it finds the log.
fn stage(name: &str, log: &str) -> Value {
    let script = format!("echo {name} $(cat) in $PWD >>{log}");
    json!({"kind": "run_hook", "state": {"id": "${id}"}, "hook": {"path": "/bin/sh", "args": ["sh", "-c", script], "env": ["PATH=/bin:/usr/bin"]}})
}

/// One hook of each kind.
fn hooked(name: &str) -> Sandbox {
    let mut sandbox = Sandbox::new(name, "echo program >>/log; exit 5");
    let created = host(&sandbox, "createRuntime", "${pid}");
    sandbox.plan("created").push(created);
    let at = sandbox.place("inside", "pivot_root");
    let log = sandbox.root().join("log").display().to_string();
    sandbox.plan("inside").splice(at..at, [json!({"kind": "await_runtime"}), stage("createContainer", &log)]);
    let at = sandbox.place("exec", "execute");
    sandbox.plan("exec").insert(at, stage("startContainer", "/log"));
    let (started, stopped) = (host(&sandbox, "poststart", "${pid}"), host(&sandbox, "poststop", ""));
    sandbox.write_record(json!([started]), json!([stopped]));
    sandbox
}

#[test]
fn hooks_run_at_their_time_with_the_state() {
    if !can_run("hooks_run_at_their_time_with_the_state") {
        return;
    }
    let sandbox = hooked("hooks");
    let pid = sandbox.create();
    let root = sandbox.root().display().to_string();
    let mut expected = vec![
        format!("createRuntime {{\"id\":\"one\",\"pid\":{pid},\"status\":\"createRuntime\"}}"),
        format!("createContainer {{\"id\":\"one\",\"pid\":1}} in {root}"),
    ];
    assert_eq!(sandbox.log(), expected);
    sandbox.start().unwrap();
    assert_eq!(sandbox.reap(), End::Exited(5));
    let log = sandbox.log();
    assert_eq!(log[2], "startContainer {\"id\":\"one\",\"pid\":1} in /");
    let mut rest = log[3..].to_vec();
    rest.sort();
    let poststart = format!("poststart {{\"id\":\"one\",\"pid\":{pid},\"status\":\"poststart\"}}");
    assert_eq!(rest, [poststart, "program".to_owned()]);
    expected = log;
    assert!(sandbox.delete(false).is_none());
    expected.push("poststop {\"id\":\"one\",\"status\":\"poststop\"}".to_owned());
    assert_eq!(sandbox.log(), expected);
    assert!(sandbox.scratch.is_clean());
}

fn fail(step: &mut Value) {
    step["hook"]["args"] = json!(["sh", "-c", "echo enough >&2; exit 3"]);
}

#[test]
fn a_hook_of_create_that_fails_undoes_it() {
    if !can_run("a_hook_of_create_that_fails_undoes_it") {
        return;
    }
    for group in ["created", "inside"] {
        let mut sandbox = hooked("failing");
        let at = sandbox.place(group, "run_hook");
        fail(&mut sandbox.plan(group)[at]);
        let error = sandbox.try_create().unwrap_err();
        assert_eq!(error.message, "Run hook \"/bin/sh\": it ended with status 3: \"enough\"");
        let place = serde_json::to_value(error.place.unwrap().group).unwrap();
        assert_eq!((place, sandbox.scratch.is_clean()), (json!(group), true));
        assert!(sandbox.log().last().unwrap().starts_with("poststop"), "{:?}", sandbox.log());
    }
}

#[test]
fn a_hook_of_start_that_fails_destroys_the_container() {
    if !can_run("a_hook_of_start_that_fails_destroys_the_container") {
        return;
    }
    for late in [false, true] {
        let mut sandbox = hooked("fatal");
        if late {
            let (mut started, stopped) = (host(&sandbox, "", "${pid}"), host(&sandbox, "poststop", ""));
            fail(&mut started);
            sandbox.write_record(json!([started]), json!([stopped]));
            sandbox.request["launch"]["arguments"] = json!(["sleep", "100"]);
        } else {
            let at = sandbox.place("exec", "run_hook");
            fail(&mut sandbox.plan("exec")[at]);
        }
        sandbox.create();
        let error = sandbox.start().unwrap_err();
        assert!(error.message.ends_with("it ended with status 3: \"enough\""), "{error:?}");
        assert_eq!(sandbox.reap(), if late { End::Signalled(9) } else { End::Exited(125) });
        assert!(sandbox.log().last().unwrap().starts_with("poststop"), "{:?}", sandbox.log());
        assert!(sandbox.scratch.is_clean());
        assert!(sandbox.delete(false).unwrap().message.contains("container does not exist"));
    }
}

#[test]
fn a_poststop_hook_that_fails_changes_nothing() {
    if !can_run("a_poststop_hook_that_fails_changes_nothing") {
        return;
    }
    let mut sandbox = hooked("poststop");
    let mut stopped = host(&sandbox, "", "");
    fail(&mut stopped);
    let last = host(&sandbox, "last", "");
    sandbox.write_record(json!([]), json!([stopped, last]));
    sandbox.create();
    assert!(sandbox.delete(true).is_none() && sandbox.scratch.is_clean());
    assert!(sandbox.log().last().unwrap().starts_with("last"));
    assert_eq!(sandbox.scratch.events(), ["create one", "hook_failed one", "destroy one"]);
}

#[test]
fn hooks_have_no_descriptor_of_masu_s() {
    if !can_run("hooks_have_no_descriptor_of_masu_s") {
        return;
    }
    let mut sandbox = hooked("clean");
    let script = |log: &str| json!(["sh", "-c", format!("ls /proc/self/fd | tr '\\n' ' ' >>{log}; umask >>{log}")]);
    let log = sandbox.root().join("log").display().to_string();
    sandbox.plan("created")[0]["hook"]["args"] = script(&log);
    let at = sandbox.place("inside", "run_hook");
    sandbox.plan("inside")[at]["hook"]["args"] = script(&log);
    std::os::unix::fs::symlink("busybox", sandbox.root().join("bin/tr")).unwrap();
    let at = sandbox.place("exec", "run_hook");
    sandbox.plan("exec")[at]["hook"]["args"] = script("/log");
    sandbox.create();
    sandbox.start().unwrap();
    sandbox.reap();
    let log: Vec<String> = sandbox.log().into_iter().filter(|line| line.starts_with('0')).collect();
    // ls(1) has the directory open.
    assert_eq!(log, vec!["0 1 2 3 0022"; 3]);
    assert!(sandbox.delete(false).is_none());
}
