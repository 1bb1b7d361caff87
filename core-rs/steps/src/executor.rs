//! Executes host steps: setting up stops at the first failure, tearing down tries everything.

use std::os::fd::BorrowedFd;

use masu_wire::error::{CoreError, Group, Place};
use masu_wire::plan::HostStep;

use crate::systemd::{self, Unit};
use crate::{cgroup, cgroup_v2, cpuset, device_program, directory, file, hook, mount, network_device, tree};

/// What steps need besides themselves.
#[derive(Clone, Copy, Debug)]
pub struct Tools<'a> {
    /// The static executable, for what has to happen in a user namespace; none: such a step fails as it does without one.
    pub init: Option<BorrowedFd<'a>>,
}

/// Executes one step.
pub fn execute(step: &HostStep, tools: Tools<'_>) -> Result<(), CoreError> {
    match step {
        HostStep::MakeDirectory { path, mode, parents, owner } => directory::make(path, *mode, *parents, *owner),
        HostStep::WriteFile { path, text, mode, exclusive: true, owner } => file::create(path, text, *mode, *owner),
        HostStep::WriteFile { path, text, mode, exclusive: false, owner } => file::replace(path, text, *mode, *owner),
        HostStep::ReserveName { path, target, name } => file::reserve_name(path, target, name),
        HostStep::WriteControl { path, text, optional: Some(true) } => file::write_control_if_there(path, text),
        HostStep::WriteControl { path, text, .. } => file::write_control(path, text),
        HostStep::MakeCgroup { path } => cgroup_v2::make(path),
        HostStep::EnableControllers { path, needed, usual } => cgroup_v2::enable(path, needed, usual),
        HostStep::InheritCpuset { path } => cpuset::inherit(path),
        HostStep::AttachDeviceProgram { cgroup, rules } => device_program::attach(cgroup, rules),
        HostStep::KillCgroup { path } => cgroup::kill(path),
        HostStep::RemoveCgroup { path, recursive } => cgroup::remove(path, recursive.unwrap_or(false)),
        HostStep::RemoveTree { path, user } => tree::remove(path, user.as_ref(), tools),
        HostStep::RemoveFile { path, target } => file::remove(path, target.as_deref()),
        HostStep::RemoveMountPoint { root, path, file } => directory::remove_mount_point(root, path, *file),
        HostStep::Mount { source, destination, kind, flags, data } => {
            mount::mount(source, destination, &mount::Options { kind, flags: *flags, data })
        }
        HostStep::Unmount { path, lazy } => mount::unmount(path, *lazy),
        HostStep::ChangeOwner { path, owner } => file::change_owner(path, *owner),
        HostStep::StartUnit { name, user, pid, properties } => {
            systemd::start(Unit { name, user: *user }, pid, properties)
        }
        HostStep::SetUnitProperties { name, user, properties } => {
            systemd::set_properties(Unit { name, user: *user }, properties)
        }
        HostStep::StopUnit { name, user } => systemd::stop(Unit { name, user: *user }),
        HostStep::RunHook { hook, state, pid } => hook::run(hook, state, hook::pid_of(pid)?, hook::bundle_of(state)),
        HostStep::MoveNetworkDevice { name, new_name, pid } => network_device::move_device(name, new_name, pid),
    }
}

/// What becomes of one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It is about to be executed.
    Begins,
    /// It was done.
    Done,
    /// It failed, and did nothing.
    Failed,
}

/// Executes steps in order, tells what becomes of each, and stops at the first failure. The first step's place is `first`.
pub fn set_up(
    (group, first): (Group, usize),
    steps: &[HostStep],
    tools: Tools<'_>,
    mut tell: impl FnMut(Progress),
) -> Result<(), CoreError> {
    for (index, step) in steps.iter().enumerate() {
        tell(Progress::Begins);
        let executed = execute(step, tools);
        tell(if executed.is_ok() { Progress::Done } else { Progress::Failed });
        executed.map_err(|error| error.at(group, first + index))?;
    }
    Ok(())
}

/// Executes all steps whatever fails, and returns what did.
pub fn tear_down<'a>(steps: impl IntoIterator<Item = (Place, &'a HostStep)>, tools: Tools<'_>) -> Vec<CoreError> {
    let failures = steps.into_iter().filter_map(|(Place { group, index }, step)| {
        let error = execute(step, tools).err()?;
        Some(error.at(group, usize::try_from(index).unwrap_or(usize::MAX)))
    });
    failures.collect()
}

/// Steps with their places in a group.
pub fn placed(group: Group, steps: &[HostStep]) -> impl Iterator<Item = (Place, &HostStep)> {
    (0..).zip(steps).map(move |(index, step)| (Place { group, index }, step))
}
