//! The commands that the front answers itself, because there is nothing left to decide.
//!
//! An answer must be the one that the program would give: same output, same status, same effect. A function that meets
//! anything it was not written for, an unknown flag or a failed call, says so by None before it has had an effect, and the
//! program gets the command.

use std::ffi::c_int;

use super::context::{Context, called_as};
use super::create::create;
use super::exec::exec;
use super::grammar::{GRAMMAR, SPECIFICATION};
use super::kept;
use super::lifecycle;
use super::marker::Marker;
use super::parse::{Parsed, parse};
use super::stack::Stack;
use super::telling::Telling;

/// The exit status, or None for "let the program do it".
pub(super) type Answer = Option<c_int>;

/// What executes a command.
type Execute = fn(&Parsed<'_>, Context<'_>) -> Answer;

const COMMANDS: &[(&str, Execute)] = &[
    ("create", create),
    ("start", lifecycle::start),
    ("stop", lifecycle::stop),
    ("restart", lifecycle::restart),
    ("kill", lifecycle::kill),
    ("delete", lifecycle::delete),
    ("pause", lifecycle::pause),
    ("resume", lifecycle::resume),
    ("wait", lifecycle::wait),
    ("exec", exec),
    ("state", lifecycle::state),
    ("ps", lifecycle::ps),
];

/// Answers the command if it is one of those decided.
pub(super) fn answer(stack: &Stack, marker: &Marker) -> Answer {
    if stack.argument(1)? == c"--version" {
        return version(stack, marker);
    }
    let words = (1..stack.argument_count()).map(|number| stack.argument(number)?.to_str().ok());
    let words: Vec<&str> = words.collect::<Option<_>>()?;
    let context = Context::new(stack, marker)?;
    if let Some(root) = kept::root_of_run(&words) {
        return kept::run(&words, root, context);
    }
    let parsed = parse(&GRAMMAR, words.iter().map(|word| Some(*word)))?;
    let context = context.telling(Telling::of(&parsed, called_as(stack).is_some())?);
    let (_, execute) = COMMANDS.iter().find(|(name, _)| *name == parsed.name())?;
    execute(&parsed, context)
}

/// `masu --version`, without any other argument.
fn version(stack: &Stack, marker: &Marker) -> Answer {
    if stack.argument_count() != 2 {
        return None;
    }
    let version = marker.version();
    let Some(name) = called_as(stack) else { return write_line([b"masu ", version, b"\n"]) };
    // As `runtimeVersion` of cli/version.ts: what go-runc reads.
    let specification = SPECIFICATION.as_bytes();
    write_line([name.as_bytes(), b" version ", version, b"\ncommit: v", version, b"\nspec: ", specification, b"\n"])
}

/// Writes pieces to standard output at once; None when nothing of them was written.
#[expect(unsafe_code, reason = "writev(2)")]
fn write_line<const COUNT: usize>(pieces: [&[u8]; COUNT]) -> Answer {
    let vectors = pieces.map(|piece| libc::iovec { iov_base: piece.as_ptr().cast_mut().cast(), iov_len: piece.len() });
    let count = c_int::try_from(COUNT).ok()?;
    // SAFETY: each vector describes a slice that outlives the call, and writev only reads them.
    let written = unsafe { libc::writev(libc::STDOUT_FILENO, vectors.as_ptr(), count) };
    (written > 0).then_some(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_are_those_of_the_grammar() {
        let mut known: Vec<&str> =
            GRAMMAR.commands.iter().filter_map(|command| command.names.first()).copied().collect();
        let mut executed: Vec<&str> = COMMANDS.iter().map(|(name, _)| *name).collect();
        known.sort_unstable();
        executed.sort_unstable();
        assert_eq!(executed, known);
    }
}
