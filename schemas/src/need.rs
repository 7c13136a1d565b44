//! One normalized statement of demand.

use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::county::CountyFips;
use crate::horizon::Horizon;
use crate::ids::{NeedId, OrganizationId, SubmissionId};
use crate::matching::Match;
use crate::wage::Wage;

/// How many people are wanted by when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct Openings {
    /// By when.
    pub horizon: Horizon,
    /// Openings from growth.
    #[serde(default)]
    pub new: u32,
    /// Openings from people leaving.
    #[serde(default)]
    pub replacement: u32,
}

impl Openings {
    /// New and replacement together.
    #[must_use]
    pub const fn total(&self) -> u32 {
        self.new.saturating_add(self.replacement)
    }
}

/// How much a requirement is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RequirementLevel {
    /// Without it nobody is hired.
    Required,
    /// It helps.
    Preferred,
}

impl RequirementLevel {
    /// The word used on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Preferred => "preferred",
        }
    }
}

words!(RequirementLevel, "requirement level", [Required, Preferred]);

/// One skill, competency or credential of a need.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct Requirement {
    /// Raw text and what became of it.
    #[serde(flatten)]
    pub matched: Match,
    /// Required or preferred.
    pub level: RequirementLevel,
    /// 1 (nice) to 5 (essential).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub importance: Option<u8>,
    /// 1 (beginner) to 5 (expert).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proficiency: Option<u8>,
}

/// Whether a need is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NeedState {
    /// It holds until its valid-until.
    Active,
    /// The employer took it back.
    Withdrawn,
}

impl NeedState {
    /// The word used on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Withdrawn => "withdrawn",
        }
    }
}

words!(NeedState, "need state", [Active, Withdrawn]);

/// One normalized statement of demand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct Need {
    /// Its id: the same over all restatements.
    pub id: NeedId,
    /// Whose.
    pub employer: OrganizationId,
    /// The employer's industry, NAICS 2022, 2 to 6 digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub naics: Option<String>,
    /// Which submission said it last.
    pub submission: SubmissionId,
    /// The employer's own key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// When this version was stated; of two versions the later one holds.
    pub stated_at: DateTime<Utc>,
    /// Counts the normalizations of this statement (0 the first time): of two with the same `stated_at` the higher one holds.
    #[serde(default)]
    pub normalization: u32,
    /// Whether it is in force.
    pub state: NeedState,
    /// Title and what became of it.
    pub occupation: Match,
    /// How many, by horizon.
    pub openings: Vec<Openings>,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub county: Option<CountyFips>,
    /// What is paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wage: Option<Wage>,
    /// Education in the employer's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub education: Option<String>,
    /// Months of experience asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experience_months: Option<u32>,
    /// What is asked for. Two texts that land on one concept are both here and count once.
    #[serde(default)]
    pub requirements: Vec<Requirement>,
    /// What keeps people from the job.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub barriers: Vec<String>,
    /// The last day on which it holds.
    pub valid_until: NaiveDate,
}
