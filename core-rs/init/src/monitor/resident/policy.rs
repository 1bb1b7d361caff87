//! What a container's end leads to.

use masu_wire::container::{RestartKind, RestartPolicy};
use std::time::Duration;

/// The first wait before a start by policy.
const SHORTEST: Duration = Duration::from_millis(100);
/// No wait is longer.
const LONGEST: Duration = Duration::from_secs(60);
/// Who has run so long has started well.
const RAN_WELL: Duration = Duration::from_secs(10);

/// One end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    /// What `wait` says.
    pub(super) status: i32,
    /// Somebody asked for it.
    pub(super) requested: bool,
    /// How often the policy has started it again already.
    pub(super) restarts: u32,
}

/// The policy starts it again.
pub(super) const fn restarts(policy: &RestartPolicy, outcome: Outcome) -> bool {
    if outcome.requested {
        return false;
    }
    match policy.kind {
        RestartKind::No => false,
        RestartKind::OnFailure => outcome.status != 0 && (policy.maximum == 0 || outcome.restarts < policy.maximum),
        RestartKind::Always | RestartKind::UnlessStopped => true,
    }
}

/// How long a start by policy waits: twice as long each time.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    last: Option<Duration>,
}

impl Backoff {
    /// The wait after a run of this length.
    pub(super) fn next(&mut self, ran: Duration) -> Duration {
        let wait = match self.last {
            Some(last) if ran < RAN_WELL => (last * 2).min(LONGEST),
            _ => SHORTEST,
        };
        self.last = Some(wait);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restarts_does_what_its_table_says() {
        use RestartKind::{Always, No, OnFailure, UnlessStopped};
        for (kind, maximum, status, requested, restarts, expected) in [
            (No, 0, 1, false, 0, false),
            (OnFailure, 0, 0, false, 0, false),
            (OnFailure, 0, 1, false, 1000, true),
            (OnFailure, 0, 137, true, 0, false),
            (OnFailure, 2, 1, false, 1, true),
            (OnFailure, 2, 1, false, 2, false),
            (Always, 0, 0, false, 7, true),
            (Always, 0, 0, true, 0, false),
            (UnlessStopped, 0, 0, false, 0, true),
            (UnlessStopped, 0, 143, true, 0, false),
        ] {
            let outcome = Outcome { status, requested, restarts };
            assert_eq!(super::restarts(&RestartPolicy { kind, maximum }, outcome), expected, "{kind:?} {outcome:?}");
        }
    }

    #[test]
    fn next_doubles_up_to_a_minute_and_begins_anew_after_a_good_run() {
        let mut backoff = Backoff::default();
        let short = Duration::from_millis(9999);
        let waits: Vec<u128> = (0..12).map(|_| backoff.next(short).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000]);
        assert_eq!(backoff.next(Duration::from_secs(10)), SHORTEST);
        assert_eq!(backoff.next(short), SHORTEST * 2);
    }
}
