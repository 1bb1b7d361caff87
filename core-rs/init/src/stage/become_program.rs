//! `init become FD`: masu's own process becomes the program, as it would behind unshare(1) or setpriv(1).

use std::convert::Infallible;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};

use masu_steps::failure::failed;
use masu_steps::stage_protocol::{BecomeDocument, Received};
use masu_sys::error::SysError;
use masu_sys::{namespace, process, signal, socket, wait};
use masu_wire::error::{CoreError, Group};

use super::kernel_object::flag_of;
use super::{execute, status};
use crate::report::report;

/// Does the steps of the document; returns only where one failed, with masu's exit status.
pub(crate) fn run(document: OwnedFd) -> i32 {
    let Err(error) = read(document).and_then(start);
    report(&error);
    status(&error)
}

fn read(document: OwnedFd) -> Result<BecomeDocument, CoreError> {
    let mut text = Vec::new();
    let read = std::fs::File::from(document).read_to_end(&mut text);
    read.map_err(|error| failed("Read the document of role \"become\"", SysError::from_io("read", &error)))?;
    serde_json::from_slice(&text)
        .map_err(|error| CoreError::bug(format!("Read the document of role \"become\": {error}")))
}

fn start(BecomeDocument { keeper_pid, namespaces, document }: BecomeDocument) -> Result<Infallible, CoreError> {
    if let Some(pid) = keeper_pid {
        // It ends when this role begins.
        let _ = wait::reap(pid);
    }
    signal::reset(libc::SIGPIPE).map_err(|error| failed("Reset the signal \"SIGPIPE\"", error))?;
    // Nobody listens at the other end: whoever asked for the program is this process.
    let (own, other) = socket::stream_pair().map_err(|error| failed("Make a socket", error))?;
    for end in [&own, &other] {
        process::close_on_exec(end.as_fd()).map_err(|error| failed("Keep the socket from the program", error))?;
    }
    let flags = namespaces.iter().fold(0, |flags, kind| flags | flag_of(*kind));
    if flags != 0 {
        namespace::unshare(flags).map_err(|error| failed("Make namespaces", error).at(Group::Clone, 0))?;
    }
    execute(&own, Received { message: document, descriptors: Vec::new() }, None)
}
