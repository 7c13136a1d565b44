//! By when the people are wanted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A span of months counted from the day the need was stated. The spans do not overlap, so openings of two horizons may be
/// added and nothing is counted twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Horizon {
    /// Within 3 months.
    Now,
    /// Months 4 to 12.
    Year,
    /// Months 13 to 36.
    ThreeYears,
}

impl Horizon {
    /// The word used on the wire, in the database and in addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Now => "now",
            Self::Year => "year",
            Self::ThreeYears => "three_years",
        }
    }

    /// The words shown to people.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Now => "within 3 months",
            Self::Year => "in 4 to 12 months",
            Self::ThreeYears => "in 1 to 3 years",
        }
    }
}

words!(Horizon, "horizon", [Now, Year, ThreeYears]);
