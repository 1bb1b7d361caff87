//! One attempt to bring a container up. Whoever called undoes it when it fails.

use masu_steps::executor::set_up;
use masu_steps::failure::failed;
use masu_steps::id_map;
use masu_steps::process_identity::start_time;
use masu_steps::stage_protocol::{StageDocument, StageOrder};
use masu_sys::wait::reap;
use masu_sys::{pidfd, signalfd};
use masu_wire::error::{CoreError, ErrorCode, Group};
use masu_wire::plan::{CloneStep, Namespace};
use std::mem::take;
use std::os::fd::{AsFd, OwnedFd};

use super::clone_place::{self, Part};
use super::guard::Guard;
use super::id_mapped::mapped_clones;
use super::journal::Journal;
use super::request::Launch;
use super::stage::{Stage, died};
use crate::init_image;

const SIGKILL: i32 = 9;

/// A container whose program runs.
pub(super) struct Launched {
    /// Its first process.
    pub(super) pid: u32,
    /// Its pidfd, where there are any.
    pub(super) pidfd: Option<OwnedFd>,
    /// Its start time, in clock ticks since boot.
    pub(super) start: u64,
    /// The master of its terminal.
    pub(super) terminal: Option<OwnedFd>,
}

/// From `before` to execve(2) of the program. When it fails, no process of it is left.
///
/// The steps that the stage gets are taken out of the plan: they are needed once.
pub(super) fn attempt(
    launch: &mut Launch,
    journal: &mut Journal,
    guard: Option<&Guard>,
    signal_mask: u64,
) -> Result<Launched, CoreError> {
    set_up((Group::Before, 0), &launch.plan.before, init_image::tools(), |progress| journal.record(progress))?;
    let step = &launch.plan.clone;
    let stage = Stage::start(step).map_err(|error| error.at(Group::Clone, clone_place::index(step, Part::Clone)))?;
    match start_program(launch, &stage, journal, guard, signal_mask) {
        Ok((start, terminal)) => Ok(Launched { pid: stage.pid, pidfd: stage.pidfd, start, terminal }),
        Err(error) => {
            let end = kill_and_reap(stage.pid, stage.pidfd.as_ref());
            // Without a message from the stage, how it ended is all there is to tell.
            Err(if is_silent_death(&error) { died(end) } else { error })
        }
    }
}

fn is_silent_death(error: &CoreError) -> bool {
    error.code == ErrorCode::Failed && error.message == died(None).message
}

/// Everything between the clone and the program.
fn start_program(
    launch: &mut Launch,
    stage: &Stage,
    journal: &mut Journal,
    guard: Option<&Guard>,
    signal_mask: u64,
) -> Result<(u64, Option<OwnedFd>), CoreError> {
    let plan = &launch.plan;
    let start =
        start_time(stage.pid).map_err(|error| failed("Read the start time of the container's first process", error))?;
    if let Some(guard) = guard {
        guard.watch(stage.pid, start, stage.pidfd.as_ref())?;
    }
    let new_user = plan.clone.namespaces.contains(&Namespace::User);
    if let Some(user) = plan.clone.user.as_ref().filter(|_| new_user) {
        let place = |map| clone_place::index(&plan.clone, Part::Map(map));
        id_map::write(stage.pid, user).map_err(|(map, error)| error.at(Group::Clone, place(map)))?;
    }
    let clones = mapped_clones(&plan.inside, stage.pid)?;
    let record = launch.record(stage.pid, start)?;
    let first = clone_place::index(&plan.clone, Part::Record);
    set_up((Group::Clone, first), &record, init_image::tools(), |progress| journal.record(progress))?;
    let plan = &mut launch.plan;
    let order = StageOrder::Start(Box::new(StageDocument {
        user_namespace: new_user || joins_user(&plan.clone),
        new_time_namespace: plan.clone.namespaces.contains(&Namespace::Time),
        time_offsets: take(&mut plan.clone.time_offsets),
        cgroup: plan.clone.cgroup.take().filter(|_| !stage.in_cgroup),
        network: take(&mut plan.network),
        inside: take(&mut plan.inside),
        exec: take(&mut plan.exec),
        signal_mask,
    }));
    let descriptors: Vec<_> = clones.iter().map(AsFd::as_fd).collect();
    stage.order(&order, &descriptors)?;
    drop(clones);
    stage.watch().map(|terminal| (start, terminal))
}

fn joins_user(step: &CloneStep) -> bool {
    step.join.iter().any(|join| join.namespace == Namespace::User)
}

/// Ends the first process, and with it its pid namespace. It is this process's child, so its pid is nobody else's.
pub(super) fn kill_and_reap(pid: u32, descriptor: Option<&OwnedFd>) -> Option<masu_sys::wait::End> {
    // One that has ended already cannot be killed and need not be.
    let _ = match descriptor {
        Some(descriptor) => pidfd::send_signal(descriptor.as_fd(), SIGKILL),
        None => signalfd::kill(pid, SIGKILL),
    };
    reap(pid).ok()
}
