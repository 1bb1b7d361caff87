//! Removing files of subordinate ids: `init remove FD` does it inside a user namespace that has them.
//!
//! Framed as in [`crate::stage_protocol`]: the role unshares a user namespace and says `Ready`, gets its maps written and then the path,
//! and answers `Removed`.

use std::os::fd::AsFd;

use masu_sys::clone::Start;
use masu_sys::error::SysError;
use masu_sys::wait::reap;
use masu_wire::error::CoreError;
use masu_wire::plan::UserMapping;
use serde::{Deserialize, Serialize};

use crate::executor::Tools;
use crate::failure::failed;
use crate::{id_map, init_role, stage_protocol};

/// To the role.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RemoveOrder {
    /// The tree's top directory.
    pub path: String,
    /// setgroups(2) is denied in the namespace.
    pub deny_setgroups: bool,
}

/// From the role.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RemoveAnswer {
    /// It is in a new user namespace.
    Ready,
    /// The tree is gone.
    Removed,
    /// Something failed.
    Failed {
        /// What.
        error: Box<CoreError>,
    },
}

/// Removes a tree whose files belong to ids of this mapping.
pub(crate) fn remove_as(path: &str, user: &UserMapping, tools: Tools<'_>) -> Result<(), CoreError> {
    let init = tools
        .init
        .ok_or_else(|| CoreError::bug(format!("Remove tree {path:?}: there is no init for its user namespace")))?;
    let action = || format!("Remove tree {path:?} in a user namespace");
    let role = init_role::start(init, c"remove", &Start::default()).map_err(|error| failed(action(), error))?;
    let removed = converse(&role, path, user);
    // The end of the socket ends the role, whatever it is doing.
    let init_role::Role { child, socket } = role;
    drop(socket);
    reap(child.pid).map_err(|error| failed(action(), error))?;
    removed
}

fn converse(role: &init_role::Role, path: &str, user: &UserMapping) -> Result<(), CoreError> {
    let socket = role.socket.as_fd();
    expect(&receive(socket, path)?, path, true)?;
    id_map::write(role.child.pid, user).map_err(|(_, error)| error)?;
    let order = RemoveOrder { path: path.to_owned(), deny_setgroups: user.deny_setgroups };
    stage_protocol::send(socket, &order, &[]).map_err(|error| failed(format!("Remove tree {path:?}"), error))?;
    expect(&receive(socket, path)?, path, false)
}

fn receive(socket: std::os::fd::BorrowedFd<'_>, path: &str) -> Result<RemoveAnswer, CoreError> {
    let ended = || failed(format!("Remove tree {path:?}"), SysError::new("recvmsg", masu_sys::errno::values::EPIPE));
    let received = stage_protocol::receive(socket).map_err(|error| failed(format!("Remove tree {path:?}"), error))?;
    received.map(|received| received.message).ok_or_else(ended)
}

fn expect(answer: &RemoveAnswer, path: &str, ready: bool) -> Result<(), CoreError> {
    match answer {
        RemoveAnswer::Failed { error } => Err((**error).clone()),
        RemoveAnswer::Ready if ready => Ok(()),
        RemoveAnswer::Removed if !ready => Ok(()),
        RemoveAnswer::Ready | RemoveAnswer::Removed => {
            Err(CoreError::bug(format!("Remove tree {path:?}: init answered out of turn")))
        }
    }
}
