//! Entries of a taxonomy.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a concept is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConceptKind {
    /// Something a person can do.
    Skill,
    /// Something a person knows.
    Knowledge,
    /// A tool, machine or program a person uses.
    Technology,
    /// A license, certification, certificate, degree or card.
    Credential,
    /// An occupation (SOC 2018 / O*NET-SOC).
    Occupation,
    /// An industry (NAICS 2022).
    Industry,
    /// A place (county FIPS).
    Place,
}

impl ConceptKind {
    /// The word used on the wire, in the database and in addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Skill => "skill",
            Self::Knowledge => "knowledge",
            Self::Technology => "technology",
            Self::Credential => "credential",
            Self::Occupation => "occupation",
            Self::Industry => "industry",
            Self::Place => "place",
        }
    }

    /// Whether a concept of this kind may be a requirement of a need.
    #[must_use]
    pub const fn is_requirement(self) -> bool {
        matches!(self, Self::Skill | Self::Knowledge | Self::Technology | Self::Credential)
    }
}

words!(ConceptKind, "concept kind", [Skill, Knowledge, Technology, Credential, Occupation, Industry, Place]);

/// Scheme and id: what makes a concept the same concept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct ConceptKey {
    /// The taxonomy, e.g. `skillwire`, `onet-soc`, `esco`.
    pub scheme: String,
    /// The publisher's own id, e.g. `51-4121.00`.
    pub id: String,
}

impl std::fmt::Display for ConceptKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.scheme, self.id)
    }
}

/// A text that is no `scheme:id`.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("'{0}' is no concept; write scheme:id, e.g. onet-soc:51-4121.00")]
pub struct NotAConceptKey(pub String);

impl std::str::FromStr for ConceptKey {
    type Err = NotAConceptKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim().split_once(':') {
            Some((scheme, id)) if !scheme.is_empty() && !id.is_empty() => {
                Ok(Self { scheme: scheme.to_owned(), id: id.to_owned() })
            }
            _ => Err(NotAConceptKey(text.to_owned())),
        }
    }
}

/// An entry of a taxonomy as it travels in events: enough to show it and to match subscriptions, no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct Concept {
    /// Scheme and id.
    #[serde(flatten)]
    pub key: ConceptKey,
    /// What it is about.
    pub kind: ConceptKind,
    /// The name shown to people.
    pub label: String,
    /// Ids of the broader concepts in the same scheme, nearest first. A subscription to any of them matches this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub broader: Vec<String>,
}
