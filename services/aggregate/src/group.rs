//! What is folded together: all regions of one concept and horizon.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use skillwire_schemas::{Concept, Horizon, NeedId, PartnershipId};

use crate::fold::Fact;
use crate::version::Version;

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Group {
    pub partnership: PartnershipId,
    /// `scheme:id`.
    pub concept: String,
    pub horizon: Horizon,
}

/// A moment at which a group is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AsOf {
    /// Only what was stated before counts; none: all.
    pub stated_before: Option<DateTime<Utc>>,
    /// The day on which a need must hold.
    pub day: NaiveDate,
}

/// The facts of a group at a moment: of each need the version that held then, if it was in force and asked for the concept.
pub(crate) fn facts(group: &Group, versions: &[Version], at: AsOf) -> Vec<Fact> {
    let mut holding: HashMap<NeedId, &Version> = HashMap::new();
    for version in versions.iter().filter(|v| at.stated_before.is_none_or(|before| v.stated_at < before)) {
        let known = holding.entry(version.need).or_insert(version);
        if version.rank() > known.rank() {
            *known = version;
        }
    }
    let mut facts: Vec<Fact> = holding
        .into_values()
        .filter(|v| v.active && v.valid_until >= at.day)
        .filter_map(|v| {
            let asked = v.asked.iter().find(|a| a.concept.key.to_string() == group.concept)?;
            let openings = v.openings(group.horizon)?;
            Some(Fact {
                need: v.need,
                employer: v.employer,
                naics3: v.naics3.clone(),
                county: v.county,
                new: openings.new,
                replacement: openings.replacement,
                hourly_mid_cents: v.hourly_mid_cents,
                required: asked.required,
            })
        })
        .collect();
    facts.sort_by_key(|fact| fact.need);
    facts
}

/// The concept of a group, as its newest version names it.
pub(crate) fn concept(group: &Group, versions: &[Version]) -> Option<Concept> {
    versions
        .iter()
        .filter_map(|v| {
            v.asked.iter().find(|a| a.concept.key.to_string() == group.concept).map(|a| (v.rank(), v.need, a))
        })
        .max_by_key(|(rank, need, _)| (*rank, *need))
        .map(|(_, _, asked)| asked.concept.clone())
}
