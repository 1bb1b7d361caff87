//! The program itself: found, not found, reaped, signalled.

use crate::run::{Run, Scratch, await_file, can_run, shell};
use masu_sys::wait::End;
use masu_wire::error::{ErrorCode, Group};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;

fn execute(arguments: &[&str], reaper: bool) -> Value {
    json!({"kind": "execute", "arguments": arguments, "environment": ["PATH=/nowhere:/bin"], "reaper": reaper})
}

#[test]
fn stage_says_why_a_program_cannot_be_executed() {
    if !can_run() {
        return;
    }
    let scratch = Scratch::new();
    for (name, content, mode) in
        [("script", "#!/bin/none\n", 0o755), ("text", "echo\n", 0o755), ("plain", "#!/bin/sh\n", 0o644)]
    {
        let path = scratch.root().join("bin").join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
    for (program, code, status, message) in [
        (
            "nosuch",
            ErrorCode::ProgramNotFound,
            127,
            "Execute \"nosuch\": executable file not found in $PATH (ENOENT from execve(2))",
        ),
        (
            "/nosuch",
            ErrorCode::ProgramNotFound,
            127,
            "Execute \"/nosuch\": no such file or directory (ENOENT from execve(2))",
        ),
        (
            "script",
            ErrorCode::ProgramNotExecutable,
            126,
            "Execute \"script\": the interpreter \"/bin/none\" in its first line is missing (ENOENT from execve(2))",
        ),
        (
            "text",
            ErrorCode::ProgramNotExecutable,
            126,
            "Execute \"text\": it is neither an ELF file nor a script (ENOEXEC from execve(2))",
        ),
        (
            "plain",
            ErrorCode::ProgramNotExecutable,
            126,
            "Execute \"plain\": permission denied: it is not executable (EACCES from execve(2))",
        ),
        (
            "/bin",
            ErrorCode::ProgramNotExecutable,
            126,
            "Execute \"/bin\": permission denied: it is a directory (EACCES from execve(2))",
        ),
    ] {
        let outcome = Run::new(&scratch.inside(&[]), &[execute(&[program], false)]).run();
        let error = outcome.error.unwrap();
        assert_eq!(
            (error.message.as_str(), error.code, outcome.end),
            (message, code, End::Exited(status)),
            "{program}"
        );
        assert_eq!(error.place.map(|place| (place.group, place.index)), Some((Group::Exec, 0)));
        // overlayfs keeps a work directory of its own for each mount.
        let _ = fs::remove_dir_all(scratch.path.join("work/work"));
    }
}

#[test]
fn stage_reports_a_step_with_its_place() {
    if !can_run() {
        return;
    }
    let scratch = Scratch::new();
    let mount = json!({"kind": "mount", "source": "x", "destination": "/x", "type": "nosuchfs", "flags": 0, "data": "", "create": "directory"});
    let inside = scratch.inside(&[mount]);
    let outcome = Run::new(&inside, &[shell("true")]).run();
    let error = outcome.error.unwrap();
    assert_eq!(error.message, "Mount \"nosuchfs\" on \"/x\": No such device (ENODEV from mount(2))");
    assert_eq!(error.place.map(|place| (place.group, place.index as usize)), Some((Group::Inside, inside.len() - 2)));
    assert!(error.hint.unwrap().contains("has no file system"));
}

#[test]
fn reaper_reaps_forwards_and_ends_as_its_program() {
    if !can_run() {
        return;
    }
    let scratch = Scratch::new();
    let script = "trap 'echo usr1 > /out/usr1' USR1; trap 'exit 7' TERM
        (sleep 0.01 & echo $! > /out/orphan)
        echo $$ $PPID > /out/pids; cat /proc/1/comm > /out/comm; while :; do sleep 0.02; done";
    let run = Run::new(&scratch.inside(&[]), &[execute(&["sh", "-c", script], true)]).start();
    assert!(run.error.is_none(), "{:?}", run.error);
    assert_eq!(await_file(&scratch.path.join("out/comm")), "masu-init\n");
    assert_eq!(scratch.out("pids"), "2 1\n");
    run.signal(libc::SIGUSR1);
    assert_eq!(await_file(&scratch.path.join("out/usr1")), "usr1\n");
    std::thread::sleep(std::time::Duration::from_millis(100));
    // The orphan became PID 1's child, and no zombie is left of it.
    let orphan = scratch.out("orphan");
    let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", run.pid)).unwrap();
    assert_eq!(children.split_whitespace().count(), 1, "{children} {orphan}");
    run.signal(libc::SIGTERM);
    assert_eq!(run.end(), End::Exited(7));
}

#[test]
fn reaper_reports_a_signal_as_a_shell_does() {
    if !can_run() {
        return;
    }
    let scratch = Scratch::new();
    let outcome = Run::new(&scratch.inside(&[]), &[execute(&["sh", "-c", "kill -KILL $$"], true)]).run();
    assert_eq!(outcome.end, End::Exited(128 + libc::SIGKILL), "{outcome:?}");
}

#[test]
fn reaper_tells_that_its_program_is_missing() {
    if !can_run() {
        return;
    }
    let scratch = Scratch::new();
    let outcome = Run::new(&scratch.inside(&[]), &[execute(&["nosuch"], true)]).run();
    assert_eq!((outcome.error.unwrap().code, outcome.end), (ErrorCode::ProgramNotFound, End::Exited(127)));
}

#[test]
fn stage_keeps_no_descriptor_but_those_of_the_plan() {
    if !can_run() {
        return;
    }
    let leaked = fs::File::open("/").unwrap();
    masu_sys::descriptor::keep_through_exec(std::os::fd::AsFd::as_fd(&leaked)).unwrap();
    let scratch = Scratch::new();
    let outcome = Run::new(
        &scratch.inside(&[]),
        &[json!({"kind": "close_descriptors", "keep": 0}), shell("ls /proc/$$/fd > /out/result")],
    )
    .run();
    assert_eq!(outcome.end, End::Exited(0), "{outcome:?}");
    // One more is the shell's own, of the redirection.
    let open: Vec<u32> =
        scratch.out("result").lines().map(|line| line.parse().unwrap()).filter(|number| *number < 3).collect();
    assert_eq!(open, [0, 1, 2]);
    assert!(scratch.out("result").lines().count() <= 4, "{}", scratch.out("result"));
}
