//! A container's life: it runs, has ended, waits, is started again, stays down. One thread, one loop; every wait is for something to happen.

use masu_containers::document::Head;
use masu_sys::error::SysError;
use masu_sys::{signal, signalfd};
use masu_wire::container::{ContainerEnd, HealthStatus};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use super::connection::Connections;
use super::health::Health;
use super::home::Home;
use super::listener::Listener;
use super::lock::Waiter;
use super::memory::Memory;
use super::policy::Backoff;
use super::running::{Ended, Running};
use super::streams::{Effect, Streams, Token};

/// More connections at a time wait to be accepted.
const MOST_CONNECTIONS: usize = 200;
/// When the kernel has no memory or descriptors to spare.
const PAUSE: Duration = Duration::from_secs(1);

const SIGKILL: i32 = 9;
const SIGTERM: i32 = 15;
const SIGCHLD: i32 = 17;

/// Everything of one monitor.
pub(super) struct Monitor {
    pub(super) home: Home,
    pub(super) head: Head,
    pub(super) signals: OwnedFd,
    /// None: nobody is to find this monitor any more.
    pub(super) listener: Option<Listener>,
    pub(super) connections: Connections,
    pub(super) streams: Streams,
    pub(super) phase: Phase,
    pub(super) wish: Wish,
    pub(super) health: Option<Health>,
    /// Where its memory is counted.
    pub(super) memory: Option<Memory>,
    pub(super) restarts: u32,
    pub(super) backoff: Backoff,
    /// A child may have ended.
    pub(super) look: bool,
    /// Until then nobody is accepted.
    pub(super) pause: Option<Instant>,
}

/// Where in its life the container is.
pub(super) enum Phase {
    /// Its program runs.
    Running(Running),
    /// Something is to be done that needs the container's lock, which somebody has.
    Locking(Goal, Waiter),
    /// The same, where not even a child could be made to wait for it.
    Postponed(Goal, Instant),
    /// It has ended and will be started again then.
    Resting(ContainerEnd, Instant),
    /// Nothing is left to do.
    Over,
}

/// What needs the lock.
pub(super) enum Goal {
    /// It has ended: to write that down, and to undo what its start did.
    Conclude(Ended),
    /// It has ended so: to start it again, or to leave it.
    Decide(ContainerEnd),
}

/// What others want of this run of the container.
#[derive(Default)]
pub(super) struct Wish {
    /// Somebody asked for its end.
    pub(super) requested: bool,
    /// And then for a start.
    pub(super) restart: bool,
    /// The monitor is to end, as everything does when the system goes down.
    pub(super) shutdown: bool,
}

#[derive(Clone, Copy)]
enum Source {
    Signals,
    Listener,
    Connection(u64),
    Stream(Token),
    Health,
    Memory,
}

impl Monitor {
    /// Until nothing is left to do.
    pub(super) fn live(&mut self) {
        while !matches!(self.phase, Phase::Over) {
            let ready = self.wait().unwrap_or_else(|_| {
                std::thread::sleep(PAUSE);
                Vec::new()
            });
            for (source, flags) in ready {
                self.advance(source, flags);
            }
            self.mind_the_time();
            self.mind_the_children();
        }
    }

    /// Waits for anything to happen.
    fn wait(&self) -> Result<Vec<(Source, PollFlags)>, SysError> {
        let wanted = self.wanted();
        let mut polled: Vec<PollFd<'_>> =
            wanted.iter().map(|(_, descriptor, flags)| PollFd::from_borrowed_fd(*descriptor, *flags)).collect();
        let timeout = self.deadline().map(|deadline| {
            let left = deadline.saturating_duration_since(Instant::now());
            Timespec::try_from(left).unwrap_or(Timespec { tv_sec: i64::from(i32::MAX), tv_nsec: 0 })
        });
        let timeout = if self.look { Some(Timespec { tv_sec: 0, tv_nsec: 0 }) } else { timeout };
        rustix::io::retry_on_intr(|| poll(&mut polled, timeout.as_ref()))
            .map_err(|errno| SysError::new("poll", errno.raw_os_error()))?;
        let ready = wanted.iter().zip(&polled).filter(|(_, polled)| !polled.revents().is_empty());
        Ok(ready.map(|((source, ..), polled)| (*source, polled.revents())).collect())
    }

    fn wanted(&self) -> Vec<(Source, BorrowedFd<'_>, PollFlags)> {
        let mut wanted = vec![(Source::Signals, self.signals.as_fd(), PollFlags::IN)];
        if let Some(listener) = &self.listener
            && self.pause.is_none()
            && self.connections.count() < MOST_CONNECTIONS
        {
            wanted.push((Source::Listener, listener.socket(), PollFlags::IN));
        }
        let connections = self.connections.wanted();
        wanted.extend(connections.map(|(id, descriptor, flags)| (Source::Connection(id), descriptor, flags)));
        let streams = self.streams.wanted().into_iter();
        wanted.extend(streams.map(|(token, descriptor, flags)| (Source::Stream(token), descriptor, flags)));
        let health = self.health.as_ref().and_then(Health::output);
        wanted.extend(health.map(|output| (Source::Health, output, PollFlags::IN)));
        let memory = self.memory.iter().flat_map(Memory::descriptors);
        wanted.extend(memory.map(|descriptor| (Source::Memory, descriptor, PollFlags::IN)));
        wanted
    }

    fn deadline(&self) -> Option<Instant> {
        let phase = match &self.phase {
            Phase::Running(running) => running.kill_at,
            Phase::Resting(_, until) | Phase::Postponed(_, until) => Some(*until),
            Phase::Locking(..) | Phase::Over => None,
        };
        let health = self.health.as_ref().map(Health::deadline);
        let memory = self.memory.as_ref().and_then(Memory::deadline);
        [phase, health, memory, self.pause].into_iter().flatten().min()
    }

    fn advance(&mut self, source: Source, flags: PollFlags) {
        match source {
            Source::Signals => self.take_signals(),
            Source::Listener => self.accept(),
            Source::Connection(id) => {
                if let Some(request) = self.connections.advance(id) {
                    self.serve(id, request);
                }
            }
            Source::Stream(token) => {
                for effect in self.streams.advance(token, flags) {
                    match effect {
                        Effect::Signal(signal) => drop(self.signal(signal, false)),
                        Effect::Detached => self.home.tell(&self.head, "detach", &[]),
                    }
                }
            }
            Source::Health => self.health.iter_mut().for_each(Health::read),
            Source::Memory => self.memory.iter_mut().for_each(Memory::wake),
        }
    }

    fn take_signals(&mut self) {
        while let Ok(Some(arrived)) = signalfd::read(self.signals.as_fd()) {
            match arrived.signal {
                SIGCHLD => self.look = true,
                SIGTERM => self.shut_down(),
                _ => {}
            }
        }
    }

    fn accept(&mut self) {
        let Some(listener) = &self.listener else { return };
        while self.connections.count() < MOST_CONNECTIONS {
            match listener.accept() {
                Ok(Some(connection)) => drop(self.connections.add(connection)),
                Ok(None) => return,
                Err(_) => {
                    self.pause = Some(Instant::now() + PAUSE);
                    return;
                }
            }
        }
    }

    /// What is due although nothing has happened.
    fn mind_the_time(&mut self) {
        let now = Instant::now();
        let is_due = |until: Instant| until <= now;
        self.pause.take_if(|until| is_due(*until));
        match &mut self.phase {
            Phase::Running(running) if running.kill_at.is_some_and(is_due) => {
                running.kill_at = None;
                let _ = running.signal(SIGKILL);
                self.thaw();
            }
            Phase::Resting(_, until) | Phase::Postponed(_, until) if is_due(*until) => self.proceed(),
            _ => {}
        }
        self.tell_killed(Memory::advance);
        if let Some(health) = &mut self.health
            && let Some(status) = health.advance(&self.home)
        {
            self.home.tell(&self.head, "health_status", &[("status", word(status).to_owned())]);
        }
    }

    /// Tells of processes that the kernel killed for lack of memory, once.
    pub(super) fn tell_killed(&mut self, news: impl FnOnce(&mut Memory) -> Option<u64>) {
        if let Some(killed) = self.memory.as_mut().and_then(news) {
            self.home.tell(&self.head, "oom", &[("kills", killed.to_string())]);
        }
    }

    /// What is due because a child has ended.
    fn mind_the_children(&mut self) {
        if !std::mem::take(&mut self.look) {
            return;
        }
        let has_ended = match &self.phase {
            Phase::Running(running) => running.has_ended(),
            Phase::Locking(_, waiter) => waiter.is_done(),
            _ => false,
        };
        if has_ended {
            self.proceed();
        }
    }
}

/// As events have it.
const fn word(status: HealthStatus) -> &'static str {
    match status {
        HealthStatus::Starting => "starting",
        HealthStatus::Healthy => "healthy",
        HealthStatus::Unhealthy => "unhealthy",
    }
}

/// Signals as something to read. Errors: those of signalfd(2).
pub(super) fn signals() -> Result<OwnedFd, SysError> {
    signalfd::open(signal::ALL)
}
