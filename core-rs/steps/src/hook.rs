//! Programs of others that are run at points of a container's life. OCI runtime-spec, config.md, "POSIX-platform Hooks".

use masu_sys::error::SysError;
use masu_sys::file::duplicate;
use masu_sys::memfd::sealed_document;
use masu_sys::pidfd;
use masu_sys::signalfd::kill_group;
use masu_sys::spawn::isolate;
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::plan::Hook;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pipe::{PipeFlags, pipe_with};
use serde_json::Value;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use crate::failure::failed;
use crate::named;

const SIGKILL: i32 = 9;
/// So much of what it says is told.
const TOLD: usize = 1024;
/// Where the kernel has no pidfds to wait for.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Runs a hook and waits until it has ended. It gets `state`, with `pid` where there is one, on its stdin and nothing but its own environment. What
/// it writes to stdout and stderr is told when it fails. `directory`: where it works; none: where this process does.
///
/// A hook that takes too long is killed with its process group.
/// Errors: it cannot be executed; it ended otherwise than with status 0, with the first KiB of what it said; it took too long.
pub fn run(hook: &Hook, state: &Value, pid: Option<u32>, directory: Option<&Path>) -> Result<(), CoreError> {
    let action = format!("Run hook {:?}", hook.path);
    let explain = |error| failed(&action, error);
    let stdin = sealed_document(c"masu-state", &document(state, pid)).map_err(explain)?;
    let mut command = Command::new(&hook.path);
    if let Some((name, arguments)) = hook.args.split_first() {
        command.arg0(name).args(arguments);
    }
    command.env_clear().envs(hook.env.iter().filter_map(|variable| variable.split_once('=')));
    // Not /dev/null: a container need not have one.
    let (reader, writer) = named("pipe2", pipe_with(PipeFlags::CLOEXEC)).map_err(explain)?;
    let other = duplicate(writer.as_fd()).map_err(explain)?;
    command.stdin(stdin).stdout(other).stderr(writer);
    if let Some(directory) = directory {
        command.current_dir(directory);
    }
    let child = isolate(&mut command).spawn().map_err(|error| explain(SysError::from_io("execve", &error)))?;
    // It has this process's copies of the pipe's other end.
    drop(command);
    let deadline = hook.timeout_ms.and_then(|timeout| Instant::now().checked_add(Duration::from_millis(timeout)));
    let (status, said) = watch(child, reader.into(), deadline).map_err(explain)?;
    let cause = match status {
        None => format!("it took longer than {} ms and was killed", hook.timeout_ms.unwrap_or_default()),
        Some(status) if status.success() => return Ok(()),
        Some(status) => match (status.code(), status.signal()) {
            (None, Some(signal)) => format!("signal {signal} ended it"),
            (code, _) => format!("it ended with status {}", code.unwrap_or_default()),
        },
    };
    let said = String::from_utf8_lossy(&said);
    let said = if said.trim().is_empty() { String::new() } else { format!(": {:?}", said.trim()) };
    Err(CoreError::new(ErrorCode::Failed, format!("{action}: {cause}{said}")))
}

/// runtime.md, "State"
fn document(state: &Value, pid: Option<u32>) -> Vec<u8> {
    let mut state = state.clone();
    if let (Some(fields), Some(pid)) = (state.as_object_mut(), pid) {
        fields.insert("pid".to_owned(), pid.into());
    }
    state.to_string().into_bytes()
}

/// Waits for its end and reads what it says meanwhile; no status: it was killed at the deadline.
fn watch(mut child: Child, output: File, deadline: Option<Instant>) -> Result<(Option<ExitStatus>, Vec<u8>), SysError> {
    let pidfd = pidfd::open(child.id()).ok();
    let mut output = Some(output);
    let mut said = Vec::new();
    loop {
        if let Some(status) = child.try_wait().map_err(|error| SysError::from_io("waitid", &error))? {
            // What it left behind may hold the other end open for ever: only what is there already is taken.
            while output.as_ref().is_some_and(has_something) && take(&mut output, &mut said) {}
            return Ok((Some(status), said));
        }
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) {
            // ESRCH: it has ended in this moment.
            let _ = kill_group(child.id(), SIGKILL);
            child.wait().map_err(|error| SysError::from_io("waitid", &error))?;
            return Ok((None, said));
        }
        if wait(pidfd.as_ref(), output.as_ref(), left)? {
            take(&mut output, &mut said);
        }
    }
}

/// Waits for whatever happens next; true: it said something, or closed its output.
fn wait(pidfd: Option<&OwnedFd>, output: Option<&File>, left: Option<Duration>) -> Result<bool, SysError> {
    let left = if pidfd.is_some() { left } else { Some(left.map_or(LOOK_AGAIN, |left| left.min(LOOK_AGAIN))) };
    // A millisecond more: a timeout is rounded down by who sleeps.
    let timeout = left.map(|left| Timespec {
        tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: left.subsec_nanos().into(),
    });
    let descriptors = [output.map(AsFd::as_fd), pidfd.map(AsFd::as_fd)];
    let mut polled: Vec<PollFd<'_>> =
        descriptors.iter().flatten().map(|descriptor| PollFd::from_borrowed_fd(*descriptor, PollFlags::IN)).collect();
    named("poll", rustix::io::retry_on_intr(|| poll(&mut polled, timeout.as_ref())))?;
    Ok(output.is_some() && polled.first().is_some_and(|polled| !polled.revents().is_empty()))
}

fn has_something(output: &File) -> bool {
    let mut polled = [PollFd::new(output, PollFlags::IN)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    rustix::io::retry_on_intr(|| poll(&mut polled, Some(&now))).is_ok_and(|ready| ready > 0)
}

/// Takes what is there; false: that was the end. No more than [`TOLD`] is kept.
fn take(output: &mut Option<File>, said: &mut Vec<u8>) -> bool {
    let mut buffer = [0; 4096];
    let count = output.as_mut().and_then(|output| output.read(&mut buffer).ok()).unwrap_or(0);
    let room = TOLD.saturating_sub(said.len()).min(count);
    said.extend_from_slice(buffer.get(..room).unwrap_or_default());
    if count == 0 {
        *output = None;
    }
    count > 0
}

/// `pid` as a plan has it: digits, or nothing. Errors: `bug`: anything else.
pub fn pid_of(text: &str) -> Result<Option<u32>, CoreError> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| CoreError::bug(format!("Run a hook: {text:?} is no process")))
}

/// A hook works in the bundle's directory, where that can be entered.
#[must_use]
pub fn bundle_of(state: &Value) -> Option<&Path> {
    state.get("bundle").and_then(Value::as_str).map(Path::new).filter(|path| path.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sh(script: &str) -> Hook {
        let words = ["hook", "-c", script];
        Hook { path: "/bin/sh".to_owned(), args: words.map(str::to_owned).to_vec(), env: Vec::new(), timeout_ms: None }
    }

    fn fails(hook: &Hook) -> String {
        run(hook, &json!({}), None, None).unwrap_err().message
    }

    #[test]
    fn run_gives_the_state_on_stdin_and_no_environment_but_its_own() {
        let state = json!({"id": "0f3a", "status": "created"});
        let mut hook =
            sh(r#"test "$(cat)" = '{"id":"0f3a","pid":7,"status":"created"}' && test "$A" = 1=2 && test -z "$HOME""#);
        hook.env = vec!["A=1=2".to_owned()];
        run(&hook, &state, Some(7), None).unwrap();
        run(
            &sh(r#"test "$(cat)" = '{"id":"0f3a","status":"created"}' && test "$PWD" = /tmp"#),
            &state,
            None,
            Some(Path::new("/tmp")),
        )
        .unwrap();
    }

    #[test]
    fn run_says_how_a_hook_failed() {
        for (script, cause) in [
            ("exit 3", "it ended with status 3"),
            ("echo no; echo room >&2; exit 1", r#"it ended with status 1: "no\nroom""#),
            ("kill -9 $$", "signal 9 ended it"),
        ] {
            assert_eq!(fails(&sh(script)), format!("Run hook \"/bin/sh\": {cause}"));
        }
        let long = fails(&sh("yes | head -c 100000 >&2; exit 1"));
        assert!((500..4000).contains(&long.len()), "{}", long.len());
        let absent = Hook { path: "/does/not/exist".to_owned(), ..sh("") };
        assert!(fails(&absent).starts_with("Run hook \"/does/not/exist\": No such file or directory"));
    }

    #[test]
    fn run_kills_a_hook_that_takes_too_long_and_what_it_started() {
        let mut hook = sh("sleep 77.25 & wait");
        hook.timeout_ms = Some(50);
        let began = Instant::now();
        assert_eq!(fails(&hook), "Run hook \"/bin/sh\": it took longer than 50 ms and was killed");
        assert!(began.elapsed() < Duration::from_secs(5));
        let left = Command::new("pgrep").args(["-f", "^sleep 77.25$"]).output().unwrap();
        assert!(left.stdout.is_empty(), "{left:?}");
    }

    #[test]
    fn run_does_not_wait_for_what_a_hook_leaves_behind() {
        let began = Instant::now();
        run(&sh("sleep 5 & exit 0"), &json!({}), None, None).unwrap();
        assert!(began.elapsed() < Duration::from_secs(4));
    }

    #[test]
    fn pid_of_takes_digits_or_nothing() {
        assert_eq!((pid_of("").unwrap(), pid_of("12").unwrap()), (None, Some(12)));
        assert!(pid_of("${pid}").is_err());
    }
}
