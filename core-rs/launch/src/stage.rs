//! The container's first process while it is still `init stage FD`.

use masu_steps::failure::failed;
use masu_steps::hint::unless_hinted;
use masu_steps::init_role::{self, Role};
use masu_steps::stage_protocol::{EnterOrder, StageMessage, StageOrder, receive, send};
use masu_sys::clone::Start;
use masu_sys::errno::values::{EACCES, ECHILD, ENOSYS, EPIPE};
use masu_sys::error::SysError;
use masu_sys::namespace::flag;
use masu_sys::wait::{End, has_ended, reap};
use masu_sys::{pidfd, signalfd};
use masu_wire::error::{CoreError, ErrorCode};
use masu_wire::plan::{CloneStep, KeepNamespace, Namespace, Plan, StageStep};
use rustix::fs::{Mode, OFlags};
use std::mem::{replace, take};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::clone_hint::clone_failure;
use crate::kept_namespaces::Kept;

const SIGKILL: i32 = 9;

/// What [`Stage::watch`] tells of on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// The stage became the program's process only now: its pid is another one.
    Born,
    /// Everything is mounted, and the stage waits for what the plan's `created` does.
    Assembled,
}

/// What [`Stage::watch`] ends with.
#[derive(Debug, Default)]
pub(super) struct Watched {
    /// The terminal's master, when a step opened one.
    pub(super) terminal: Option<OwnedFd>,
    /// The program is not executed: it waits for its start.
    pub(super) waits: bool,
}

/// A stage that waits for its document.
pub(super) struct Stage {
    /// Its pid.
    pub(super) pid: u32,
    /// Its pidfd, where there are any.
    pub(super) pidfd: Option<OwnedFd>,
    /// It is in the plan's v2 cgroup already.
    pub(super) in_cgroup: bool,
    socket: OwnedFd,
    maker: Maker,
    /// Its namespaces that are to be kept.
    keep: Vec<KeepNamespace>,
    kept: Kept,
}

/// What is known of the process that makes the one that stays.
enum Maker {
    /// There is none, or it has ended.
    Nobody,
    /// The stage is it: in a running container the program's process is made last.
    Stage,
    /// It waits until that is watched over.
    Waits {
        /// Its pid.
        pid: u32,
        /// Its pidfd.
        pidfd: Option<OwnedFd>,
    },
}

impl Stage {
    /// Clones it into its new namespaces, or through existing ones.
    pub(super) fn start(plan: &Plan, init: BorrowedFd<'_>) -> Result<Self, CoreError> {
        let step = &plan.clone;
        if !step.join.is_empty() {
            return Self::start_through(step, init);
        }
        let cgroup = step.cgroup.as_deref().map(open_cgroup).transpose()?;
        let options = Start { namespaces: flags(&step.namespaces), cgroup: cgroup.as_ref().map(AsFd::as_fd) };
        let started = match init_role::start(init, c"stage", &options) {
            // What enters a container joins by itself, which others may do for it where this user may not.
            Err(error) if error.errno == EACCES && step.enter.is_some() => {
                init_role::start(init, c"stage", &Start { cgroup: None, ..options })
            }
            started => started,
        };
        let Role { child, socket } = started.map_err(|error| clone_failure(step, error))?;
        let stage = Self {
            pid: child.pid,
            pidfd: child.pidfd,
            in_cgroup: child.in_cgroup,
            socket,
            maker: Maker::Nobody,
            keep: kept_of(step),
            kept: Kept::default(),
        };
        if step.enter.is_some() { stage.enter(plan) } else { Ok(stage) }
    }

    /// Tells it which container to enter; whether it could, [`Stage::watch`] hears.
    fn enter(mut self, Plan { clone: step, exec, .. }: &Plan) -> Result<Self, CoreError> {
        let order = EnterOrder {
            enter: step.enter.clone(),
            join: Vec::new(),
            namespaces: Vec::new(),
            cgroup: step.cgroup.clone().filter(|_| !self.in_cgroup),
            oom_score_adj: exec.iter().find_map(|step| match step {
                StageStep::SetOomScoreAdj { value } => Some(*value),
                _ => None,
            }),
            part: None,
        };
        (self.in_cgroup, self.maker) = (true, Maker::Stage);
        match self.order(&StageOrder::Enter(order), &[]) {
            Ok(()) => Ok(self),
            Err(error) => {
                self.end();
                Err(error)
            }
        }
    }

    /// A first process joins and then clones the one that stays, which is a child of this process too.
    fn start_through(step: &CloneStep, init: BorrowedFd<'_>) -> Result<Self, CoreError> {
        let Role { child, socket } =
            init_role::start(init, c"stage", &Start::default()).map_err(|error| clone_failure(step, error))?;
        let order = StageOrder::Enter(EnterOrder {
            enter: None,
            join: step.join.clone(),
            namespaces: step.namespaces.clone(),
            cgroup: step.cgroup.clone(),
            oom_score_adj: None,
            part: step.part.clone().map(Box::new),
        });
        let told = tell(socket.as_fd(), &order, &[]);
        let entered = told.and_then(|()| hear(socket.as_fd()));
        let end = reap(child.pid);
        match entered? {
            // It joins the cgroup by itself, where its own clone could not start it there.
            Some((StageMessage::Entered { pid, .. }, descriptors)) => {
                let pidfd = descriptors.into_iter().next();
                let (keep, kept) = (kept_of(step), Kept::default());
                Ok(Self { pid, pidfd, in_cgroup: true, socket, maker: Maker::Nobody, keep, kept })
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

    /// Waits until the program runs, or waits for its start. `tell` is told of what comes before that, and the stage goes on when it returns.
    pub(super) fn watch(
        &mut self,
        mut tell: impl FnMut(&Self, Event) -> Result<(), CoreError>,
    ) -> Result<Watched, CoreError> {
        let (mut terminal, mut executing, mut failure) = (None, false, None);
        loop {
            match hear(self.socket.as_fd())? {
                // Later it could be anybody's: a container that may trace the program's process has its end of the socket, too.
                Some((StageMessage::Terminal, descriptors)) if !executing => terminal = descriptors.into_iter().next(),
                Some((StageMessage::Namespaces, _)) if !executing && !self.keep.is_empty() => {
                    self.kept.keep(self.pid, &take(&mut self.keep))?;
                    self.order(&StageOrder::Watched, &[])?;
                }
                Some((StageMessage::Executing, _)) => executing = true,
                // It may be the child that says so, before its maker has told of it: it has to be reaped, too.
                Some((StageMessage::Failed { error }, _)) if self.is_maker() && executing => failure = Some(*error),
                Some((StageMessage::Failed { error }, _)) => return Err(*error),
                Some((StageMessage::Entered { pid }, _)) if self.is_maker() && executing => {
                    self.become_child(pid)?;
                    if let Some(error) = failure {
                        return Err(error);
                    }
                    tell(self, Event::Born)?;
                    self.order(&StageOrder::Watched, &[])?;
                }
                Some((StageMessage::Assembled, _)) if !executing && !self.is_maker() => {
                    tell(self, Event::Assembled)?;
                    self.order(&StageOrder::Proceed, &[])?;
                }
                Some((StageMessage::Waiting, _)) if !executing && !self.is_maker() => {
                    return Ok(Watched { terminal, waits: true });
                }
                Some(_) => return Err(CoreError::bug("Start the container: init answered out of turn")),
                None if executing && !self.is_maker() => {
                    self.reap_maker();
                    return Ok(Watched { terminal, waits: false });
                }
                None => return Err(failure.unwrap_or_else(|| died(None))),
            }
        }
    }

    /// The program's process is still to be made by this one.
    fn is_maker(&self) -> bool {
        matches!(self.maker, Maker::Stage)
    }

    /// The number came from a process of the container, as far as can be told: so it must be one of this process's children, and a new one.
    fn become_child(&mut self, pid: u32) -> Result<(), CoreError> {
        let explain = |error| failed("Find the program's process", error);
        has_ended(pid).map_err(explain)?;
        if pid == self.pid {
            return Err(explain(SysError::new("waitid", ECHILD)));
        }
        // A child that is not reaped keeps its pid.
        let pidfd = match pidfd::open(pid) {
            Err(error) if error.errno == ENOSYS => None,
            opened => Some(opened.map_err(explain)?),
        };
        let maker = (replace(&mut self.pid, pid), replace(&mut self.pidfd, pidfd));
        self.maker = Maker::Waits { pid: maker.0, pidfd: maker.1 };
        Ok(())
    }

    fn reap_maker(&mut self) {
        if let Maker::Waits { pid, .. } = replace(&mut self.maker, Maker::Nobody) {
            // It has closed its socket, so it is ending.
            let _ = reap(pid);
        }
    }

    /// Ends whatever there is of it, and with a first process its pid namespace. They are this process's children, so their pids are nobody else's.
    pub(super) fn end(self) -> Option<End> {
        let Self { pid, pidfd, socket, maker, kept, .. } = self;
        kept.give_up();
        match maker {
            Maker::Nobody => kill_and_reap(pid, pidfd.as_ref()),
            // Alone it knows whether there is a child, which it ends when this socket does.
            Maker::Stage => {
                drop(socket);
                reap(pid).ok()
            }
            Maker::Waits { pid: maker, pidfd: of_maker } => {
                let end = kill_and_reap(pid, pidfd.as_ref());
                kill_and_reap(maker, of_maker.as_ref());
                end
            }
        }
    }
}

/// Ends a child of this process.
pub(super) fn kill_and_reap(pid: u32, descriptor: Option<&OwnedFd>) -> Option<End> {
    // One that has ended already cannot be killed and need not be.
    let _ = match descriptor {
        Some(descriptor) => pidfd::send_signal(descriptor.as_fd(), SIGKILL),
        None => signalfd::kill(pid, SIGKILL),
    };
    reap(pid).ok()
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

/// What the plan wants to keep.
fn kept_of(step: &CloneStep) -> Vec<KeepNamespace> {
    step.part.as_ref().map(|part| part.keep.clone()).unwrap_or_default()
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
