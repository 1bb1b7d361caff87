//! `init remove FD`: removes a tree of subordinate ids inside a user namespace that has them.

use masu_steps::failure::failed;
use masu_steps::remove_protocol::{RemoveAnswer, RemoveOrder};
use masu_steps::stage_protocol::{receive, send};
use masu_steps::tree;
use masu_sys::namespace::{flag, unshare};
use masu_sys::{credential, signal};
use masu_wire::error::CoreError;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

/// Serves one order.
pub(crate) fn run(socket: &OwnedFd) -> i32 {
    // The one who waits can end this by signals, as any other command.
    let _ = signal::set_mask(0);
    let answer = match serve(socket) {
        Ok(()) => RemoveAnswer::Removed,
        Err(error) => RemoveAnswer::Failed { error: Box::new(error) },
    };
    i32::from(send(socket.as_fd(), &answer, &[]).is_err())
}

fn serve(socket: &OwnedFd) -> Result<(), CoreError> {
    unshare(flag::USER).map_err(|error| failed("Enter a user namespace", error))?;
    send(socket.as_fd(), &RemoveAnswer::Ready, &[])
        .map_err(|error| failed("Say that the user namespace is there", error))?;
    let order = receive::<RemoveOrder>(socket.as_fd()).map_err(|error| failed("Hear which tree to remove", error))?;
    let Some(order) = order else { return Ok(()) };
    let RemoveOrder { path, deny_setgroups } = order.message;
    become_root(deny_setgroups).map_err(|error| failed("Become root in the user namespace", error))?;
    tree::remove_here(Path::new(&path)).map_err(|error| tree::failure(&path, error))
}

/// Keeps the capabilities that unshare(2) gave, which reach every id that is mapped.
fn become_root(deny_setgroups: bool) -> Result<(), masu_sys::error::SysError> {
    if !deny_setgroups {
        credential::set_groups(&[])?;
    }
    credential::set_group(0)?;
    credential::set_user(0)
}
