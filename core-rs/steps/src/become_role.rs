//! This very process becomes `init` in one of its roles: V8 goes, less than a mebibyte stays.

use masu_sys::descriptor::keep_through_exec;
use masu_sys::memfd::sealed_document;
use masu_sys::memory_keeper::MemoryKeeper;
use masu_sys::process::execute;
use masu_wire::error::CoreError;
use serde::Serialize;
use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use crate::failure::failed;
use crate::init_role;

/// Executes `init ROLE FD`, where FD is a sealed memfd with a document as JSON. Signals must be blocked. Only an error comes back.
///
/// `kept` stays open. `document` is given the pid of a child that the role has to reap, where there is one.
pub fn become_role<Document: Serialize>(
    init: BorrowedFd<'_>,
    role: &CStr,
    kept: &[BorrowedFd<'_>],
    document: impl FnOnce(Option<u32>) -> Document,
) -> CoreError {
    // Without one, execve(2) of a large process takes longer.
    let keeper = MemoryKeeper::start_if_large();
    let document = document(keeper.as_ref().map(MemoryKeeper::pid));
    let action = |what: &str| format!("{what} {:?}", role.to_string_lossy());
    let text = match serde_json::to_vec(&document) {
        Ok(text) => text,
        Err(error) => return CoreError::bug(format!("{}: {error}", action("Write the document of role"))),
    };
    let document = match sealed_document(c"masu-document", &text) {
        Ok(document) => document,
        Err(error) => return failed(action("Write the document of role"), error),
    };
    for descriptor in kept.iter().copied().chain([document.as_fd()]) {
        if let Err(error) = keep_through_exec(descriptor) {
            return failed(action("Keep a descriptor for role"), error);
        }
    }
    // execve(2) of a magic link is execveat(2) with AT_EMPTY_PATH, and leaves a /proc/self/exe that can be opened again.
    let program = CString::new(format!("/proc/self/fd/{}", init.as_raw_fd())).unwrap_or_default();
    failed(action("Execute init in role"), execute(&program, &init_role::arguments(role, document.as_fd()), &[]))
}
