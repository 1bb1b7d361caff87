//! The program's process in a container that runs already, made last of all.
//!
//! Root of a container with CAP_SYS_PTRACE may trace whatever it sees, dumpable or not, unless it has a user namespace of its own. So the
//! stage is never seen: it stays out of the container's pid namespace. What is seen is a child that has no more rights than the program
//! will have, its filter included, and no descriptor but the program's and the one to the core.

use masu_steps::failure::{failed, failed_because};
use masu_steps::stage_protocol::{self as protocol, StageMessage, StageOrder};
use masu_sys::errno::values::{EAGAIN, ENOMEM};
use masu_sys::error::SysError;
use masu_sys::handover::SharedNumber;
use masu_sys::process::{self, Side, SingleThread};
use masu_sys::{pidfd, pty, signalfd};
use masu_wire::error::{CoreError, Group};
use std::os::fd::{AsFd, OwnedFd};

use super::container::Container;
use super::{filter, seccomp_agent};

const SIGKILL: i32 = 9;
/// masu itself failed.
const MASU_FAILED: i32 = 125;

/// Returns in the child, which executes the program next; the process that called this ends when the core watches over the child.
pub(super) fn bear(container: &mut Container, alone: SingleThread) -> Result<(), CoreError> {
    container.forget_host();
    if let Some(filter) = container.filter.take_if(|filter| filter.lets_bear()) {
        filter::load(container, &filter)?;
    }
    let asks = container.filter.as_ref().is_some_and(|filter| filter.process_state.is_some());
    let side = if asks {
        let number = SharedNumber::new().map_err(|error| failed("Share memory with the program's process", error))?;
        container.handover = Some(number);
        process::fork_sibling_with_descriptors(alone).map_err(of_clone)?
    } else {
        process::fork_sibling(alone, 0, None).map_err(of_clone)?.0
    };
    match side {
        Side::Child => lead(container),
        Side::Parent { pid, pidfd } => watch_over(container, pid, pidfd),
    }
}

/// What belongs to the process and not to what it does: its session and its controlling terminal.
fn lead(container: &mut Container) -> Result<(), CoreError> {
    if container.session {
        process::new_session().map_err(|error| failed("Make a session", error))?;
    }
    if container.controlling {
        let [stdin, ..] = process::stdio();
        pty::make_controlling(stdin)
            .map_err(|error| failed("Make the terminal the program's controlling one", error))?;
    }
    Ok(())
}

/// Until the core knows of the child, which nobody else would end if the core was killed meanwhile.
fn watch_over(container: &Container, pid: u32, pidfd: Option<OwnedFd>) -> ! {
    let told = protocol::send(container.socket, &StageMessage::Entered { pid }, &[]);
    if told.is_ok() && matches!(protocol::receive::<StageOrder>(container.socket), Ok(Some(_))) {
        let handed =
            container.filter.as_ref().map(|filter| seccomp_agent::hand_over(container, filter, pid, pidfd.as_ref()));
        let Some(Err(error)) = handed else { process::exit(0) };
        let error = Box::new(error.at(Group::Exec, container.step));
        // Where this fails, the core is gone, and nobody is left to be told.
        let _ = protocol::send(container.socket, &StageMessage::Failed { error }, &[]);
    }
    // It may have ended by itself.
    let _ = match pidfd {
        Some(pidfd) => pidfd::send_signal(pidfd.as_fd(), SIGKILL),
        None => signalfd::kill(pid, SIGKILL),
    };
    process::exit(MASU_FAILED)
}

fn of_clone(error: SysError) -> CoreError {
    let action = "Clone the program's process";
    match error.errno {
        EAGAIN => failed(action, error).with_hint(
            "a limit of processes is reached: see pids.max of the container's cgroup, its RLIMIT_NPROC and /proc/sys/kernel/pid_max",
        ),
        // pid_namespaces(7): no process can be made in a namespace whose PID 1 has ended.
        ENOMEM => failed_because(action, "the container has ended", error),
        _ => failed(action, error),
    }
}
