//! Roots and plans that try to lead the stage astray.

use crate::run::{Run, Scratch, assert_failed, can_run, shell};
use masu_sys::wait::End;
use masu_wire::error::Group;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::symlink;

fn place(steps: &[Value], kind: &str, destination: &str) -> (Group, u32) {
    let found = steps
        .iter()
        .position(|step| step["kind"] == kind && (step["destination"] == destination || step["path"] == destination));
    (Group::Inside, u32::try_from(found.unwrap()).unwrap())
}

#[test]
fn stage_refuses_proc_and_sys_that_are_links() {
    if !can_run() {
        return;
    }
    for name in ["proc", "sys"] {
        let scratch = Scratch::new();
        fs::create_dir(scratch.root().join("bad")).unwrap();
        symlink("/bad", scratch.root().join(name)).unwrap();
        let inside = scratch.inside(&[]);
        let outcome = Run::new(&inside, &[shell("true")]).run();
        assert_failed(&outcome, place(&inside, "mount", &format!("/{name}")), "must be mounted on ordinary directory");
        assert_eq!(outcome.end, End::Exited(125));
    }
}

#[test]
fn stage_refuses_to_cover_procfs() {
    if !can_run() {
        return;
    }
    for (destination, allowed) in
        [("/proc/self/attr", false), ("/proc", false), ("/innocent", false), ("/proc/uptime", true)]
    {
        let scratch = Scratch::new();
        symlink("/proc/sys", scratch.root().join("innocent")).unwrap();
        let source = if allowed { scratch.text("root/file") } else { scratch.text("root") };
        fs::write(scratch.root().join("file"), "covered").unwrap();
        let inside = scratch.inside(&[
            json!({"kind": "bind", "source": source, "destination": destination, "recursive": false, "flags": 0,
            "recursiveReadOnly": false, "propagation": null, "create": "directory"}),
        ]);
        let outcome = Run::new(&inside, &[shell("cat /proc/uptime > /out/result")]).run();
        if allowed {
            assert_eq!((outcome.end, scratch.out("result").as_str()), (End::Exited(0), "covered"), "{outcome:?}");
        } else {
            assert_failed(&outcome, place(&inside, "bind", destination), "may not be covered");
        }
    }
}

#[test]
fn stage_refuses_a_working_directory_outside_of_the_root() {
    if !can_run() {
        return;
    }
    let leaked = fs::File::open("/").unwrap();
    rustix_keep(&leaked);
    let scratch = Scratch::new();
    symlink("/proc/self/fd/0", scratch.root().join("sneaky")).unwrap();
    for path in (0..32)
        .map(|number| format!("/proc/self/fd/{number}"))
        .chain(["/sneaky".to_owned(), "/proc/self/root".to_owned()])
    {
        let scratch = Scratch::new();
        let exec = [json!({"kind": "change_directory", "path": path, "create": false}), shell("true")];
        let outcome = Run::new(&scratch.inside(&[]), &exec).run();
        assert_failed(&outcome, (Group::Exec, 0), "Change directory to");
    }
}

fn rustix_keep(file: &fs::File) {
    masu_sys::descriptor::keep_through_exec(std::os::fd::AsFd::as_fd(file)).unwrap();
}

#[test]
fn stage_masks_by_nothing_but_the_null_device() {
    if !can_run() {
        return;
    }
    for (name, replacement) in [
        (
            "a link",
            vec![json!({"kind": "make_symlink", "path": "/dev/null", "target": "/proc/sys/kernel/core_pattern"})],
        ),
        (
            "the zero device",
            vec![
                json!({"kind": "make_device", "path": "/dev/null", "type": "c", "major": 1, "minor": 5, "mode": 0o666, "uid": 0, "gid": 0}),
            ],
        ),
    ] {
        let scratch = Scratch::new();
        let mut inside = scratch.inside(&[]);
        let at = inside.iter().position(|step| step["path"] == "/dev/null").unwrap();
        inside.splice(at..=at, replacement);
        inside.push(json!({"kind": "mask", "path": "/proc/interrupts"}));
        let outcome = Run::new(&inside, &[shell("true")]).run();
        assert_failed(&outcome, place(&inside, "mask", "/proc/interrupts"), "it is not the null device");
        assert!(!outcome.error.unwrap().message.is_empty(), "{name}");
    }
}

#[test]
fn stage_makes_devices_and_mount_points_inside_a_linked_dev() {
    if !can_run() {
        return;
    }
    let scratch = Scratch::new();
    let outside = scratch.path.join("outside");
    fs::create_dir(&outside).unwrap();
    symlink(&outside, scratch.root().join("dev")).unwrap();
    let mut inside = scratch.inside(&[]);
    inside.retain(|step| {
        step["destination"] != "/dev" && step["destination"] != "/dev/pts" && step["destination"] != "/dev/shm"
    });
    let outcome = Run::new(&inside, &[shell("true")]).run();
    assert_failed(&outcome, place(&inside, "make_device", "/dev/null"), "its directory is a symbolic link or a file");
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
}

#[test]
fn stage_opens_no_terminal_that_is_not_of_devpts() {
    if !can_run() {
        return;
    }
    let terminal = |console| json!({"kind": "open_terminal", "rows": 0, "columns": 0, "console": console, "uid": 0});
    let scratch = Scratch::new();
    let mut inside = scratch.inside(&[]);
    inside.retain(|step| step["destination"] != "/dev/pts");
    inside.insert(inside.len() - 1, json!({"kind": "make_directory", "path": "/dev/pts", "mode": 0o755}));
    inside.insert(
        inside.len() - 1,
        json!({"kind": "make_symlink", "path": "/dev/pts/ptmx", "target": "/proc/sysrq-trigger"}),
    );
    assert_failed(&Run::new(&inside, &[terminal(false), shell("true")]).run(), (Group::Exec, 0), "is not a devpts");

    let scratch = Scratch::new();
    let link = json!({"kind": "make_symlink", "path": "/dev/console", "target": "/proc/sysrq-trigger"});
    let outcome = Run::new(&scratch.inside(&[link]), &[terminal(true), shell("true")]).run();
    assert_failed(&outcome, (Group::Exec, 0), "it is a symbolic link");
}

#[test]
fn stage_writes_no_parameter_of_the_whole_host() {
    if !can_run() {
        return;
    }
    let before = fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap();
    for name in ["kernel.core_pattern", "net/../kernel/core_pattern", "net./../kernel.core_pattern"] {
        let outcome = Run::new(&[json!({"kind": "set_sysctl", "name": name, "value": "|/x"})], &[shell("true")]).run();
        assert_failed(&outcome, (Group::Inside, 0), "not a parameter of a namespace");
    }
    assert_eq!(fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap(), before);
}

#[test]
fn stage_follows_a_dangling_link_of_a_mount_point_below_the_root_only() {
    if !can_run() {
        return;
    }
    let scratch = Scratch::new();
    let outside = format!("/tmp/masu-escape-{}/resolv.conf", std::process::id());
    symlink(format!("../../../../../../..{outside}"), scratch.root().join("etc/resolv.conf")).unwrap();
    fs::write(scratch.path.join("resolv.conf"), "bound").unwrap();
    let inside = scratch
        .inside(&[json!({"kind": "bind", "source": scratch.text("resolv.conf"), "destination": "/etc/resolv.conf", "recursive": false,
        "flags": 1, "recursiveReadOnly": false, "propagation": null, "create": "file"})]);
    let outcome = Run::new(&inside, &[shell("cat /etc/resolv.conf > /out/result")]).run();
    assert_eq!((outcome.end, scratch.out("result").as_str()), (End::Exited(0), "bound"), "{outcome:?}");
    assert!(!fs::exists(&outside).unwrap());
}

#[test]
fn stage_is_not_led_out_by_a_volume_that_changes_all_the_time() {
    if !can_run() {
        return;
    }
    let scratch = Scratch::new();
    let (volume, outside) = (scratch.path.join("volume"), scratch.path.join("outside"));
    fs::create_dir_all(volume.join("a")).unwrap();
    fs::create_dir(&outside).unwrap();
    symlink(format!("../../../../../../..{}", outside.display()), volume.join("b")).unwrap();
    let bind = |source: String, destination: &str, create: &str| {
        json!({"kind": "bind", "source": source, "destination": destination, "recursive": false, "flags": 0,
            "recursiveReadOnly": false, "propagation": null, "create": create})
    };
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (stop, volume) = (&stop, &volume);
        scope.spawn(move || {
            let exchange = |one: &str, other: &str| {
                let name = |name: &str| std::ffi::CString::new(volume.join(name).to_str().unwrap()).unwrap();
                let (one, other) = (name(one), name(other));
                // SAFETY: renameat2 reads two NUL-ended strings, which live until it returns.
                #[allow(unsafe_code)]
                unsafe {
                    libc::syscall(
                        libc::SYS_renameat2,
                        libc::AT_FDCWD,
                        one.as_ptr(),
                        libc::AT_FDCWD,
                        other.as_ptr(),
                        libc::RENAME_EXCHANGE,
                    )
                };
            };
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                exchange("a", "b");
            }
        });
        let mut landed = 0;
        for _ in 0..30 {
            let extra = [
                bind(volume.to_str().unwrap().to_owned(), "/volume", "directory"),
                bind(scratch.text("root/etc"), "/volume/a/new/deep", "directory"),
                json!({"kind": "make_directory", "path": "/volume/a/made", "mode": 0o755}),
            ];
            let outcome = Run::new(&scratch.inside(&extra), &[shell("true")]).run();
            landed += u32::from(outcome.error.is_none());
            let _ = fs::remove_dir_all(scratch.path.join("work/work"));
            // The overlay's upper directory has what a link led to, below the container's root.
            let _ = fs::remove_dir_all(scratch.path.join("upper").join(scratch.path.strip_prefix("/").unwrap()));
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(landed > 0, "no run came to its end");
    });
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0, "something was made outside");
}
