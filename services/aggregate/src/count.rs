//! What a version of a need adds to the sums, and takes away when it is replaced. Pure.

use std::collections::BTreeMap;

use skillwire_schemas::{CountyFips, OrganizationId, PartnershipId};

use crate::group::{Group, Moment};
use crate::version::Version;

/// Whose sum it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ShareKey {
    pub group: Group,
    pub moment: Moment,
    pub employer: OrganizationId,
    pub county: Option<CountyFips>,
    pub naics3: Option<String>,
}

/// A sum, or a change of one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ShareSum {
    pub needs: i64,
    pub new: i64,
    pub replacement: i64,
    /// Needs that say required or preferred.
    pub levelled: i64,
    /// Openings of needs that say required.
    pub required: i64,
    /// Needs that state a wage.
    pub paid: i64,
    /// Texts of the needs, and those that no one concept was found for.
    pub texts: i64,
    pub unmatched: i64,
}

/// Which wage it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct WageKey {
    pub group: Group,
    pub moment: Moment,
    pub county: Option<CountyFips>,
    pub cents: i64,
}

/// A change of the sums. Changes add up, in any order; adding a version and taking it away is no change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Change {
    pub shares: BTreeMap<ShareKey, ShareSum>,
    pub wages: BTreeMap<WageKey, i64>,
}

impl Change {
    /// Counts a version once more at a moment.
    pub(crate) fn add(&mut self, partnership: PartnershipId, moment: Moment, version: &Version) {
        self.count(partnership, moment, version, 1);
    }

    /// Counts a version once less at a moment.
    pub(crate) fn take(&mut self, partnership: PartnershipId, moment: Moment, version: &Version) {
        self.count(partnership, moment, version, -1);
    }

    fn count(&mut self, partnership: PartnershipId, moment: Moment, version: &Version, times: i64) {
        for asked in &version.asked {
            for openings in &version.openings {
                let group = Group { partnership, concept: asked.concept.key.to_string(), horizon: openings.horizon };
                if let Some(cents) = version.hourly_mid_cents {
                    let key = WageKey { group: group.clone(), moment, county: version.county, cents };
                    *self.wages.entry(key).or_default() += times;
                }
                let key = ShareKey {
                    group,
                    moment,
                    employer: version.employer,
                    county: version.county,
                    naics3: version.naics3.clone(),
                };
                let sum = self.shares.entry(key).or_default();
                let all = i64::from(openings.new) + i64::from(openings.replacement);
                sum.needs += times;
                sum.new += times * i64::from(openings.new);
                sum.replacement += times * i64::from(openings.replacement);
                sum.levelled += times * i64::from(asked.required.is_some());
                sum.required += times * if asked.required == Some(true) { all } else { 0 };
                sum.paid += times * i64::from(version.hourly_mid_cents.is_some());
                sum.texts += times * i64::from(version.texts);
                sum.unmatched += times * i64::from(version.unmatched);
            }
        }
    }

    /// Puts another change on top.
    pub(crate) fn join(&mut self, other: Self) {
        for (key, sum) in other.shares {
            let mine = self.shares.entry(key).or_default();
            mine.needs += sum.needs;
            mine.new += sum.new;
            mine.replacement += sum.replacement;
            mine.levelled += sum.levelled;
            mine.required += sum.required;
            mine.paid += sum.paid;
            mine.texts += sum.texts;
            mine.unmatched += sum.unmatched;
        }
        for (key, needs) in other.wages {
            *self.wages.entry(key).or_default() += needs;
        }
    }

    /// Forgets what is no change.
    pub(crate) fn settle(&mut self) {
        self.shares.retain(|_, sum| *sum != ShareSum::default());
        self.wages.retain(|_, needs| *needs != 0);
    }

    /// The groups it changes.
    pub(crate) fn groups(&self) -> impl Iterator<Item = &Group> {
        self.shares.keys().map(|key| &key.group).chain(self.wages.keys().map(|key| &key.group))
    }
}
