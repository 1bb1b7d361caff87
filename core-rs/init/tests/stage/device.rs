//! Device files of the container.

use crate::run::{Run, Scratch, assert_failed, can_run, shell};
use masu_sys::wait::End;
use masu_wire::error::Group;
use serde_json::json;

#[test]
fn stage_shows_the_hosts_devices_where_none_can_be_made() {
    if !can_run() {
        return;
    }
    let scratch = Scratch::new();
    for name in ["root", "upper", "work", "out", "mount"] {
        crate::container::chown_tree(&scratch.path.join(name), 100_000);
    }
    let fifo = json!({"kind": "make_device", "path": "/dev/pipe", "type": "p", "major": 0, "minor": 0, "mode": 0o620, "uid": 0, "gid": 0});
    let user = json!({"kind": "set_user", "uid": 0, "gid": 0, "groups": []});
    let script = "echo lost > /dev/null && stat -c '%F %t:%T' /dev/null /dev/zero /dev/pipe > /out/result";
    let mut run = Run::new(&scratch.inside(&[fifo]), &[user, shell(script)]);
    run.namespaces |= masu_sys::namespace::flag::USER;
    run.map = Some((0, 100_000));
    run.document.user_namespace = true;
    let outcome = run.run();
    assert!(outcome.error.is_none() && outcome.end == End::Exited(0), "{outcome:?}");
    assert_eq!(scratch.out("result"), "character special file 1:3\ncharacter special file 1:5\nfifo 0:0\n");
}

#[test]
fn stage_makes_no_device_where_a_link_of_the_image_leads() {
    if !can_run() {
        return;
    }
    let scratch = Scratch::new();
    std::fs::create_dir(scratch.root().join("elsewhere")).unwrap();
    std::os::unix::fs::symlink("/elsewhere", scratch.root().join("dev")).unwrap();
    let mut inside = scratch.inside(&[]);
    inside.retain(|step| !step["destination"].as_str().is_some_and(|path| path.starts_with("/dev")));
    let at = inside.iter().position(|step| step["kind"] == "make_device").unwrap();
    let outcome = Run::new(&inside, &[shell("true")]).run();
    let place = (Group::Inside, u32::try_from(at).unwrap());
    assert_failed(&outcome, place, "Make the device \"/dev/null\": its directory is a symbolic link or a file");
    assert!(!scratch.path.join("upper/elsewhere/null").exists());
}
