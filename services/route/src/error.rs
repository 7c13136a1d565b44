//! What is wrong with a subscription.

use crate::holds::NAICS_TOLD_DIGITS;

/// Longest name of a subscription, characters.
pub(crate) const NAME_CHARS_MAX: usize = 120;
/// Most entries of one list of a predicate.
pub(crate) const LIST_ENTRIES_MAX: usize = 200;

/// A subscription that cannot be taken, with the field and what would be right.
#[derive(Debug, PartialEq, Eq, thiserror::Error, serde::Serialize)]
#[error("{field}: {message}")]
pub struct SubscriptionError {
    /// Which field.
    pub field: &'static str,
    /// What is wrong and what would be right.
    pub message: String,
}

impl SubscriptionError {
    pub(crate) fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self { field, message: message.into() }
    }

    pub(crate) fn naics(given: &str) -> Self {
        Self::new(
            "naics_prefixes",
            format!(
                "'{given}' is no NAICS prefix; give 2 to 6 digits, e.g. 332 (signals tell industries by \
                 {NAICS_TOLD_DIGITS} digits)"
            ),
        )
    }
}
