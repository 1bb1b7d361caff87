//! A root directory of busybox, a plan in JSON, and the core's part of the conversation with the stage.

use masu_steps::stage_protocol::{self as protocol, EnterOrder, StageDocument, StageMessage, StageOrder};
use masu_sys::clone::{Program, Start, clone_init};
use masu_sys::namespace::flag;
use masu_sys::seccomp::Instruction;
use masu_sys::wait::{self, End};
use masu_sys::{memfd, signal, socket};
use masu_wire::error::{CoreError, Group};
use masu_wire::plan::StageStep;
use serde_json::{Value, json};
use std::ffi::CString;
use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A scratch directory that goes with the test.
pub(crate) struct Scratch {
    pub(crate) path: PathBuf,
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.path).unwrap();
    }
}

impl Scratch {
    /// `root` with busybox, `upper`, `work`, the mount point `mount`, and `out` for what programs write.
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("masu-stage-{}-{number}", std::process::id()));
        for name in ["root/bin", "root/etc", "root/tmp", "upper", "work", "mount", "out"] {
            fs::create_dir_all(path.join(name)).unwrap();
        }
        fs::copy("/bin/busybox", path.join("root/bin/busybox")).unwrap();
        for name in
            ["sh", "cat", "id", "ls", "hostname", "sleep", "mount", "stat", "ps", "true", "kill", "date", "tty", "stty"]
        {
            symlink("busybox", path.join("root/bin").join(name)).unwrap();
        }
        Self { path }
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.path.join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.path.join("root")
    }

    /// What a program wrote to `/out/NAME`.
    pub(crate) fn out(&self, name: &str) -> String {
        fs::read_to_string(self.path.join("out").join(name)).unwrap_or_default()
    }

    /// The steps of a usual container up to `pivot_root`; `extra` go before it.
    pub(crate) fn inside(&self, extra: &[Value]) -> Vec<Value> {
        let mount = |fstype: &str, destination: &str, flags: u32, data: &str| json!({"kind": "mount", "source": fstype, "destination": destination, "type": fstype, "flags": flags, "data": data, "create": "directory"});
        let device = |path: &str, minor: u32| json!({"kind": "make_device", "path": path, "type": "c", "major": 1, "minor": minor, "mode": 0o666, "uid": 0, "gid": 0});
        let link = |path: &str, target: &str| json!({"kind": "make_symlink", "path": path, "target": target});
        let mut steps = vec![
            json!({"kind": "set_propagation", "propagation": "rprivate"}),
            json!({"kind": "mount_root", "path": self.text("mount"), "root": {"kind": "overlay", "layer": {
                "lower": [self.text("root")], "upper": self.text("upper"), "work": self.text("work"), "options": [], "idmapped": false}}}),
            mount("proc", "/proc", 14, ""),
            mount("tmpfs", "/dev", 2 | 1 << 24, "mode=755,size=65536k"),
            device("/dev/null", 3),
            device("/dev/zero", 5),
            link("/dev/fd", "/proc/self/fd"),
            link("/dev/ptmx", "pts/ptmx"),
            mount("devpts", "/dev/pts", 10, "newinstance,ptmxmode=0666,mode=0620,gid=5"),
            mount("tmpfs", "/dev/shm", 14, "mode=1777,size=65536k"),
            mount("sysfs", "/sys", 15, ""),
            json!({"kind": "bind", "source": self.text("out"), "destination": "/out", "recursive": false, "flags": 0,
                "recursiveReadOnly": false, "propagation": null, "create": "directory"}),
        ];
        steps.extend_from_slice(extra);
        steps.push(json!({"kind": "pivot_root"}));
        steps
    }
}

/// One run of the stage.
pub(crate) struct Run {
    pub(crate) namespaces: u32,
    pub(crate) enter: Option<EnterOrder>,
    /// `host inside size` of both maps, written by this process.
    pub(crate) map: Option<(u32, u32)>,
    pub(crate) document: StageDocument,
    /// Layers to clone and map through the child's user namespace.
    pub(crate) idmapped: Vec<String>,
}

/// How it went.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) error: Option<CoreError>,
    pub(crate) end: End,
    pub(crate) master: Option<OwnedFd>,
}

/// A run whose program is still there.
pub(crate) struct Running {
    pub(crate) pid: u32,
    pub(crate) error: Option<CoreError>,
    pub(crate) master: Option<OwnedFd>,
}

pub(crate) const ALL: u32 = flag::MOUNT | flag::UTS | flag::IPC | flag::NETWORK | flag::PID;

pub(crate) fn steps(list: &[Value]) -> Vec<StageStep> {
    list.iter()
        .map(|step| serde_json::from_value(step.clone()).unwrap_or_else(|error| panic!("{error}: {step}")))
        .collect()
}

/// `sh -c SCRIPT`
pub(crate) fn shell(script: &str) -> Value {
    json!({"kind": "execute", "arguments": ["sh", "-c", script], "environment": ["PATH=/bin"], "reaper": false})
}

impl Run {
    pub(crate) fn new(inside: &[Value], exec: &[Value]) -> Self {
        let document = StageDocument {
            user_namespace: false,
            new_time_namespace: false,
            time_offsets: Vec::new(),
            cgroup: None,
            network: Vec::new(),
            inside: steps(inside),
            exec: steps(exec),
            stdio: false,
            listener: false,
            signal_mask: 0,
            part: None,
        };
        Self { namespaces: ALL, enter: None, map: None, document, idmapped: Vec::new() }
    }

    pub(crate) fn run(self) -> Outcome {
        let Running { pid, error, master } = self.start();
        Outcome { error, master, end: wait::reap(pid).unwrap() }
    }

    pub(crate) fn start(self) -> Running {
        let init = memfd::sealed_executable(c"init", &fs::read(env!("CARGO_BIN_EXE_init")).unwrap()).unwrap();
        let (here, there) = socket::stream_pair().unwrap();
        let number = std::os::fd::AsRawFd::as_raw_fd(&there).to_string();
        let arguments = ["masu", "stage", &number].map(|text| CString::new(text).unwrap());
        let program =
            Program { executable: init.as_fd(), arguments: &arguments, environment: &[], keep: there.as_fd() };
        let namespaces = if self.enter.is_some() { 0 } else { self.namespaces.into() };
        let mut pid = clone_init(&program, &Start { namespaces, cgroup: None }).unwrap().pid;
        drop(there);
        if let Some(order) = self.enter {
            protocol::send(here.as_fd(), &StageOrder::Enter(order), &[]).unwrap();
            let received = protocol::receive(here.as_fd()).unwrap().expect("the stage died");
            match received.message {
                StageMessage::Entered { pid: entered } => {
                    assert_eq!(wait::reap(pid).unwrap(), End::Exited(0));
                    assert_eq!(received.descriptors.len(), 1, "a pidfd");
                    pid = entered;
                }
                StageMessage::Failed { error } => return Running { pid, error: Some(*error), master: None },
                other => panic!("{other:?}"),
            }
        }
        if let Some((inside, outside)) = self.map {
            for map in ["uid_map", "gid_map"] {
                fs::write(format!("/proc/{pid}/{map}"), format!("{inside} {outside} 65536")).unwrap();
            }
        }
        let trees: Vec<OwnedFd> = self.idmapped.iter().map(|path| mapped_clone(path, pid)).collect();
        let descriptors: Vec<_> = trees.iter().map(AsFd::as_fd).collect();
        protocol::send(here.as_fd(), &StageOrder::Start(Box::new(self.document)), &descriptors).unwrap();
        drop(trees);
        let (mut error, mut master, mut executing) = (None, None, false);
        while let Some(received) = protocol::receive::<StageMessage>(here.as_fd()).unwrap() {
            match received.message {
                StageMessage::Terminal => master = received.descriptors.into_iter().next(),
                StageMessage::Executing => executing = true,
                StageMessage::Failed { error: failure } => error = Some(*failure),
                other => panic!("{other:?}"),
            }
        }
        assert!(executing || error.is_some(), "the stage died without a word");
        Running { pid, error, master }
    }
}

fn mapped_clone(path: &str, pid: u32) -> OwnedFd {
    let tree = masu_sys::mount::clone_tree(path, false).unwrap();
    let namespace = fs::File::open(format!("/proc/{pid}/ns/user")).unwrap();
    masu_sys::mount::map_owners(tree.as_fd(), namespace.as_fd(), false).unwrap();
    tree
}

impl Running {
    pub(crate) fn signal(&self, number: i32) {
        signal::send(self.pid as i32, number).unwrap();
    }

    pub(crate) fn end(self) -> End {
        wait::reap(self.pid).unwrap()
    }
}

/// Hides system calls from this thread and all that it starts: ENOSYS, as of a kernel that does not have them.
pub(crate) fn hide(calls: &[libc::c_long]) {
    let instruction = |code, jt, jf, k| Instruction { code, jt, jf, k };
    let mut program = vec![instruction(0x20, 0, 0, 0)];
    for call in calls {
        let answer = instruction(0x06, 0, 0, 0x5_0000 | libc::ENOSYS as u32);
        program.extend([instruction(0x15, 0, 1, *call as u32), answer]);
    }
    program.push(instruction(0x06, 0, 0, 0x7fff_0000));
    masu_sys::seccomp::load(0, &program).unwrap();
}

/// Waits until a file has been written.
pub(crate) fn await_file(path: &Path) -> String {
    for _ in 0..500 {
        match fs::read_to_string(path) {
            Ok(text) if !text.is_empty() => return text,
            _ => std::thread::sleep(std::time::Duration::from_millis(10)),
        }
    }
    panic!("{} was not written", path.display())
}

/// Root and busybox are what these tests need; they say so where there is none.
pub(crate) fn can_run() -> bool {
    let able = masu_sys::credential::user() == 0 && Path::new("/bin/busybox").exists();
    if !able {
        let demanded =
            std::env::var("MASU_TESTS_MUST_RUN").is_ok_and(|names| names.split(',').any(|name| name == "stage"));
        assert!(!demanded, "MASU_TESTS_MUST_RUN demands stage, this host lacks root or /bin/busybox");
        println!("skipped: needs root and /bin/busybox");
    }
    able
}

#[track_caller]
pub(crate) fn assert_failed(outcome: &Outcome, place: (Group, u32), message: &str) {
    let error = outcome.error.as_ref().unwrap_or_else(|| panic!("no error: {outcome:?}"));
    let found = error.place.map(|place| (place.group, place.index));
    assert!(error.message.contains(message) && found == Some(place), "{error:?}");
}
