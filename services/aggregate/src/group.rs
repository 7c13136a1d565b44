//! What is folded together: all regions of one concept and horizon.

use skillwire_schemas::{Horizon, PartnershipId};

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Group {
    pub partnership: PartnershipId,
    /// `scheme:id`.
    pub concept: String,
    pub horizon: Horizon,
}

/// A moment for which sums are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Moment {
    /// As it stands.
    Now,
    /// As it stood when the month before ended.
    Before,
}

impl Moment {
    pub(crate) const ALL: [Self; 2] = [Self::Now, Self::Before];

    /// The word in the database.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Now => "now",
            Self::Before => "before",
        }
    }

    /// Of a word.
    pub(crate) fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|moment| moment.as_str() == word)
    }
}
