//! A container of a busybox root for one test.

use masu_steps::executor::{Tools, placed};
use masu_sys::wait::End;
use masu_wire::blank::Blanks;
use masu_wire::error::{CoreError, Group};
use masu_wire::plan::HostStep;
use masu_wire::request::LaunchReply;
use serde_json::{Value, json};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(10);
const APPLETS: [&str; 13] =
    ["sh", "true", "sleep", "id", "hostname", "stat", "touch", "kill", "seq", "stty", "test", "cat", "mkdir"];

/// Says why when these tests cannot run here.
pub(super) fn can_run(test: &str) -> bool {
    let reason = if crate::tests::init().is_none() {
        "the core was built without MASU_INIT"
    } else if !rustix::process::geteuid().is_root() {
        "not root"
    } else if !is_static("/bin/busybox") {
        "no static /bin/busybox"
    } else {
        return true;
    };
    println!("{test} [skipped: {reason}]");
    false
}

/// It names no loader (PT_INTERP).
fn is_static(path: &str) -> bool {
    std::fs::read(path)
        .is_ok_and(|bytes| !bytes.windows(10).any(|window| window == b"/ld-linux-" || window == b"/lib64/ld-"))
}

/// How a container differs from the usual one.
#[derive(Clone)]
pub(super) struct Options {
    pub(super) arguments: Vec<&'static str>,
    pub(super) inside: Vec<Value>,
    pub(super) record: Vec<Value>,
    /// Done by the core while the stage waits in `await_runtime`.
    pub(super) created: Vec<Value>,
    /// Done by the core once the program runs.
    pub(super) started: Vec<Value>,
    pub(super) user: bool,
    pub(super) terminal: bool,
    /// With an init of masu's own, and a filter that is not the last step.
    pub(super) reaper: bool,
    /// `linux.seccomp`; null: the default.
    pub(super) profile: Value,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            arguments: vec!["true"],
            inside: Vec::new(),
            record: Vec::new(),
            created: Vec::new(),
            started: Vec::new(),
            user: false,
            terminal: false,
            reaper: false,
            profile: Value::Null,
        }
    }
}

/// Its directories are gone when the test ends.
pub(super) struct Container {
    id: String,
    request: Value,
}

/// This container's alone, on a tmpfs, where masu keeps what runs.
fn scratch(id: &str) -> PathBuf {
    PathBuf::from(format!("/dev/shm/masu-launch-{id}"))
}

fn make_root(scratch: &Path) {
    let root = scratch.join("root");
    for directory in ["bin", "proc", "dev", "etc"] {
        std::fs::create_dir_all(root.join(directory)).unwrap();
    }
    std::fs::copy("/bin/busybox", root.join("bin/busybox")).unwrap();
    for applet in APPLETS {
        symlink("busybox", root.join("bin").join(applet)).unwrap();
    }
}

impl Container {
    pub(super) fn new(name: &str, arguments: &[&str], options: Options) -> Self {
        let id = format!("{name}-{}", std::process::id());
        make_root(&scratch(&id));
        let request = json!({
            "plan": plan(&scratch(&id), &options), "blanks": {"id": id}, "arguments": arguments,
            "monitor": {"bareInit": true, "detachKeys": []},
        });
        Self { id, request }
    }

    /// Another program in it, with the same steps.
    pub(super) fn enter(&self, launched: &LaunchReply, arguments: &[&str]) -> Self {
        let mut request = self.request.clone();
        request["arguments"] = json!(arguments);
        let plan = &mut request["plan"];
        for group in ["before", "inside", "afterwards"] {
            plan[group] = json!([]);
        }
        plan["clone"] = json!({"namespaces": [], "join": [], "timeOffsets": [], "cgroup": null, "record": [], "user": null,
            "enter": {"pid": launched.pid, "start": launched.start, "namespaces": ["mount", "uts", "ipc", "pid"], "cgroupTasks": []}});
        Self { id: format!("{}-entered", self.id), request }
    }

    pub(super) fn set_profile(&mut self, profile: &Value) {
        let steps = self.request["plan"]["exec"].as_array_mut().unwrap();
        let filter = steps.iter_mut().find(|step| step["kind"] == "load_filter").unwrap();
        filter["filter"]["profile"] = profile.clone();
    }

    pub(super) fn directory(&self) -> PathBuf {
        scratch(&self.id).join("run").join(&self.id)
    }

    pub(super) fn launch(&self) -> Result<LaunchReply, CoreError> {
        let text = self.request.to_string();
        crate::launch(serde_json::from_str(&text).unwrap(), crate::tests::init().unwrap())
    }

    /// This test program once more, as `run` for this container.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "tests::run_in_this_process", "--ignored", "--nocapture", "--quiet"])
            .env("MASU_TEST_REQUEST", self.request.to_string());
        command
    }

    pub(super) fn run(&self) -> Child {
        self.command().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    pub(super) fn wait(&self, launched: &LaunchReply) -> (Option<i32>, Option<i32>) {
        match masu_sys::wait::reap(launched.pid).unwrap() {
            End::Exited(status) => (Some(status), None),
            End::Signalled(signal) => (None, Some(signal)),
        }
    }

    pub(super) fn tear_down(&self) {
        let blanks = Blanks { text: [("id".to_owned(), self.id.clone())].into(), arguments: Vec::new() };
        let text = self.request["plan"]["afterwards"].to_string();
        let steps: Vec<HostStep> = serde_json::from_str(&masu_wire::blank::fill_json(&text, &blanks)).unwrap();
        let failures =
            masu_steps::executor::tear_down(placed(Group::Afterwards, &steps), Tools { init: crate::tests::init() });
        assert!(failures.is_empty(), "{failures:?}");
    }

    /// The first process, as it was recorded.
    pub(super) fn pid(&self) -> u32 {
        let state = std::fs::read_to_string(self.directory().join("state")).unwrap();
        state.split(' ').next().unwrap().parse().unwrap()
    }

    /// Command lines of all processes that work in this container's root, zombies aside.
    pub(super) fn processes(&self) -> Vec<String> {
        let environment = format!("MASU_TEST_ID={}", self.id);
        let pids =
            std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().into_string().ok());
        let of_container = pids.filter(|pid| {
            std::fs::read(format!("/proc/{pid}/environ"))
                .is_ok_and(|text| String::from_utf8_lossy(&text).contains(&environment))
        });
        of_container.map(|pid| std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default()).collect()
    }

    /// The program made `/dev/ready`, which only its own mount namespace shows, and the run has become its monitor.
    pub(super) fn wait_until_ready(&self, run: &Child) {
        self.wait_until(|| {
            Self::is_monitor(run) && Path::new(&format!("/proc/{}/root/dev/ready", self.pid())).exists()
        });
    }

    fn is_monitor(run: &Child) -> bool {
        std::fs::read_to_string(format!("/proc/{}/cmdline", run.id()))
            .is_ok_and(|line| line.starts_with("masu\0monitor\0"))
    }

    pub(super) fn wait_for_state(&self, pid: u32, state: char) {
        self.wait_until(|| {
            let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            text.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with(state))
        });
    }

    pub(super) fn wait_until(&self, condition: impl Fn() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !condition() {
            assert!(Instant::now() < deadline, "{}: not within {PATIENCE:?}", self.id);
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // A test that failed may have left it; the failure is what counts.
        let _ = std::fs::remove_dir_all(scratch(&self.id));
    }
}

fn plan(scratch: &Path, options: &Options) -> Value {
    let top = scratch.join("run");
    let own = top.join("${id}");
    let directory = |path: &Path, parents: bool| json!({"kind": "make_directory", "path": path, "mode": 0o711, "parents": parents, "owner": null});
    let map = json!([{"containerID": 0, "hostID": 100_000, "size": 65_536}]);
    let mut namespaces = vec!["mount", "uts", "ipc", "pid"];
    if options.user {
        namespaces.push("user");
    }
    let mut record = vec![
        json!({"kind": "write_file", "path": own.join("state"), "text": "${pid} ${start} $${pid}", "mode": 0o600, "exclusive": false}),
    ];
    record.extend(options.record.iter().cloned());
    json!({
        "version": masu_wire::plan::PLAN_VERSION,
        "facts": [],
        "create": [],
        "before": [directory(&top, true), directory(&own, false), directory(&own.join("rootfs"), false)],
        "clone": {
            "namespaces": namespaces, "join": [], "timeOffsets": [], "cgroup": null, "record": record,
            "user": options.user.then(|| json!({"uidMappings": map, "gidMappings": map, "tools": null, "denySetgroups": false})),
        },
        "network": [],
        "inside": inside(options, &scratch.join("root"), &own),
        "created": options.created,
        "started": options.started,
        "exec": exec(options),
        "afterwards": [{"kind": "remove_tree", "path": own, "user": null}],
        "delete": [],
    })
}

fn inside(options: &Options, root: &Path, own: &Path) -> Vec<Value> {
    let mount = |kind: &str, destination: &str, data: &str| json!({"kind": "mount", "source": kind, "destination": destination, "type": kind, "flags": 2, "data": data, "create": "directory"});
    let mut steps = vec![
        json!({"kind": "set_hostname", "name": "box"}),
        json!({"kind": "set_propagation", "propagation": "rslave"}),
        json!({"kind": "mount_root", "path": own.join("rootfs"),
            "root": {"kind": "bind", "source": root, "recursive": false, "idmapped": options.user}}),
        mount("proc", "/proc", ""),
        mount("tmpfs", "/dev", "mode=755"),
        mount("devpts", "/dev/pts", "newinstance,ptmxmode=0666,mode=0620"),
        json!({"kind": "make_symlink", "path": "/dev/ptmx", "target": "pts/ptmx"}),
    ];
    steps.extend(options.inside.iter().cloned());
    if !options.created.is_empty() {
        steps.push(json!({"kind": "await_runtime"}));
    }
    steps.push(json!({"kind": "pivot_root"}));
    steps
}

fn exec(options: &Options) -> Vec<Value> {
    let mut steps = vec![json!({"kind": "new_session"})];
    if options.terminal {
        steps.push(json!({"kind": "open_terminal", "rows": 0, "columns": 0, "console": true, "uid": 0}));
    }
    let load = match &options.profile {
        Value::Null => json!({"kind": "default"}),
        profile => json!({"kind": "profile", "profile": profile, "state": {"ociVersion": "1.2.0", "id": "${id}"}}),
    };
    let filter = [json!({"kind": "no_new_privileges"}), json!({"kind": "load_filter", "filter": load})];
    let close = json!({"kind": "close_descriptors", "keep": 0});
    if options.reaper {
        steps.extend(filter);
        steps.push(close);
    } else {
        steps.push(close);
        steps.extend(filter);
    }
    let environment = ["PATH=/bin", "MASU_TEST_ID=${id}"];
    steps.push(
        json!({"kind": "execute", "arguments": ["${arguments}"], "environment": environment, "reaper": options.reaper}),
    );
    steps
}
