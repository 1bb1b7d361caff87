//! What the program will need first, made ready natively: its core, in the sealed memory that it is loaded from.
//!
//! The program can make it itself, and does where it does not find this one; but from JavaScript the copy takes four times as long.

use std::fs::File;
use std::os::fd::{AsFd as _, IntoRawFd as _};

use masu_sys::descriptor::duplicate_from;
use masu_sys::memfd::sealed_copy;

use super::marker::Marker;

/// The lowest number of the descriptor that is left open: the program's own have the numbers that they would have without it.
const LOWEST: i32 = 40;

/// Leaves a sealed memfd of the core open, close-on-exec, for `lib/core/load.ts` to find by name.
///
/// A descriptor that a caller passed on cannot be mistaken for it: it would not be close-on-exec.
pub(super) fn hand_over_core(file: &File, marker: &Marker) {
    if marker.core_at == 0 {
        return;
    }
    // Whatever fails, memory above all, fails again where the program does it, and is reported there.
    let memfd = sealed_copy(c"masu-core", file, marker.core_at, marker.core_length);
    if let Ok(left_open) = memfd.and_then(|memfd| duplicate_from(memfd.as_fd(), LOWEST)) {
        let _number = left_open.into_raw_fd();
    }
}
