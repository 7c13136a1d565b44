//! Where a signal speaks of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::county::CountyFips;

/// How wide a region is. Every county is in at most one sub-region and every sub-region in the total.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RegionLevel {
    /// One county.
    County,
    /// A named set of counties that the partnership's staff drew, e.g. a workforce area.
    SubRegion,
    /// The whole partnership, needs without a known county included.
    Total,
}

impl RegionLevel {
    /// The word used on the wire, in the database and in addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::County => "county",
            Self::SubRegion => "sub_region",
            Self::Total => "total",
        }
    }
}

words!(RegionLevel, "region level", [County, SubRegion, Total]);

/// A county, a sub-region or the whole partnership.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct Region {
    /// How wide.
    pub level: RegionLevel,
    /// The county's FIPS code, the sub-region's slug, or `total`.
    pub code: String,
    /// The name shown to people.
    pub name: String,
    /// The counties it covers.
    pub counties: Vec<CountyFips>,
}
