//! A version of a need, as much of it as signals need.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use skillwire_schemas::{Concept, CountyFips, Need, NeedId, NeedState, Openings, OrganizationId, RequirementLevel};

/// Which version of which need. Of two versions of one need the greater one holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct VersionKey {
    pub need: NeedId,
    pub stated_at: DateTime<Utc>,
    pub normalization: u32,
}

/// A concept that a need asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub concept: Concept,
    /// None for the occupation itself.
    pub required: Option<bool>,
}

/// A version of a need.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Version {
    pub need: NeedId,
    pub employer: OrganizationId,
    /// Three digits, if the employer's industry is known that far.
    pub naics3: Option<String>,
    pub stated_at: DateTime<Utc>,
    pub normalization: u32,
    pub active: bool,
    pub valid_until: NaiveDate,
    pub county: Option<CountyFips>,
    /// The middle of the wage, cents an hour.
    pub hourly_mid_cents: Option<i64>,
    pub openings: Vec<Openings>,
    pub asked: Vec<Asked>,
}

impl Version {
    /// Of a need. A concept counts once however many texts land on it; required wins over preferred.
    pub(crate) fn of(need: &Need) -> Self {
        let mut asked: BTreeMap<String, Asked> = BTreeMap::new();
        if let Some(concept) = need.occupation.matched() {
            asked.insert(concept.key.to_string(), Asked { concept: concept.clone(), required: None });
        }
        for requirement in &need.requirements {
            let Some(concept) = requirement.matched.matched() else { continue };
            let required = requirement.level == RequirementLevel::Required;
            let one = asked
                .entry(concept.key.to_string())
                .or_insert_with(|| Asked { concept: concept.clone(), required: Some(required) });
            if let Some(before) = one.required {
                one.required = Some(before || required);
            }
        }
        Self {
            need: need.id,
            employer: need.employer,
            naics3: need.naics.as_deref().and_then(|n| n.get(..3)).map(ToOwned::to_owned),
            stated_at: need.stated_at,
            normalization: need.normalization,
            active: need.state == NeedState::Active,
            valid_until: need.valid_until,
            county: need.county,
            hourly_mid_cents: need.wage.map(|w| i64::midpoint(w.hourly_min_cents, w.hourly_max_cents)),
            openings: need.openings.iter().filter(|o| o.total() > 0).copied().collect(),
            asked: asked.into_values().collect(),
        }
    }

    /// Which version it is.
    pub(crate) const fn key(&self) -> VersionKey {
        VersionKey { need: self.need, stated_at: self.stated_at, normalization: self.normalization }
    }
}
