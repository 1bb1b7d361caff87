//! From an op's number to the function that answers it.

use masu_wire::error::CoreError;
use masu_wire::request::{AppendLineReply, AppendLineRequest, OPS};
use serde::{Deserialize, Serialize};

use masu_launch::{examine, filter};
use masu_steps::log::append_line;

use crate::{
    attach, basis, containers, exec, host_ps, init_image, key, launch, layer, overlay, perform, pipe, probe, read,
    teardown, tree, wait, watch, watch_cgroup,
};

/// Answers one request. Errors: `bug` for an op or a request that the core does not know, else the op's own.
pub(crate) fn dispatch(op: u32, request: &[u8]) -> Result<Vec<u8>, CoreError> {
    let name = usize::try_from(op).ok().and_then(|op| OPS.get(op)).copied();
    match name {
        Some("observe") => answer("observe", request, basis::observe),
        Some("process") => answer("process", request, |request| {
            // Whoever asks this is about to launch something, or to look at what could be.
            init_image::prepare();
            basis::process(request)
        }),
        Some("launch") => answer("launch", request, launch::launch),
        Some("run") => answer("run", request, |request| launch::run(request).map(|never| -> () { match never {} })),
        Some("wait") => answer("wait", request, wait::wait),
        Some("teardown") => answer("teardown", request, teardown::teardown),
        Some("compile_filter") => answer("compile_filter", request, filter::compile_filter),
        Some("probe") => answer("probe", request, probe::probe),
        Some("pipes") => answer("pipes", request, pipe::pipes),
        Some("read_pipe") => answer("read_pipe", request, pipe::read_pipe),
        Some("write_pipe") => answer("write_pipe", request, pipe::write_pipe),
        Some("close_descriptors") => answer("close_descriptors", request, pipe::close_descriptors),
        Some("collect") => answer("collect", request, pipe::collect),
        Some("signal_process") => answer("signal_process", request, pipe::signal_process),
        Some("create") => answer("create", request, containers::create),
        Some("run_kept") => answer("run_kept", request, containers::run_kept),
        Some("start") => answer("start", request, containers::start),
        Some("containers") => answer("containers", request, |request| masu_containers::containers(&request)),
        Some("inspect") => answer("inspect", request, |request| masu_containers::inspect(&request)),
        Some("state") => answer("state", request, |request| masu_containers::state(&request)),
        Some("kill") => answer("kill", request, |request| masu_containers::kill(&request)),
        Some("stop") => answer("stop", request, containers::stop),
        Some("restart") => answer("restart", request, containers::restart),
        Some("await_end") => answer("await_end", request, containers::await_end),
        Some("delete") => answer("delete", request, containers::delete),
        Some("freeze") => answer("freeze", request, |request| masu_containers::freeze(&request)),
        Some("rename") => answer("rename", request, |request| masu_containers::rename(&request)),
        Some("lock") => answer("lock", request, |request| masu_containers::lock_for_caller(&request)),
        Some("update") => answer("update", request, containers::update),
        Some("prune") => answer("prune", request, containers::prune),
        Some("exec") => answer("exec", request, exec::exec),
        Some("exec_run") => answer("exec_run", request, exec::exec_run),
        Some("tree") => answer("tree", request, tree::tree),
        Some("attach") => answer("attach", request, attach::attach),
        Some("read") => answer("read", request, read::read),
        Some("watch") => answer("watch", request, watch::watch),
        Some("await_key") => answer("await_key", request, key::await_key),
        Some("mount_overlay") => answer("mount_overlay", request, overlay::mount_overlay),
        Some("unmount") => answer("unmount", request, overlay::unmount),
        Some("layer") => answer("layer", request, layer::layer),
        Some("attributes") => answer("attributes", request, layer::attributes),
        Some("securebits") => answer("securebits", request, basis::securebits),
        Some("watch_cgroup") => answer("watch_cgroup", request, watch_cgroup::watch_cgroup),
        Some("create_bundle") => answer("create_bundle", request, containers::create_bundle),
        Some("host_ps") => answer("host_ps", request, host_ps::host_ps),
        Some("read_bundle") => answer("read_bundle", request, basis::read_bundle),
        Some("perform") => answer("perform", request, perform::perform),
        Some("examine_filter") => answer("examine_filter", request, examine::examine_filter),
        Some("append_line") => answer("append_line", request, |AppendLineRequest { path, line }| {
            append_line(&path, &line).map(|()| AppendLineReply {})
        }),
        Some("become") => {
            answer("become", request, |request| launch::become_program(request).map(|never| -> () { match never {} }))
        }
        _ => Err(CoreError::bug(format!("Run op {op} of the core: there is no such op"))),
    }
}

/// Parses the request, runs the op, writes the reply.
fn answer<'a, Request: Deserialize<'a>, Reply: Serialize>(
    op: &str,
    request: &'a [u8],
    run: impl FnOnce(Request) -> Result<Reply, CoreError>,
) -> Result<Vec<u8>, CoreError> {
    let request = serde_json::from_slice(request).map_err(|error| CoreError::unreadable(op, &error))?;
    let reply = run(request)?;
    serde_json::to_vec(&reply).map_err(|error| CoreError::bug(format!("Write the reply of op {op:?}: {error}")))
}
