//! The commands that the front answers itself, because there is nothing left to decide.
//!
//! An answer must be the one that the program would give: same output, same status, same effect. A function that meets
//! anything it was not written for, an unknown flag or a failed call, says so by None before it has had an effect, and the
//! program gets the command.

use std::ffi::c_int;

use super::marker::Marker;
use super::stack::Stack;

/// The exit status, or None for "let the program do it".
type Answer = Option<c_int>;

/// A command that the front knows: the first argument, and what answers it.
struct Decided {
    name: &'static [u8],
    answer: fn(&Stack, &Marker) -> Answer,
}

const DECIDED: &[Decided] = &[Decided { name: b"--version", answer: version }];

/// Answers the command if it is one of those decided.
pub(super) fn answer(stack: &Stack, marker: &Marker) -> Answer {
    let name = stack.argument(1)?.to_bytes();
    let decided = DECIDED.iter().find(|decided| decided.name == name)?;
    (decided.answer)(stack, marker)
}

/// `masu --version`, without any other argument.
fn version(stack: &Stack, marker: &Marker) -> Answer {
    if stack.argument_count() != 2 {
        return None;
    }
    write_line(&[b"masu ", marker.version(), b"\n"])
}

/// Writes a line to standard output at once; None when nothing of it was written.
#[expect(unsafe_code, reason = "writev(2)")]
fn write_line(pieces: &[&[u8]; 3]) -> Answer {
    let vectors = pieces.map(|piece| libc::iovec { iov_base: piece.as_ptr().cast_mut().cast(), iov_len: piece.len() });
    // SAFETY: each vector describes a slice that outlives the call, and writev only reads them.
    let written = unsafe { libc::writev(libc::STDOUT_FILENO, vectors.as_ptr(), 3) };
    (written > 0).then_some(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_decided_commands_are_there_once() {
        for (index, decided) in DECIDED.iter().enumerate() {
            assert!(DECIDED[..index].iter().all(|earlier| earlier.name != decided.name));
        }
    }
}
