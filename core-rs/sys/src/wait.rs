//! Children and how they end. waitid(2)

use crate::error::{Result, SysError, named};
use rustix::process::{Pid, WaitId, WaitIdOptions, WaitIdStatus, WaitOptions, waitid};
use std::os::fd::BorrowedFd;

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// exit(3) with this status.
    Exited(i32),
    /// Ended by this signal.
    Signalled(i32),
}

impl End {
    /// The status that a shell would report: the program's own, or 128 and the signal.
    #[must_use]
    pub const fn status(self) -> i32 {
        match self {
            Self::Exited(status) => status,
            Self::Signalled(signal) => 128 + signal,
        }
    }

    fn of(status: &WaitIdStatus) -> Option<Self> {
        let exited = status.exit_status().map(Self::Exited);
        exited.or_else(|| status.terminating_signal().map(Self::Signalled))
    }
}

/// Waits until this child has ended, and reaps it.
pub fn reap(pid: u32) -> Result<End> {
    wait(WaitId::Pid(pid_of(pid)?))
}

/// As [`reap`], of the child that a pidfd names.
pub fn reap_pidfd(pidfd: BorrowedFd<'_>) -> Result<End> {
    wait(WaitId::PidFd(pidfd))
}

/// Reaps one child that has ended, of whichever process group; none: there is none at the moment. ECHILD: there are no children.
pub fn reap_any() -> Result<Option<(u32, End)>> {
    let found = named("waitpid", rustix::io::retry_on_intr(|| rustix::process::wait(WaitOptions::NOHANG)))?;
    Ok(found.and_then(|(pid, status)| {
        let end = status.exit_status().map(End::Exited).or_else(|| status.terminating_signal().map(End::Signalled));
        Some((pid.as_raw_nonzero().get().unsigned_abs(), end?))
    }))
}

/// The child has ended; it is not reaped.
pub fn has_ended(pid: u32) -> Result<bool> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let id = pid_of(pid)?;
    Ok(named("waitid", rustix::io::retry_on_intr(|| waitid(WaitId::Pid(id), options)))?.is_some())
}

fn wait(id: WaitId<'_>) -> Result<End> {
    let status = named("waitid", rustix::io::retry_on_intr(|| waitid(id.clone(), WaitIdOptions::EXITED)))?;
    status.as_ref().and_then(End::of).ok_or(SysError::new("waitid", libc::ECHILD))
}

fn pid_of(pid: u32) -> Result<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(SysError::new("waitid", libc::EINVAL))
}
