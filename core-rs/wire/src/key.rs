//! The op that waits for a key of whoever watches something live.

use serde::{Deserialize, Serialize};

use crate::wire_type;

wire_type! {
    /// `await_key`: waits for a key, or for a time; where stdin is no terminal, or one whose foreground is somebody else's, for the time alone.
    ///
    /// The terminal has raw modes from the first wait on until it is given back. A masu that is killed has it given back by its guard.
    pub struct AwaitKeyRequest {
        /// How long at most; none: the terminal is given back instead.
        pub timeout_ms: Option<u32>,
    }
}

wire_type! {
    /// `await_key`.
    #[derive(PartialEq, Eq)]
    pub struct AwaitKeyReply {
        /// What came of it.
        pub key: Option<Pressed>,
        /// The terminal that shows stdout; 0: it is none.
        pub columns: u16,
        /// Rows of it.
        pub rows: u16,
    }
}

wire_type! {
    /// What was typed.
    #[derive(Copy, PartialEq, Eq)]
    pub enum Pressed {
        /// `q`, or the end of the input.
        Quit,
        /// The key for SIGINT.
        Interrupt,
        /// The key for SIGQUIT.
        Abort,
        /// Any other, and what continued a program that was suspended.
        Other,
    }
}
