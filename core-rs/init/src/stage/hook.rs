//! Hooks that are run in the container's namespaces: `createContainer` and `startContainer`. OCI runtime-spec, config.md, "POSIX-platform Hooks"

use std::os::fd::{AsFd, AsRawFd};
use std::path::PathBuf;

use masu_steps::failure::failed;
use masu_steps::hook::run;
use masu_sys::{process, signal};
use masu_wire::error::CoreError;
use masu_wire::plan::Hook;
use serde_json::Value;

use super::container::Container;
use super::program;

/// Runs one. Before the root is changed its path is the runtime namespace's, and it works in the container's root; afterwards it has what the program will have.
pub(super) fn run_hook(container: &mut Container, hook: &Hook, state: &Value) -> Result<(), CoreError> {
    // Were it ignored, as the caller may have it, no child could be waited for.
    signal::reset(libc::SIGCHLD).map_err(|error| failed("Reset the signal \"SIGCHLD\"", error))?;
    let directory = if container.pivoted {
        // Not a directory of the runtime namespace's.
        program::settle(container)?;
        None
    } else {
        let root = container.root()?.descriptor();
        Some(PathBuf::from(format!("/proc/self/fd/{}", root.as_fd().as_raw_fd())))
    };
    // The stage itself has none, so that modes are what the plan says.
    let own = process::set_umask(container.umask);
    let done = run(hook, state, Some(std::process::id()), directory.as_deref());
    process::set_umask(own);
    done
}
