//! The keys that detach, found among what is typed.

use std::collections::VecDeque;

/// What may be their beginning is held back until it is known.
pub(super) struct DetachKeys {
    keys: Vec<u8>,
    held: VecDeque<u8>,
}

impl DetachKeys {
    /// In this order; none: nothing detaches.
    pub(super) const fn new(keys: Vec<u8>) -> Self {
        Self { keys, held: VecDeque::new() }
    }

    /// What of it is for the container, and whether the keys were typed; what comes after them is nobody's.
    pub(super) fn filter(&mut self, typed: &[u8]) -> (Vec<u8>, bool) {
        let mut passed = Vec::with_capacity(typed.len());
        if self.keys.is_empty() {
            passed.extend_from_slice(typed);
            return (passed, false);
        }
        for byte in typed {
            self.held.push_back(*byte);
            while !self.is_beginning() {
                passed.extend(self.held.pop_front());
            }
            if self.held.len() == self.keys.len() {
                return (passed, true);
            }
        }
        (passed, false)
    }

    fn is_beginning(&self) -> bool {
        self.held.iter().zip(&self.keys).all(|(held, key)| held == key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filter_does_what_its_table_says() {
        for (typed, passed, detaches) in [
            (&["abc"][..], "abc", false),
            (&["\x10\x11"], "", true),
            (&["a\x10", "\x11b"], "a", true),
            (&["\x10", "a"], "\x10a", false),
            (&["\x10\x10\x11"], "\x10", true),
            (&["\x11\x10"], "\x11", false),
            (&["\x10\x10", "x"], "\x10\x10x", false),
        ] {
            let mut keys = DetachKeys::new(vec![0x10, 0x11]);
            let (mut all, mut detached) = (Vec::new(), false);
            for part in typed {
                let (part, found) = keys.filter(part.as_bytes());
                all.extend(part);
                detached |= found;
            }
            assert_eq!((String::from_utf8(all).unwrap().as_str(), detached), (passed, detaches), "{typed:?}");
        }
        assert_eq!(DetachKeys::new(Vec::new()).filter(b"\x10\x11"), (b"\x10\x11".to_vec(), false));
    }
}
