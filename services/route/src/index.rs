//! The inverted index: signal -> the subscriptions that may want it, without looking at all of them.
//!
//! Each subscription is posted under its most selective condition only; a signal looks under all it could meet. So no
//! subscription is found twice under one heading, and whatever is found is asked by [`holds`](crate::holds) itself: the
//! index can only be slow, never wrong. `an_index_finds_what_a_scan_finds` holds it to that.

use std::collections::HashMap;
use std::sync::Arc;

use skillwire_schemas::{ConceptKey, ConceptKind, CountyFips, PartnershipId, Signal, Subscription, SubscriptionId};

use crate::holds::holds;

/// What a subscription is posted under.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Heading {
    Concept(PartnershipId, ConceptKey),
    County(PartnershipId, CountyFips),
    Kind(PartnershipId, ConceptKind),
    All(PartnershipId),
}

/// Subscriptions by what they ask for.
#[derive(Clone, Debug, Default)]
pub struct Index {
    subscriptions: HashMap<SubscriptionId, Arc<Subscription>>,
    postings: HashMap<Heading, Vec<SubscriptionId>>,
}

impl Index {
    /// Puts a subscription in, in place of the one with its id. A paused one is taken out.
    pub fn put(&mut self, subscription: Subscription) {
        self.remove(subscription.id);
        if subscription.paused {
            return;
        }
        for heading in headings(&subscription) {
            self.postings.entry(heading).or_default().push(subscription.id);
        }
        self.subscriptions.insert(subscription.id, Arc::new(subscription));
    }

    /// Takes a subscription out.
    pub fn remove(&mut self, id: SubscriptionId) {
        let Some(old) = self.subscriptions.remove(&id) else { return };
        for heading in headings(&old) {
            if let Some(ids) = self.postings.get_mut(&heading) {
                ids.retain(|other| *other != id);
                if ids.is_empty() {
                    self.postings.remove(&heading);
                }
            }
        }
    }

    /// How many are in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.subscriptions.len()
    }

    /// Whether none is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.subscriptions.is_empty()
    }

    /// The subscriptions that want the signal, by id.
    #[must_use]
    pub fn matching(&self, signal: &Signal) -> Vec<Arc<Subscription>> {
        let partnership = signal.partnership;
        let concept = |id: &str| {
            Heading::Concept(partnership, ConceptKey { scheme: signal.concept.key.scheme.clone(), id: id.to_owned() })
        };
        let asked = std::iter::once(concept(&signal.concept.key.id))
            .chain(signal.concept.broader.iter().map(|id| concept(id)))
            .chain(signal.region.counties.iter().map(|county| Heading::County(partnership, *county)))
            .chain([Heading::Kind(partnership, signal.concept.kind), Heading::All(partnership)]);
        let mut found: Vec<SubscriptionId> =
            asked.filter_map(|heading| self.postings.get(&heading)).flatten().copied().collect();
        found.sort_unstable();
        found.dedup();
        found
            .into_iter()
            .filter_map(|id| self.subscriptions.get(&id))
            .filter(|subscription| holds(&subscription.predicate, signal))
            .map(Arc::clone)
            .collect()
    }
}

/// Where a subscription is posted: under its concepts, else its counties, else its kinds, else under "all".
fn headings(subscription: &Subscription) -> Vec<Heading> {
    let (partnership, predicate) = (subscription.partnership, &subscription.predicate);
    let mut headings: Vec<Heading> = if !predicate.concepts.is_empty() {
        predicate.concepts.iter().map(|key| Heading::Concept(partnership, key.clone())).collect()
    } else if !predicate.counties.is_empty() {
        predicate.counties.iter().map(|county| Heading::County(partnership, *county)).collect()
    } else if !predicate.concept_kinds.is_empty() {
        predicate.concept_kinds.iter().map(|kind| Heading::Kind(partnership, *kind)).collect()
    } else {
        vec![Heading::All(partnership)]
    };
    let mut seen = std::collections::HashSet::new();
    headings.retain(|heading| seen.insert(heading.clone()));
    headings
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::{select, subsequence};
    use skillwire_schemas::event::SignalPublished;
    use skillwire_schemas::{
        Cadence, Channel, Figures, Horizon, Numbers, Payload, PersonId, Predicate, RegionLevel, Suppression,
    };

    pub(crate) fn signal() -> Signal {
        SignalPublished::sample().signal
    }

    fn counties() -> Vec<CountyFips> {
        ["29095", "29047", "20091", "20209"].iter().map(|c| CountyFips::parse(c).unwrap()).collect()
    }

    fn concepts() -> Vec<ConceptKey> {
        ["welding", "gmaw", "cooking", "pastry"]
            .iter()
            .map(|id| ConceptKey { scheme: "skillwire".to_owned(), id: (*id).to_owned() })
            .collect()
    }

    fn predicate() -> impl Strategy<Value = Predicate> {
        (
            subsequence(counties(), 0..=2),
            subsequence(vec![RegionLevel::County, RegionLevel::Total], 0..=1),
            subsequence(vec!["33".to_owned(), "332710".to_owned(), "722".to_owned()], 0..=2),
            subsequence(vec![ConceptKind::Skill, ConceptKind::Credential], 0..=2),
            subsequence(concepts(), 0..=2),
            subsequence(vec![Horizon::Now, Horizon::Year], 0..=1),
            0u32..6,
            0u32..20,
        )
            .prop_map(|(counties, region_levels, naics_prefixes, concept_kinds, concepts, horizons, e, o)| {
                Predicate {
                    counties,
                    region_levels,
                    naics_prefixes,
                    concept_kinds,
                    concepts,
                    horizons,
                    min_employers: e,
                    min_openings: o,
                    min_change_percent: 0,
                }
            })
    }

    fn any_signal() -> impl Strategy<Value = Signal> {
        let figures = prop_oneof![
            (3u32..8, 0u32..30).prop_map(|(employers, openings_new)| Figures::Published(Numbers {
                employers,
                openings_new,
                openings_replacement: 0,
                median_hourly_cents: None,
                required_percent: None,
                unmatched_percent: None,
                trend: None,
            })),
            Just(Figures::Suppressed { reason: Suppression::Dominated }),
            Just(Figures::Ended),
        ];
        (
            select(vec![1u8, 2]),
            select(concepts()),
            subsequence(vec!["welding".to_owned(), "cooking".to_owned()], 0..=2),
            select(vec![ConceptKind::Skill, ConceptKind::Credential]),
            subsequence(counties(), 1..=4),
            select(vec![Horizon::Now, Horizon::Year]),
            subsequence(vec!["332".to_owned(), "722".to_owned()], 0..=2),
            figures,
        )
            .prop_map(|(p, key, broader, kind, counties, horizon, industries, figures)| {
                let mut signal = signal();
                signal.partnership = PartnershipId::derived(&[&p.to_string()]);
                signal.concept.key = key;
                signal.concept.broader = broader;
                signal.concept.kind = kind;
                signal.region.level = if counties.len() == 1 { RegionLevel::County } else { RegionLevel::Total };
                signal.region.counties = counties;
                signal.horizon = horizon;
                signal.industries = industries;
                signal.figures = figures;
                signal
            })
    }

    fn subscription(n: usize, partnership: u8, predicate: Predicate, paused: bool) -> Subscription {
        Subscription {
            id: SubscriptionId::derived(&[&n.to_string()]),
            partnership: PartnershipId::derived(&[&partnership.to_string()]),
            person: PersonId::derived(&["p"]),
            name: "n".to_owned(),
            predicate,
            channels: vec![Channel::Email],
            webhook_url: None,
            cadence: Cadence::Daily,
            time_zone: "America/Chicago".to_owned(),
            paused,
        }
    }

    proptest! {
        #[test]
        fn an_index_finds_what_a_scan_finds(
            asked in vec((0usize..20, select(vec![1u8, 2]), predicate(), any::<bool>()), 0..40),
            removed in vec(0usize..20, 0..4),
            signals in vec(any_signal(), 1..20),
        ) {
            let mut index = Index::default();
            let mut scan: HashMap<SubscriptionId, Subscription> = HashMap::new();
            for (n, partnership, predicate, paused) in asked {
                let one = subscription(n, partnership, predicate, paused);
                index.put(one.clone());
                scan.insert(one.id, one);
            }
            for n in removed {
                let id = SubscriptionId::derived(&[&n.to_string()]);
                index.remove(id);
                scan.remove(&id);
            }
            for signal in signals {
                let mut wanted: Vec<SubscriptionId> = scan
                    .values()
                    .filter(|s| !s.paused && s.partnership == signal.partnership && holds(&s.predicate, &signal))
                    .map(|s| s.id)
                    .collect();
                wanted.sort_unstable();
                let found: Vec<SubscriptionId> = index.matching(&signal).iter().map(|s| s.id).collect();
                prop_assert_eq!(found, wanted);
            }
        }
    }

    #[test]
    fn a_narrower_concept_matches_and_a_minimum_keeps_small_ones_away() {
        let mut index = Index::default();
        let wide = Predicate {
            concepts: vec![ConceptKey { scheme: "skillwire".to_owned(), id: "welding".to_owned() }],
            min_employers: 5,
            ..Predicate::default()
        };
        let mut one = subscription(1, 1, wide, false);
        one.partnership = signal().partnership;
        index.put(one.clone());
        assert_eq!(index.matching(&signal()).len(), 1);
        one.predicate.min_employers = 6;
        index.put(one.clone());
        assert!(index.matching(&signal()).is_empty());
        one.paused = true;
        index.put(one);
        assert!(index.is_empty());
    }
}
