//! A container of an OCI bundle for one test: a busybox root, the real kernel, the real `init`.

use masu_sys::wait::{End, reap};
use masu_wire::error::CoreError;
use masu_wire::lifecycle::{KillRequest, StartReply, StartRequest, StateRequest, Store};
use masu_wire::plan::PLAN_VERSION;
use serde_json::{Value, json};
use std::cell::Cell;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use super::end_to_end::init;
use super::scratch::Scratch;

const APPLETS: [&str; 6] = ["sh", "true", "sleep", "touch", "cat", "ls"];

/// Its processes are reaped, and its files gone, when it is dropped.
pub(super) struct Sandbox {
    pub(super) scratch: Scratch,
    pub(super) request: Value,
    pid: Cell<Option<u32>>,
}

impl Sandbox {
    /// Its program is this script; its ID `one`.
    pub(super) fn new(name: &str, script: &str) -> Self {
        let scratch = Scratch::new(name);
        let root = scratch.top().join("root");
        for directory in ["bin", "proc", "dev"] {
            std::fs::create_dir_all(root.join(directory)).unwrap();
        }
        std::fs::copy("/bin/busybox", root.join("bin/busybox")).unwrap();
        APPLETS.iter().for_each(|applet| symlink("busybox", root.join("bin").join(applet)).unwrap());
        let request = json!({
            "store": scratch.store,
            "launch": {
                "plan": plan(&scratch), "blanks": {"id": "one"}, "arguments": ["sh", "-c", script],
                "monitor": {"bareInit": true, "detachKeys": []},
            },
            "handover": {},
        });
        let mut sandbox = Self { scratch, request, pid: Cell::new(None) };
        sandbox.write_record(json!([]), json!([]));
        sandbox
    }

    pub(super) fn root(&self) -> PathBuf {
        self.scratch.top().join("root")
    }

    /// A group of its plan.
    pub(super) fn plan(&mut self, group: &str) -> &mut Vec<Value> {
        self.request["launch"]["plan"][group].as_array_mut().unwrap()
    }

    /// Where in a group the first step of this kind is.
    pub(super) fn place(&mut self, group: &str, kind: &str) -> usize {
        self.plan(group).iter().position(|step| step["kind"] == kind).unwrap()
    }

    /// `poststart` and `poststop` hooks.
    pub(super) fn write_record(&mut self, started: Value, stopped: Value) {
        let runtime = format!("{}/containers/${{id}}", self.scratch.store.runtime);
        let mut undo = vec![json!({"kind": "remove_tree", "path": runtime, "user": null})];
        undo.extend(stopped.as_array().unwrap().iter().cloned());
        let record = json!({
            "ociVersion": "1.3.0", "id": "${id}", "pid": "@pid", "bundle": "/bundle", "annotations": {"a": "b"},
            "masu": {
                "version": 1, "created": "2026-01-01T00:00:00.000Z", "started": "${started}", "start": "@start",
                "monitor": 0, "monitorStart": 0, "lasting": false, "image": "root", "command": ["sh"],
                "terminal": false, "stop": {"signal": 15, "timeoutMs": 10_000},
                "cgroups": {"directories": {}, "freezer": null},
                "exec": {"namespaces": [], "cgroup": null, "cgroupTasks": [], "steps": []}, "undo": undo,
                "bundle": {"rootfs": self.root(), "owner": "root", "socket": format!("{runtime}/start"), "started": started,
                    "unit": null, "resctrl": null, "resources": {}},
            },
        });
        // Numbers, and no texts.
        let text = record.to_string().replace("\"@pid\"", "${pid}").replace("\"@start\"", "${start}");
        let plan = &mut self.request["launch"]["plan"];
        plan["clone"]["record"] = json!([
            {"kind": "write_file", "path": format!("{runtime}/state.json"), "text": text, "mode": 0o600, "exclusive": false},
        ]);
        plan["afterwards"] = json!(undo);
    }

    pub(super) fn try_create(&self) -> Result<u32, CoreError> {
        let text = self.request.to_string();
        let created = crate::create_bundle(serde_json::from_str(&text).unwrap(), init().unwrap())?;
        self.pid.set(Some(created.pid));
        Ok(created.pid)
    }

    pub(super) fn create(&self) -> u32 {
        self.try_create().unwrap()
    }

    pub(super) fn start(&self) -> Result<StartReply, CoreError> {
        start(&self.scratch.store)
    }

    pub(super) fn kill(&self, signal: i32, all: bool) -> Option<CoreError> {
        let request = KillRequest { store: self.scratch.store.clone(), words: vec!["one".to_owned()], signal, all };
        crate::kill(&request).unwrap().outcomes.remove(0).error
    }

    pub(super) fn delete(&self, force: bool) -> Option<CoreError> {
        self.scratch.delete("one", force).error
    }

    /// The document that `state` prints.
    pub(super) fn state(&self) -> Result<Value, CoreError> {
        let request = StateRequest { store: self.scratch.store.clone(), container: "one".to_owned() };
        crate::state(&request).map(|reply| serde_json::from_str(&reply.text).unwrap())
    }

    pub(super) fn status(&self) -> String {
        self.state().unwrap()["status"].as_str().unwrap().to_owned()
    }

    /// Waits for its first process as an engine does.
    pub(super) fn reap(&self) -> End {
        reap(self.pid.take().unwrap()).unwrap()
    }

    /// Lines that hooks and the program wrote to `/log` of the root.
    pub(super) fn log(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.root().join("log")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if let Some(pid) = self.pid.take() {
            let _ = masu_sys::signalfd::kill(pid, 9);
            let _ = reap(pid);
        }
    }
}

pub(super) fn start(store: &Store) -> Result<StartReply, CoreError> {
    let request =
        StartRequest { store: store.clone(), container: "one".to_owned(), attach: false, notify_socket: None };
    crate::start(&request, init().unwrap())
}

fn plan(scratch: &Scratch) -> Value {
    let runtime = format!("{}/containers/${{id}}", scratch.store.runtime);
    let root = scratch.top().join("root");
    let mount = |kind: &str, destination: &str| json!({"kind": "mount", "source": kind, "destination": destination, "type": kind, "flags": 2, "data": "", "create": "directory"});
    json!({
        "version": PLAN_VERSION, "facts": [], "create": [],
        "before": [{"kind": "make_directory", "path": runtime, "mode": 0o700, "parents": false, "owner": null}],
        "clone": {
            "namespaces": ["mount", "uts", "ipc", "pid"], "join": [], "user": null, "timeOffsets": [], "cgroup": null, "record": [],
        },
        "network": [],
        "inside": [
            {"kind": "set_propagation", "propagation": "rslave"},
            {"kind": "mount_root", "path": root, "root": {"kind": "bind", "source": root, "recursive": true, "idmapped": false}},
            mount("proc", "/proc"), mount("tmpfs", "/dev"), mount("devpts", "/dev/pts"), {"kind": "pivot_root"},
        ],
        "created": [],
        "exec": [
            {"kind": "new_session"}, {"kind": "change_directory", "path": "/", "create": false}, {"kind": "close_descriptors", "keep": 0},
            {"kind": "await_start", "path": format!("{runtime}/start")},
            {"kind": "execute", "arguments": ["${arguments}"], "environment": ["PATH=/bin"], "reaper": false},
        ],
        "started": [], "afterwards": [], "delete": [],
    })
}
