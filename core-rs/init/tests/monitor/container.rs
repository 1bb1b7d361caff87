//! A container of one test, with its monitor.

use masu_steps::init_role::{self, Role};
use masu_steps::monitor_protocol::{MonitorAnswer, MonitorOrder, MonitorRequest};
use masu_steps::process_identity::start_time;
use masu_steps::stage_protocol::{receive, send};
use masu_sys::clone::Start;
use masu_sys::memfd;
use masu_wire::container::ContainerEnd;
use masu_wire::lifecycle::Store;
use masu_wire::plan::PLAN_VERSION;
use serde_json::{Value, json};
use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

pub(crate) const ID: &str = "0f3a";
const PATIENCE: Duration = Duration::from_secs(20);

/// Says why when these tests cannot run here.
pub(crate) fn can_run(test: &str) -> bool {
    let has_loader = |bytes: Vec<u8>| bytes.windows(10).any(|part| part == b"/ld-linux-" || part == b"/lib64/ld-");
    let reason = if !rustix::process::geteuid().is_root() {
        "not root"
    } else if fs::read("/bin/busybox").map_or(true, has_loader) {
        "no static /bin/busybox"
    } else {
        return true;
    };
    println!("{test} [skipped: {reason}]");
    false
}

/// Its directories, and nothing of it is left when the test ends.
pub(crate) struct Container {
    pub(crate) top: PathBuf,
    pub(crate) document: Value,
    monitor: u32,
}

impl Container {
    /// Its program is this script, which can write to `/out`.
    pub(crate) fn new(script: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let top = std::env::temp_dir().join(format!("masu-monitor-{}-{number}", std::process::id()));
        for directory in ["root/bin", "root/proc", "root/dev", "root/out", "out", "run/monitors", "run/containers"] {
            fs::create_dir_all(top.join(directory)).unwrap();
        }
        fs::create_dir_all(top.join("lib/containers").join(ID)).unwrap();
        fs::copy("/bin/busybox", top.join("root/bin/busybox")).unwrap();
        for applet in ["sh", "sleep", "cat", "test", "touch", "seq", "true", "kill"] {
            symlink("busybox", top.join("root/bin").join(applet)).unwrap();
        }
        let document = document(&top, script);
        Self { top, document, monitor: 0 }
    }

    pub(crate) fn with(mut self, name: &str, value: Value) -> Self {
        self.document[name] = value;
        self
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.top.join("lib/containers").join(ID)
    }

    pub(crate) fn runtime(&self) -> PathBuf {
        self.top.join("run/containers").join(ID)
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.top.join("run/monitors").join(ID)
    }

    /// What the program wrote to `/out/NAME`.
    pub(crate) fn out(&self, name: &str) -> String {
        fs::read_to_string(self.top.join("out").join(name)).unwrap_or_default()
    }

    pub(crate) fn write_document(&self) {
        fs::write(self.data().join("container.json"), self.document.to_string()).unwrap();
    }

    /// Starts its monitor, and hears what that says.
    pub(crate) fn try_start(&mut self) -> MonitorAnswer {
        self.write_document();
        let init = memfd::sealed_executable(c"init", &fs::read(env!("CARGO_BIN_EXE_init")).unwrap()).unwrap();
        let Role { child, socket } = init_role::start(init.as_fd(), c"monitor", &Start::default()).unwrap();
        let text = |path: &str| self.top.join(path).to_str().unwrap().to_owned();
        let store = Store { runtime: text("run"), data: text("lib") };
        let order = MonitorOrder { store, id: ID.to_owned(), attach: false, passthrough: false };
        send(socket.as_fd(), &order, &[init.as_fd()]).unwrap();
        let answer = receive::<MonitorAnswer>(socket.as_fd()).unwrap().unwrap().message;
        assert_eq!(masu_sys::wait::reap(child.pid).unwrap(), masu_sys::wait::End::Exited(0));
        answer
    }

    /// As [`Self::try_start`]; returns the pid of its program.
    pub(crate) fn start(&mut self) -> u32 {
        let MonitorAnswer::Started { pid, start } = self.try_start() else { panic!("it does not start") };
        // It may have ended by now.
        assert!(start_time(pid).is_ok_and(|now| now == start) || start_time(pid).is_err());
        self.monitor = self.record()["masu"]["monitor"].as_u64().unwrap() as u32;
        pid
    }

    pub(crate) fn monitor(&self) -> u32 {
        self.monitor
    }

    pub(crate) fn record(&self) -> Value {
        serde_json::from_str(&fs::read_to_string(self.runtime().join("state.json")).unwrap()).unwrap()
    }

    pub(crate) fn connect(&self) -> OwnedFd {
        let stream = UnixStream::connect(self.socket()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.into()
    }

    /// Sends a request without waiting for its answer.
    pub(crate) fn ask(&self, request: &MonitorRequest) -> OwnedFd {
        let connection = self.connect();
        send(connection.as_fd(), request, &[]).unwrap();
        connection
    }

    pub(crate) fn stop(&self, timeout_ms: i64, restart: bool) -> MonitorAnswer {
        hear(&self.ask(&MonitorRequest::Stop { signal: None, timeout_ms: Some(timeout_ms), restart }))
    }

    pub(crate) fn stopped(&self) -> ContainerEnd {
        end(self.stop(0, false))
    }

    /// `end.json`
    pub(crate) fn end(&self) -> Option<ContainerEnd> {
        serde_json::from_str(&fs::read_to_string(self.data().join("end.json")).ok()?).unwrap()
    }

    /// Each with what is worth telling.
    pub(crate) fn events(&self) -> Vec<String> {
        let text = fs::read_to_string(self.top.join("run/events")).unwrap_or_default();
        let events = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let shown = events.map(|event| {
            let attributes = event["attributes"].as_object().unwrap().values();
            let words = attributes.map(|value| value.as_str().unwrap().to_owned());
            [event["action"].as_str().unwrap().to_owned()].into_iter().chain(words).collect::<Vec<_>>().join(" ")
        });
        shown.collect()
    }

    /// Neither a process of it nor a file of its start is left.
    pub(crate) fn is_down(&self) -> bool {
        start_time(self.monitor).is_err() && !self.runtime().exists() && !self.socket().exists()
    }

    pub(crate) fn until_down(&self) {
        until(|| self.is_down());
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // Of a test that failed.
        if self.monitor > 1 && start_time(self.monitor).is_ok() {
            let pid = fs::read_to_string(self.runtime().join("state.json"))
                .ok()
                .and_then(|text| serde_json::from_str::<Value>(&text).ok()?["pid"].as_u64());
            let _ = masu_sys::signalfd::kill(self.monitor, 9);
            if let Some(pid) = pid {
                let _ = masu_sys::signalfd::kill(pid as u32, 9);
            }
        }
        let _ = fs::remove_dir_all(&self.top);
    }
}

pub(crate) fn hear(connection: &OwnedFd) -> MonitorAnswer {
    receive::<MonitorAnswer>(connection.as_fd()).unwrap().expect("the monitor is gone").message
}

pub(crate) fn end(answer: MonitorAnswer) -> ContainerEnd {
    let MonitorAnswer::Ended { end } = answer else { panic!("{answer:?}") };
    *end
}

/// Waits for what has to become true soon.
pub(crate) fn until(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn document(top: &Path, script: &str) -> Value {
    let runtime = top.join("run/containers").join(ID);
    let rootfs = runtime.join("rootfs");
    let make =
        |path: &Path| json!({"kind": "make_directory", "path": path, "mode": 0o711, "parents": false, "owner": null});
    let mount = |kind: &str, destination: &str| json!({"kind": "mount", "source": kind, "destination": destination, "type": kind, "flags": 2, "data": "", "create": "directory"});
    let exec = json!([
        {"kind": "new_session"}, {"kind": "close_descriptors", "keep": 0},
        {"kind": "execute", "arguments": ["${arguments}"], "environment": ["PATH=/bin"], "reaper": false},
    ]);
    let plan = json!({
        "version": PLAN_VERSION, "facts": [], "create": [], "before": [make(&runtime), make(&rootfs)],
        "clone": {
            "namespaces": ["mount", "uts", "ipc", "pid"], "join": [], "user": null, "timeOffsets": [], "cgroup": null,
            "record": [{"kind": "write_file", "path": runtime.join("state.json"), "text": record(&runtime), "mode": 0o600, "exclusive": false}],
        },
        "network": [],
        "inside": [
            {"kind": "set_propagation", "propagation": "rslave"},
            {"kind": "mount_root", "path": rootfs, "root": {"kind": "bind", "source": top.join("root"), "recursive": false, "idmapped": false}},
            mount("proc", "/proc"), mount("tmpfs", "/dev"),
            {"kind": "bind", "source": top.join("out"), "destination": "/out", "recursive": false, "flags": 0,
                "recursiveReadOnly": false, "propagation": null, "create": "directory"},
            {"kind": "pivot_root"},
        ],
        "exec": exec,
        "afterwards": [{"kind": "remove_tree", "path": runtime, "user": null}],
        "created": [], "started": [], "delete": [{"kind": "remove_tree", "path": top.join("lib/containers").join(ID), "user": null}],
    });
    json!({
        "version": 1, "id": ID, "name": "web", "created": "2026-01-01T00:00:00.000Z", "image": "busybox",
        "command": ["sh"], "labels": {}, "remove": false, "terminal": false, "stdin": false,
        "stop": {"signal": 15, "timeoutMs": 10_000}, "restart": {"kind": "no", "maximum": 0},
        "log": {"driver": "json_file", "path": top.join("lib/containers").join(ID).join("log.json"), "maxBytes": 1 << 20, "maxFiles": 1},
        "health": null, "memory": null, "spec": {}, "config": {},
        "launch": {
            "plan": plan, "blanks": {"id": ID}, "arguments": ["sh", "-c", script],
            "monitor": {"bareInit": true, "detachKeys": []},
        },
    })
}

/// `state.json`, whose numbers are not known yet.
fn record(runtime: &Path) -> String {
    let exec = json!([
        {"kind": "new_session"}, {"kind": "close_descriptors", "keep": 0},
        {"kind": "execute", "arguments": ["$${arguments}"], "environment": ["PATH=/bin"], "reaper": false},
    ]);
    let record = json!({
        "ociVersion": "1.3.0", "id": ID, "pid": "${pid}", "bundle": runtime,
        "masu": {
            "version": 1, "created": "2026-01-01T00:00:00.000Z", "started": "${started}", "start": "${start}",
            "monitor": "${monitor}", "monitorStart": "${monitorStart}", "lasting": true, "image": "busybox", "command": ["sh"],
            "terminal": false, "stop": {"signal": 15, "timeoutMs": 10_000},
            "cgroups": {"directories": {}, "freezer": null},
            "exec": {"namespaces": ["mount", "uts", "ipc", "pid"], "cgroup": null, "cgroupTasks": [], "steps": exec},
            "undo": [{"kind": "remove_tree", "path": runtime, "user": null}],
        },
    });
    ["pid", "start", "monitor", "monitorStart"]
        .iter()
        .fold(record.to_string(), |text, name| text.replace(&format!("\"${{{name}}}\""), &format!("${{{name}}}")))
}
