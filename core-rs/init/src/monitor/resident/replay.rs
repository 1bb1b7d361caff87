//! Output that a terminal is shown again: without what it would answer, because the answer was given before. ECMA-48, xterm's "ctlseqs"

/// Leaves out what asks the terminal for something, or writes to its clipboard. What is not whole stays: the rest of it comes.
pub(super) fn without_queries(output: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(output.len());
    let mut rest = output;
    while !rest.is_empty() {
        let (sequence, later) = rest.split_at_checked(sequence_length(rest)).unwrap_or((rest, &[]));
        if !is_query(sequence) {
            kept.extend_from_slice(sequence);
        }
        rest = later;
    }
    kept
}

const ESCAPE: u8 = 0x1b;
const BELL: u8 = 0x07;
/// ENQ: the terminal sends its answerback message.
const ENQUIRY: u8 = 0x05;

/// Of the control sequence or string that begins here, or of one byte of text.
fn sequence_length(bytes: &[u8]) -> usize {
    match bytes {
        [ESCAPE, b'[', parameters @ ..] => {
            let end = parameters.iter().position(|byte| !matches!(byte, 0x20..=0x3f));
            end.map_or(bytes.len(), |end| end + 3)
        }
        // OSC, DCS, APC, PM and SOS end by ST; OSC by BEL, too.
        [ESCAPE, kind @ (b']' | b'P' | b'_' | b'^' | b'X'), string @ ..] => {
            let end = string.iter().position(|byte| *byte == ESCAPE || (*byte == BELL && *kind == b']'));
            let terminator = |end: usize| if string.get(end) == Some(&BELL) { 1 } else { 2 };
            end.map_or(bytes.len(), |end| (end + 2 + terminator(end)).min(bytes.len()))
        }
        [ESCAPE, _, ..] => 2,
        _ => 1,
    }
}

fn is_query(sequence: &[u8]) -> bool {
    match sequence {
        [ENQUIRY] | [ESCAPE, b'Z'] => true,
        [ESCAPE, b'[', parameters @ .., last] => match last {
            // Reports of status and attributes; of the window, which they also change.
            b'n' | b'c' | b'x' | b't' => true,
            // DECRQM; XTVERSION; which keyboard protocol is on.
            b'p' => parameters.ends_with(b"$"),
            b'q' => parameters.starts_with(b">"),
            b'u' => parameters.starts_with(b"?"),
            _ => false,
        },
        [ESCAPE, b']', string @ ..] => string.starts_with(b"52;") || string.windows(2).any(|pair| pair == b";?"),
        [ESCAPE, b'P', string @ ..] => string.starts_with(b"$q") || string.starts_with(b"+q"),
        // Graphics of some terminals, which are acknowledged.
        [ESCAPE, b'_', ..] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_queries_does_what_its_table_says() {
        for (output, kept) in [
            ("in> \x1b[6n", "in> "),
            ("\x1b[31mred\x1b[0m\r\n\x1b[?25l", "\x1b[31mred\x1b[0m\r\n\x1b[?25l"),
            ("a\x1b[cb\x1b[>cc\x1b[5nd\x1b[?2026$pe\x1b[>qf\x1b[18tg\x05h\x1bZi\x1b[?uj", "abcdefghij"),
            ("\x1b[!p\x1b[2 q\x1b[u", "\x1b[!p\x1b[2 q\x1b[u"),
            ("\x1b]0;title\x07x\x1b]11;?\x07y\x1b]10;?\x1b\\z\x1b]52;c;eA==\x07.", "\x1b]0;title\x07xyz."),
            ("\x1bP$qm\x1b\\a\x1bP+q544e\x1b\\b\x1bPq#0~\x1b\\c\x1b_Gi=1;a\x1b\\d", "ab\x1bPq#0~\x1b\\cd"),
            ("\u{20ac} caf\u{e9} \x1b(B", "\u{20ac} caf\u{e9} \x1b(B"),
            ("not whole \x1b[", "not whole \x1b["),
            ("not whole \x1b", "not whole \x1b"),
            ("not whole \x1b]0;ti", "not whole \x1b]0;ti"),
        ] {
            let found = without_queries(output.as_bytes());
            assert_eq!(String::from_utf8_lossy(&found), kept, "{output:?}");
        }
    }
}
