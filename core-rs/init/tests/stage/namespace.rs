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
    run.enter = Some(EnterOrder {
        enter: None,
        join: join.to_vec(),
        namespaces: vec![Namespace::Mount],
        cgroup: None,
        oom_score_adj: None,
        part: None,
    });
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
    run.enter =
        Some(EnterOrder { enter: None, join, namespaces: vec![], cgroup: None, oom_score_adj: None, part: None });
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

#[test]
fn stage_joins_a_user_namespace_and_becomes_its_root() {
    if !can_run() {
        return;
    }
    // The other one is a container of the stage's own, with maps.
    let scratch = Scratch::new();
    let mut other = Run::new(&[], &[shell("read x")]);
    other.document.exec = crate::run::steps(&[
        serde_json::json!({"kind": "execute", "arguments": ["/bin/busybox", "sleep", "100"], "environment": [], "reaper": false}),
    ]);
    other.namespaces = flag::USER | flag::NETWORK | flag::PID;
    other.map = Some((0, 100_000));
    other.document.user_namespace = true;
    let other = other.start();
    assert!(other.error.is_none(), "{:?}", other.error);
    let script = "exec > /out/result; id -u; cat /proc/self/uid_map; readlink /proc/self/ns/net; ip link set lo mtu 1234 && echo admin";
    for name in ["readlink", "ip"] {
        std::os::unix::fs::symlink("busybox", scratch.root().join("bin").join(name)).unwrap();
    }
    std::fs::set_permissions(scratch.path.join("out"), std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    for name in ["mount", "upper", "work"] {
        std::os::unix::fs::chown(scratch.path.join(name), Some(100_000), Some(100_000)).unwrap();
    }
    let mut inside = scratch.inside(&[]);
    inside.retain(|step| step["kind"] != "make_device");
    let mut run = Run::new(&inside, &[shell(script)]);
    let join = [(Namespace::Network, "net"), (Namespace::User, "user"), (Namespace::Pid, "pid")]
        .map(|(namespace, name)| JoinNamespace { namespace, path: format!("/proc/{}/ns/{name}", other.pid) });
    run.enter = Some(EnterOrder {
        enter: None,
        join: join.to_vec(),
        namespaces: vec![Namespace::Mount, Namespace::Uts, Namespace::Ipc],
        cgroup: None,
        oom_score_adj: None,
        part: None,
    });
    run.document.user_namespace = true;
    let outcome = run.run();
    let net = std::fs::read_link(format!("/proc/{}/ns/net", other.pid)).unwrap();
    other.signal(libc::SIGKILL);
    other.end();
    let result = scratch.out("result");
    let lines: Vec<String> = result.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(lines, ["0", "0 100000 65536", net.to_str().unwrap(), "admin"], "{outcome:?}");
    assert_eq!(outcome.end, End::Exited(0));
}
