//! Executes host steps: setting up stops at the first failure, tearing down tries everything.

use std::os::fd::BorrowedFd;

use masu_wire::error::{CoreError, Group};
use masu_wire::plan::HostStep;

use crate::{cgroup, device_program, directory, file, tree};

/// What steps need besides themselves.
#[derive(Clone, Copy, Debug)]
pub struct Tools<'a> {
    /// The static executable, for what has to happen in a user namespace; none: such a step fails with `bug`.
    pub init: Option<BorrowedFd<'a>>,
}

/// Executes one step.
pub fn execute(step: &HostStep, tools: Tools<'_>) -> Result<(), CoreError> {
    match step {
        HostStep::MakeDirectory { path, mode, parents, owner } => directory::make(path, *mode, *parents, *owner),
        HostStep::WriteFile { path, text, mode, exclusive: true, owner } => file::create(path, text, *mode, *owner),
        HostStep::WriteFile { path, text, mode, exclusive: false, owner } => file::replace(path, text, *mode, *owner),
        HostStep::ReserveName { path, target, name } => file::reserve_name(path, target, name),
        HostStep::WriteControl { path, text } => file::write_control(path, text),
        HostStep::AttachDeviceProgram { cgroup, rules } => device_program::attach(cgroup, rules),
        HostStep::KillCgroup { path } => cgroup::kill(path),
        HostStep::RemoveCgroup { path, recursive } => cgroup::remove(path, recursive.unwrap_or(false)),
        HostStep::RemoveTree { path, user } => tree::remove(path, user.as_ref(), tools),
        HostStep::RemoveFile { path, target } => file::remove(path, target.as_deref()),
        HostStep::RemoveMountPoint { root, path, file } => directory::remove_mount_point(root, path, *file),
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
pub fn tear_down<'a>(steps: impl IntoIterator<Item = (usize, &'a HostStep)>, tools: Tools<'_>) -> Vec<CoreError> {
    let failures = steps.into_iter().filter_map(|(index, step)| {
        let error = execute(step, tools).err()?;
        Some(error.at(Group::Afterwards, index))
    });
    failures.collect()
}
