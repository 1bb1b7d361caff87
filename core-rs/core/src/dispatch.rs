//! From an op's number to the function that answers it.

use masu_wire::error::CoreError;
use masu_wire::request::OPS;
use serde::{Deserialize, Serialize};

use crate::{filter, launch, observe, probe, process, teardown, wait};

/// Answers one request. Errors: `bug` for an op or a request that the core does not know, else the op's own.
pub(crate) fn dispatch(op: u32, request: &[u8]) -> Result<Vec<u8>, CoreError> {
    let name = usize::try_from(op).ok().and_then(|op| OPS.get(op)).copied();
    match name {
        Some("observe") => answer("observe", request, observe::observe),
        Some("process") => answer("process", request, process::process),
        Some("launch") => answer("launch", request, launch::launch),
        Some("run") => answer("run", request, |request| launch::run(request).map(|never| -> () { match never {} })),
        Some("wait") => answer("wait", request, wait::wait),
        Some("teardown") => answer("teardown", request, teardown::teardown),
        Some("compile_filter") => answer("compile_filter", request, filter::compile_filter),
        Some("probe") => answer("probe", request, probe::probe),
        _ => Err(CoreError::bug(format!("Run op {op} of the core: there is no such op"))),
    }
}

/// Parses the request, runs the op, writes the reply.
fn answer<'a, Request: Deserialize<'a>, Reply: Serialize>(
    op: &str,
    request: &'a [u8],
    run: impl FnOnce(Request) -> Result<Reply, CoreError>,
) -> Result<Vec<u8>, CoreError> {
    let request = serde_json::from_slice(request).map_err(|error| unreadable(op, &error))?;
    let reply = run(request)?;
    serde_json::to_vec(&reply).map_err(|error| CoreError::bug(format!("Write the reply of op {op:?}: {error}")))
}

/// A request that is not what [`masu_wire::request`] says: TypeScript and Rust disagree, so masu is wrong.
pub(crate) fn unreadable(op: &str, error: &serde_json::Error) -> CoreError {
    CoreError::bug(format!("Read the request of op {op:?}: {error}"))
}
