//! What a signal to masu means for its container. signal(7)

use masu_sys::signal::bit;

/// What the monitor does with a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A child has ended.
    Child,
    /// The terminal's window has another size.
    Window,
    /// Stop the container and then masu itself.
    Stop,
    /// Both go on.
    Continue,
    /// The container gets it.
    Forward,
}

pub(super) const SIGKILL: i32 = 9;
pub(super) const SIGINT: i32 = 2;
pub(super) const SIGQUIT: i32 = 3;
pub(super) const SIGPIPE: i32 = 13;
pub(super) const SIGCHLD: i32 = 17;
pub(super) const SIGCONT: i32 = 18;
pub(super) const SIGSTOP: i32 = 19;
pub(super) const SIGTSTP: i32 = 20;
const SIGTTIN: i32 = 21;
const SIGTTOU: i32 = 22;
const SIGURG: i32 = 23;
const SIGWINCH: i32 = 28;

/// The monitor's part in a signal.
pub(super) const fn meaning(signal: i32) -> Meaning {
    match signal {
        SIGCHLD => Meaning::Child,
        SIGWINCH => Meaning::Window,
        SIGTSTP | SIGTTIN | SIGTTOU => Meaning::Stop,
        SIGCONT => Meaning::Continue,
        _ => Meaning::Forward,
    }
}

/// Its default action ends a process.
const fn ends_by_default(signal: i32) -> bool {
    !matches!(signal, SIGCHLD | SIGCONT | SIGSTOP | SIGTSTP | SIGTTIN | SIGTTOU | SIGURG | SIGWINCH)
}

/// A signal that PID 1 leaves to its default, which the kernel does not do to it. pid_namespaces(7)
pub(super) fn is_left_to_default(signal: i32, status: &str) -> bool {
    // One that is blocked is waited for: sigwait(3), signalfd(2).
    let masks = ["SigBlk:", "SigIgn:", "SigCgt:"];
    let treated = status
        .lines()
        .filter_map(|line| masks.iter().find_map(|mask| line.strip_prefix(mask)))
        .filter_map(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .fold(0, |all, mask| all | mask);
    treated & bit(signal) == 0
}

/// A signal that would have ended a plain program, and has to be made to end PID 1.
pub(super) fn must_end(signal: i32, status: &str) -> bool {
    ends_by_default(signal) && is_left_to_default(signal, status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meaning_of_each_signal() {
        for (signal, expected) in [
            (SIGCHLD, Meaning::Child),
            (SIGWINCH, Meaning::Window),
            (SIGTSTP, Meaning::Stop),
            (SIGCONT, Meaning::Continue),
            (SIGINT, Meaning::Forward),
            (SIGPIPE, Meaning::Forward),
            (64, Meaning::Forward),
        ] {
            assert_eq!(meaning(signal), expected, "{signal}");
        }
    }

    #[test]
    fn must_end_only_what_would_end_a_plain_program() {
        let status = |blocked: u64, ignored: u64, caught: u64| {
            format!(
                "Name:\tsh\nShdPnd:\tffff\nSigBlk:\t{blocked:016x}\nSigIgn:\t{ignored:016x}\nSigCgt:\t{caught:016x}\n"
            )
        };
        let (int, term) = (bit(SIGINT), bit(15));
        for (signal, status, expected) in [
            (SIGINT, status(0, 0, 0), true),
            (SIGINT, status(int, 0, 0), false),
            (SIGINT, status(0, int, 0), false),
            (SIGINT, status(0, 0, int), false),
            (SIGINT, status(term, term, term), true),
            (SIGURG, status(0, 0, 0), false),
            (SIGTSTP, status(0, 0, 0), false),
            (40, status(0, 0, 0), true),
        ] {
            assert_eq!(must_end(signal, &status), expected, "{signal} {status}");
        }
    }
}
