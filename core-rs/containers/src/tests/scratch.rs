//! A store of one test's own, filled through the public functions or by hand.

use crate::lock::lock;
use crate::store::Shelf;
use crate::{containers, create, delete, inspect};
use masu_steps::monitor_protocol::{MonitorAnswer, MonitorRequest};
use masu_steps::process_identity::start_time;
use masu_steps::stage_protocol::{receive, send};
use masu_wire::container::ContainerEnd;
use masu_wire::error::CoreError;
use masu_wire::lifecycle::{
    ContainerView, ContainersRequest, DeleteRequest, InspectRequest, Outcome, Status, StopRequest, Store,
};
use masu_wire::plan::PLAN_VERSION;
use serde_json::{Value, json};
use std::os::fd::AsFd;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Removed when it is dropped.
pub(super) struct Scratch {
    pub(super) store: Store,
    top: PathBuf,
}

impl Scratch {
    pub(super) fn new(name: &str) -> Self {
        let top = std::env::temp_dir().join(format!("masu-containers-{name}-{}", std::process::id()));
        let store = Store { runtime: text(&top.join("run")), data: text(&top.join("lib")) };
        std::fs::create_dir_all(top.join("run/monitors")).unwrap();
        std::fs::create_dir_all(top.join("run/containers")).unwrap();
        std::fs::create_dir_all(top.join("lib/containers")).unwrap();
        std::fs::create_dir_all(top.join("lib/names")).unwrap();
        Self { store, top }
    }

    pub(super) fn top(&self) -> &std::path::Path {
        &self.top
    }

    pub(super) fn data(&self, id: &str) -> PathBuf {
        self.top.join("lib/containers").join(id)
    }

    pub(super) fn runtime(&self, id: &str) -> PathBuf {
        self.top.join("run/containers").join(id)
    }

    pub(super) fn name(&self, name: &str) -> PathBuf {
        self.top.join("lib/names").join(name)
    }

    /// A document whose plan makes its directories and its name, and removes them again.
    pub(super) fn document(&self, id: &str, name: Option<&str>) -> Value {
        let make = |path: String, parents: bool| json!({"kind": "make_directory", "path": path, "mode": 0o700, "parents": parents, "owner": null});
        let data = format!("{}/containers/${{id}}", self.store.data);
        let runtime = format!("{}/containers/${{id}}", self.store.runtime);
        let mut creating = vec![make(data.clone(), false), make(format!("{data}/upper"), false)];
        let mut deleting = vec![];
        if let Some(name) = name {
            let path = format!("{}/names/{name}", self.store.data);
            let target = "../containers/${id}";
            creating.push(json!({"kind": "reserve_name", "path": path, "target": target, "name": name}));
            deleting.push(json!({"kind": "remove_file", "path": path, "target": target}));
        }
        deleting.push(json!({"kind": "remove_tree", "path": data, "user": null}));
        let clone =
            json!({"namespaces": [], "join": [], "user": null, "timeOffsets": [], "cgroup": null, "record": []});
        json!({
            "version": 1, "id": id, "name": name, "created": format!("2026-01-01T00:00:00.{:03}Z", id.len()), "image": "host",
            "command": ["sleep", "100"], "labels": {}, "remove": false, "terminal": false, "stdin": false,
            "stop": {"signal": 15, "timeoutMs": 10_000}, "restart": {"kind": "no", "maximum": 0},
            "log": {"driver": "none", "path": format!("{}/containers/{id}/log.json", self.store.data), "maxBytes": 1 << 20, "maxFiles": 1},
            "health": null, "memory": null,
            "launch": {
                "plan": {
                    "version": PLAN_VERSION, "facts": [], "create": creating, "before": [make(runtime.clone(), false)],
                    "clone": clone, "network": [], "inside": [], "created": [], "started": [], "exec": [],
                    "afterwards": [{"kind": "remove_tree", "path": runtime, "user": null}], "delete": deleting,
                },
                "blanks": {"id": id}, "arguments": [], "monitor": {"bareInit": true, "detachKeys": []},
            },
            "spec": {"ociVersion": "1.3.0", "annotations": {"of": "${id}"}}, "config": {},
        })
    }

    pub(super) fn try_create(&self, document: &Value) -> Result<(), CoreError> {
        let text = json!({"store": self.store, "document": document}).to_string();
        create(&serde_json::from_str(&text).unwrap(), None).map(drop)
    }

    pub(super) fn create(&self, id: &str, name: Option<&str>) {
        self.try_create(&self.document(id, name)).unwrap();
    }

    /// Writes down that a process of this test is the container's first one. Its monitor is dead, unless it is named.
    pub(super) fn record(&self, id: &str, child: &Child, monitor: Option<&Child>, lasting: bool) {
        let runtime = self.runtime(id);
        std::fs::create_dir_all(&runtime).unwrap();
        let of = |child: &Child| (child.id(), start_time(child.id()).unwrap());
        let ((pid, start), (watcher, watcher_start)) = (of(child), monitor.map_or((1, 0), of));
        let record = json!({
            "ociVersion": "1.3.0", "id": id, "pid": pid, "bundle": runtime,
            "masu": {
                "version": 1, "created": "2026-01-01T00:00:00.000Z", "started": "2026-01-01T00:00:01.000Z", "start": start,
                "monitor": watcher, "monitorStart": watcher_start, "lasting": lasting, "image": "host", "command": ["sh"],
                "terminal": false, "stop": {"signal": 15, "timeoutMs": 10_000},
                "cgroups": {"directories": {}, "freezer": null},
                "exec": {"namespaces": [], "cgroup": null, "cgroupTasks": [], "steps": []},
                "undo": [{"kind": "remove_tree", "path": runtime, "user": null}],
            },
        });
        std::fs::write(runtime.join("state.json"), record.to_string()).unwrap();
    }

    pub(super) fn write_end(&self, id: &str, end: &ContainerEnd) {
        std::fs::write(self.data(id).join("end.json"), serde_json::to_string(end).unwrap()).unwrap();
    }

    pub(super) fn views(&self, words: &[&str]) -> Result<Vec<ContainerView>, CoreError> {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        containers(&ContainersRequest { store: self.store.clone(), words }).map(|reply| reply.containers)
    }

    pub(super) fn view(&self, word: &str) -> ContainerView {
        self.views(&[word]).unwrap().remove(0)
    }

    pub(super) fn status(&self, word: &str) -> Status {
        self.view(word).status
    }

    pub(super) fn inspect(&self, word: &str) -> masu_wire::lifecycle::InspectReply {
        inspect(&InspectRequest { store: self.store.clone(), container: word.to_owned() }).unwrap()
    }

    pub(super) fn stop_request(&self, words: &[&str], timeout_ms: i64) -> StopRequest {
        StopRequest {
            store: self.store.clone(),
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            signal: None,
            timeout_ms: Some(timeout_ms),
            cancel: None,
        }
    }

    pub(super) fn delete(&self, word: &str, force: bool) -> Outcome {
        let request = DeleteRequest { store: self.store.clone(), words: vec![word.to_owned()], force, ignore: false };
        delete(&request, None).unwrap().outcomes.remove(0)
    }

    /// Nothing of a container is left.
    pub(super) fn is_clean(&self) -> bool {
        ["run/containers", "run/monitors", "lib/containers", "lib/names"]
            .iter()
            .all(|directory| std::fs::read_dir(self.top.join(directory)).unwrap().next().is_none())
    }

    pub(super) fn events(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.top.join("run/events")).unwrap_or_default();
        let events = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        events.map(|event| format!("{} {}", event["action"].as_str().unwrap(), event["id"].as_str().unwrap())).collect()
    }

    /// Held until it is dropped.
    pub(super) fn lock(&self, id: &str) -> crate::lock::Locked {
        lock(&Shelf::open(&self.store).unwrap(), id).unwrap().unwrap()
    }

    /// A monitor that answers one request after the other with what `answer` gives; `None`: it is killed instead.
    pub(super) fn monitor(
        &self,
        id: &str,
        mut answer: impl FnMut(MonitorRequest) -> Option<MonitorAnswer> + Send + 'static,
    ) -> JoinHandle<()> {
        let path = self.top.join("run/monitors").join(id);
        let listener = UnixListener::bind(&path).unwrap();
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let connection = connection.unwrap();
                // Somebody only looked whether it is there.
                let Some(received) = receive::<MonitorRequest>(connection.as_fd()).unwrap() else { continue };
                let answer = answer(received.message);
                let last = matches!(answer, None | Some(MonitorAnswer::Ended { .. }));
                if last {
                    std::fs::remove_file(&path).unwrap();
                }
                if let Some(answer) = &answer {
                    send(connection.as_fd(), answer, &[]).unwrap();
                }
                if last {
                    return;
                }
            }
        })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.top);
    }
}

/// A process that runs this script, whose last words are that it is ready.
pub(super) fn process(script: &str) -> Child {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{script}; echo ready; while :; do sleep 0.02; done")]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = [0; 6];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut line).unwrap();
    child
}

/// An end with this status.
pub(super) fn end(status: i32, requested: bool) -> ContainerEnd {
    serde_json::from_value(json!({
        "version": 1, "started": "2026-01-01T00:00:01.000Z", "finished": "2026-01-01T00:00:02.000Z", "status": status, "signal": null,
        "outOfMemory": false, "peakMemoryBytes": null, "restarts": 0, "requested": requested, "lastLines": [], "error": null,
    }))
    .unwrap()
}

/// Waits for what has to become true soon.
pub(super) fn until(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < deadline, "not within 10 s");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn text(path: &std::path::Path) -> String {
    path.to_str().unwrap().to_owned()
}
