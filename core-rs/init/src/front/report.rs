//! What the front prints: results and errors as `cli/report.ts` and `cli/paint.ts` have them.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::os::fd::BorrowedFd;

use masu_sys::signal;
use masu_wire::error::{CoreError, ErrorCode, Group};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::termios::isatty;

/// A command failed.
pub(super) const FAILED: i32 = 1;
/// masu itself failed, in a command whose status is a program's own.
pub(super) const MASU_FAILED: i32 = 125;
/// A runtime's `exec` did not start its program: runc's.
pub(super) const EXEC_FAILED: i32 = 255;
/// Nobody reads what is printed: 128 + SIGPIPE.
const BROKEN_PIPE: i32 = 141;
const SIGPIPE: i32 = 13;

/// ECMA-48, "Select Graphic Rendition".
const BOLD: u8 = 1;
const RED: u8 = 31;

/// How errors look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Paint {
    is_on: bool,
}

impl Paint {
    /// Colours where a terminal shows stderr, unless the environment says no: <https://no-color.org>.
    pub(super) fn for_errors(no_color: Option<&[u8]>, term: Option<&[u8]>) -> Self {
        let wanted = no_color.is_none_or(<[u8]>::is_empty) && term != Some(b"dumb");
        Self { is_on: wanted && isatty(rustix::stdio::stderr()) }
    }

    fn put(self, out: &mut String, code: u8, text: &str) {
        // Writing to a String cannot fail.
        let _ = if self.is_on { write!(out, "\u{1b}[{code}m{text}\u{1b}[0m") } else { write!(out, "{text}") };
    }
}

/// An error as a person reads it: what failed, where in the plan, what to do.
pub(super) fn error_lines(error: &CoreError, paint: Paint) -> String {
    let mut out = String::new();
    paint.put(&mut out, RED, "masu:");
    let _ = writeln!(out, " {}", escape_line(&error.message));
    if let Some(place) = error.place {
        paint.put(&mut out, BOLD, "step:");
        let _ = writeln!(out, " {} {} of the plan", group_name(place.group), place.index);
    }
    if let Some(hint) = &error.hint {
        paint.put(&mut out, BOLD, "hint:");
        let _ = writeln!(out, " {}", escape_line(hint));
    }
    out
}

pub(super) const fn group_name(group: Group) -> &'static str {
    match group {
        Group::Create => "create",
        Group::Before => "before",
        Group::Clone => "clone",
        Group::Network => "network",
        Group::Inside => "inside",
        Group::Created => "created",
        Group::Exec => "exec",
        Group::Started => "started",
        Group::Afterwards => "afterwards",
        Group::Delete => "delete",
    }
}

/// The exit status of a failed command; `runs_program`: it would have been a program's own.
pub(super) const fn exit_status(code: ErrorCode, runs_program: bool) -> i32 {
    match (runs_program, code) {
        (false, ErrorCode::InvalidConfig) => 2,
        (false, _) => FAILED,
        (true, ErrorCode::ProgramNotFound) => 127,
        (true, ErrorCode::ProgramNotExecutable) => 126,
        (true, _) => MASU_FAILED,
    }
}

/// Control characters, and those that reorder text (Unicode's bidirectional controls), as `\u{1b}`.
pub(super) fn escape_line(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        let _ = match character {
            '\n' => write!(out, "\\n"),
            '\t' => write!(out, "\\t"),
            _ if is_unsafe(character) => write!(out, "\\u{{{:x}}}", u32::from(character)),
            _ => write!(out, "{character}"),
        };
    }
    Cow::Owned(out)
}

/// The same for a JSON document of several lines, which stays the same document.
pub(super) fn escape_json(text: &str) -> Cow<'_, str> {
    let is_left = |character| is_unsafe(character) && !matches!(character, '\n' | '\t');
    if !text.contains(is_left) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        let _ = if is_left(character) {
            write!(out, "\\u{:04x}", u32::from(character))
        } else {
            write!(out, "{character}")
        };
    }
    Cow::Owned(out)
}

/// What may not reach a terminal as it is.
fn is_unsafe(character: char) -> bool {
    let reorders = matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    reorders || character.is_control()
}

/// Writes all of it, whatever others made of the descriptor.
pub(super) fn write_all(stream: BorrowedFd<'_>, text: &str) -> Result<(), Errno> {
    // As in the program, whose runtime ignores the signal: the error tells.
    let _ = signal::mask().and_then(|mask| signal::set_mask(mask | signal::bit(SIGPIPE)));
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        match rustix::io::write(stream, rest) {
            Ok(count) => rest = rest.get(count..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => drop(poll(&mut [PollFd::from_borrowed_fd(stream, PollFlags::OUT)], None)),
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// What is said of output that cannot be written, and the exit status: nothing where nobody reads it.
pub(super) fn unwritten(errno: Errno) -> (Option<CoreError>, i32) {
    if errno == Errno::PIPE {
        return (None, BROKEN_PIPE);
    }
    let cause = std::io::Error::from(errno);
    let error = CoreError::bug(format!("Run masu: Error: {cause}"));
    (Some(error.with_hint("this is a mistake in masu; --debug shows where")), FAILED)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Paint = Paint { is_on: false };

    #[test]
    fn error_lines_are_what_failed_where_and_what_to_do() {
        let mut error =
            CoreError::new(ErrorCode::Failed, "Mount \"a\nb\" on \"/x\u{1b}[0m\u{202e}\": no").with_hint("try\tit");
        assert_eq!(
            error_lines(&error, PLAIN),
            "masu: Mount \"a\\nb\" on \"/x\\u{1b}[0m\\u{202e}\": no\nhint: try\\tit\n"
        );
        error = error.at(Group::Inside, 3);
        assert_eq!(error_lines(&error, PLAIN).lines().nth(1), Some("step: inside 3 of the plan"));
    }

    #[test]
    fn error_lines_have_colours_on_a_terminal() {
        let error = CoreError::new(ErrorCode::Failed, "It: no").with_hint("do");
        assert_eq!(
            error_lines(&error, Paint { is_on: true }),
            "\u{1b}[31mmasu:\u{1b}[0m It: no\n\u{1b}[1mhint:\u{1b}[0m do\n"
        );
    }

    #[test]
    fn for_errors_has_no_colours_where_the_environment_says_so() {
        for (no_color, term) in [(Some(&b"1"[..]), None), (None, Some(&b"dumb"[..])), (Some(b"0"), Some(b"xterm"))] {
            assert_eq!(Paint::for_errors(no_color, term), PLAIN);
        }
    }

    #[test]
    fn escape_json_keeps_the_document() {
        assert_eq!(escape_json("{\n\t\"a\": \"\u{202e}\u{85}b\"\n}"), "{\n\t\"a\": \"\\u202e\\u0085b\"\n}");
        assert_eq!(escape_json("plain\n"), "plain\n");
    }

    #[test]
    fn exit_status_is_the_one_of_the_program() {
        for (code, status, of_program) in [
            (ErrorCode::InvalidConfig, 2, 125),
            (ErrorCode::NotFound, 1, 125),
            (ErrorCode::ProgramNotFound, 1, 127),
            (ErrorCode::ProgramNotExecutable, 1, 126),
            (ErrorCode::Bug, 1, 125),
        ] {
            assert_eq!((exit_status(code, false), exit_status(code, true)), (status, of_program), "{code:?}");
        }
    }
}
