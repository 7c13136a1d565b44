//! The review queue's decisions: what follows from the log of what staff decided. Pure.
//!
//! A decision is about a text (kind and folded writing) in all needs or in some (scope). The log only grows: an undo is an
//! entry too. What holds is worked out from the log alone, so that every copy of this service comes to the same.

mod asked;
mod rules;
#[cfg(test)]
mod tests;

pub(crate) use asked::{Asked, AskedAnswer, AskedPart, AskedScope, NewConcept, Refused};
pub(crate) use rules::{Place, Rules};

use skillwire_schemas::EventId;

use crate::fold;

/// The scheme of concepts that a partnership made itself.
pub(crate) const LOCAL: &str = "local";

/// Longest key, characters: an entry of an index in PostgreSQL has at most about 2,700 bytes.
const KEY_CHARS_MAX: usize = 400;

/// What a text is known by: its words, folded. A text of nothing but signs is known by itself; of a very long one only the
/// beginning is kept, with a hash that stands for all of it.
pub(crate) fn term_key(text: &str) -> String {
    let key = fold::key(text).join(" ");
    let key = if key.is_empty() { text.trim().to_lowercase() } else { key };
    match key.char_indices().nth(KEY_CHARS_MAX) {
        None => key,
        Some((end, _)) => format!("{} {}", &key[..end], EventId::derived(&[&key])),
    }
}
