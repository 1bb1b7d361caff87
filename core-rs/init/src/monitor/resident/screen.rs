//! What somebody who attaches to a terminal sees first: the last screenful of what was written to it.

use super::replay::without_queries;
use crate::terminal_state::TerminalState;

/// So much of the output is kept: a screenful with all its colours.
const KEPT: usize = 64 << 10;
/// A terminal of unknown size has so many rows.
const ROWS: usize = 24;
/// They clear the whole screen: nothing that was written before can be seen.
const CLEARS: [&[u8]; 3] = [b"\x1b[2J", b"\x1b[H\x1b[J", b"\x1bc"];
/// Where programs are nearly always when they have cleared the screen: at its first character.
const CLEARED: &[u8] = b"\x1b[H\x1b[2J";

/// The end of the output, and what the terminal was told to be like.
#[derive(Default)]
pub(super) struct Screen {
    /// What is on the screen that scrolls.
    primary: Vec<u8>,
    /// What is on the other one, which full-screen programs use, while they do.
    alternate: Vec<u8>,
    state: TerminalState,
}

impl Screen {
    /// Takes what the container writes.
    pub(super) fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let was_alternate = self.state.is_alternate();
            let read = self.state.read(bytes);
            let (now, later) = bytes.split_at(read);
            append(if was_alternate { &mut self.alternate } else { &mut self.primary }, now);
            match (was_alternate, self.state.is_alternate()) {
                (true, false) => self.alternate = Vec::new(),
                // The sequence that changes the screens is the state's.
                (false, true) => {
                    let escape = self.primary.iter().rposition(|byte| *byte == 0x1b);
                    self.primary.truncate(escape.unwrap_or(0));
                }
                _ => {}
            }
            bytes = later;
        }
    }

    /// A program uses the whole screen.
    pub(super) fn is_alternate(&self) -> bool {
        self.state.is_alternate()
    }

    /// What makes another terminal, empty so far and with so many rows, look like it.
    pub(super) fn show(&self, rows: u16) -> Vec<u8> {
        let rows = if rows == 0 { ROWS } else { usize::from(rows) };
        let mut shown = Vec::new();
        replay(&mut shown, &self.primary, rows);
        shown.extend(self.state.set());
        if self.is_alternate() {
            replay(&mut shown, &self.alternate, usize::MAX);
        }
        shown
    }
}

/// Keeps the last of it, from the start of a line on.
fn append(kept: &mut Vec<u8>, bytes: &[u8]) {
    let bytes = bytes.get(bytes.len().saturating_sub(KEPT)..).unwrap_or_default();
    if kept.len() + bytes.len() > KEPT {
        // Half of it goes, so that this is rare.
        let least = (kept.len() + bytes.len() - KEPT / 2).min(kept.len());
        let line = kept.get(least..).and_then(|rest| rest.iter().position(|byte| *byte == b'\n'));
        kept.drain(..line.map_or(least, |line| least + line + 1));
    }
    kept.extend_from_slice(bytes);
}

fn replay(shown: &mut Vec<u8>, bytes: &[u8], rows: usize) {
    let last = |clear: &&[u8]| bytes.windows(clear.len()).rposition(|window| window == *clear);
    let cleared = CLEARS.iter().filter_map(|clear| last(clear).map(|at| at + clear.len())).max();
    if cleared.is_some() {
        shown.extend_from_slice(CLEARED);
    }
    let seen = bytes.get(cleared.unwrap_or(0)..).unwrap_or_default();
    shown.extend(without_queries(last_rows(seen, rows)));
}

/// The last so many lines; a program that moves the cursor up may be shown a little less.
fn last_rows(bytes: &[u8], rows: usize) -> &[u8] {
    let ends = bytes.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n');
    let start = ends.map(|(at, _)| at + 1).nth(rows.saturating_sub(1));
    bytes.get(start.unwrap_or(0)..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(written: &[&str], rows: u16) -> String {
        let mut screen = Screen::default();
        written.iter().for_each(|written| screen.push(written.as_bytes()));
        String::from_utf8(screen.show(rows)).unwrap()
    }

    #[test]
    fn show_does_what_its_table_says() {
        let rows: Vec<(&[&str], &str)> = vec![
            (&[], ""),
            (&["one\r\ntwo\r\n$ "], "one\r\ntwo\r\n$ "),
            (&["1\n2\n3\n4\n", "5\n$ "], "4\n5\n$ "),
            (&["$ \x1b[6n"], "$ "),
            (&["before\x1b[H\x1b[2Jafter"], "\x1b[H\x1b[2Jafter"),
            (&["before\x1b[H\x1b", "[Jafter"], "\x1b[H\x1b[2Jafter"),
            (&["$ \x1b[?2004hls"], "$ \x1b[?2004hls\x1b[?2004h"),
            (&["$ vi\r\n\x1b[?1049h\x1b[2Jtext"], "$ vi\r\n\x1b[?1049h\x1b[H\x1b[2Jtext"),
            (&["$ vi\r\n\x1b[?10", "49h\x1b[2Jtext\x1b[?1049l$ "], "$ vi\r\n$ "),
        ];
        for (written, expected) in rows {
            assert_eq!(shown(written, 3), expected, "{written:?}");
        }
    }

    #[test]
    fn push_keeps_little_and_begins_with_a_whole_line() {
        let mut screen = Screen::default();
        for number in 0..100_000 {
            screen.push(format!("line {number:05} \x1b[31mred\x1b[0m\r\n").as_bytes());
        }
        assert!(screen.primary.len() <= KEPT && screen.primary.starts_with(b"line "));
        assert!(screen.show(50).ends_with(b"line 99999 \x1b[31mred\x1b[0m\r\n"));
        screen.push(&[b'x'; 3 * KEPT]);
        assert_eq!(screen.primary.len(), KEPT);
    }
}
