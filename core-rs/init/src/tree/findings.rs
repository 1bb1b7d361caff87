//! What a job counts and notes.

use masu_wire::error::CoreError;
use masu_wire::tree::{TreeAnswer, TreeFailure};

use super::shown;

/// As many failures as are told one by one.
const TOLD: usize = 100;

/// The answer while it is made.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) answer: TreeAnswer,
}

impl Findings {
    /// One entry more, with so many bytes of a file.
    pub(super) fn count(&mut self, bytes: u64) {
        self.answer.entries += 1;
        self.answer.bytes += bytes;
    }

    /// Something is left out, or is not as it was; everything else goes on.
    pub(super) fn note(&mut self, name: &[u8], error: CoreError) {
        if self.answer.failures.len() < TOLD {
            self.answer.failures.push(TreeFailure { path: shown(name), error });
        } else {
            self.answer.more_failures += 1;
        }
    }
}
