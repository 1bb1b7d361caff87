//! The guard's end here: `init guard FD` cleans up if this process is killed.

use masu_steps::failure::failed;
use masu_steps::guard_protocol::GuardOrder;
use masu_steps::hint::of_process;
use masu_steps::init_role::{self, Role};
use masu_steps::stage_protocol::send;
use masu_steps::undo::Undo;
use masu_sys::clone::Start;
use masu_sys::error::SysError;
use masu_sys::wait::reap;
use masu_wire::error::CoreError;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::journal::Journal;

/// A running guard.
pub(super) struct Guard {
    role: Role,
}

impl Guard {
    /// Starts it and tells it what undoes the plan.
    pub(super) fn start(undo: &Undo, journal: &Journal, init: BorrowedFd<'_>) -> Result<Self, CoreError> {
        let role = init_role::start(init, c"guard", &Start::default())
            .map_err(|error| of_process(failed("Start the guard", error)))?;
        let guard = Self { role };
        let descriptors: Vec<_> = journal.descriptor().into_iter().collect();
        guard.tell(&GuardOrder::Watch { undo: undo.clone() }, &descriptors)?;
        Ok(guard)
    }

    /// The container exists.
    pub(super) fn watch(&self, pid: u32, start: u64, pidfd: Option<&OwnedFd>) -> Result<(), CoreError> {
        let descriptors: Vec<_> = pidfd.map(AsFd::as_fd).into_iter().collect();
        self.tell(&GuardOrder::Container { pid, start }, &descriptors)
    }

    /// The terminal will be changed.
    pub(super) fn keep_terminal(&self, modes: Vec<u8>, terminal: BorrowedFd<'_>) -> Result<(), CoreError> {
        self.tell(&GuardOrder::Terminal { modes }, &[terminal])
    }

    /// Everything is undone: the guard ends.
    pub(super) fn dismiss(self) {
        // A guard that is gone already needs no telling, and has nothing left to do.
        let _ = self.tell(&GuardOrder::Done, &[]);
        let _ = reap(self.role.child.pid);
    }

    /// Its pid.
    pub(super) const fn pid(&self) -> u32 {
        self.role.child.pid
    }

    /// The socket to it.
    pub(super) fn socket(&self) -> BorrowedFd<'_> {
        self.role.socket.as_fd()
    }

    fn tell(&self, order: &GuardOrder, descriptors: &[BorrowedFd<'_>]) -> Result<(), CoreError> {
        send(self.socket(), order, descriptors).map_err(|error: SysError| failed("Talk to the guard", error))
    }
}
