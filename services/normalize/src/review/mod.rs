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

use crate::fold;

/// The scheme of concepts that a partnership made itself.
pub(crate) const LOCAL: &str = "local";

/// What a text is known by: its words, folded. A text of nothing but signs is known by itself.
pub(crate) fn term_key(text: &str) -> String {
    let key = fold::key(text).join(" ");
    if key.is_empty() { text.trim().to_lowercase() } else { key }
}
