//! Filters that ask a seccomp agent: a small one, which answers. seccomp_unotify(2)
#![allow(unsafe_code, reason = "the kernel's interface for agents is ioctl(2) alone")]

use super::container::{Container, Options, can_run};
use masu_sys::socket;
use masu_wire::error::Group;
use serde_json::{Value, json};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::thread::JoinHandle;

/// linux/seccomp.h: SECCOMP_IOCTL_NOTIF_RECV and SECCOMP_IOCTL_NOTIF_SEND.
const RECEIVE: libc::c_ulong = 0xc050_2100;
const ANSWER: libc::c_ulong = 0xc018_2101;
/// SECCOMP_USER_NOTIF_FLAG_CONTINUE
const CONTINUE: u32 = 1;
/// EDQUOT: nobody else would say so.
const REFUSAL: i32 = 122;

/// Listens at a socket, and is gone with the test.
struct Agent {
    path: PathBuf,
    thread: Option<JoinHandle<(Value, usize)>>,
}

impl Agent {
    /// Of one process: mkdir(2) and its kin are refused, all else may go on. Ends with what it was told, and how often it was asked.
    fn start(name: &str) -> Self {
        let (path, listener) = Self::bind(name);
        let thread = std::thread::spawn(move || {
            let (connection, _) = listener.accept().unwrap();
            let (state, descriptor) = receive(connection.as_fd());
            (state, answer_all(&descriptor))
        });
        Self { path, thread: Some(thread) }
    }

    /// One that closes every connection at once.
    fn start_deaf(name: &str) -> Self {
        let (path, listener) = Self::bind(name);
        let thread = std::thread::spawn(move || (Value::Null, usize::from(listener.accept().is_ok())));
        Self { path, thread: Some(thread) }
    }

    fn bind(name: &str) -> (PathBuf, UnixListener) {
        let path = std::env::temp_dir().join(format!("masu-agent-{name}-{}", std::process::id()));
        let listener = UnixListener::bind(&path).unwrap();
        (path, listener)
    }

    fn profile(&self, calls: &[&str]) -> Value {
        json!({"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": self.path, "listenerMetadata": "meta",
            "syscalls": [{"names": calls, "action": "SCMP_ACT_NOTIFY"}]})
    }

    fn end(&mut self) -> (Value, usize) {
        self.thread.take().unwrap().join().unwrap()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        std::fs::remove_file(&self.path).unwrap();
    }
}

/// The document, and the one descriptor that came with it.
fn receive(connection: std::os::fd::BorrowedFd<'_>) -> (Value, OwnedFd) {
    let (mut text, mut descriptors) = (Vec::new(), Vec::new());
    let mut buffer = [0; 4096];
    loop {
        let count = socket::receive(connection, &mut buffer, &mut descriptors).unwrap();
        assert!(count > 0, "the document is not whole: {}", String::from_utf8_lossy(&text));
        text.extend_from_slice(&buffer[..count]);
        if let Ok(document) = serde_json::from_slice(&text) {
            assert_eq!(descriptors.len(), 1);
            return (document, descriptors.remove(0));
        }
    }
}

/// Until nobody has the filter any more.
fn answer_all(descriptor: &OwnedFd) -> usize {
    let mut answered = 0;
    loop {
        let mut polled = [rustix::event::PollFd::new(descriptor, rustix::event::PollFlags::IN)];
        rustix::event::poll(&mut polled, None).unwrap();
        if !polled[0].revents().contains(rustix::event::PollFlags::IN) {
            return answered;
        }
        // SAFETY: both structures are the kernel's, of zeros first, as it demands.
        unsafe {
            let (mut asked, mut answer): (libc::seccomp_notif, libc::seccomp_notif_resp) =
                (std::mem::zeroed(), std::mem::zeroed());
            if libc::ioctl(descriptor.as_raw_fd(), RECEIVE as _, &raw mut asked) != 0 {
                continue;
            }
            answer.id = asked.id;
            let own = masu_seccomp::Machine::HOST.abis()[0];
            let is_refused =
                |name: &&str| masu_seccomp::number(name, own).is_some_and(|one| one == asked.data.nr as u32);
            if MKDIR.iter().any(is_refused) {
                answer.error = -REFUSAL;
            } else {
                answer.flags = CONTINUE;
            }
            libc::ioctl(descriptor.as_raw_fd(), ANSWER as _, &raw mut answer);
            answered += 1;
        }
    }
}

const MKDIR: [&str; 2] = ["mkdir", "mkdirat"];
/// The agent's answer is seen, and nothing of the helper.
const SCRIPT: &str = "mkdir /dev/x 2>/dev/shm-none; test ! -e /dev/x && for at in /proc/[0-9]*; do read -r line < $at/comm; test \"$line\" != init || exit 3; done; exit 7";

/// Returns the program's end and its pid.
fn run(name: &str, agent: &Agent, calls: &[&str], options: Options) -> ((Option<i32>, Option<i32>), u32) {
    let options = Options { profile: agent.profile(calls), ..options };
    let container = Container::new(name, &["sh", "-c", SCRIPT], options);
    let launched = container.launch().unwrap();
    let end = container.wait(&launched);
    container.tear_down();
    (end, launched.pid)
}

#[test]
fn launch_hands_the_listener_to_the_agent_and_lets_it_answer() {
    if !can_run("launch_hands_the_listener_to_the_agent_and_lets_it_answer") {
        return;
    }
    for (name, options) in [
        ("asks", Options::default()),
        ("asks-user", Options { user: true, ..Options::default() }),
        ("asks-reaper", Options { reaper: true, ..Options::default() }),
    ] {
        let mut agent = Agent::start(name);
        let (end, pid) = run(name, &agent, &MKDIR, options);
        assert_eq!(end, (Some(7), None), "{name}");
        let (state, asked) = agent.end();
        let told = json!({"ociVersion": "1.2.0", "fds": ["seccompFd"], "pid": pid, "metadata": "meta",
            "state": {"ociVersion": "1.2.0", "id": format!("{name}-{}", std::process::id()), "pid": pid}});
        assert_eq!((state, asked), (told, 1), "{name}");
    }
}

#[test]
fn launch_needs_no_call_that_the_agent_is_asked_about() {
    if !can_run("launch_needs_no_call_that_the_agent_is_asked_about") {
        return;
    }
    let calls = [
        "sendmsg",
        "write",
        "execve",
        "close",
        "exit_group",
        "clone",
        "rt_sigprocmask",
        "mmap",
        "munmap",
        "brk",
        "sendto",
    ];
    let mut agent = Agent::start("all");
    let (end, _) = run("all", &agent, &calls, Options::default());
    assert_eq!(end, (Some(7), None));
    assert!(agent.end().1 > 5);
}

#[test]
fn launch_fails_where_the_agent_does_not_take_the_listener() {
    if !can_run("launch_fails_where_the_agent_does_not_take_the_listener") {
        return;
    }
    let mut agent = Agent::start_deaf("deaf");
    let options = Options { profile: agent.profile(&MKDIR), ..Options::default() };
    let container = Container::new("deaf", &["sh", "-c", "touch /dev/ran"], options);
    // It is accepted by the kernel before the agent closes it, which the stage shall see.
    let error = container.launch().unwrap_err();
    assert_eq!(agent.end(), (Value::Null, 1));
    assert!(error.message.starts_with("Send the seccomp listener to its agent: "), "{error:?}");
    assert_eq!(error.place.map(|place| place.group), Some(Group::Exec));
    assert_eq!(container.processes(), Vec::<String>::new());
}

#[test]
fn launch_hands_the_listener_of_another_program_over_from_outside() {
    if !can_run("launch_hands_the_listener_of_another_program_over_from_outside") {
        return;
    }
    let mut agent = Agent::start("enters");
    let first = Agent::start("entered");
    let options = Options { profile: first.profile(&MKDIR), ..Options::default() };
    let container = Container::new("entered", &["sleep", "100"], options);
    let launched = container.launch().unwrap();
    let mut entered = container.enter(&launched, &["sh", "-c", SCRIPT]);
    entered.set_profile(&agent.profile(&MKDIR));
    let program = entered.launch().unwrap();
    assert_eq!(entered.wait(&program), (Some(7), None));
    let (state, asked) = agent.end();
    assert_eq!(
        (&state["pid"], &state["state"]["pid"], asked),
        (&json!(program.pid), &json!(program.pid), 1),
        "{state}"
    );
    masu_sys::signalfd::kill(launched.pid, 9).unwrap();
    container.wait(&launched);
    container.tear_down();
}
