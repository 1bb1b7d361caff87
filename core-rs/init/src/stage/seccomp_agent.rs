//! The seccomp agent that a filter asks: it gets the listener's descriptor with what it is about. seccomp_unotify(2)
//!
//! Any call of a filtered process may be one that waits for the agent's answer, so that whoever sends is another process. Usually that is a
//! helper of the stage's, which is gone before the program is executed. In a container that runs already it is the stage itself, which the
//! container cannot see, and the program's process shares descriptors with it until it executes the program.

use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use masu_steps::failure::failed;
use masu_steps::stage_protocol::{self as protocol, StageMessage};
use masu_sys::errno::values::{EPIPE, ESRCH};
use masu_sys::error::SysError;
use masu_sys::handover::{Notice, load_and_hand_over};
use masu_sys::{descriptor, pidfd, process, socket};
use masu_wire::error::{CoreError, Group};
use serde_json::Value;
use std::io::IoSlice;

use super::container::Container;
use super::filter::{self, Instructions};

/// masu itself failed.
const MASU_FAILED: i32 = 125;
/// How often the stage looks for what its child tells.
const MOMENT: Duration = Duration::from_micros(100);

/// Loads a filter that asks an agent. From then on the agent may be asked about any call.
pub(super) fn load(container: &Container, filter: &Instructions, state: &Value) -> Result<(), CoreError> {
    if let Some(number) = &container.handover {
        return number.load(filter.flags, &filter.program).map_err(filter::explain);
    }
    let agent = agent(container)?;
    let mut state = state.clone();
    if container.late.is_some() {
        // In the runtime namespace, which is where this process is.
        protocol::set_pid(&mut state, std::process::id());
    }
    let error = Box::new(refused(SysError::new("sendmsg", EPIPE)).at(Group::Exec, container.step));
    let complaint = protocol::framed(&StageMessage::Failed { error })
        .map_err(|error| failed("Write down that the seccomp agent is gone", error))?;
    let notice =
        Notice { socket: agent.as_fd(), text: &text(&state)?, supervisor: container.socket, complaint: &complaint };
    match load_and_hand_over(filter.flags, &filter.program, &notice) {
        // The core was told; this process may not be able to say anything any more.
        Err(error) if error.call == "sendmsg" => process::exit(MASU_FAILED),
        loaded => loaded.map_err(filter::explain),
    }
}

/// Sends the listener of the child that shares this process's descriptors, when it has loaded its filter. Returns when the child has ended, too.
pub(super) fn hand_over(
    container: &Container,
    filter: &Instructions,
    pid: u32,
    child: Option<&OwnedFd>,
) -> Result<(), CoreError> {
    let (Some(shared), Some(state)) = (&container.handover, &filter.process_state) else { return Ok(()) };
    let number = loop {
        match shared.get() {
            Some(None) => return Ok(()),
            Some(Some(number)) => break number,
            None if has_ended(pid, child) => return Ok(()),
            None => std::thread::sleep(MOMENT),
        }
    };
    let mut state = state.clone();
    protocol::set_pid(&mut state, pid);
    // The child closes what it has when it executes the program, and this process what it has here.
    let listener = descriptor::unshare().and_then(|()| descriptor::duplicate_number(number)).map_err(refused)?;
    let text = text(&state)?;
    let (agent, parts) = (agent(container)?, [IoSlice::new(&text)]);
    let sent = socket::send(agent.as_fd(), &parts, &[listener.as_fd()]).map_err(refused)?;
    socket::send_all(agent.as_fd(), &[], text.get(sent..).unwrap_or_default(), &[]).map_err(refused)
}

/// A child that nobody has reaped yet has ended as well.
fn has_ended(pid: u32, child: Option<&OwnedFd>) -> bool {
    match child {
        Some(child) => pidfd::wait(child.as_fd(), Some(0)).unwrap_or(true),
        None => matches!(
            i32::try_from(pid).map(|pid| masu_sys::signal::send(pid, 0)),
            Ok(Err(SysError { errno: ESRCH, .. }))
        ),
    }
}

fn agent<'c>(container: &'c Container<'_>) -> Result<&'c OwnedFd, CoreError> {
    container.agent.as_ref().ok_or_else(|| CoreError::bug("The core sent no connection to the seccomp agent"))
}

fn text(state: &Value) -> Result<Vec<u8>, CoreError> {
    serde_json::to_vec(state).map_err(|error| CoreError::bug(format!("Write down the state of a process: {error}")))
}

fn refused(error: SysError) -> CoreError {
    failed("Send the seccomp listener to its agent", error)
        .with_hint("the agent closed the connection to linux.seccomp.listenerPath")
}
