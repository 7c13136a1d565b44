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
    /// Texts of the need that ask for something: its occupation and its requirements. 0: it was kept before this was.
    #[serde(default)]
    pub texts: u32,
    /// Those of them that no one concept was found for.
    #[serde(default)]
    pub unmatched: u32,
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
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let texts = || std::iter::once(&need.occupation).chain(need.requirements.iter().map(|r| &r.matched));
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
            texts: count(texts().count()),
            unmatched: count(texts().filter(|text| text.matched().is_none()).count()),
        }
    }

    /// Which version it is.
    pub(crate) const fn key(&self) -> VersionKey {
        VersionKey { need: self.need, stated_at: self.stated_at, normalization: self.normalization }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use skillwire_schemas::event::NeedNormalized;
    use skillwire_schemas::{MatchState, Payload};

    #[test]
    fn what_was_not_understood_is_counted_and_not_asked_for() {
        let mut need = NeedNormalized::sample().need;
        let all = u32::try_from(need.requirements.len()).unwrap() + 1;
        let (whole, asked) = (Version::of(&need), Version::of(&need).asked.len());
        assert_eq!((whole.texts, whole.unmatched), (all, 0));
        need.requirements[0].matched.state = MatchState::Ambiguous;
        let less = Version::of(&need);
        assert_eq!((less.texts, less.unmatched, less.asked.len()), (all, 1, asked - 1));
    }
}
