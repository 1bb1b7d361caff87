//! What became of each container that was named.

use masu_wire::error::CoreError;
use masu_wire::lifecycle::{Outcome, OutcomesReply};

use crate::store::{Entry, Shelf};

/// Does it to each, one after the other; one's failure does not keep the others from it.
pub(crate) fn each(
    shelf: &Shelf<'_>,
    words: &[String],
    mut act: impl FnMut(Entry) -> Result<(), CoreError>,
) -> OutcomesReply {
    let outcomes = words.iter().map(|word| {
        let (id, done) = match shelf.find(word) {
            Ok(entry) => (Some(entry.id.clone()), act(entry)),
            Err(error) => (None, Err(error)),
        };
        Outcome { word: word.clone(), id, end: None, error: done.err() }
    });
    OutcomesReply { outcomes: outcomes.collect() }
}
