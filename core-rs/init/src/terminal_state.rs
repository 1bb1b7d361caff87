//! What a program has told its terminal to be like: the modes that differ from a terminal's own. ECMA-48, and xterm's "ctlseqs"

use std::collections::BTreeMap;

/// DEC private modes (`CSI ? NUMBER h`, `CSI ? NUMBER l`) that are on by themselves: lines wrap, the cursor is seen.
const ON: [u16; 2] = [7, 25];
/// The screen without history.
const ALTERNATE: [u16; 3] = [47, 1047, 1049];
/// So many different ones are more than any terminal has.
const MOST: usize = 64;

/// Reads the output, however it is cut, and remembers.
#[derive(Default)]
pub(crate) struct TerminalState {
    /// What differs.
    modes: BTreeMap<u16, bool>,
    place: Place,
    numbers: Vec<u16>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Text,
    Escape,
    Sequence,
    Private,
}

impl TerminalState {
    /// Reads up to where the screen was changed for the other one, or all; returns how much.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> usize {
        let before = self.is_alternate();
        for (index, byte) in bytes.iter().enumerate() {
            self.take(*byte);
            if self.is_alternate() != before {
                return index + 1;
            }
        }
        bytes.len()
    }

    pub(crate) fn is_alternate(&self) -> bool {
        ALTERNATE.iter().any(|mode| self.modes.get(mode) == Some(&true))
    }

    /// What makes another terminal like it.
    pub(crate) fn set(&self) -> Vec<u8> {
        self.modes.iter().flat_map(|(mode, on)| sequence(*mode, *on)).collect()
    }

    /// What makes the terminal as it was before, and text plain.
    pub(crate) fn reset(&self) -> Vec<u8> {
        self.modes.iter().flat_map(|(mode, on)| sequence(*mode, !on)).collect()
    }

    fn take(&mut self, byte: u8) {
        self.place = match (self.place, byte) {
            (_, 0x1b) => Place::Escape,
            (Place::Escape, b'[') => Place::Sequence,
            // RIS: everything as it was.
            (Place::Escape, b'c') => {
                self.modes.clear();
                Place::Text
            }
            (Place::Sequence, b'?') => {
                self.numbers = vec![0];
                Place::Private
            }
            (Place::Private, b'0'..=b'9') => {
                if let Some(last) = self.numbers.last_mut() {
                    *last = last.saturating_mul(10).saturating_add(u16::from(byte - b'0'));
                }
                Place::Private
            }
            (Place::Private, b';') if self.numbers.len() < MOST => {
                self.numbers.push(0);
                Place::Private
            }
            (Place::Private, b'h' | b'l') => {
                self.change(byte == b'h');
                Place::Text
            }
            _ => Place::Text,
        };
    }

    fn change(&mut self, on: bool) {
        for mode in std::mem::take(&mut self.numbers) {
            if ON.contains(&mode) == on {
                self.modes.remove(&mode);
            } else if self.modes.len() < MOST {
                self.modes.insert(mode, on);
            }
        }
    }
}

fn sequence(mode: u16, on: bool) -> Vec<u8> {
    format!("\x1b[?{mode}{}", if on { 'h' } else { 'l' }).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_knows_what_differs_however_the_output_is_cut() {
        for (output, set, reset) in [
            ("plain \x1b[31mred\x1b[0m", "", ""),
            ("\x1b[?25l\x1b[?1;2004h", "\x1b[?1h\x1b[?25l\x1b[?2004h", "\x1b[?1l\x1b[?25h\x1b[?2004l"),
            ("\x1b[?25l\x1b[?1h\x1b[?1l\x1b[?25h", "", ""),
            ("\x1b[?1000h\x1bc", "", ""),
            ("\x1b[?12$p\x1b[?7", "", ""),
        ] {
            let mut state = TerminalState::default();
            output.bytes().for_each(|byte| assert_eq!(state.read(&[byte]), 1));
            assert_eq!((state.set(), state.reset()), (set.into(), reset.into()), "{output:?}");
        }
    }

    #[test]
    fn read_stops_where_the_screen_changes() {
        let mut state = TerminalState::default();
        let output = b"a\x1b[?1049hb\x1b[?1049lc";
        assert_eq!(state.read(output), 9);
        assert!(state.is_alternate());
        assert_eq!(state.read(&output[9..]), 9);
        assert_eq!((state.read(&output[18..]), state.is_alternate()), (1, false));
    }
}
