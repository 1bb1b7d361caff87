//! The words that containers are named by: IDs and names.

use masu_wire::error::{CoreError, ErrorCode};

/// NAME_MAX: a longer one cannot be a file's name.
const LONGEST_WORD: usize = 255;
/// The name of a monitor's socket, which has to fit into an address of unix(7) behind `/proc/self/fd/NUMBER/`.
const LONGEST_ID: usize = 80;

/// `[a-zA-Z0-9_+-][a-zA-Z0-9_+.-]*`: no `/`, no `..`, nothing that a terminal or a line of a file could take for something else.
#[must_use]
pub fn is_word(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'+' | b'-');
    let bytes = text.as_bytes();
    bytes.len() <= LONGEST_WORD
        && bytes.first().is_some_and(|byte| plain(*byte))
        && bytes.iter().all(|byte| plain(*byte) || *byte == b'.')
}

/// A container may have this ID.
#[must_use]
pub fn is_id(text: &str) -> bool {
    is_word(text) && text.len() <= LONGEST_ID
}

/// Errors: `invalid_config`.
pub fn check_word(action: &str, text: &str) -> Result<(), CoreError> {
    if is_word(text) { Ok(()) } else { Err(invalid(action, text, LONGEST_WORD)) }
}

/// Errors: `invalid_config`.
pub fn check_id(action: &str, text: &str) -> Result<(), CoreError> {
    if is_id(text) { Ok(()) } else { Err(invalid(action, text, LONGEST_ID)) }
}

fn invalid(action: &str, text: &str, longest: usize) -> CoreError {
    let shown: String = text.chars().take(longest).collect();
    let error = CoreError::new(ErrorCode::InvalidConfig, format!("{action} {shown:?}: this is no ID or name"));
    error.with_hint(format!(
        "up to {longest} of the letters a to z and A to Z, digits, \"_\", \"+\", \"-\" and, but for the first, \".\""
    ))
}

/// The candidate with the fewest edits from `word`, when few enough to be a slip and not all of it; the first of equals.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = word.to_ascii_lowercase();
    let mut fewest = (typed.len() / 3).max(1) + 1;
    let mut best = None;
    for candidate in candidates {
        if candidate.len().abs_diff(typed.len()) >= fewest {
            continue;
        }
        let edits = distance(typed.as_bytes(), candidate.to_ascii_lowercase().as_bytes());
        if edits < fewest && edits < candidate.len().max(typed.len()) {
            (best, fewest) = (Some(candidate), edits);
        }
    }
    best
}

/// Insertions, deletions, substitutions and swaps of neighbours: optimal string alignment, as in Damerau 1964.
fn distance(from: &[u8], to: &[u8]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX / 2);
    for (i, from_byte) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, to_byte) in to.iter().enumerate() {
            let substituted = at(&last, j) + usize::from(from_byte != to_byte);
            let mut edits = (at(&last, j + 1) + 1).min(at(&row, j) + 1).min(substituted);
            let swapped = i > 0 && j > 0 && from.get(i - 1) == Some(to_byte) && to.get(j - 1) == Some(from_byte);
            if swapped {
                edits = edits.min(at(&before_last, j - 1) + 1);
            }
            row.push(edits);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    at(&last, to.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_word_takes_no_path_and_nothing_that_cannot_be_seen() {
        for word in ["a", "0", "_x", "-x", "+1", "web.1", "a..b", "A-b_c+d.e"] {
            assert!(is_word(word), "{word}");
        }
        let long = "a".repeat(5000);
        for word in ["", ".", "..", ".a", "../x", "a/b", "a\n", "a b", "ä", "\u{1b}[1m", "a\0", &long] {
            assert!(!is_word(word), "{word:?}");
        }
    }

    #[test]
    fn check_id_says_what_an_id_may_be() {
        let error = check_id("Create container", "../x").unwrap_err();
        assert_eq!(error.message, "Create container \"../x\": this is no ID or name");
        assert!(error.hint.unwrap().contains("80"));
        assert!(check_id("Create container", &"a".repeat(81)).is_err());
    }

    #[test]
    fn nearest_finds_a_slip_and_nothing_else() {
        for (word, expected) in
            [("wbe", Some("web")), ("webb", Some("web")), ("databse", Some("database")), ("q", None), ("cache", None)]
        {
            assert_eq!(nearest(word, ["web", "database"]), expected, "{word}");
        }
        assert_eq!((nearest("a", ["b"]), nearest("a", ["ab"])), (None, Some("ab")));
    }
}
