//! New file systems: what they begin with, and where the kernel does not give one.

use crate::run::{Run, Scratch, assert_failed, can_run, shell};
use masu_sys::mount::ms;
use masu_sys::wait::End;
use masu_wire::error::{ErrorCode, Group};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

fn tmpfs(destination: &str, more: &Value) -> Value {
    let mut step = json!({"kind": "mount", "source": "tmpfs", "destination": destination, "type": "tmpfs", "flags": 0, "data": "", "create": "directory"});
    step.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    step
}

/// What a script writes in a container with these mounts.
fn result_of(scratch: &Scratch, mounts: &[Value], script: &str) -> String {
    let script = format!("exec > /out/result 2>&1; {script}");
    let outcome = Run::new(&scratch.inside(mounts), &[shell(&script)]).run();
    assert!(outcome.error.is_none() && outcome.end == End::Exited(0), "{outcome:?}\n{}", scratch.out("result"));
    scratch.out("result")
}

#[test]
fn stage_fills_a_tmpfs_with_what_it_covers() {
    if can_run() {
        fill_a_tmpfs();
    }
}

#[test]
fn stage_fills_a_tmpfs_and_sets_attributes_without_openat2() {
    if !can_run() {
        return;
    }
    std::thread::spawn(|| {
        crate::run::hide(&[libc::SYS_openat2]);
        fill_a_tmpfs();
        set_attributes();
        take_modes();
    })
    .join()
    .unwrap();
}

fn fill_a_tmpfs() {
    let scratch = Scratch::new();
    let covered = scratch.root().join("home");
    fs::create_dir_all(covered.join("deep")).unwrap();
    fs::write(covered.join("deep/file"), "of the image").unwrap();
    fs::set_permissions(&covered, PermissionsExt::from_mode(0o1711)).unwrap();
    fs::set_permissions(covered.join("deep/file"), PermissionsExt::from_mode(0o640)).unwrap();
    std::os::unix::fs::chown(covered.join("deep/file"), Some(7), Some(8)).unwrap();
    symlink("../../../etc/shadow", covered.join("link")).unwrap();
    for name in ["readlink", "grep"] {
        symlink("busybox", scratch.root().join("bin").join(name)).unwrap();
    }
    let copied = tmpfs("/home", &json!({"flags": ms::RDONLY | ms::NODEV, "data": "size=1m", "copyUp": true}));
    let script = "cat /home/deep/file; echo; stat -c '%a %u:%g' /home/deep/file; stat -c %a /home; readlink /home/link
        grep ' /home ' /proc/self/mountinfo | grep -o 'ro,nodev,relatime'; (echo > /home/x) 2>/dev/null || echo read-only";
    let result = result_of(&scratch, &[copied], script);
    let expected = "of the image\n640 7:8\n1711\n../../../etc/shadow\nro,nodev,relatime\nread-only\n";
    assert_eq!(result, expected);
}

#[test]
fn stage_gives_a_tmpfs_the_mode_of_the_directory_that_it_covers() {
    if can_run() {
        take_modes();
    }
}

fn take_modes() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.root().join("there")).unwrap();
    fs::set_permissions(scratch.root().join("there"), PermissionsExt::from_mode(0o2750)).unwrap();
    let mounts = [tmpfs("/there", &json!({})), tmpfs("/made", &json!({})), tmpfs("/tmp", &json!({"data": "mode=700"}))];
    assert_eq!(result_of(&scratch, &mounts, "stat -c %a /there /made /tmp"), "2750\n1777\n700\n");
}

#[test]
fn stage_refuses_to_fill_what_is_no_tmpfs() {
    if !can_run() {
        return;
    }
    let scratch = Scratch::new();
    let step = tmpfs("/x", &json!({"type": "ramfs", "copyUp": true}));
    let inside = scratch.inside(&[step]);
    let outcome = Run::new(&inside, &[shell("true")]).run();
    let at = u32::try_from(inside.len() - 2).unwrap();
    assert_failed(&outcome, (Group::Inside, at), "only a tmpfs can begin with what it covers");
    assert_eq!(outcome.error.unwrap().code, ErrorCode::InvalidConfig);
}

#[test]
fn stage_sets_attributes_of_a_new_mount() {
    if can_run() {
        set_attributes();
    }
}

fn set_attributes() {
    let scratch = Scratch::new();
    symlink("busybox", scratch.root().join("bin/grep")).unwrap();
    let step = tmpfs("/x", &json!({"attributes": {"set": 1 | 8, "clear": 0}}));
    let result = result_of(&scratch, &[step], "grep -o ' /x [a-z,]*' /proc/self/mountinfo");
    assert_eq!(result, " /x ro,noexec,relatime\n");
}

#[test]
fn stage_shows_the_hosts_sysfs_to_a_user_namespace_with_the_hosts_network() {
    if !can_run() {
        return;
    }
    let scratch = Scratch::new();
    let mut inside = scratch.inside(&[]);
    inside.retain(|step| step["kind"] != "make_device");
    for name in ["root", "upper", "work", "out", "mount"] {
        crate::container::chown_tree(&scratch.path.join(name), 100_000);
    }
    symlink("busybox", scratch.root().join("bin/touch")).unwrap();
    let user = json!({"kind": "set_user", "uid": 0, "gid": 0, "groups": []});
    let script = "exec > /out/result 2>&1; ls -d /sys/class/net; stat -f -c %t /sys; (echo > /sys/kernel/uevent_seqnum) 2>&1 | cat";
    let mut run = Run::new(&inside, &[user, shell(script)]);
    run.namespaces |= masu_sys::namespace::flag::USER;
    run.namespaces &= !masu_sys::namespace::flag::NETWORK;
    run.map = Some((0, 100_000));
    run.document.user_namespace = true;
    let outcome = run.run();
    let result = scratch.out("result");
    assert!(outcome.error.is_none(), "{outcome:?}");
    assert!(result.starts_with("/sys/class/net\n62656572\n") && result.contains("Read-only file system"), "{result}");
}
