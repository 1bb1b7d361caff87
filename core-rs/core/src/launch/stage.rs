//! The container's first process while it is still `init stage FD`.

use masu_steps::failure::failed;
use masu_steps::hint::unless_hinted;
use masu_steps::init_role::{self, Role};
use masu_steps::stage_protocol::{EnterOrder, StageMessage, StageOrder, receive, send};
use masu_sys::clone::Start;
use masu_sys::errno::values::EPIPE;
use masu_sys::error::SysError;
use masu_sys::namespace::flag;
use masu_sys::wait::{End, reap};
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::plan::{CloneStep, Namespace};
use rustix::fs::{Mode, OFlags};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::clone_hint::clone_failure;
use crate::init_image;

/// A stage that waits for its document.
pub(super) struct Stage {
    /// Its pid.
    pub(super) pid: u32,
    /// Its pidfd, where there are any.
    pub(super) pidfd: Option<OwnedFd>,
    /// It is in the plan's v2 cgroup already.
    pub(super) in_cgroup: bool,
    socket: OwnedFd,
}

impl Stage {
    /// Clones it into its new namespaces, or through existing ones.
    pub(super) fn start(step: &CloneStep) -> Result<Self, CoreError> {
        if !step.join.is_empty() {
            return Self::start_through(step);
        }
        let cgroup = step.cgroup.as_deref().map(open_cgroup).transpose()?;
        let options = Start { namespaces: flags(&step.namespaces), cgroup: cgroup.as_ref().map(AsFd::as_fd) };
        let Role { child, socket } =
            init_role::start(init_image::init()?, c"stage", &options).map_err(|error| clone_failure(step, error))?;
        Ok(Self { pid: child.pid, pidfd: child.pidfd, in_cgroup: child.in_cgroup, socket })
    }

    /// A first process joins and then clones the one that stays, which is a child of this process too.
    fn start_through(step: &CloneStep) -> Result<Self, CoreError> {
        let Role { child, socket } = init_role::start(init_image::init()?, c"stage", &Start::default())
            .map_err(|error| clone_failure(step, error))?;
        let order = StageOrder::Enter(EnterOrder {
            join: step.join.clone(),
            namespaces: step.namespaces.clone(),
            cgroup: step.cgroup.clone(),
        });
        let told = tell(socket.as_fd(), &order, &[]);
        let entered = told.and_then(|()| hear(socket.as_fd()));
        let end = reap(child.pid);
        match entered? {
            // It joins the cgroup by itself, where its own clone could not start it there.
            Some((StageMessage::Entered { pid, .. }, descriptors)) => {
                Ok(Self { pid, pidfd: descriptors.into_iter().next(), in_cgroup: true, socket })
            }
            Some((StageMessage::Failed { error }, _)) => Err(*error),
            Some(_) => Err(CoreError::bug("Enter namespaces: init answered out of turn")),
            None => Err(died(end.ok())),
        }
    }

    /// Sends the document, and what goes with it.
    pub(super) fn order(&self, order: &StageOrder, descriptors: &[BorrowedFd<'_>]) -> Result<(), CoreError> {
        match tell(self.socket.as_fd(), order, descriptors) {
            // It ended before it heard; what it said last tells why.
            Err(error) if error.errno == Some(EPIPE) => Ok(()),
            told => told,
        }
    }

    /// Waits until the program runs. Returns the terminal's master, when a step opened one.
    pub(super) fn watch(&self) -> Result<Option<OwnedFd>, CoreError> {
        let (mut terminal, mut executing) = (None, false);
        loop {
            match hear(self.socket.as_fd())? {
                Some((StageMessage::Terminal, descriptors)) => terminal = descriptors.into_iter().next(),
                Some((StageMessage::Executing, _)) => executing = true,
                Some((StageMessage::Failed { error }, _)) => return Err(*error),
                Some((StageMessage::Entered { .. }, _)) => {
                    return Err(CoreError::bug("Start the container: init answered out of turn"));
                }
                None if executing => return Ok(terminal),
                None => return Err(died(None)),
            }
        }
    }
}

fn tell(socket: BorrowedFd<'_>, order: &StageOrder, descriptors: &[BorrowedFd<'_>]) -> Result<(), CoreError> {
    send(socket, order, descriptors).map_err(|error| failed("Talk to the container's first process", error))
}

fn hear(socket: BorrowedFd<'_>) -> Result<Option<(StageMessage, Vec<OwnedFd>)>, CoreError> {
    let received = receive(socket).map_err(|error| failed("Hear from the container's first process", error))?;
    Ok(received.map(|received| (received.message, received.descriptors)))
}

/// It said nothing and is gone.
pub(super) fn died(end: Option<End>) -> CoreError {
    let how = match end {
        Some(End::Signalled(signal)) => format!("signal {signal} ended it"),
        Some(End::Exited(status)) => format!("it ended with status {status}"),
        None => "it ended".to_owned(),
    };
    let error =
        CoreError::new(ErrorCode::Failed, format!("Start the container: {how} before its program was executed"));
    match end {
        Some(End::Signalled(9)) => unless_hinted(error, "the memory limit may be too low even to start"),
        _ => error,
    }
}

/// CLONE_NEW* bits. A time namespace takes offsets only before a process is in it, so the stage makes it.
fn flags(namespaces: &[Namespace]) -> u64 {
    let flag = |namespace: &Namespace| match namespace {
        Namespace::Mount => flag::MOUNT,
        Namespace::Uts => flag::UTS,
        Namespace::Ipc => flag::IPC,
        Namespace::Network => flag::NETWORK,
        Namespace::Pid => flag::PID,
        Namespace::User => flag::USER,
        Namespace::Cgroup => flag::CGROUP,
        Namespace::Time => 0,
    };
    namespaces.iter().map(flag).fold(0, |bits, flag| bits | u64::from(flag))
}

fn open_cgroup(path: &str) -> Result<OwnedFd, CoreError> {
    let opened = rustix::fs::open(path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
    opened.map_err(|errno| failed(format!("Open cgroup {path:?}"), SysError::new("open", errno.raw_os_error())))
}
