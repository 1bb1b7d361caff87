//! Bind mounts whose options differ from their source's.

use crate::run::{Outcome, Run, Scratch, assert_failed, can_run, shell};
use masu_sys::mount::{self as mounts, ms};
use masu_sys::wait::End;
use masu_wire::error::Group;
use serde_json::{Value, json};

/// A tmpfs of the host with another one below it, for the time of a test.
struct Source(Vec<String>);

impl Source {
    fn new(scratch: &Scratch, flags: u32) -> Self {
        let top = scratch.text("source");
        let below = format!("{top}/below");
        std::fs::create_dir(&top).unwrap();
        mounts::mount("tmpfs", &top, "tmpfs", flags, "").unwrap();
        std::fs::create_dir(&below).unwrap();
        mounts::mount("tmpfs", &below, "tmpfs", 0, "").unwrap();
        std::fs::write(format!("{below}/file"), "").unwrap();
        Self(vec![below, top])
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.0.iter().for_each(|path| mounts::detach(path).unwrap());
    }
}

fn bind(scratch: &Scratch, more: &Value) -> Value {
    let mut step = json!({"kind": "bind", "source": scratch.text("source"), "destination": "/data", "recursive": true, "flags": 0,
        "recursiveReadOnly": false, "propagation": null, "create": "directory"});
    step.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    step
}

/// The options of what is mounted on `/data` and below it, as mountinfo shows them.
fn options_of(scratch: &Scratch, step: Value) -> Vec<String> {
    let script = "while read a b c d point options rest; do case $point in /data*) echo $options;; esac; done < /proc/self/mountinfo > /out/result";
    let outcome = Run::new(&scratch.inside(&[step]), &[shell(script)]).run();
    assert!(outcome.error.is_none() && outcome.end == End::Exited(0), "{outcome:?}");
    scratch.out("result").lines().map(str::to_owned).collect()
}

#[test]
fn stage_changes_what_a_bind_mount_says_and_nothing_else() {
    if !can_run() {
        return;
    }
    let scratch = Scratch::new();
    let _source = Source::new(&scratch, ms::NOSUID | ms::NOEXEC | ms::NOATIME);
    const RDONLY: u32 = 1;
    const ATIME: u32 = 0x70;
    for (name, more, top, below) in [
        ("nothing", json!({}), "rw,nosuid,noexec,noatime", "rw,relatime"),
        ("a flag", json!({"flags": ms::NODEV}), "rw,nosuid,nodev,noexec,noatime", "rw,relatime"),
        ("a flag off", json!({"clear": ms::NOEXEC}), "rw,nosuid,noatime", "rw,relatime"),
        ("one on, one off", json!({"flags": ms::RDONLY, "clear": ms::NOSUID}), "ro,noexec,noatime", "rw,relatime"),
        ("no noatime", json!({"clear": ms::NOATIME}), "rw,nosuid,noexec,relatime", "rw,relatime"),
        ("strictatime", json!({"flags": ms::STRICTATIME}), "rw,nosuid,noexec", "rw,relatime"),
        ("rro", json!({"attributes": {"set": RDONLY, "clear": 0}}), "ro,nosuid,noexec,noatime", "ro,relatime"),
        (
            "rnoatime and rsuid",
            json!({"attributes": {"set": 0x10, "clear": ATIME | 2}}),
            "rw,noexec,noatime",
            "rw,noatime",
        ),
        ("rrelatime", json!({"attributes": {"set": 0, "clear": ATIME}}), "rw,nosuid,noexec,relatime", "rw,relatime"),
    ] {
        let options = options_of(&scratch, bind(&scratch, &more));
        assert_eq!(options, [top, below], "{name}");
        if more["attributes"].is_null() {
            // The same by mount(2), as before Linux 5.12.
            let step = bind(&scratch, &more);
            let options = without(&[libc::SYS_mount_setattr, libc::SYS_open_tree], || options_of(&scratch, step));
            assert_eq!(options, [top, below], "{name} by mount(2)");
        }
    }
}

/// With calls that answer ENOSYS, in a thread of its own.
fn without<T: Send>(calls: &[libc::c_long], run: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let started = scope.spawn(|| {
            crate::run::hide(calls);
            run()
        });
        started.join().unwrap()
    })
}

#[test]
fn stage_refuses_changes_below_a_mount_before_linux_5_12() {
    if !can_run() {
        return;
    }
    let scratch = Scratch::new();
    let _source = Source::new(&scratch, 0);
    let step = bind(&scratch, &json!({"attributes": {"set": 1, "clear": 0}}));
    let outcome = without(&[libc::SYS_mount_setattr], || Run::new(&scratch.inside(&[step]), &[shell("true")]).run());
    let hint = outcome.error.as_ref().and_then(|error| error.hint.clone()).unwrap_or_default();
    assert!(hint.contains("need Linux 5.12"), "{outcome:?}");
}

#[test]
fn stage_binds_with_owners_mapped() {
    if !can_run() {
        return;
    }
    let scratch = Scratch::new();
    std::fs::create_dir(scratch.path.join("source")).unwrap();
    let step = bind(
        &scratch,
        &json!({"recursive": false, "flags": ms::NODEV, "mapping": {"mapping": null, "recursive": false}}),
    );
    let mut inside = scratch.inside(&[step]);
    inside.retain(|step| step["kind"] != "make_device");
    for name in ["root", "upper", "work", "out", "mount"] {
        crate::container::chown_tree(&scratch.path.join(name), 100_000);
    }
    let user = json!({"kind": "set_user", "uid": 0, "gid": 0, "groups": []});
    let mut run = Run::new(&inside, &[user, shell("stat -c %u:%g /data > /out/result")]);
    run.namespaces |= masu_sys::namespace::flag::USER;
    run.map = Some((0, 100_000));
    run.document.user_namespace = true;
    run.idmapped = vec![scratch.text("source")];
    let outcome = run.run();
    assert!(outcome.error.is_none(), "{outcome:?}");
    assert_eq!(scratch.out("result"), "0:0\n");
}

#[test]
fn stage_names_a_locked_flag_that_a_user_namespace_cannot_take_off() {
    if !can_run() {
        return;
    }
    let scratch = Scratch::new();
    let _source = Source::new(&scratch, ms::NOSUID);
    let in_user_namespace = |more: Value| -> Outcome {
        let mut inside = scratch.inside(&[bind(&scratch, &more)]);
        inside.retain(|step| step["kind"] != "make_device");
        for name in ["root", "upper", "work", "out", "mount"] {
            crate::container::chown_tree(&scratch.path.join(name), 100_000);
        }
        let user = json!({"kind": "set_user", "uid": 0, "gid": 0, "groups": []});
        let mut run = Run::new(&inside, &[user, shell("true")]);
        run.namespaces |= masu_sys::namespace::flag::USER;
        run.map = Some((0, 100_000));
        run.document.user_namespace = true;
        run.run()
    };
    let kept = in_user_namespace(json!({"flags": ms::RDONLY}));
    assert!(kept.error.is_none(), "a flag of the source that nobody speaks of stays: {kept:?}");
    let refused = in_user_namespace(json!({"clear": ms::NOSUID}));
    let at = scratch.inside(&[]).iter().filter(|step| step["kind"] != "make_device").count() - 1;
    assert_failed(&refused, (Group::Inside, u32::try_from(at).unwrap()), "Operation not permitted");
}
