//! What others ask of the monitor.

use masu_containers::freeze::{is_frozen, thaw};
use masu_steps::failure::failed;
use masu_steps::monitor_protocol::{MonitorAnswer, MonitorRequest};
use masu_sys::errno::values::ESRCH;
use masu_sys::error::SysError;
use masu_wire::error::{CoreError, ErrorCode};
use std::time::{Duration, Instant};

use super::connection::Want;
use super::everybody;
use super::life::{Monitor, Phase};
use super::streams::Attach;

const SIGKILL: i32 = 9;

impl Monitor {
    /// Serves one request of a connection.
    pub(super) fn serve(&mut self, id: u64, request: MonitorRequest) {
        match request {
            MonitorRequest::Stop { signal, timeout_ms, restart } => {
                self.want(id, if restart { Want::Start } else { Want::End });
                (self.wish.requested, self.wish.restart) = (true, restart);
                match &self.phase {
                    Phase::Running(_) => self.stop(signal, timeout_ms),
                    Phase::Resting(..) => self.proceed(),
                    // Seen when the lock is there.
                    Phase::Locking(..) | Phase::Postponed(..) | Phase::Over => {}
                }
            }
            MonitorRequest::Signal { signal, all } => {
                let sent = self.signal(signal, all);
                self.answer(id, sent);
            }
            MonitorRequest::Wait => self.want(id, Want::Down),
            MonitorRequest::Reload => {
                let read = self.home.head().map(|head| self.head = head);
                self.answer(id, read);
                if matches!(&self.phase, Phase::Resting(end, _) if !self.policy_restarts(end)) {
                    self.proceed();
                }
            }
            MonitorRequest::Attach { stdin, screen, rows, columns } => {
                let Some(connection) = self.connections.take(id) else { return };
                if self.streams.add_client(connection, Attach { stdin, screen, rows, columns }) {
                    self.home.tell(&self.head, "attach", &[]);
                }
            }
        }
    }

    fn want(&mut self, id: u64, want: Want) {
        if let Some(connection) = self.connections.get(id) {
            connection.want = want;
        }
    }

    fn answer(&mut self, id: u64, result: Result<(), CoreError>) {
        let answer = match result {
            Ok(()) => MonitorAnswer::Done,
            Err(error) => MonitorAnswer::Failed { error: Box::new(error) },
        };
        if let Some(connection) = self.connections.get(id) {
            connection.answer(&answer);
        }
    }

    /// Asks the container to end, and kills it when that takes too long. A limit that is there already stays, if it is nearer.
    pub(super) fn stop(&mut self, signal: Option<i32>, timeout_ms: Option<i64>) {
        let signal = signal.unwrap_or(self.head.stop.signal);
        let timeout = u64::try_from(timeout_ms.unwrap_or(self.head.stop.timeout_ms)).ok();
        let Phase::Running(running) = &mut self.phase else { return };
        if signal != SIGKILL {
            let limit = timeout.and_then(|timeout| Instant::now().checked_add(Duration::from_millis(timeout)));
            running.kill_at = [running.kill_at, limit].into_iter().flatten().min();
        }
        // One that has ended is noticed anyway.
        let _ = running.signal(signal);
        self.thaw();
    }

    /// What is frozen does not even notice a signal; v1's freezer keeps killed processes, too.
    pub(super) fn thaw(&self) {
        let freezer = self.home.record().and_then(|record| record.masu.cgroups.freezer);
        if let Some(freezer) = freezer.filter(is_frozen) {
            thaw(&freezer);
        }
    }

    /// Sends a signal to the first process, or to all.
    pub(super) fn signal(&mut self, signal: i32, all: bool) -> Result<(), CoreError> {
        let action = || format!("Send signal {signal} to container {:?}", self.home.id);
        let Phase::Running(running) = &self.phase else {
            return Err(CoreError::new(ErrorCode::Failed, format!("{}: it does not run", action())));
        };
        let sent = if all { everybody::signal(&self.home, running.pid, signal) } else { running.signal(signal) };
        match sent {
            Err(SysError { errno: ESRCH, .. }) => {
                return Err(CoreError::new(ErrorCode::Failed, format!("{}: it has ended", action())));
            }
            sent => sent.map_err(|error| failed(action(), error))?,
        }
        self.wish.requested |= signal == SIGKILL || signal == self.head.stop.signal;
        if signal == SIGKILL {
            self.thaw();
        }
        Ok(())
    }
}
