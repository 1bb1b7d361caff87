//! A container's output as lines, and a line as JSON.

use std::borrow::Cow;

/// A longer line is kept in parts.
pub(super) const LONGEST: usize = 16 << 10;

/// Where output came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    /// stdout, or the terminal.
    Stdout,
    /// stderr.
    Stderr,
}

/// Cuts one stream into lines.
#[derive(Default)]
pub(super) struct Splitter {
    /// The beginning of a line.
    rest: Vec<u8>,
}

impl Splitter {
    /// Calls `line` with each line, its newline included, or with each part of a line that is too long.
    pub(super) fn push(&mut self, mut bytes: &[u8], line: &mut impl FnMut(&[u8])) {
        while !bytes.is_empty() {
            let room = LONGEST - self.rest.len();
            let end = bytes.iter().take(room + 1).position(|byte| *byte == b'\n');
            let (now, later) = match end {
                Some(end) => bytes.split_at(end + 1),
                None if bytes.len() > room => bytes.split_at(room),
                None => {
                    self.rest.extend_from_slice(bytes);
                    return;
                }
            };
            bytes = later;
            if end.is_some() && self.rest.is_empty() {
                line(now);
                continue;
            }
            self.rest.extend_from_slice(now);
            let whole = if end.is_some() { self.rest.len() } else { whole_characters(&self.rest) };
            line(self.rest.get(..whole).unwrap_or_default());
            self.rest.drain(..whole);
        }
    }

    /// Calls `line` with what no newline came after.
    pub(super) fn finish(&mut self, line: &mut impl FnMut(&[u8])) {
        if !self.rest.is_empty() {
            line(&self.rest);
        }
        self.rest = Vec::new();
    }
}

/// How much of it does not end within a UTF-8 sequence.
fn whole_characters(bytes: &[u8]) -> usize {
    for back in 1..=bytes.len().min(3) {
        let at = bytes.len() - back;
        match bytes.get(at) {
            Some(0x80..=0xbf) => {}
            Some(0xc2..=0xdf) if back < 2 => return at,
            Some(0xe0..=0xef) if back < 3 => return at,
            Some(0xf0..=0xf4) if back < 4 => return at,
            _ => break,
        }
    }
    bytes.len()
}

/// Appends the line as one line of JSON. What is no UTF-8 becomes U+FFFD.
pub(super) fn append_json(out: &mut Vec<u8>, time: &str, stream: Stream, text: &[u8]) {
    let name: &[u8] = match stream {
        Stream::Stdout => b"stdout",
        Stream::Stderr => b"stderr",
    };
    let parts: [&[u8]; 5] = [b"{\"time\":\"", time.as_bytes(), b"\",\"stream\":\"", name, b"\",\"log\":"];
    parts.into_iter().for_each(|part| out.extend_from_slice(part));
    let text: Cow<'_, str> = String::from_utf8_lossy(text);
    // Neither a text nor a vector can fail.
    let _ = serde_json::to_writer(&mut *out, &text);
    out.extend_from_slice(if text.ends_with('\n') { b"}\n" } else { b",\"partial\":true}\n" });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(parts: &[&[u8]]) -> Vec<Vec<u8>> {
        let (mut splitter, mut lines) = (Splitter::default(), Vec::new());
        for part in parts {
            splitter.push(part, &mut |line| lines.push(line.to_vec()));
        }
        splitter.finish(&mut |line| lines.push(line.to_vec()));
        lines
    }

    #[test]
    fn splitter_finds_lines_however_they_come() {
        let whole = [&b"a\n"[..], b"\n", b"bc\r\n", b"d"];
        assert_eq!(lines(&[b"a\n\nbc\r\nd"]), whole);
        assert_eq!(lines(&b"a\n\nbc\r\nd".chunks(1).collect::<Vec<_>>()), whole);
        assert_eq!(lines(&[]), [b""; 0]);
    }

    #[test]
    fn splitter_cuts_a_long_line_between_characters() {
        for (lead, expected) in [(LONGEST, LONGEST), (LONGEST - 1, LONGEST - 1), (LONGEST - 3, LONGEST)] {
            let text = format!("{}\u{20ac}{}\nnext\n", "x".repeat(lead), "y".repeat(LONGEST / 2));
            for size in [1, 1000, 1 << 20] {
                let lines = lines(&text.as_bytes().chunks(size).collect::<Vec<_>>());
                assert_eq!(lines.len(), 3, "{lead} {size}");
                assert_eq!(lines[0].len(), expected, "{lead} {size}");
                assert_eq!(lines.concat(), text.as_bytes());
            }
        }
        let exact = [vec![b'x'; LONGEST], b"\n".to_vec()].concat();
        assert_eq!(lines(&[&exact, b"z"]), [exact.clone(), b"z".to_vec()]);
    }

    #[test]
    fn whole_characters_leaves_what_is_no_text_as_it_is() {
        for (bytes, expected) in [
            (&b"a\xe2\x82"[..], 1),
            (b"a\xe2", 1),
            (b"\xf0\x9f\x98", 0),
            (b"\x80\x80\x80\x80", 4),
            (b"a\xff", 2),
            (b"", 0),
        ] {
            assert_eq!(whole_characters(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn append_json_is_one_line_that_reads_back() {
        for (text, log, partial) in [
            (&b"a \"b\" \\ \x1b[0m\t\n"[..], "a \"b\" \\ \u{1b}[0m\t\n", None),
            (b"no end", "no end", Some(true)),
            (b"\xff\xfe caf\xc3\xa9\n", "\u{fffd}\u{fffd} caf\u{e9}\n", None),
            (b"\0\n", "\0\n", None),
        ] {
            let mut out = Vec::new();
            append_json(&mut out, "2026-01-02T03:04:05.000000006Z", Stream::Stderr, text);
            assert_eq!(out.iter().filter(|byte| **byte == b'\n').count(), 1);
            let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
            assert_eq!((&value["stream"], &value["log"]), (&"stderr".into(), &log.into()));
            assert_eq!(
                (value["time"].as_str(), value["partial"].as_bool()),
                (Some("2026-01-02T03:04:05.000000006Z"), partial)
            );
        }
    }
}
