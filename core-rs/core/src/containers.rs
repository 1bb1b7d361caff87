//! Ops on containers that live on: the crate that does them, with the core's own `init`.

use masu_containers::CreateBundleText;
use masu_containers::CreateText;
use masu_containers::UpdateText;
use masu_wire::bundle::CreateBundleReply;
use masu_wire::error::CoreError;
use masu_wire::lifecycle::{
    AwaitEndRequest, CreateReply, DeleteRequest, OutcomesReply, PruneReply, PruneRequest, StartReply, StartRequest,
    StopRequest, UpdateReply,
};

use std::path::Path;

use masu_host::kept::Work;
use masu_wire::lifecycle::{RunKeptReply, RunKeptRequest};

use crate::basis;
use crate::init_image::{init, tools};
use crate::launch::keep_plan;

/// Op `create`.
pub(crate) fn create(mut request: CreateText<'_>) -> Result<CreateReply, CoreError> {
    // Before anything is changed, which the looks so far do not show.
    let basis = basis::take();
    let created = masu_containers::create(&request, tools().init)?;
    if let (Some((keep, document)), Some(basis)) = (request.take_keep(), basis) {
        keep_plan(keep, basis, Work::Document(document));
    }
    Ok(created)
}

/// Op `create_bundle`.
pub(crate) fn create_bundle(mut request: CreateBundleText<'_>) -> Result<CreateBundleReply, CoreError> {
    // Before anything is changed, which the looks so far do not show.
    let basis = basis::take();
    let keep = request.take_keep();
    let id = request.id().to_owned();
    let created = masu_containers::create_bundle(request, init()?)?;
    if let (Some((settings, plan)), Some(basis)) = (keep, basis) {
        masu_containers::kept_bundle::keep(settings, (basis, &id), plan);
    }
    Ok(created)
}

/// Op `run_kept`.
pub(crate) fn run_kept(request: RunKeptRequest) -> Result<RunKeptReply, CoreError> {
    let RunKeptRequest { store, directory, command } = request;
    let variable = |name: &str| std::env::var(name).ok();
    let id = masu_containers::kept::run_kept(&store, Path::new(&directory), &command, variable, init()?)?;
    Ok(RunKeptReply { id })
}

/// Op `start`.
pub(crate) fn start(request: StartRequest) -> Result<StartReply, CoreError> {
    masu_containers::start(&request, init()?)
}

/// Op `stop`.
pub(crate) fn stop(request: StopRequest) -> Result<OutcomesReply, CoreError> {
    masu_containers::stop(&request, tools().init)
}

/// Op `restart`.
pub(crate) fn restart(request: StopRequest) -> Result<OutcomesReply, CoreError> {
    masu_containers::restart(&request, init()?)
}

/// Op `await_end`. Called on a thread of its own.
pub(crate) fn await_end(request: AwaitEndRequest) -> Result<OutcomesReply, CoreError> {
    masu_containers::await_end(&request, tools().init)
}

/// Op `delete`.
pub(crate) fn delete(request: DeleteRequest) -> Result<OutcomesReply, CoreError> {
    masu_containers::delete(&request, tools().init)
}

/// Op `update`.
pub(crate) fn update(request: UpdateText<'_>) -> Result<UpdateReply, CoreError> {
    masu_containers::update(&request, tools().init)
}

/// Op `prune`.
pub(crate) fn prune(request: PruneRequest) -> Result<PruneReply, CoreError> {
    masu_containers::prune(&request, tools().init)
}
