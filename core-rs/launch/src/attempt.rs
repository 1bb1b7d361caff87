//! One attempt to bring a container up. Whoever called undoes it when it fails.

use masu_steps::executor::set_up;
use masu_steps::failure::failed;
use masu_steps::id_map;
use masu_steps::notify::Notify;
use masu_steps::process_identity::start_time_of_child;
use masu_steps::stage_protocol::{StageDocument, StageOrder};
use masu_steps::undo::Undo;
use masu_sys::local_socket;
use masu_wire::error::{CoreError, ErrorCode, Group};
use masu_wire::plan::{CloneStep, HostStep, Namespace, StageStep};
use masu_wire::request::NotifySocket;
use std::mem::take;
use std::os::fd::{AsFd, OwnedFd};

use crate::clone_place::{self, Part};
use crate::filter;
use crate::guard::Guard;
use crate::id_mapped::mapped_clones;
use crate::journal::Journal;
use crate::request::{Late, Launch};
use crate::stage::{Event, Stage, died};

/// The socket of a container that waits for its start: for its maker alone.
const SOCKET_MODE: u32 = 0o600;

/// A container whose program runs.
pub struct Launched {
    /// Its first process.
    pub pid: u32,
    /// Its pidfd, where there are any.
    pub pidfd: Option<OwnedFd>,
    /// Its start time, in clock ticks since boot.
    pub start: u64,
    /// The master of its terminal.
    pub terminal: Option<OwnedFd>,
    /// What its program says of itself.
    pub notify: Option<Notify>,
}

/// What takes possession of a container's ID.
pub struct Claim<'a> {
    /// The directory that only one container of this ID can make.
    pub directory: &'a str,
    /// Called when that is made, before anything else is, with what undoes the launch.
    pub take: &'a mut dyn FnMut(&Undo) -> Result<(), CoreError>,
}

/// From `before` to execve(2) of the program, or to its waiting for that. When it fails, no process of it is left.
///
/// The steps that the stage gets are taken out of the plan: they are needed once.
pub(super) fn attempt(
    launch: &mut Launch<'_>,
    journal: &mut Journal,
    guard: Option<&Guard>,
    signal_mask: u64,
    mut claim: Option<Claim<'_>>,
) -> Result<Launched, CoreError> {
    for (group, steps) in [(Group::Create, &launch.plan.create), (Group::Before, &launch.plan.before)] {
        let claimed = claim.as_ref().and_then(|claim| steps.iter().position(|step| makes(step, claim.directory)));
        let (first, rest) = steps.split_at(claimed.map_or(0, |index| index + 1));
        set_up((group, 0), first, launch.tools(), |progress| journal.record(progress))?;
        if let Some(Claim { take, .. }) = claimed.and_then(|_| claim.take()) {
            take(&launch.undo)?;
        }
        set_up((group, first.len()), rest, launch.tools(), |progress| journal.record(progress))?;
    }
    let listener = listener(&launch.plan.exec)?;
    let notify =
        launch.monitor.notify.as_ref().map(|NotifySocket { path, to }| Notify::listen(path, to)).transpose()?;
    let step = &launch.plan.clone;
    let mut stage = Stage::start(&launch.plan, launch.init)
        .map_err(|error| error.at(Group::Clone, clone_place::index(step, Part::Clone)))?;
    match start_program(launch, &mut stage, journal, guard, (signal_mask, listener)) {
        Ok((start, terminal)) => Ok(Launched { pid: stage.pid, pidfd: stage.pidfd, start, terminal, notify }),
        Err(error) => {
            let end = stage.end();
            // Without a message from the stage, how it ended is all there is to tell.
            Err(if is_silent_death(&error) { died(end) } else { error })
        }
    }
}

fn makes(step: &HostStep, directory: &str) -> bool {
    matches!(step, HostStep::MakeDirectory { path, .. } if path == directory)
}

/// What the step `await_start` waits on: it exists before the container does, so that whoever sees one can connect.
fn listener(exec: &[StageStep]) -> Result<Option<OwnedFd>, CoreError> {
    let listen = |(index, step): (usize, &StageStep)| match step {
        StageStep::AwaitStart { path } => Some(
            local_socket::listen(path, SOCKET_MODE)
                .map_err(|error| failed(format!("Listen on {path:?}"), error).at(Group::Exec, index)),
        ),
        _ => None,
    };
    exec.iter().enumerate().find_map(listen).transpose()
}

fn is_silent_death(error: &CoreError) -> bool {
    error.code == ErrorCode::Failed && error.message == died(None).message
}

/// Everything between the clone and the program.
fn start_program(
    launch: &mut Launch<'_>,
    stage: &mut Stage,
    journal: &mut Journal,
    guard: Option<&Guard>,
    (signal_mask, listener): (u64, Option<OwnedFd>),
) -> Result<(u64, Option<OwnedFd>), CoreError> {
    // In a running container the stage is not the program's process, and that is not there yet.
    let early = launch.plan.clone.enter.is_none();
    let mut start = if early { announce(launch, stage, journal, guard)? } else { 0 };
    let clones = mapped_clones(&launch.plan.inside, stage.pid, launch.init)?;
    let (stdio, agent) = (launch.take_stdio(), launch.take_agent());
    filter::tell_agent(&mut launch.plan.exec, early.then_some(stage.pid));
    let mut document = document(launch, stage.in_cgroup, stdio.is_some(), signal_mask);
    document.listener = listener.is_some();
    let streams = stdio.iter().flatten().map(AsFd::as_fd);
    let descriptors: Vec<_> = streams.chain(clones.iter().chain(&agent).chain(&listener).map(AsFd::as_fd)).collect();
    stage.order(&StageOrder::Start(Box::new(document)), &descriptors)?;
    drop((clones, stdio, agent, listener));
    let watched = stage.watch(|stage, event| match event {
        Event::Born => {
            start = announce(launch, stage, journal, guard)?;
            Ok(())
        }
        Event::Assembled => perform_late(launch, Late::Created, stage.pid, start),
    })?;
    if !watched.waits {
        perform_late(launch, Late::Started, stage.pid, start)?;
    }
    Ok((start, watched.terminal))
}

/// Steps of the runtime namespace that know the container's first process. They make nothing that would have to be undone.
fn perform_late(launch: &Launch<'_>, which: Late, pid: u32, start: u64) -> Result<(), CoreError> {
    let group = match which {
        Late::Record => Group::Clone,
        Late::Created => Group::Created,
        Late::Started => Group::Started,
    };
    set_up((group, 0), &launch.late(which, pid, start)?, launch.tools(), |_| ())
}

/// The program's process exists: tells the guard, writes its maps and what is written down of it. Returns its start time.
fn announce(
    launch: &Launch<'_>,
    stage: &Stage,
    journal: &mut Journal,
    guard: Option<&Guard>,
) -> Result<u64, CoreError> {
    let plan = &launch.plan;
    // In a running container the program may have ended by now.
    let start = start_time_of_child(stage.pid)
        .map_err(|error| failed("Read the start time of the container's first process", error))?;
    if let Some(guard) = guard {
        guard.watch(stage.pid, start, stage.pidfd.as_ref())?;
    }
    if let Some(user) = plan.clone.user.as_ref().filter(|_| plan.clone.namespaces.contains(&Namespace::User)) {
        let place = |map| clone_place::index(&plan.clone, Part::Map(map));
        id_map::write(stage.pid, user).map_err(|(map, error)| error.at(Group::Clone, place(map)))?;
    }
    let record = launch.late(Late::Record, stage.pid, start)?;
    let first = clone_place::index(&plan.clone, Part::Record);
    set_up((Group::Clone, first), &record, launch.tools(), |progress| journal.record(progress))?;
    Ok(start)
}

/// What the stage has to do, taken out of the plan.
pub(super) fn document(launch: &mut Launch<'_>, in_cgroup: bool, stdio: bool, signal_mask: u64) -> StageDocument {
    let plan = &mut launch.plan;
    StageDocument {
        user_namespace: is_in_user_namespace(&plan.clone),
        new_time_namespace: plan.clone.namespaces.contains(&Namespace::Time),
        time_offsets: take(&mut plan.clone.time_offsets),
        cgroup: plan.clone.cgroup.take().filter(|_| !in_cgroup),
        network: take(&mut plan.network),
        inside: take(&mut plan.inside),
        exec: take(&mut plan.exec),
        stdio,
        listener: false,
        signal_mask,
        part: plan.clone.part.clone(),
    }
}

/// A new one, a joined one, or that of the container that was entered.
fn is_in_user_namespace(step: &CloneStep) -> bool {
    let entered = step.enter.iter().flat_map(|enter| &enter.namespaces);
    let joined = step.join.iter().map(|join| &join.namespace);
    step.namespaces.iter().chain(joined).chain(entered).any(|namespace| *namespace == Namespace::User)
}
