//! The plan of another program in a running container, from what was written down when that started.

use masu_wire::blank::ARGUMENTS;
use masu_wire::container::ContainerRecord;
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::lifecycle::ExecOptions;
use masu_wire::plan::{CloneStep, EnterProcess, HostStep, PLAN_VERSION, Plan, StageStep};
use masu_wire::request::{LaunchRequest, MonitorOptions};
use std::collections::BTreeMap;

use crate::exec_cgroups;
use crate::exec_document_steps::resolved;

/// What a program with a terminal takes it for, where the container says nothing about it.
const TERMINAL_TYPE: &str = "TERM=xterm";

/// The launch of another program: its plan makes nothing, enters the container, and has the steps that the container's own program had.
///
/// Errors: `invalid_config` there is no program; `bug` the record has no step that executes one.
pub fn exec_plan(record: &ContainerRecord, options: &ExecOptions) -> Result<LaunchRequest, CoreError> {
    let described = resolved(record, options)?;
    let options = described.as_ref().unwrap_or(options);
    if options.arguments.is_empty() {
        return Err(CoreError::new(ErrorCode::InvalidConfig, "Execute a program: none is named"));
    }
    let template = &record.masu.exec;
    let joined = exec_cgroups::choose(record, &options.cgroups)?;
    let enter = EnterProcess {
        pid: record.pid,
        start: record.masu.start,
        namespaces: template.namespaces.clone(),
        cgroup_tasks: joined.tasks.iter().map(|path| escape(path)).collect(),
    };
    let clone = CloneStep {
        namespaces: Vec::new(),
        join: Vec::new(),
        enter: Some(enter),
        user: None,
        time_offsets: Vec::new(),
        cgroup: joined.cgroup.as_deref().map(escape),
        record: options.pid_file.iter().map(|path| pid_file(path)).collect(),
        part: None,
    };
    let plan = Plan {
        version: PLAN_VERSION,
        facts: Vec::new(),
        create: Vec::new(),
        before: Vec::new(),
        clone,
        network: Vec::new(),
        inside: Vec::new(),
        created: Vec::new(),
        started: Vec::new(),
        exec: steps(options.steps.as_ref().unwrap_or(&template.steps), options)?,
        afterwards: options
            .pid_file
            .iter()
            .map(|path| HostStep::RemoveFile { path: escape(path), target: None })
            .collect(),
        delete: Vec::new(),
    };
    Ok(LaunchRequest {
        plan,
        blanks: BTreeMap::new(),
        arguments: options.arguments.clone(),
        // It is no PID 1, which signals would not end.
        monitor: MonitorOptions::default(),
        stdio: None,
    })
}

fn pid_file(path: &str) -> HostStep {
    HostStep::WriteFile { path: escape(path), text: "${pid}".to_owned(), mode: 0o644, exclusive: false, owner: None }
}

/// Texts of the record are literal: what looks like a blank in them is none.
pub(crate) fn escape(text: &str) -> String {
    text.replace("${", "$${")
}

fn steps(written: &[StageStep], options: &ExecOptions) -> Result<Vec<StageStep>, CoreError> {
    let user = written.iter().find_map(|step| match step {
        StageStep::SetUser { uid, .. } => Some(*uid),
        _ => None,
    });
    let mut steps = Vec::with_capacity(written.len() + 1);
    let mut executes = false;
    for step in literal(written)? {
        match step {
            StageStep::NewSession => {
                steps.push(StageStep::NewSession);
                steps.extend(options.terminal.map(|[rows, columns]| StageStep::OpenTerminal {
                    rows,
                    columns,
                    console: false,
                    uid: user.unwrap_or(0),
                }));
            }
            StageStep::ChangeDirectory { path, .. } => {
                let path = options.directory.as_deref().map_or(path, escape);
                steps.push(StageStep::ChangeDirectory { path, create: false });
            }
            StageStep::CloseDescriptors { .. } => {
                steps.push(StageStep::CloseDescriptors { keep: options.preserve_fds });
            }
            StageStep::Execute { environment, home, .. } => {
                executes = true;
                steps.push(StageStep::Execute {
                    arguments: vec![ARGUMENTS.to_owned()],
                    environment: merged(environment, options),
                    reaper: false,
                    home,
                });
            }
            step => steps.push(step),
        }
    }
    if executes {
        Ok(steps)
    } else {
        Err(CoreError::bug("Execute a program: the container's record has no step for it"))
    }
}

/// The steps with their texts escaped.
pub(crate) fn literal(steps: &[StageStep]) -> Result<Vec<StageStep>, CoreError> {
    let explain = |error| CoreError::bug(format!("Write steps: {error}"));
    let text = serde_json::to_string(steps).map_err(explain)?;
    if text.contains("${") { serde_json::from_str(&escape(&text)).map_err(explain) } else { Ok(steps.to_vec()) }
}

/// The later variable of a name wins, in the place of the first.
fn merged(own: Vec<String>, options: &ExecOptions) -> Vec<String> {
    let mut variables = own;
    for variable in &options.environment {
        put(&mut variables, escape(variable));
    }
    // A document says everything.
    let is_chosen = options.process.is_some() || variables.iter().any(|variable| variable.starts_with("TERM="));
    if options.terminal.is_some() && !is_chosen {
        variables.push(TERMINAL_TYPE.to_owned());
    }
    variables
}

fn put(variables: &mut Vec<String>, variable: String) {
    let name = variable.split('=').next().unwrap_or_default();
    let same = |other: &&mut String| other.split('=').next() == Some(name);
    match variables.iter_mut().find(same) {
        Some(found) => *found = variable,
        None => variables.push(variable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn record() -> ContainerRecord {
        serde_json::from_value(json!({
            "ociVersion": "1.3.0", "id": "0f3a", "pid": 4711, "bundle": "/run/masu/containers/0f3a",
            "masu": {
                "version": 1, "created": "", "started": "", "start": 99, "monitor": 1, "monitorStart": 1, "lasting": false,
                "image": "host", "command": ["sh"], "terminal": false, "stop": {"signal": 15, "timeoutMs": 10000},
                "cgroups": {"directories": {}, "freezer": null},
                "exec": {
                    "namespaces": ["user", "mount", "pid"], "cgroup": "/sys/fs/cgroup/masu/0f3a", "cgroupTasks": ["/c/${x}/tasks"],
                    "steps": [
                        {"kind": "new_session"},
                        {"kind": "change_directory", "path": "/srv", "create": false},
                        {"kind": "close_descriptors", "keep": 0},
                        {"kind": "set_user", "uid": 7, "gid": 7, "groups": []},
                        {"kind": "execute", "arguments": ["${arguments}"], "environment": ["A=1", "B=${pid}"], "reaper": false},
                    ],
                },
                "undo": [],
            },
        }))
        .unwrap()
    }

    fn options(changes: Value) -> ExecOptions {
        let mut options = json!({"arguments": ["echo", "${id}"], "environment": [], "directory": null, "terminal": null,
            "preserveFds": 0, "steps": null});
        for (name, value) in changes.as_object().unwrap() {
            options[name] = value.clone();
        }
        serde_json::from_value(options).unwrap()
    }

    /// The plan as the launch sees it: blanks filled in.
    fn plan(changes: Value) -> Value {
        let request = exec_plan(&record(), &options(changes)).unwrap();
        let blanks = masu_wire::blank::Blanks {
            text: BTreeMap::from(
                [("pid", "1"), ("id", "wrong")].map(|(name, value)| (name.to_owned(), value.to_owned())),
            ),
            arguments: request.arguments.clone(),
        };
        let text = serde_json::to_string(&request.plan).unwrap();
        serde_json::from_str(&masu_wire::blank::fill_json(&text, &blanks)).unwrap()
    }

    #[test]
    fn exec_plan_enters_the_container_and_executes_the_arguments_as_they_are() {
        let plan = plan(json!({}));
        assert_eq!(
            plan["clone"]["enter"],
            json!({"pid": 4711, "start": 99, "namespaces": ["user", "mount", "pid"], "cgroupTasks": ["/c/${x}/tasks"]})
        );
        assert_eq!(plan["clone"]["cgroup"], json!("/sys/fs/cgroup/masu/0f3a"));
        let execute = json!({"kind": "execute", "arguments": ["echo", "${id}"], "environment": ["A=1", "B=${pid}"], "reaper": false});
        assert_eq!(plan["exec"].as_array().unwrap().last(), Some(&execute));
        assert_eq!((&plan["before"], &plan["inside"], &plan["afterwards"]), (&json!([]), &json!([]), &json!([])));
    }

    #[test]
    fn exec_plan_takes_each_option_into_account() {
        let plan = plan(
            json!({"environment": ["B=2", "C=${pid}"], "directory": "/${d}", "terminal": [24, 80], "preserveFds": 2,
            "pidFile": "/tmp/${p}"}),
        );
        let steps = plan["exec"].as_array().unwrap();
        assert_eq!(steps[1], json!({"kind": "open_terminal", "rows": 24, "columns": 80, "console": false, "uid": 7}));
        assert_eq!(steps[2], json!({"kind": "change_directory", "path": "/${d}", "create": false}));
        assert_eq!(steps[3], json!({"kind": "close_descriptors", "keep": 2}));
        assert_eq!(steps[5]["environment"], json!(["A=1", "B=2", "C=${pid}", "TERM=xterm"]));
        assert_eq!(
            (&plan["clone"]["record"][0]["path"], &plan["clone"]["record"][0]["text"], &plan["afterwards"][0]["path"]),
            (&json!("/tmp/${p}"), &json!("1"), &json!("/tmp/${p}"))
        );
    }

    #[test]
    fn exec_plan_takes_other_steps_in_place_of_the_containers() {
        let steps = json!([{"kind": "new_session"}, {"kind": "execute", "arguments": [], "environment": ["X=1"], "reaper": true}]);
        let plan = plan(json!({"steps": steps, "environment": ["X=2"]}));
        assert_eq!(
            plan["exec"],
            json!([{"kind": "new_session"}, {"kind": "execute", "arguments": ["echo", "${id}"], "environment": ["X=2"], "reaper": false}])
        );
    }

    #[test]
    fn exec_plan_needs_a_program() {
        let error = exec_plan(&record(), &options(json!({"arguments": []}))).unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidConfig);
        assert!(exec_plan(&record(), &options(json!({"steps": []}))).is_err());
    }
}
