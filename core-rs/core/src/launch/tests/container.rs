//! A container of a busybox root for one test.

use masu_wire::blank::Blanks;
use masu_wire::error::CoreError;
use masu_wire::plan::HostStep;
use masu_wire::request::{LaunchReply, WaitRequest};
use serde_json::{Value, json};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(10);
const APPLETS: [&str; 12] =
    ["sh", "true", "sleep", "id", "hostname", "stat", "touch", "kill", "seq", "stty", "test", "cat"];

/// Says why when these tests cannot run here.
pub(super) fn can_run(test: &str) -> bool {
    let reason = if crate::init_image::init().is_err() {
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
    pub(super) user: bool,
    pub(super) terminal: bool,
    /// With an init of masu's own, and a filter that is not the last step.
    pub(super) reaper: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            arguments: vec!["true"],
            inside: Vec::new(),
            record: Vec::new(),
            user: false,
            terminal: false,
            reaper: false,
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

    pub(super) fn directory(&self) -> PathBuf {
        scratch(&self.id).join("run").join(&self.id)
    }

    pub(super) fn launch(&self) -> Result<LaunchReply, CoreError> {
        let text = self.request.to_string();
        super::super::launch(serde_json::from_str(&text).unwrap())
    }

    /// This test program once more, as `run` for this container.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "launch::tests::run_in_this_process", "--ignored", "--nocapture", "--quiet"])
            .env("MASU_TEST_REQUEST", self.request.to_string());
        command
    }

    pub(super) fn run(&self) -> Child {
        self.command().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    pub(super) fn wait(&self, launched: &LaunchReply) -> (Option<i32>, Option<i32>) {
        let reply = crate::wait::wait(WaitRequest { pid: launched.pid, pidfd: launched.pidfd }).unwrap();
        (reply.status, reply.signal)
    }

    pub(super) fn tear_down(&self) {
        let blanks = Blanks { text: [("id".to_owned(), self.id.clone())].into(), arguments: Vec::new() };
        let text = self.request["plan"]["afterwards"].to_string();
        let steps: Vec<HostStep> = serde_json::from_str(&masu_wire::blank::fill_json(&text, &blanks)).unwrap();
        let failures = masu_steps::executor::tear_down(steps.iter().enumerate(), crate::init_image::tools());
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
        "before": [directory(&top, true), directory(&own, false), directory(&own.join("rootfs"), false)],
        "clone": {
            "namespaces": namespaces, "join": [], "timeOffsets": [], "cgroup": null, "record": record,
            "user": options.user.then(|| json!({"uidMappings": map, "gidMappings": map, "tools": null, "denySetgroups": false})),
        },
        "network": [],
        "inside": inside(options, &scratch.join("root"), &own),
        "exec": exec(options),
        "afterwards": [{"kind": "remove_tree", "path": own, "user": null}],
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
    steps.push(json!({"kind": "pivot_root"}));
    steps
}

fn exec(options: &Options) -> Vec<Value> {
    let mut steps = vec![json!({"kind": "new_session"})];
    if options.terminal {
        steps.push(json!({"kind": "open_terminal", "rows": 0, "columns": 0, "console": true, "uid": 0}));
    }
    let filter = [json!({"kind": "no_new_privileges"}), json!({"kind": "load_filter", "filter": {"kind": "default"}})];
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
