//! Aggregates fit to tell somebody.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::concept::Concept;
use crate::horizon::Horizon;
use crate::ids::{PartnershipId, SignalId};
use crate::region::{Region, RegionLevel};

/// What makes a signal the same signal over all its revisions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SignalKey {
    /// Whose.
    pub partnership: PartnershipId,
    /// How wide.
    pub level: RegionLevel,
    /// The region's code.
    pub region: String,
    /// `scheme:id` of the concept.
    pub concept: String,
    /// By when.
    pub horizon: Horizon,
}

impl SignalKey {
    /// The signal's id.
    #[must_use]
    pub fn id(&self) -> SignalId {
        SignalId::derived(&[
            &self.partnership.to_string(),
            self.level.as_str(),
            &self.region,
            &self.concept,
            self.horizon.as_str(),
        ])
    }
}

/// Why a cell's numbers are kept back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Suppression {
    /// Fewer than 3 distinct employers stand behind it.
    FewEmployers,
    /// One employer holds 80 % or more of its openings.
    Dominated,
    /// Its own numbers would be safe, but with them another cell's could be worked out.
    Complementary,
}

impl Suppression {
    /// The word used on the wire, in the database and in addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FewEmployers => "few_employers",
            Self::Dominated => "dominated",
            Self::Complementary => "complementary",
        }
    }
}

words!(Suppression, "suppression", [FewEmployers, Dominated, Complementary]);

/// The same cell at the end of the period before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct Trend {
    /// Openings then.
    pub previous_openings: u32,
    /// Distinct employers then.
    pub previous_employers: u32,
    /// Openings now minus then.
    pub change: i64,
}

/// Numbers that may be told. All of them are employer-stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct Numbers {
    /// Distinct employers.
    pub employers: u32,
    /// Openings from growth.
    pub openings_new: u32,
    /// Openings from people leaving.
    pub openings_replacement: u32,
    /// Median of the needs' mid wages, US cents an hour; absent when fewer than 3 employers stated one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median_hourly_cents: Option<i64>,
    /// Percent of the openings whose need *requires* the concept (the others prefer it); absent for occupations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required_percent: Option<u8>,
    /// Percent, in tens, of the texts in the needs behind it that no one concept was found for: how much of what these employers said is not
    /// counted anywhere yet. Absent when it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unmatched_percent: Option<u8>,
    /// Against the previous period; absent when there was none or it may not be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trend: Option<Trend>,
}

impl Numbers {
    /// New and replacement together.
    #[must_use]
    pub const fn openings(&self) -> u32 {
        self.openings_new.saturating_add(self.openings_replacement)
    }
}

/// What a signal says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Figures {
    /// The numbers.
    Published(Numbers),
    /// There is demand, and its numbers are kept back.
    Suppressed {
        /// Why.
        reason: Suppression,
    },
    /// No need stands behind it any more.
    Ended,
}

impl Figures {
    /// The numbers, if they may be told.
    #[must_use]
    pub const fn numbers(&self) -> Option<&Numbers> {
        match self {
            Self::Published(numbers) => Some(numbers),
            Self::Suppressed { .. } | Self::Ended => None,
        }
    }
}

/// An aggregate fit to tell somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct Signal {
    /// Its id, the same over all revisions.
    pub id: SignalId,
    /// Whose.
    pub partnership: PartnershipId,
    /// Where.
    pub region: Region,
    /// Of what.
    pub concept: Concept,
    /// By when.
    pub horizon: Horizon,
    /// 1 for the first, one more for every change.
    pub revision: u32,
    /// What it says.
    pub figures: Figures,
    /// Industries behind it (NAICS 2022, 3 digits) with at least 3 distinct employers each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub industries: Vec<String>,
    /// When this revision was made.
    pub as_of: DateTime<Utc>,
    /// Which decisions of the staff led to this revision, e.g. `staff decision #12`; the last 5 at most. What employers say
    /// is not named: it is the usual cause.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
}

impl Signal {
    /// What makes it the same signal.
    #[must_use]
    pub fn key(&self) -> SignalKey {
        SignalKey {
            partnership: self.partnership,
            level: self.region.level,
            region: self.region.code.clone(),
            concept: self.concept.key.to_string(),
            horizon: self.horizon,
        }
    }
}
