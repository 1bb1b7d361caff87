//! `masu exec`, with what of its flags changes no rights, and by an OCI process document as engines do it: `cli/commands/exec.ts`.

use std::os::fd::AsFd as _;

use masu_wire::bundle::Handover;
use masu_wire::lifecycle::{ExecOptions, ExecRequest};
use serde_json::Value;

use super::answer::Answer;
use super::context::{Context, host_path};
use super::parse::Parsed;
use crate::terminal::window_size;

/// proc_sys_fs(5): the usual nr_open, beyond which no process has descriptors.
const MOST_DESCRIPTORS: u32 = 1_048_576;

/// Runs another program in a running container, as this process's own or detached.
pub(super) fn exec(parsed: &Parsed<'_>, context: Context<'_>) -> Answer {
    let (container, program) = parsed.operands.split_first()?;
    let detached = parsed.is_on("detach");
    let options = options(parsed, program)?;
    let store = context.store(parsed)?;
    let context = context.following(&store, &[container]);
    // Engines' programs have the streams of whoever started them; others that are detached have none.
    let no_streams = detached && !context.follows_contract();
    let request =
        ExecRequest { store, container: (*container).to_owned(), options, stdio: no_streams.then_some([-1, -1, -1]) };
    let init = context.init()?;
    let done = if detached {
        masu_containers::exec(request, init.as_fd()).map(drop)
    } else {
        masu_containers::exec_run(&request, init.as_fd()).map(|never| match never {})
    };
    Some(context.end(parsed, done))
}

/// As `readExecConfig` of `cli/commands/exec.ts` and `execOptions` of `lib/engine/exec.ts`.
fn options(parsed: &Parsed<'_>, program: &[&str]) -> Option<ExecOptions> {
    let detached = parsed.is_on("detach");
    let process = optional(parsed.text("process"), |path| read_document(path, parsed))?;
    // Either names the program.
    if process.is_some() != program.is_empty() {
        return None;
    }
    let handover = handover(parsed, detached)?;
    let has_streams = parsed.is_on("tty") || parsed.is_on("interactive");
    if detached && has_streams && handover.console_socket.is_none() && process.is_none() {
        return None;
    }
    // Whoever gets it elsewhere sets its size.
    let is_described = !detached && process.as_ref().is_some_and(|process| process["terminal"] == true);
    let has_terminal = parsed.is_on("tty") || is_described;
    let environment = parsed.all("env").map(|text| is_variable(text).then(|| text.to_owned()));
    let size = || window_size().map_or([0, 0], |size| [size.ws_row, size.ws_col]);
    Some(ExecOptions {
        arguments: program.iter().map(|&word| word.to_owned()).collect(),
        environment: environment.collect::<Option<_>>()?,
        directory: optional(parsed.text("workdir"), container_directory)?,
        terminal: has_terminal.then(size),
        preserve_fds: optional(parsed.text("preserve-fds"), parse_count)?.unwrap_or_default(),
        pid_file: optional(parsed.text("pid-file").filter(|_| !detached), host_path)?,
        steps: None,
        process,
        handover: (handover != Handover::default()).then_some(handover),
        cgroups: Vec::new(),
        ignore_paused: parsed.is_on("ignore-paused").then_some(true),
    })
}

/// What is read of a word that may not be there. The outer none: it cannot be read.
pub(super) fn optional<T>(written: Option<&str>, read: impl FnOnce(&str) -> Option<T>) -> Option<Option<T>> {
    match written {
        Some(written) => read(written).map(Some),
        None => Some(None),
    }
}

/// The file of a detached program stays when that has ended: whoever reads it removes it.
fn handover(parsed: &Parsed<'_>, detached: bool) -> Option<Handover> {
    Some(Handover {
        console_socket: optional(parsed.text("console-socket"), host_path)?,
        pidfd_socket: optional(parsed.text("pidfd-socket"), host_path)?,
        pid_file: optional(parsed.text("pid-file").filter(|_| detached), host_path)?,
    })
}

/// None: it is written on stdin, cannot be read, or says what flags say too.
fn read_document(path: &str, parsed: &Parsed<'_>) -> Option<Value> {
    let is_said = ["env", "workdir"].iter().any(|name| parsed.text(name).is_some());
    let text = std::fs::read(host_path(path).filter(|_| path != "-" && !is_said)?).ok()?;
    serde_json::from_slice(&text).ok()
}

/// How many descriptors.
pub(super) fn parse_count(written: &str) -> Option<u32> {
    let is_whole = written == "0" || !written.starts_with(['0', '+']);
    written.parse().ok().filter(|count| is_whole && *count <= MOST_DESCRIPTORS)
}

/// `NAME=VALUE`. A name alone has the value that the caller's environment has, which is the program's to find.
fn is_variable(text: &str) -> bool {
    text.split_once('=').is_some_and(|(name, _)| !name.is_empty() && !name.chars().any(char::is_control))
}

/// `containerDirectory` of `lib/config/path.ts`: absolute in the container, `.` and `..` resolved as text.
fn container_directory(written: &str) -> Option<String> {
    if !written.starts_with('/') || written.chars().any(char::is_control) {
        return None;
    }
    let mut parts = Vec::new();
    for part in written.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    Some(format!("/{}", parts.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn container_directory_resolves_dots_as_text() {
        for (written, expected) in [
            ("/", Some("/")),
            ("/a/./b//c/", Some("/a/b/c")),
            ("/a/../../b", Some("/b")),
            ("a", None),
            ("", None),
            ("/a\n", None),
        ] {
            assert_eq!(container_directory(written).as_deref(), expected, "{written:?}");
        }
    }

    #[test]
    fn parse_count_takes_whole_numbers_only() {
        for (written, expected) in
            [("0", Some(0)), ("3", Some(3)), ("1048577", None), ("-1", None), ("+1", None), ("01", None), ("", None)]
        {
            assert_eq!(parse_count(written), expected, "{written:?}");
        }
    }

    #[test]
    fn is_variable_takes_names_with_values_only() {
        for (text, expected) in
            [("A=1", true), ("A=", true), ("A=\u{1b}", true), ("A", false), ("=1", false), ("A\n=1", false)]
        {
            assert_eq!(is_variable(text), expected, "{text:?}");
        }
    }
}
