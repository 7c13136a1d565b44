//! How a raw word became a concept - or honestly did not.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::concept::Concept;

/// What came of a raw text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MatchState {
    /// One concept fits.
    Matched,
    /// Several concepts fit equally well; staff decide.
    Ambiguous,
    /// No concept fits. An honest answer: nothing is ever forced.
    Unmatched,
}

impl MatchState {
    /// The word used on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Matched => "matched",
            Self::Ambiguous => "ambiguous",
            Self::Unmatched => "unmatched",
        }
    }
}

words!(MatchState, "match state", [Matched, Ambiguous, Unmatched]);

/// Raw text -> concept, with a score and a reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct Match {
    /// The words as they came.
    pub text: String,
    /// What came of them.
    pub state: MatchState,
    /// The concept, exactly when `state` is `matched`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concept: Option<Concept>,
    /// Confidence, 0 to 1. Of the best candidate when nothing matched.
    pub score: f64,
    /// Why: `label`, `alias`, `abbreviation`, `fuzzy 0.91`, `staff decision #12`, `no concept scores 0.75`, ...
    pub reason: String,
}

impl Match {
    /// The concept if the text is matched; candidates of an ambiguous text are none.
    #[must_use]
    pub fn matched(&self) -> Option<&Concept> {
        match self.state {
            MatchState::Matched => self.concept.as_ref(),
            MatchState::Ambiguous | MatchState::Unmatched => None,
        }
    }
}
