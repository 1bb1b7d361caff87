//! Ops `exec` and `exec_run`: another program in a running container.

use std::convert::Infallible;
use std::os::fd::{BorrowedFd, IntoRawFd, OwnedFd};

use masu_launch::{Launch, LaunchText, Launched, Scope};
use masu_steps::failure::failed;
use masu_sys::descriptor::adopt;
use masu_sys::file::{self, OFlags};
use masu_wire::container::ContainerRecord;
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::lifecycle::{ExecOptions, ExecRequest, Store};
use masu_wire::request::LaunchReply;

use crate::event::Subject;
use crate::exec_affinity::on_initial_cpus;
use crate::exec_plan::exec_plan;
use crate::freeze::{is_frozen, not_running};
use crate::handover::hand_over;
use crate::status::Condition;
use crate::store::Shelf;

const ACTION: &str = "Run a program in container";

/// Starts the program and returns when it runs. It lives on when this process ends. `init`: the sealed executable of its stage.
///
/// Errors: `not_found`; `failed` the container does not run, or is paused; `program_not_found`, `program_not_executable`; the step that failed.
pub fn exec(request: ExecRequest, init: BorrowedFd<'_>) -> Result<LaunchReply, CoreError> {
    let stdio = request.stdio.map(streams).transpose()?;
    check_console(&request.options, true)?;
    let condition = find(&request.store, &request.container)?;
    let record = running(&condition, &request.options)?;
    let launched = exec_start(record, &request.options, init, stdio)?;
    tell(&request.store, &condition, &request.options);
    Ok(LaunchReply {
        pid: launched.pid,
        pidfd: launched.pidfd.map_or(-1, IntoRawFd::into_raw_fd),
        start: launched.start,
        // Whoever it was handed over to has it.
        terminal: launched.terminal.filter(|_| !is_handed_over(&request.options)).map(IntoRawFd::into_raw_fd),
    })
}

/// As [`exec`], but this process becomes the program's monitor, and the program ends with it: only an error comes back.
pub fn exec_run(request: &ExecRequest, init: BorrowedFd<'_>) -> Result<Infallible, CoreError> {
    check_console(&request.options, false)?;
    let condition = find(&request.store, &request.container)?;
    let text = launch_text(running(&condition, &request.options)?, &request.options)?;
    let running = |launched: &Launched| {
        give(&request.options, launched)?;
        tell(&request.store, &condition, &request.options);
        Ok(())
    };
    on_initial_cpus(&request.options, || masu_launch::run(parse(&text)?, init, running))
}

/// Starts a program in the container of this record, with these streams or those of this process.
pub fn exec_start(
    record: &ContainerRecord,
    options: &ExecOptions,
    init: BorrowedFd<'_>,
    stdio: Option<[OwnedFd; 3]>,
) -> Result<Launched, CoreError> {
    let text = launch_text(record, options)?;
    let mut launch: Launch<'_> = masu_launch::read(parse(&text)?, init, Scope::Whole)?;
    if let Some(stdio) = stdio {
        launch.set_stdio(stdio);
    }
    on_initial_cpus(options, || masu_launch::start_for(&mut launch, None, |launched| give(options, launched)))
}

fn give(options: &ExecOptions, launched: &Launched) -> Result<(), CoreError> {
    options.handover.as_ref().map_or(Ok(()), |handover| hand_over(handover, launched))
}

fn is_handed_over(options: &ExecOptions) -> bool {
    options.handover.as_ref().is_some_and(|handover| handover.console_socket.is_some())
}

fn launch_text(record: &ContainerRecord, options: &ExecOptions) -> Result<String, CoreError> {
    let request = exec_plan(record, options)?;
    serde_json::to_string(&request).map_err(|error| CoreError::bug(format!("Write a launch request: {error}")))
}

fn parse(text: &str) -> Result<LaunchText<'_>, CoreError> {
    serde_json::from_str(text).map_err(|error| CoreError::unreadable("launch", &error))
}

fn find(store: &Store, word: &str) -> Result<Condition, CoreError> {
    Ok(Condition::of(Shelf::open(store)?.find(word)?))
}

/// Whether its first process is still the one that was written down, the stage looks once more.
fn running<'a>(condition: &'a Condition, options: &ExecOptions) -> Result<&'a ContainerRecord, CoreError> {
    let record = condition.record.as_ref().filter(|_| condition.alive);
    let record = record.ok_or_else(|| match condition.bundle() {
        // The words are runc's.
        Some(_) => refused(condition, "cannot exec in a stopped container"),
        None => not_running(ACTION, condition),
    })?;
    let waits = options.ignore_paused == Some(true);
    if !waits && record.masu.cgroups.freezer.as_ref().is_some_and(is_frozen) {
        let name = condition.name().unwrap_or(condition.id());
        return Err(match condition.bundle() {
            Some(_) => refused(condition, "cannot exec in a paused container"),
            None => refused(condition, "it is paused"),
        }
        .with_hint(format!("masu resume {name}")));
    }
    Ok(record)
}

fn refused(condition: &Condition, cause: &str) -> CoreError {
    let name = condition.name().unwrap_or(condition.id());
    CoreError::new(ErrorCode::Failed, format!("{ACTION} {name:?}: {cause}"))
}

fn tell(store: &Store, condition: &Condition, options: &ExecOptions) {
    let described = options.process.as_ref().and_then(|process| process.get("args")?.as_array());
    let command = match described {
        Some(arguments) => arguments.iter().filter_map(|word| word.as_str()).collect::<Vec<_>>().join(" "),
        None => options.arguments.join(" "),
    };
    Subject::of(condition).tell(store, "exec_start", &[("command", command)]);
}

/// A terminal that nobody would have, or a socket that nothing would be sent to, is a mistake of whoever wrote the words.
fn check_console(options: &ExecOptions, detached: bool) -> Result<(), CoreError> {
    let described = options.process.as_ref().is_some_and(|process| process["terminal"] == true);
    let has_terminal = described || options.terminal.is_some();
    let has_socket = options.handover.as_ref().is_some_and(|handover| handover.console_socket.is_some());
    let cause = match (has_socket, has_terminal, detached) {
        (true, false, _) => "--console-socket is for a program with a terminal",
        (true, true, false) => "--console-socket is for a program that is detached",
        (false, true, true) if options.process.is_some() => "the terminal of a detached program needs --console-socket",
        _ => return Ok(()),
    };
    Err(CoreError::new(ErrorCode::InvalidConfig, format!("Run a program: {cause}")))
}

/// The caller gave them away; -1 is `/dev/null`.
fn streams([stdin, stdout, stderr]: [i32; 3]) -> Result<[OwnedFd; 3], CoreError> {
    let open = |number| match adopt(number) {
        Some(stream) => Ok(stream),
        None => {
            file::open("/dev/null", OFlags::RDWR | OFlags::NOCTTY).map_err(|error| failed("Open \"/dev/null\"", error))
        }
    };
    Ok([open(stdin)?, open(stdout)?, open(stderr)?])
}
