//! The turns of a container's life, each with its lock held.

use masu_containers::removal;
use masu_containers::status::Condition;
use masu_containers::store::Shelf;
use masu_steps::executor::Tools;
use masu_steps::monitor_protocol::MonitorAnswer;
use masu_sys::file::{self, OFlags};
use masu_wire::container::ContainerEnd;
use masu_wire::error::CoreError;
use std::mem::replace;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use super::connection::Want;
use super::ending::{self, Circumstances};
use super::health::Health;
use super::life::{Goal, Monitor, Phase, Wish};
use super::lock::{self, Attempt, Lock};
use super::memory::Memory;
use super::policy::{self, Backoff, Outcome};
use super::running::{self, Ended, Running, sealed_init};

/// When no process can be made to wait for the lock.
const AGAIN: Duration = Duration::from_millis(100);

impl Monitor {
    /// The program runs.
    pub(super) fn begin(&mut self, running: Running) {
        self.wish = Wish::default();
        self.health = self.head.health.clone().map(|check| Health::start(check, &self.home));
        self.memory = self.head.memory.as_ref().map(Memory::start);
        self.phase = Phase::Running(running);
        // It may have ended before this process listened.
        self.look = true;
        self.home.tell(&self.head, "start", &[]);
    }

    /// On to what comes next: the run has ended, the lock is there, the time has come.
    pub(super) fn proceed(&mut self) {
        match replace(&mut self.phase, Phase::Over) {
            Phase::Running(running) => {
                if let Some(health) = self.health.take() {
                    health.stop();
                }
                let ended = running.reap();
                self.streams.drain();
                self.lock(Goal::Conclude(ended));
            }
            Phase::Resting(end, _) => self.lock(Goal::Decide(end)),
            Phase::Postponed(goal, _) => self.lock(goal),
            Phase::Locking(goal, waiter) => self.attempt(goal, waiter.finish()),
            Phase::Over => {}
        }
    }

    fn lock(&mut self, goal: Goal) {
        let attempt = lock::take(self.home.data().directory);
        self.attempt(goal, attempt);
    }

    fn attempt(&mut self, goal: Goal, attempt: Result<Attempt, masu_sys::error::SysError>) {
        match attempt {
            Ok(Attempt::Locked(lock)) => match goal {
                Goal::Conclude(ended) => self.conclude(&ended, lock),
                Goal::Decide(end) => self.decide(end, lock),
            },
            Ok(Attempt::Waits(waiter)) => {
                self.phase = Phase::Locking(goal, waiter);
                self.look = true;
            }
            Err(_) => self.phase = Phase::Postponed(goal, Instant::now() + AGAIN),
        }
    }

    /// Writes the end down, undoes the start, and goes on as the policy or somebody says.
    fn conclude(&mut self, ended: &Ended, lock: Lock) {
        let mut end = ending::record(
            ended,
            Circumstances {
                memory: self.head.memory.as_ref(),
                restarts: self.restarts,
                requested: self.wish.requested,
                last_lines: self.streams.last_lines(),
            },
        );
        // What was not told while it ran.
        self.tell_killed(|memory| memory.news());
        self.memory = None;
        // A disk that is full, for example: those who wait are told.
        end.error = ending::write(&self.home, &end).err();
        ended.tear_down();
        self.tell_end(&end);
        if self.wish.restart {
            self.decide(end, lock);
        } else if !self.wish.shutdown && self.policy_restarts(&end) {
            drop(lock);
            self.answer_end(&[Want::End], &end);
            self.phase = Phase::Resting(end, Instant::now() + self.backoff.next(ended.ran));
        } else {
            self.retire(end, lock);
        }
    }

    fn tell_end(&self, end: &ContainerEnd) {
        let mut attributes = vec![("exitCode", end.status.to_string())];
        attributes.extend(end.signal.map(|signal| ("signal", signal.to_string())));
        self.home.tell(&self.head, "die", &attributes);
    }

    /// It is down: starts it again, unless somebody thinks otherwise by now.
    fn decide(&mut self, mut end: ContainerEnd, lock: Lock) {
        if self.wish.restart {
            (self.restarts, self.backoff) = (0, Backoff::default());
            self.answer_end(&[Want::End], &end);
            self.start_again(end, lock);
        } else if self.wish.requested {
            end.requested = true;
            end.error = end.error.take().or(ending::write(&self.home, &end).err());
            self.retire(end, lock);
        } else if self.wish.shutdown || !self.policy_restarts(&end) {
            self.retire(end, lock);
        } else {
            self.restarts += 1;
            self.start_again(end, lock);
        }
    }

    /// By the policy as it is now: it may have been changed since the container ended.
    pub(super) fn policy_restarts(&self, end: &ContainerEnd) -> bool {
        let outcome = Outcome { status: end.status, requested: self.wish.requested, restarts: self.restarts };
        policy::restarts(&self.head.restart, outcome)
    }

    fn start_again(&mut self, mut end: ContainerEnd, lock: Lock) {
        let started = sealed_init().and_then(|init| running::start(&self.home, &mut self.streams, init.as_fd()));
        match started {
            Ok((head, running)) => {
                self.head = head;
                let answer = MonitorAnswer::Started { pid: running.pid, start: running.start };
                self.begin(running);
                drop(lock);
                self.connections.answer_all(&[Want::Start], &answer);
            }
            Err(error) => {
                self.streams.drain();
                end.error = Some(error.clone());
                // The failed start is what is told.
                let _ = ending::write(&self.home, &end);
                self.connections.answer_all(&[Want::Start], &MonitorAnswer::Failed { error: Box::new(error) });
                self.retire(end, lock);
            }
        }
    }

    /// It stays down: nothing of this monitor is left, then everybody is told.
    fn retire(&mut self, mut end: ContainerEnd, lock: Lock) {
        if self.head.remove {
            match self.remove() {
                Ok(()) => self.home.tell(&self.head, "destroy", &[]),
                Err(error) => end.error = end.error.or(Some(error)),
            }
        }
        if let Some(listener) = self.listener.take() {
            listener.close();
        }
        drop(lock);
        self.answer_end(&[Want::End, Want::Down, Want::Start], &end);
        self.streams.ended(end.status);
        self.connections.close();
        self.phase = Phase::Over;
    }

    fn remove(&self) -> Result<(), CoreError> {
        let shelf = Shelf::open(&self.home.store)?;
        let condition = Condition::of(shelf.entry(&self.home.id));
        let init = file::open("/proc/self/exe", OFlags::RDONLY).ok();
        removal::remove(&shelf, &condition, Tools { init: init.as_ref().map(AsFd::as_fd) })
    }

    fn answer_end(&mut self, wants: &[Want], end: &ContainerEnd) {
        self.connections.answer_all(wants, &MonitorAnswer::Ended { end: Box::new(end.clone()) });
    }

    /// The system goes down: the container ends as if it were stopped, but nobody asked for that.
    pub(super) fn shut_down(&mut self) {
        if replace(&mut self.wish.shutdown, true) {
            return;
        }
        match &self.phase {
            Phase::Running(_) => self.stop(None, None),
            Phase::Resting(..) => self.proceed(),
            _ => {}
        }
    }
}
