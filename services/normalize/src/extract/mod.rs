//! Running text -> the concepts that it speaks of: where (spans), and which for the text as a whole (ranked). Pure.
//!
//! Names are found where they stand, the longest first; a clause without a name is likened as a whole. For the whole text
//! three readings are put together: the text itself, every run of a few of its words, and the names that were found.

mod ranked;
mod spans;
mod tokens;

use skillwire_schemas::MatchState;

use crate::matcher::{Candidate, Matcher};

/// Longest text that is read, characters; the rest is not.
pub const TEXT_CHARS_MAX: usize = 50_000;

/// A stretch of the text that speaks of a concept.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// First character, counted from 0.
    pub start: usize,
    /// Behind the last character.
    pub end: usize,
    /// Whether it means the first of the candidates.
    pub state: MatchState,
    /// Best first.
    pub candidates: Vec<Candidate>,
}

/// What was found in a text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Extraction {
    /// In order, none within another.
    pub spans: Vec<Span>,
    /// Skills, knowledge, technologies and credentials of the whole text, best first.
    pub ranked: Vec<Candidate>,
}

impl Matcher {
    /// What a text speaks of: spans with at most `top` candidates each, and the best `top` concepts of the whole.
    #[must_use]
    pub fn extract(&self, text: &str, top: usize) -> Extraction {
        let text: String = text.chars().take(TEXT_CHARS_MAX).collect();
        let clauses = tokens::clauses(&text);
        let spans = spans::find(self, &clauses, top);
        let ranked = ranked::rank(self, &text, &clauses, &spans, top);
        Extraction { spans, ranked }
    }
}
