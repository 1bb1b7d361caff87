//! A usual container: what its program sees.

use crate::run::{Run, Scratch, can_run, shell};
use masu_sys::wait::End;
use serde_json::json;

#[test]
fn stage_makes_a_container_of_all_its_steps() {
    if can_run() {
        make_a_container_of_all_steps();
    }
}

#[test]
fn stage_does_without_the_calls_of_newer_kernels() {
    if !can_run() {
        return;
    }
    // Linux 4.18 has none of these. The filter is this thread's, and what it clones inherits it.
    let calls = [
        libc::SYS_clone3,
        libc::SYS_openat2,
        libc::SYS_close_range,
        libc::SYS_open_tree,
        libc::SYS_move_mount,
        libc::SYS_mount_setattr,
        libc::SYS_fsopen,
        libc::SYS_pidfd_open,
    ];
    std::thread::spawn(move || {
        crate::run::hide(&calls);
        make_a_container_of_all_steps();
    })
    .join()
    .unwrap();
}

fn make_a_container_of_all_steps() {
    let scratch = Scratch::new();
    let mut inside = vec![
        json!({"kind": "set_oom_score_adj", "value": 500}),
        json!({"kind": "unshare_cgroup"}),
        json!({"kind": "set_hostname", "name": "box"}),
        json!({"kind": "set_domainname", "name": "example"}),
        json!({"kind": "set_sysctl", "name": "net.ipv4.ip_forward", "value": "1"}),
        json!({"kind": "set_sysctl", "name": "kernel.shmmax", "value": "123456"}),
    ];
    inside.extend(scratch.inside(&[
        json!({"kind": "make_directory", "path": "/made/by/plan", "mode": 0o711}),
        json!({"kind": "bind", "source": scratch.text("root"), "destination": "/ro", "recursive": true, "flags": 1 | 8,
            "recursiveReadOnly": false, "propagation": null, "create": "directory"}),
        json!({"kind": "mount_overlay", "destination": "/second", "layer": {"lower": [scratch.text("root"), "/usr/share"],
            "upper": scratch.text("upper:2"), "work": scratch.text("work,2"), "options": [], "idmapped": false}}),
    ]));
    inside.extend([
        json!({"kind": "mask", "path": "/proc/interrupts"}),
        json!({"kind": "mask", "path": "/proc/acpi"}),
        json!({"kind": "mask", "path": "/proc/fs"}),
        json!({"kind": "mask", "path": "/proc/absent"}),
        json!({"kind": "read_only_path", "path": "/proc/sys"}),
        json!({"kind": "read_only_path", "path": "/proc/absent"}),
        json!({"kind": "read_only_root"}),
    ]);
    std::fs::create_dir(scratch.path.join("upper:2")).unwrap();
    std::fs::create_dir(scratch.path.join("work,2")).unwrap();
    let script = r#"exec > /out/result 2>&1
        echo host $(hostname) $(cat /proc/sys/kernel/domainname)
        echo id $(id -u):$(id -g):$(id -G)
        echo umask $(umask)
        # 3 is the pipe of the substitution itself.
        echo pid $$ cwd $PWD fds $(ls /proc/$$/fd)
        grep -E '^(CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp|SigBlk|SigIgn):' /proc/self/status
        grep 'Max open files' /proc/self/limits
        echo oom $(cat /proc/self/oom_score_adj)
        echo sysctl $(cat /proc/sys/net/ipv4/ip_forward) $(cat /proc/sys/kernel/shmmax)
        echo lo $(ip -o link show lo | grep -c UP)
        echo masked $(stat -c %t:%T /proc/interrupts) fs $(ls /proc/fs | wc -l)
        (echo 1 > /proc/sys/net/ipv4/ip_forward) 2>/dev/null && echo writable sys
        (echo > /x) 2>/dev/null && echo writable root
        (echo > /ro/x) 2>/dev/null && echo writable ro
        /ro/bin/true 2>/dev/null && echo executable ro
        echo dev $(stat -c %a:%t:%T /dev/null) second $(ls /second/bin/busybox)
        echo made $(stat -c %a /made/by/plan) cgroup $(head -n1 /proc/self/cgroup | cut -d: -f3)
        echo old $(cut -d' ' -f5 /proc/self/mountinfo | grep -c -E '^/(tmp|run|boot|work)')
    "#;
    std::os::unix::fs::symlink("busybox", scratch.root().join("bin/grep")).unwrap();
    for name in ["ip", "wc", "head", "cut"] {
        std::os::unix::fs::symlink("busybox", scratch.root().join("bin").join(name)).unwrap();
    }
    let capabilities = ["CAP_KILL", "CAP_NET_BIND_SERVICE"];
    let mut run = Run::new(
        &inside,
        &[
            json!({"kind": "new_session"}),
            json!({"kind": "new_keyring", "name": "masu-test"}),
            json!({"kind": "set_rlimit", "resource": "RLIMIT_NOFILE", "soft": 100, "hard": 200}),
            json!({"kind": "set_umask", "mask": 0o027}),
            json!({"kind": "change_directory", "path": "/tmp", "create": true}),
            json!({"kind": "close_descriptors", "keep": 0}),
            json!({"kind": "set_bounding_set", "keep": capabilities}),
            json!({"kind": "set_user", "uid": 1000, "gid": 1001, "groups": [1001, 44]}),
            json!({"kind": "set_capabilities", "effective": capabilities, "permitted": capabilities, "inheritable": ["CAP_KILL"], "ambient": ["CAP_KILL"]}),
            json!({"kind": "no_new_privileges"}),
            json!({"kind": "load_filter", "filter": {"kind": "default"}}),
            shell(script),
        ],
    );
    run.document.network = crate::run::steps(&[json!({"kind": "loopback_up"})]);
    std::fs::set_permissions(scratch.path.join("out"), std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    let outcome = run.run();
    let result = scratch.out("result");
    assert!(outcome.error.is_none() && outcome.end == End::Exited(0), "{outcome:?}\n{result}");
    let lines: Vec<String> = result.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for expected in [
        "host box example",
        "id 1000:1001:1001 44",
        "umask 0027",
        "pid 1 cwd /tmp fds 0 1 2 3",
        "CapInh: 0000000000000020",
        "CapPrm: 0000000000000020",
        "CapEff: 0000000000000020",
        "CapBnd: 0000000000000420",
        "CapAmb: 0000000000000020",
        "NoNewPrivs: 1",
        "Seccomp: 2",
        "SigBlk: 0000000000000000",
        "Max open files 100 200 files",
        "oom 500",
        "sysctl 1 123456",
        "lo 1",
        "masked 1:3 fs 0",
        "dev 666:1:3 second /second/bin/busybox",
        "old 0",
        "made 711 cgroup /",
    ] {
        assert!(lines.iter().any(|line| line == expected), "{expected:?} is not in\n{result}");
    }
    assert!(!result.contains("writable") && !result.contains("executable"), "{result}");
    // SIGPIPE is as a shell would have it.
    let ignored = lines.iter().find_map(|line| line.strip_prefix("SigIgn: ")).unwrap();
    assert_eq!(u64::from_str_radix(ignored, 16).unwrap() & masu_sys::signal::bit(libc::SIGPIPE), 0, "{result}");
}

#[test]
fn stage_in_a_user_namespace_is_its_root() {
    if !can_run() {
        return;
    }
    let scratch = Scratch::new();
    let mut inside = scratch.inside(&[]);
    inside.retain(|step| step["kind"] != "make_device");
    let device = json!({"kind": "bind", "source": "/dev/null", "destination": "/dev/null", "recursive": false, "flags": 0,
        "recursiveReadOnly": false, "propagation": null, "create": "file"});
    let at = inside.iter().position(|step| step["destination"] == "/dev").unwrap() + 1;
    inside.insert(at, device);
    inside.push(json!({"kind": "mask", "path": "/proc/interrupts"}));
    inside.insert(0, json!({"kind": "set_oom_score_adj", "value": 300}));
    inside.insert(0, json!({"kind": "set_sysctl", "name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}));
    let script = "exec > /out/result 2>&1; cat /proc/self/uid_map; id -u; grep -E '^Cap(Inh|Eff|Amb)' /proc/self/status; stat -c %u /out /bin; echo > /dev/null && echo null";
    std::os::unix::fs::symlink("busybox", scratch.root().join("bin/grep")).unwrap();
    for name in ["root", "upper", "work", "out", "mount"] {
        chown_tree(&scratch.path.join(name), 100_000);
    }
    let mut run = Run::new(&inside, &[json!({"kind": "set_user", "uid": 0, "gid": 0, "groups": []}), shell(script)]);
    run.namespaces |= masu_sys::namespace::flag::USER;
    run.map = Some((0, 100_000));
    run.document.user_namespace = true;
    run.document.new_time_namespace = std::path::Path::new("/proc/self/ns/time").exists();
    run.document.time_offsets =
        vec![masu_wire::plan::TimeOffset { clock: "monotonic".to_owned(), seconds: 5, nanoseconds: 0 }];
    let outcome = run.run();
    let result = scratch.out("result");
    assert!(outcome.error.is_none() && outcome.end == End::Exited(0), "{outcome:?}\n{result}");
    let lines: Vec<String> = result.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(lines[..3], ["0 100000 65536", "0", "CapInh: 0000000000000000"], "{result}");
    assert!(lines[3].starts_with("CapEff: 000001ff") && lines[4] == "CapAmb: 0000000000000000", "{result}");
    assert_eq!(lines[5..], ["0", "0", "null"], "{result}");
}

pub(crate) fn chown_tree(path: &std::path::Path, uid: u32) {
    std::os::unix::fs::lchown(path, Some(uid), Some(uid)).unwrap();
    if std::fs::symlink_metadata(path).unwrap().is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            chown_tree(&entry.unwrap().path(), uid);
        }
    }
}

#[test]
fn stage_opens_a_terminal_of_the_container() {
    if !can_run() {
        return;
    }
    let scratch = Scratch::new();
    let outcome = Run::new(
        &scratch.inside(&[]),
        &[
            json!({"kind": "new_session"}),
            json!({"kind": "open_terminal", "rows": 33, "columns": 77, "console": true, "uid": 1000}),
            json!({"kind": "set_user", "uid": 1000, "gid": 1000, "groups": []}),
            shell("tty; stty size; stat -c %u:%t /dev/console; echo controlling > /dev/tty"),
        ],
    );
    // /dev/tty is no device of this plan: the shell makes no file of it, for its /dev is root's.
    let outcome = outcome.run();
    assert!(outcome.error.is_none(), "{outcome:?}");
    let master = outcome.master.as_ref().expect("a master");
    let mut text = String::new();
    // EIO: the slave's side is closed.
    let _ = std::io::Read::read_to_string(&mut std::fs::File::from(master.try_clone().unwrap()), &mut text);
    assert!(
        text.starts_with("/dev/console\r\n33 77\r\n1000:88\r\n")
            || text.starts_with("/dev/pts/0\r\n33 77\r\n1000:88\r\n"),
        "{text:?}"
    );
}

#[test]
fn stage_gives_pipes_to_the_user_and_leaves_files_alone() {
    const CHILD: &str = "MASU_STAGE_TEST_WITH_PIPES";
    if !can_run() {
        return;
    }
    if std::env::var_os(CHILD).is_none() {
        // The stage inherits its stdio, so that this very test runs again in a process that has a file and a pipe.
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "container::stage_gives_pipes_to_the_user_and_leaves_files_alone", "--nocapture"])
            .env(CHILD, "1")
            .stdin(std::fs::File::open(std::env::current_exe().unwrap()).unwrap())
            .stdout(std::process::Stdio::piped())
            .output()
            .unwrap();
        assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stdout));
        return;
    }
    let scratch = Scratch::new();
    let user = json!({"kind": "set_user", "uid": 1000, "gid": 1000, "groups": []});
    std::fs::set_permissions(scratch.path.join("out"), std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    let outcome =
        Run::new(&scratch.inside(&[]), &[user, shell("stat -L -c %u /proc/$$/fd/0 /proc/$$/fd/1 > /out/result")]).run();
    assert_eq!((outcome.end, scratch.out("result").as_str()), (End::Exited(0), "0\n1000\n"), "{outcome:?}");
}

#[test]
fn stage_keeps_the_working_directory_through_later_steps() {
    if !can_run() {
        return;
    }
    let scratch = Scratch::new();
    let directory = json!({"kind": "change_directory", "path": "/made/here", "create": true});
    let terminal = json!({"kind": "open_terminal", "rows": 0, "columns": 0, "console": true, "uid": 0});
    let outcome = Run::new(&scratch.inside(&[]), &[directory, terminal, shell("pwd > /out/result")]).run();
    assert_eq!((outcome.end, scratch.out("result").as_str()), (End::Exited(0), "/made/here\n"), "{outcome:?}");
}

#[test]
fn stage_shares_with_the_runtime_namespace_only_what_asks_for_it() {
    if !can_run() {
        return;
    }
    // What is shared is the scratch directory itself, made a shared mount for as long as this test runs.
    let scratch = Scratch::new();
    let shared = scratch.text("shared");
    std::fs::create_dir(&shared).unwrap();
    masu_sys::mount::mount("tmpfs", &shared, "tmpfs", 0, "").unwrap();
    masu_sys::mount::set_propagation(&shared, masu_sys::mount::ms::SHARED).unwrap();
    std::fs::create_dir_all(format!("{shared}/in")).unwrap();
    let bind = |destination: &str, propagation: &str| {
        json!({"kind": "bind", "source": shared, "destination": destination, "recursive": true, "flags": 0,
            "recursiveReadOnly": false, "propagation": propagation, "create": "directory"})
    };
    let script = "grep -o -E ' /(shared|private) .*' /proc/self/mountinfo > /out/result; mount -t tmpfs x /shared/in; mount -t tmpfs x /private/in";
    std::os::unix::fs::symlink("busybox", scratch.root().join("bin/grep")).unwrap();
    let outcome =
        Run::new(&scratch.inside(&[bind("/shared", "rshared"), bind("/private", "rprivate")]), &[shell(script)]).run();
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    let arrived = mounts.lines().filter(|line| line.contains(&format!(" {shared}/in "))).count();
    let detach =
        |path: &str| assert!(std::process::Command::new("umount").args(["-l", path]).status().unwrap().success());
    (0..arrived).for_each(|_| detach(&format!("{shared}/in")));
    detach(&shared);
    let result = scratch.out("result");
    assert_eq!((outcome.end, arrived), (End::Exited(0), 1), "{outcome:?}\n{result}");
    assert!(result.lines().any(|line| line.starts_with(" /shared ") && line.contains("shared:")), "{result}");
    assert!(!result.lines().any(|line| line.starts_with(" /private ") && line.contains("shared:")), "{result}");
}

#[test]
fn stage_overlays_idmapped_layers() {
    if !can_run() {
        return;
    }
    let scratch = Scratch::new();
    let mut inside = scratch.inside(&[]);
    inside.retain(|step| step["kind"] != "make_device");
    let overlay = inside.iter_mut().find(|step| step["kind"] == "mount_root").unwrap();
    overlay["root"]["layer"]["idmapped"] = json!(true);
    for name in ["upper", "work", "out", "mount"] {
        chown_tree(&scratch.path.join(name), 100_000);
    }
    let mut run = Run::new(
        &inside,
        &[shell("stat -c %u /bin/busybox > /out/result; cat /etc/hosts >> /out/result; echo > /etc/new")],
    );
    std::fs::write(scratch.root().join("etc/hosts"), "layer").unwrap();
    run.namespaces |= masu_sys::namespace::flag::USER;
    run.map = Some((0, 100_000));
    run.document.user_namespace = true;
    run.idmapped = vec![scratch.text("root")];
    let outcome = run.run();
    if outcome.error.as_ref().is_some_and(|error| error.call.as_deref() == Some("mount_setattr")) {
        return println!("skipped: no idmapped mounts here: {outcome:?}");
    }
    assert_eq!((outcome.end, scratch.out("result").as_str()), (End::Exited(0), "0\nlayer"), "{outcome:?}");
    assert_eq!(
        std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(scratch.path.join("upper/etc/new")).unwrap()),
        100_000
    );
}
