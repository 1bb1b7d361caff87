//! Namespaces that are joined or can only be entered from inside.

use crate::run::{Run, Scratch, can_run, shell};
use masu_steps::stage_protocol::EnterOrder;
use masu_sys::namespace::flag;
use masu_sys::wait::End;
use masu_wire::plan::{JoinNamespace, Namespace, TimeOffset};
use std::process::{Command, Stdio};

#[test]
fn stage_joins_namespaces_and_makes_others() {
    if !can_run() {
        return;
    }
    // unshare(1) of util-linux makes the ones to join.
    let mut other = Command::new("unshare")
        .args(["-n", "-u", "-i", "-p", "--fork", "sh", "-c", "echo; read x"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Read::read_exact(other.stdout.as_mut().unwrap(), &mut [0]).unwrap();
    let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", other.id())).unwrap();
    let target = children.trim().to_owned();
    let scratch = Scratch::new();
    let script = "exec > /out/result; for name in net uts ipc pid mnt; do readlink /proc/self/ns/$name; done; echo $$";
    std::os::unix::fs::symlink("busybox", scratch.root().join("bin/readlink")).unwrap();
    let mut run = Run::new(&scratch.inside(&[]), &[shell(script)]);
    let join = [(Namespace::Network, "net"), (Namespace::Uts, "uts"), (Namespace::Ipc, "ipc"), (Namespace::Pid, "pid")]
        .map(|(namespace, name)| JoinNamespace { namespace, path: format!("/proc/{target}/ns/{name}") });
    run.enter = Some(EnterOrder { join: join.to_vec(), namespaces: vec![Namespace::Mount], cgroup: None });
    let outcome = run.run();
    let result = scratch.out("result");
    assert_eq!(outcome.end, End::Exited(0), "{outcome:?}");
    let lines: Vec<&str> = result.lines().collect();
    for (line, name) in lines.iter().zip(["net", "uts", "ipc", "pid"]) {
        let expected = std::fs::read_link(format!("/proc/{target}/ns/{name}")).unwrap();
        assert_eq!(*line, expected.to_str().unwrap());
    }
    assert_ne!(lines[4], std::fs::read_link("/proc/self/ns/mnt").unwrap().to_str().unwrap());
    assert_ne!(lines[5], "1");
    drop(other.stdin.take());
    other.wait().unwrap();
}

#[test]
fn stage_names_the_namespace_that_is_not_there() {
    if !can_run() {
        return;
    }
    let mut run = Run::new(&[], &[shell("true")]);
    let join = vec![JoinNamespace { namespace: Namespace::Network, path: "/proc/self/ns/uts".to_owned() }];
    run.enter = Some(EnterOrder { join, namespaces: vec![], cgroup: None });
    let outcome = run.run();
    assert_eq!(
        outcome.error.unwrap().message,
        "Enter the network namespace \"/proc/self/ns/uts\": Invalid argument (EINVAL from setns(2))"
    );
}

#[test]
fn stage_enters_a_time_namespace_with_its_offsets() {
    if !can_run() || !std::path::Path::new("/proc/self/ns/time").exists() {
        return;
    }
    let scratch = Scratch::new();
    let mut run = Run::new(&scratch.inside(&[]), &[shell("cat /proc/uptime > /out/result")]);
    run.namespaces |= flag::PID;
    run.document.new_time_namespace = true;
    run.document.time_offsets = vec![TimeOffset { clock: "boottime".to_owned(), seconds: 1_000_000, nanoseconds: 0 }];
    let outcome = run.run();
    assert_eq!(outcome.end, End::Exited(0), "{outcome:?}");
    let uptime: f64 = scratch.out("result").split(' ').next().unwrap().parse().unwrap();
    assert!(uptime > 1_000_000.0, "{uptime}");
}
