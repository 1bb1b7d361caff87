//! `init monitor FD`: waits for a container, and cleans up after it.

mod foreground;
mod resident;

use masu_sys::file::{self, FileType};
use std::os::fd::{AsFd, OwnedFd};

/// Watches a container that was started already, as a document says; or one that lives on, which it starts as it is told over a socket.
pub(crate) fn run(descriptor: OwnedFd) -> i32 {
    match file::status(descriptor.as_fd()) {
        Ok(status) if file::kind(&status) == FileType::Socket => resident::run(descriptor),
        _ => foreground::run(descriptor),
    }
}
