//! Whether a container was made from an OCI bundle.

use masu_wire::lifecycle::Store;

use crate::status::Condition;
use crate::store::Shelf;

/// False where there is none of this word, too: whatever is done then says so.
#[must_use]
pub fn is_bundle(store: &Store, word: &str) -> bool {
    let found = Shelf::open(store).and_then(|shelf| shelf.find(word));
    // One that lives on has a document.
    found.is_ok_and(|entry| entry.data().is_none() && Condition::of(entry).bundle().is_some())
}
