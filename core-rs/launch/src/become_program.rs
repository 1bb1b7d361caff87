//! Op `become`: this very process becomes the program of a plan that needs no second one.

use masu_steps::become_role::become_role;
use masu_steps::stage_protocol::BecomeDocument;
use masu_sys::signal;
use masu_wire::error::CoreError;
use masu_wire::plan::{Namespace, Plan};
use std::convert::Infallible;
use std::os::fd::BorrowedFd;

use crate::attempt::document;
use crate::request::{LaunchText, Scope, read};
use crate::{block_signals, hold_signals, mask};

/// Executes `init` in the role `become` in this process: only an error comes back.
pub fn become_program(request: LaunchText<'_>, init: BorrowedFd<'_>) -> Result<Infallible, CoreError> {
    let mut launch = read(request, init, Scope::Whole)?;
    if !needs_one_process(&launch.plan) {
        return Err(CoreError::bug("Become a program: its plan needs a second process"));
    }
    let namespaces = launch.plan.clone.namespaces.clone();
    let signal_mask = mask()?;
    // What arrives from here on waits for the program.
    let hold = hold_signals()?;
    let failure = match block_signals() {
        Ok(()) => {
            let document = document(&mut launch, false, false, signal_mask);
            become_role(launch.init, c"become", &[], |keeper_pid| BecomeDocument { keeper_pid, namespaces, document })
        }
        Err(error) => error,
    };
    drop(hold);
    let _ = signal::set_mask(signal_mask);
    Err(failure)
}

/// Nothing to be done before, beside or after it by another process.
fn needs_one_process(plan: &Plan) -> bool {
    let Plan { clone, create, before, created, started, afterwards, delete, .. } = plan;
    let hosts = [create, before, created, started, afterwards, delete, &clone.record];
    let alone = |kind: &Namespace| !matches!(kind, Namespace::Pid | Namespace::Time | Namespace::User);
    hosts.iter().all(|steps| steps.is_empty())
        && clone.join.is_empty()
        && clone.enter.is_none()
        && clone.user.is_none()
        && clone.time_offsets.is_empty()
        && clone.namespaces.iter().all(alone)
        && clone.part.as_ref().is_none_or(|part| part.keep.is_empty() && part.target.is_none())
}
