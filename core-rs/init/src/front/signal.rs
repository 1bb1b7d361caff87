//! Signals as they are written: `parseSignal` of `lib/spec/signal.ts`.

use super::grammar::{REAL_TIME, SIGNALS};

/// `TERM`, `SIGTERM`, `term`, `15`, `RTMIN+3`, `RTMAX-1`. None: the program knows what to say about it.
pub(super) fn parse_signal(text: &str) -> Option<i32> {
    let is_number = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = if is_number { text.parse().ok()? } else { by_name(&text.to_ascii_uppercase())? };
    (1..=REAL_TIME.1).contains(&number).then_some(number)
}

fn by_name(upper: &str) -> Option<i32> {
    let name = upper.strip_prefix("SIG").unwrap_or(upper);
    if let Some((_, number)) = SIGNALS.iter().find(|(known, _)| *known == name) {
        return Some(*number);
    }
    let (from, offset) = if let Some(offset) = name.strip_prefix("RTMIN") {
        (REAL_TIME.0, offset)
    } else {
        (REAL_TIME.1, name.strip_prefix("RTMAX")?)
    };
    let number = from + signed(offset)?;
    (REAL_TIME.0..=REAL_TIME.1).contains(&number).then_some(number)
}

/// Nothing, or a sign and one or two digits.
fn signed(offset: &str) -> Option<i32> {
    let Some(digits) = offset.strip_prefix(['+', '-']) else { return offset.is_empty().then_some(0) };
    let is_number = (1..=2).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { offset.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_signal_reads_names_and_numbers() {
        for (text, expected) in [
            ("TERM", Some(15)),
            ("SIGTERM", Some(15)),
            ("sigterm", Some(15)),
            ("Kill", Some(9)),
            ("9", Some(9)),
            ("09", Some(9)),
            ("64", Some(64)),
            ("SIGIOT", Some(6)),
            ("RTMIN", Some(34)),
            ("RTMIN+3", Some(37)),
            ("sigrtmax-1", Some(63)),
            ("RTMAX", Some(64)),
            ("0", None),
            ("65", None),
            ("009", None),
            ("-9", None),
            ("+9", None),
            ("", None),
            ("SIG", None),
            ("NOPE", None),
            ("SIGSIGTERM", None),
            ("RTMIN+31", None),
            ("RTMAX+1", None),
            ("RTMIN-1", None),
            ("RTMIN+", None),
            ("RTMIN3", None),
            ("RTMIN+003", None),
            ("tërm", None),
        ] {
            assert_eq!(parse_signal(text), expected, "{text:?}");
        }
    }
}
