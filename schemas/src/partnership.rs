//! The tenant and its members, as much of them as other services may know.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::county::CountyFips;
use crate::ids::{OrganizationId, PartnershipId};
use crate::region::{Region, RegionLevel};

/// An industry scope, a region, members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct Partnership {
    /// Its id.
    pub id: PartnershipId,
    /// Its name.
    pub name: String,
    /// NAICS 2022 prefixes.
    pub naics_prefixes: Vec<String>,
    /// The region, with the sub-region each county lies in.
    pub counties: Vec<PartnershipCounty>,
    /// IANA zone of its days.
    pub time_zone: String,
}

/// A county of a partnership.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct PartnershipCounty {
    /// Which.
    pub county: CountyFips,
    /// The sub-region it lies in, if staff drew any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_region: Option<String>,
}

impl Partnership {
    /// All regions of the partnership: its counties, its sub-regions, the total; narrow before wide.
    #[must_use]
    pub fn regions(&self) -> Vec<Region> {
        let mut regions: Vec<Region> = self
            .counties
            .iter()
            .map(|c| Region {
                level: RegionLevel::County,
                code: c.county.to_string(),
                name: c.county.name(),
                counties: vec![c.county],
            })
            .collect();
        let mut names: Vec<&String> = self.counties.iter().filter_map(|c| c.sub_region.as_ref()).collect();
        names.sort();
        names.dedup();
        regions.extend(names.into_iter().map(|name| Region {
            level: RegionLevel::SubRegion,
            code: slug(name),
            name: name.clone(),
            counties: self.counties.iter().filter(|c| c.sub_region.as_ref() == Some(name)).map(|c| c.county).collect(),
        }));
        regions.push(Region {
            level: RegionLevel::Total,
            code: "total".to_owned(),
            name: self.name.clone(),
            counties: self.counties.iter().map(|c| c.county).collect(),
        });
        regions
    }
}

/// Lower-case letters, digits and single hyphens.
#[must_use]
pub fn slug(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    out.trim_end_matches('-').to_owned()
}

/// What an organization is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrganizationKind {
    /// States needs.
    Employer,
    /// Trains people and awards degrees.
    College,
    /// Trains people.
    TrainingProvider,
    /// Community-based organization.
    Cbo,
    /// Workforce development board.
    WorkforceBoard,
    /// Economic-development office.
    EconomicDevelopment,
    /// Labor organization.
    Labor,
    /// Trade or business association.
    Association,
    /// Runs the partnership.
    Intermediary,
}

impl OrganizationKind {
    /// The word used on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Employer => "employer",
            Self::College => "college",
            Self::TrainingProvider => "training_provider",
            Self::Cbo => "cbo",
            Self::WorkforceBoard => "workforce_board",
            Self::EconomicDevelopment => "economic_development",
            Self::Labor => "labor",
            Self::Association => "association",
            Self::Intermediary => "intermediary",
        }
    }
}

words!(
    OrganizationKind,
    "organization kind",
    [Employer, College, TrainingProvider, Cbo, WorkforceBoard, EconomicDevelopment, Labor, Association, Intermediary]
);

/// A member of a partnership.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// Its name; shown to staff and to itself, never in a signal.
    pub name: String,
    /// What it is.
    pub kind: OrganizationKind,
    /// Its industry, NAICS 2022, 2 to 6 digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub naics: Option<String>,
}

/// What a person may do in a partnership.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// States needs for an employer.
    EmployerContact,
    /// Confirms aggregates.
    Champion,
    /// Gets signals.
    Subscriber,
    /// Runs the partnership.
    Staff,
    /// Runs the installation.
    Operator,
}

impl Role {
    /// The word used on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EmployerContact => "employer_contact",
            Self::Champion => "champion",
            Self::Subscriber => "subscriber",
            Self::Staff => "staff",
            Self::Operator => "operator",
        }
    }
}

words!(Role, "role", [EmployerContact, Champion, Subscriber, Staff, Operator]);
