//! What goes wrong after V8 has left is printed here, in the form of all of masu's errors.

use masu_wire::error::CoreError;
use std::io::Write;

/// One line to standard error, and one for the hint.
pub(crate) fn report(error: &CoreError) {
    let mut text = format!("masu: {}\n", error.message);
    if let Some(hint) = &error.hint {
        text.push_str("hint: ");
        text.push_str(hint);
        text.push('\n');
    }
    // Nobody is left to be told that standard error cannot be written.
    let _ = std::io::stderr().write_all(text.as_bytes());
}
