//! The last steps: where the program works, what it inherits, and the program itself.

use std::convert::Infallible;
use std::ffi::CString;
use std::os::fd::AsFd;

use masu_steps::failure::{failed, failed_because};
use masu_steps::stage_protocol::{self as protocol, StageMessage};
use masu_sys::errno::values::{EACCES, EBADF, EINVAL, ELOOP, ENOENT, ENOSYS};
use masu_sys::error::SysError;
use masu_sys::file::OFlags;
use masu_sys::process;
use masu_sys::resolve::Links;
use masu_sys::signal;
use masu_wire::error::{CoreError, ErrorCode};

use super::container::Container;
use super::{birth, diagnosis, filter, lookup, reaper};

pub(super) fn change_directory(container: &mut Container, path: &str, create: bool) -> Result<(), CoreError> {
    let action = || format!("Change directory to {path:?}");
    let explain = |error: SysError| {
        let failure = failed(action(), error);
        match error.errno {
            ENOENT => failure.with_hint("the container has no such directory"),
            EACCES => failure.with_hint("the container's user may not enter it"),
            ELOOP => failure.with_hint("too many symbolic links, or one of /proc that leads out of the container"),
            _ => failure,
        }
    };
    let root = container.root()?;
    let directory = match root.open(path, OFlags::PATH | OFlags::DIRECTORY, Links::Follow) {
        Err(error) if error.errno == ENOENT && create => root.make_directories(path, 0o755),
        opened => opened,
    };
    let directory = directory.map_err(explain)?;
    process::change_directory(directory.as_fd()).map_err(explain)?;
    // A directory outside of the root is a way out of the container.
    let place = process::directory().map_err(explain)?;
    if !place.starts_with('/') {
        return Err(failed_because(action(), "it is not below the container's root", SysError::new("getcwd", ENOENT)));
    }
    (container.directory, container.by_descriptor, container.settled) = (Some(directory), false, true);
    Ok(())
}

/// Goes to where the program works.
pub(super) fn settle(container: &mut Container) -> Result<(), CoreError> {
    if container.settled {
        return Ok(());
    }
    match &container.directory {
        Some(directory) => process::change_directory(directory.as_fd()),
        // The caller's own, unless it is gone with the old root.
        None => match &container.start {
            Some(start) if !container.pivoted => process::change_directory(start.as_fd()),
            _ => process::change_to_root(),
        },
    }
    .map_err(|error| failed("Change directory to the program's", error))?;
    (container.by_descriptor, container.settled) = (false, true);
    Ok(())
}

pub(super) fn close_descriptors(keep: u32) -> Result<(), CoreError> {
    for number in 3..3 + keep {
        let explain = |error| {
            failed(format!("Keep descriptor \"{number}\" (--preserve-fds)"), error)
                .with_hint("each descriptor to keep must be open when masu starts")
        };
        // What is closed by execve(2) is masu's own, and not what the caller means.
        if process::closes_on_exec(number).map_err(explain)? {
            return Err(explain(SysError::new("fcntl", EBADF)));
        }
    }
    match process::close_on_exec_from(3 + keep) {
        // Before Linux 5.11. What was inherited is closed since the stage's start, and all that it opened is close-on-exec.
        Err(error) if matches!(error.errno, ENOSYS | EINVAL) => Ok(()),
        marked => marked.map_err(|error| failed("Close descriptors", error)),
    }
}

/// Becomes the program, or returns why not.
pub(super) fn execute(
    container: &mut Container,
    arguments: &[String],
    environment: &[String],
) -> Result<Infallible, CoreError> {
    let Some(program) = arguments.first() else {
        return Err(CoreError::new(ErrorCode::InvalidConfig, "Execute the program: no program is named"));
    };
    let candidates = lookup::candidates(program, lookup::path_of(environment));
    let (arguments_c, environment_c) = (c_strings(program, arguments)?, c_strings(program, environment)?);
    let candidates_c = c_strings(program, &candidates)?;
    settle(container)?;
    process::set_umask(container.umask);
    protocol::send(container.socket, &StageMessage::Executing, &[])
        .map_err(|error| failed("Tell the core that all is done", error))?;
    if let Some(alone) = container.late.take() {
        birth::bear(container, alone)?;
    }
    let alone = container.alone.take();
    // All that the program shall have or not have is settled before its filter, which may forbid anything but execve(2).
    if alone.is_none() {
        signal::set_mask(container.signal_mask).map_err(|error| failed("Restore the signal mask", error))?;
    }
    if let Some(filter) = &container.filter {
        filter::load(container, filter)?;
    }
    if let Some(alone) = alone {
        reaper::split(alone, container.signal_mask)?;
    }
    let mut failures = Vec::with_capacity(candidates.len());
    for (candidate, path) in candidates_c.iter().zip(candidates) {
        let error = process::execute(candidate, &arguments_c, &environment_c);
        failures.push((path, error));
        if !lookup::goes_on(error) {
            break;
        }
    }
    Err(diagnosis::explain(program, &failures))
}

fn c_strings(program: &str, list: &[String]) -> Result<Vec<CString>, CoreError> {
    let converted = list.iter().map(|text| CString::new(text.as_str())).collect::<Result<_, _>>();
    converted.map_err(|_| {
        CoreError::new(
            ErrorCode::InvalidConfig,
            format!("Execute {program:?}: an argument or variable contains a NUL character"),
        )
    })
}
