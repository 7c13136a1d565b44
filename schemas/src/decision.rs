//! What staff answered in the review queue.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::concept::Concept;
use crate::ids::{DecisionId, PartnershipId, PersonId};

/// Where in a need a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TermKind {
    /// The job's title.
    Occupation,
    /// Something that is asked for: skill, knowledge, technology or credential.
    Requirement,
}

impl TermKind {
    /// The word used on the wire, in the database and in addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Occupation => "occupation",
            Self::Requirement => "requirement",
        }
    }
}

words!(TermKind, "term kind", [Occupation, Requirement]);

/// In which needs a decision holds. Of several that fit a need the narrower one does: occupation, longer industry, anywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(tag = "within", rename_all = "snake_case")]
pub enum Scope {
    /// In all.
    #[default]
    Anywhere,
    /// In those of an industry's employers.
    Industry {
        /// NAICS 2022, 2 to 6 digits; holds for all industries that begin so.
        naics: String,
    },
    /// In those whose job is this occupation.
    Occupation {
        /// `scheme:id` of the occupation.
        concept: String,
    },
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Anywhere => f.write_str("anywhere"),
            Self::Industry { naics } => write!(f, "industry {naics}"),
            Self::Occupation { concept } => write!(f, "occupation {concept}"),
        }
    }
}

/// One of the texts that a text really is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct SplitPart {
    /// The part's text.
    pub text: String,
    /// What it means; absent: it is read like any other text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concept: Option<Concept>,
}

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Answer {
    /// The text means this concept; one of scheme `local` is the partnership's own.
    Map {
        /// Which.
        concept: Concept,
    },
    /// The text is several.
    Split {
        /// Which; 2 to 10.
        parts: Vec<SplitPart>,
    },
    /// The text asks for nothing.
    Ignore,
    /// An earlier decision does not hold any more: what held before it holds again.
    Undo {
        /// Its number.
        decision: u32,
    },
}

impl Answer {
    /// The word for it.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Map { .. } => "map",
            Self::Split { .. } => "split",
            Self::Ignore => "ignore",
            Self::Undo { .. } => "undo",
        }
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Map { concept } => write!(f, "means {} ({})", concept.label, concept.key),
            Self::Split { parts } => {
                let texts: Vec<&str> = parts.iter().map(|part| part.text.as_str()).collect();
                write!(f, "is several: {}", texts.join("; "))
            }
            Self::Ignore => f.write_str("asks for nothing"),
            Self::Undo { decision } => write!(f, "undoes #{decision}"),
        }
    }
}

/// A decision: never changed, never deleted; an undo is a decision too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct Decision {
    /// Its id.
    pub id: DecisionId,
    /// 1, 2, ... in its partnership.
    pub number: u32,
    /// What kind of text it is about.
    pub kind: TermKind,
    /// The text as it was shown.
    pub text: String,
    /// The text folded: it holds for all that fold to the same.
    pub folded: String,
    /// In which needs.
    pub scope: Scope,
    /// What was decided.
    #[serde(flatten)]
    pub answer: Answer,
    /// Why, in the words of the one who decided.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Who decided.
    pub person: PersonId,
    /// When.
    pub decided_at: DateTime<Utc>,
}

impl Decision {
    /// The id of a partnership's decision.
    #[must_use]
    pub fn id(partnership: PartnershipId, number: u32) -> DecisionId {
        DecisionId::derived(&[&partnership.to_string(), &number.to_string()])
    }

    /// How matches and signals name it.
    #[must_use]
    pub fn name(number: u32) -> String {
        format!("staff decision #{number}")
    }
}
