//! What is done with containers that were made: `cli/commands/start.ts` and those beside it.

use std::fmt::Write as _;
use std::os::fd::AsFd as _;

use masu_wire::error::CoreError;
use masu_wire::lifecycle::{
    AwaitEndRequest, DeleteRequest, FreezeRequest, KillRequest, Outcome, OutcomesReply, StartRequest, StateRequest,
    StopRequest,
};

use super::answer::Answer;
use super::context::Context;
use super::parse::Parsed;
use super::report::{FAILED, MASU_FAILED, escape_json, escape_line, exit_status};
use super::signal::parse_signal;

/// SIGKILL, unless another one is named.
const KILL: i32 = 9;
/// A runtime's, unless another one is named.
const TERM: i32 = 15;
/// A day is more than anybody waits for.
const MOST_SECONDS: i64 = 86_400;

/// `masu start CONTAINER...`
pub(super) fn start(parsed: &Parsed<'_>, context: Context<'_>) -> Answer {
    let words = words(&parsed.operands)?;
    let store = context.store(parsed)?;
    let context = context.following(&store, &parsed.operands);
    let init = context.init()?;
    let notify_socket = match context.variable("NOTIFY_SOCKET") {
        None | Some(b"") => None,
        Some(path) => Some(std::str::from_utf8(path).ok()?.to_owned()),
    };
    let outcomes = words.into_iter().map(|word| {
        let request = StartRequest {
            store: store.clone(),
            container: word.clone(),
            attach: false,
            notify_socket: notify_socket.clone(),
        };
        let started = masu_containers::start(&request, init.as_fd());
        let id = started.is_ok().then(|| word.clone());
        Outcome { word, id, end: None, error: started.err() }
    });
    tell(parsed, context, Ok(OutcomesReply { outcomes: outcomes.collect() }))
}

/// `masu stop CONTAINER...`
pub(super) fn stop(parsed: &Parsed<'_>, context: Context<'_>) -> Answer {
    let request = stop_request(parsed, context)?;
    let init = context.init_to_remove()?;
    tell(parsed, context, masu_containers::stop(&request, init.as_ref().map(|init| init.as_fd())))
}

/// `masu restart CONTAINER...`
pub(super) fn restart(parsed: &Parsed<'_>, context: Context<'_>) -> Answer {
    let request = stop_request(parsed, context)?;
    let init = context.init()?;
    tell(parsed, context, masu_containers::restart(&request, init.as_fd()))
}

fn stop_request(parsed: &Parsed<'_>, context: Context<'_>) -> Option<StopRequest> {
    Some(StopRequest {
        words: words(&parsed.operands)?,
        store: context.store(parsed)?,
        signal: match parsed.text("signal") {
            Some(written) => Some(parse_signal(written)?),
            None => None,
        },
        timeout_ms: match parsed.text("time") {
            Some(written) => Some(parse_timeout(written)?),
            None => None,
        },
        cancel: None,
    })
}

/// Whole seconds in milliseconds; -1: for ever. `lib/config/stop_timeout.ts`
fn parse_timeout(written: &str) -> Option<i64> {
    let digits = written.strip_prefix('-').unwrap_or(written);
    let is_whole = digits == "0" || !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    let seconds: i64 = written.parse().ok().filter(|seconds| is_whole && (-1..=MOST_SECONDS).contains(seconds))?;
    Some(if seconds < 0 { -1 } else { seconds * 1000 })
}

/// `masu kill CONTAINER... [SIGNAL]`
pub(super) fn kill(parsed: &Parsed<'_>, context: Context<'_>) -> Answer {
    let store = context.store(parsed)?;
    let context = context.following(&store, parsed.operands.get(..1)?);
    let (named, signal) = if context.follows_contract() { runtime_signal(parsed)? } else { named_signal(parsed)? };
    let words = words(named)?;
    tell(parsed, context, masu_containers::kill(&KillRequest { store, words, signal, all: parsed.is_on("all") }))
}

/// runc's words: one container, and its signal. None: the program knows what to say.
fn runtime_signal<'a>(parsed: &'a Parsed<'_>) -> Option<(&'a [&'a str], i32)> {
    let (container, rest) = parsed.operands.split_at_checked(1)?;
    let signal = match (rest, parsed.text("signal")) {
        ([], None) => TERM,
        // Whether it runs.
        ([], Some("0")) | (&["0"], None) => 0,
        ([], Some(written)) | (&[written], None) => parse_signal(written)?,
        _ => return None,
    };
    Some((container, signal))
}

fn named_signal<'a>(parsed: &'a Parsed<'_>) -> Option<(&'a [&'a str], i32)> {
    Some(match (parsed.text("signal"), parsed.operands.split_last()) {
        (Some(written), _) => (&*parsed.operands, parse_signal(written)?),
        // The last of several words is a signal when it can be one.
        (None, Some((last, rest))) if !rest.is_empty() => {
            parse_signal(last).map_or((&*parsed.operands, KILL), |signal| (rest, signal))
        }
        (None, _) => (&*parsed.operands, KILL),
    })
}

/// `masu delete CONTAINER...`
pub(super) fn delete(parsed: &Parsed<'_>, context: Context<'_>) -> Answer {
    let force = parsed.is_on("force");
    let request = DeleteRequest {
        words: words(&parsed.operands)?,
        store: context.store(parsed)?,
        force,
        // Engines remove by force what a failed create may have left: that nothing is there is no failure.
        ignore: parsed.is_on("ignore") || force,
    };
    let context = context.following(&request.store, &parsed.operands);
    let init = context.init_to_remove()?;
    tell(parsed, context, masu_containers::delete(&request, init.as_ref().map(|init| init.as_fd())))
}

/// `masu pause CONTAINER...`
pub(super) fn pause(parsed: &Parsed<'_>, context: Context<'_>) -> Answer {
    freeze(parsed, context, true)
}

/// `masu resume CONTAINER...`
pub(super) fn resume(parsed: &Parsed<'_>, context: Context<'_>) -> Answer {
    freeze(parsed, context, false)
}

fn freeze(parsed: &Parsed<'_>, context: Context<'_>, frozen: bool) -> Answer {
    let (words, store) = (words(&parsed.operands)?, context.store(parsed)?);
    let context = context.following(&store, &parsed.operands);
    tell(parsed, context, masu_containers::freeze(&FreezeRequest { store, words, frozen }))
}

/// `masu wait CONTAINER...`
pub(super) fn wait(parsed: &Parsed<'_>, context: Context<'_>) -> Answer {
    let request = AwaitEndRequest { words: words(&parsed.operands)?, store: context.store(parsed)?, cancel: None };
    let init = context.init_to_remove()?;
    let outcomes = match masu_containers::await_end(&request, init.as_ref().map(|init| init.as_fd())) {
        Ok(OutcomesReply { outcomes }) => outcomes,
        Err(error) => return Some(context.end(parsed, Err(error))),
    };
    let line = |outcome: &Outcome| outcome.end.as_ref().map(|end| end.status.to_string()).unwrap_or_default();
    let last = outcomes.last().and_then(|outcome| outcome.end.as_ref()).map_or(0, |end| end.status);
    Some(match tell_outcomes(parsed, context, &outcomes, line) {
        Ok(0) => last,
        Ok(_) => MASU_FAILED,
        Err(status) => status,
    })
}

/// `masu state CONTAINER`
pub(super) fn state(parsed: &Parsed<'_>, context: Context<'_>) -> Answer {
    let [container] = *parsed.operands else { return None };
    let request = StateRequest { store: context.store(parsed)?, container: container.to_owned() };
    let context = context.following(&request.store, &parsed.operands);
    Some(match masu_containers::state(&request) {
        Ok(reply) => context.print(parsed, &format!("{}\n", escape_json(&reply.text))).err().unwrap_or(0),
        Err(error) => context.end(parsed, Err(error)),
    })
}

/// runc's `ps --format json CONTAINER`. None: another form, which the program prints.
pub(super) fn ps(parsed: &Parsed<'_>, context: Context<'_>) -> Answer {
    let [container] = *parsed.operands else { return None };
    if !context.follows_contract() || parsed.text("format") != Some("json") {
        return None;
    }
    Some(match masu_containers::processes(&context.store(parsed)?, container) {
        Ok(pids) => {
            let pids: Vec<String> = pids.iter().map(u32::to_string).collect();
            context.print(parsed, &format!("[{}]\n", pids.join(","))).err().unwrap_or(0)
        }
        Err(error) => context.end(parsed, Err(error)),
    })
}

/// The words that name containers. None: there are none.
fn words(operands: &[&str]) -> Option<Vec<String>> {
    (!operands.is_empty()).then(|| operands.iter().map(|&word| word.to_owned()).collect())
}

/// Each container's word on a line of its own, or why not.
fn tell(parsed: &Parsed<'_>, context: Context<'_>, done: Result<OutcomesReply, CoreError>) -> Answer {
    Some(match done {
        Ok(reply) => {
            let told = tell_outcomes(parsed, context, &reply.outcomes, |outcome| outcome.word.clone());
            told.unwrap_or_else(|status| status)
        }
        Err(error) => context.end(parsed, Err(error)),
    })
}

/// As `tellOutcomes` of `cli/outcomes.ts`. The error is the exit status where something could not be written.
fn tell_outcomes(
    parsed: &Parsed<'_>,
    context: Context<'_>,
    outcomes: &[Outcome],
    line: impl Fn(&Outcome) -> String,
) -> Result<i32, i32> {
    let mut lines = String::new();
    // One that was not there, and need not have been, has no ID: nothing was done to it.
    let done = outcomes.iter().filter(|outcome| outcome.error.is_none() && outcome.id.is_some());
    let told = done.filter(|_| !context.follows_contract());
    for outcome in told {
        // Writing to a String cannot fail.
        let _ = writeln!(lines, "{}", escape_line(&line(outcome)));
    }
    context.print(parsed, &lines)?;
    for error in outcomes.iter().filter_map(|outcome| outcome.error.as_ref()) {
        context.tell(error)?;
    }
    Ok(match outcomes.iter().find_map(|outcome| outcome.error.as_ref()) {
        None => 0,
        Some(only) if outcomes.len() == 1 && !context.follows_contract() => exit_status(only.code, false),
        Some(_) => FAILED,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_timeout_reads_whole_seconds() {
        for (written, expected) in [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("10", Some(10_000)),
            ("86400", Some(86_400_000)),
            ("-1", Some(-1)),
            ("-2", None),
            ("86401", None),
            ("01", None),
            ("-01", None),
            ("+1", None),
            ("1.5", None),
            ("", None),
            ("-", None),
            ("10s", None),
        ] {
            assert_eq!(parse_timeout(written), expected, "{written:?}");
        }
    }
}
