//! Whether the container is well: what its health checks said, and when the next one is due.

use masu_containers::paths::HEALTH;
use masu_wire::container::{HealthCheck, HealthRecord, HealthResult, HealthStatus};
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use super::home::Home;
use super::probe::Probe;

/// So many results are kept.
const KEPT: usize = 5;

/// The checks of one run of the container.
pub(super) struct Health {
    check: HealthCheck,
    record: HealthRecord,
    since: Instant,
    due: Instant,
    /// A check has succeeded since the start.
    has_succeeded: bool,
    probe: Option<Probe>,
}

impl Health {
    /// Of a container that has started just now.
    pub(super) fn start(check: HealthCheck, home: &Home) -> Self {
        let since = Instant::now();
        let record = HealthRecord { status: HealthStatus::Starting, failing_streak: 0, log: Vec::new() };
        let mut health = Self { check, record, since, due: since, has_succeeded: false, probe: None };
        health.due = since + health.interval(since);
        home.write_in_runtime(HEALTH, &health.record);
        health
    }

    /// When something has to be done although nothing has happened.
    pub(super) fn deadline(&self) -> Instant {
        self.probe.as_ref().map_or(self.due, Probe::give_up_at)
    }

    /// Readable: the check has written something.
    pub(super) fn output(&self) -> Option<BorrowedFd<'_>> {
        self.probe.as_ref()?.output()
    }

    pub(super) fn read(&mut self) {
        if let Some(probe) = &mut self.probe {
            probe.read();
        }
    }

    /// Starts a check that is due, takes the result of one that has ended. Returns a status that is another than before.
    pub(super) fn advance(&mut self, home: &Home) -> Option<HealthStatus> {
        let now = Instant::now();
        let Some(probe) = self.probe.take_if(|probe| probe.has_ended()) else {
            match &mut self.probe {
                Some(probe) if now >= probe.give_up_at() => probe.kill(),
                // Without a process to spare it is tried again when the next one is due.
                None if now >= self.due => {
                    self.probe = Probe::start(home, &self.check).ok();
                    self.due = now + self.interval(now);
                }
                _ => {}
            }
            return None;
        };
        let result = probe.result();
        let before = self.record.status;
        if let Some(result) = result {
            let is_starting = self.is_starting(now);
            self.has_succeeded |= result.status == 0;
            judge(&mut self.record, result, is_starting, self.check.retries);
            home.write_in_runtime(HEALTH, &self.record);
        }
        self.due = now + self.interval(now);
        Some(self.record.status).filter(|status| *status != before)
    }

    /// The container has ended.
    pub(super) fn stop(self) {
        if let Some(probe) = self.probe {
            probe.abandon();
        }
    }

    fn is_starting(&self, now: Instant) -> bool {
        !self.has_succeeded && now.duration_since(self.since) < Duration::from_millis(self.check.start_period_ms)
    }

    fn interval(&self, now: Instant) -> Duration {
        let ms = if self.is_starting(now) { self.check.start_interval_ms } else { self.check.interval_ms };
        // None at all would leave no time for anything else.
        Duration::from_millis(ms.max(1))
    }
}

/// Adds a result. `is_starting`: a failure does not count.
fn judge(record: &mut HealthRecord, result: HealthResult, is_starting: bool, retries: u32) {
    if result.status == 0 {
        record.failing_streak = 0;
        record.status = HealthStatus::Healthy;
    } else if !is_starting {
        record.failing_streak = record.failing_streak.saturating_add(1);
        if record.failing_streak >= retries {
            record.status = HealthStatus::Unhealthy;
        }
    }
    record.log.push(result);
    let old = record.log.len().saturating_sub(KEPT);
    record.log.drain(..old);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn judge_does_what_its_table_says() {
        use HealthStatus::{Healthy, Starting, Unhealthy};
        let mut record = HealthRecord { status: Starting, failing_streak: 0, log: Vec::new() };
        for (status, is_starting, expected, streak) in [
            (1, true, Starting, 0),
            (1, false, Starting, 1),
            (-1, false, Starting, 2),
            (0, false, Healthy, 0),
            (1, false, Healthy, 1),
            (1, false, Healthy, 2),
            (2, false, Unhealthy, 3),
            (2, false, Unhealthy, 4),
            (0, false, Healthy, 0),
        ] {
            let result =
                HealthResult { started: String::new(), finished: String::new(), status, output: String::new() };
            judge(&mut record, result, is_starting, 3);
            assert_eq!((record.status, record.failing_streak), (expected, streak), "{status}");
        }
        assert_eq!(record.log.iter().map(|result| result.status).collect::<Vec<_>>(), [1, 1, 2, 2, 0]);
    }
}
