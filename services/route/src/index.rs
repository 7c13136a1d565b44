//! The index: signal -> the subscriptions that want it, without looking at all of them.
//!
//! Each partnership has a shelf on which every subscription has a place. What subscriptions ask of counties, levels, kinds and
//! horizons is kept as bits over the places: four ANDs leave the places that could want a signal. Those that name concepts are
//! listed under them; the others stand in a set. Whatever is left over is asked by [`holds`](crate::holds) itself: the index can
//! only be slow, never wrong. `an_index_finds_what_a_scan_finds` holds it to that.

use std::collections::HashMap;
use std::sync::Arc;

use skillwire_schemas::{
    ConceptKey, ConceptKind, CountyFips, Horizon, PartnershipId, RegionLevel, Signal, Subscription, SubscriptionId,
};

use crate::bits::{Bits, Dimension};
use crate::holds::holds;

/// Subscriptions by what they ask for.
#[derive(Clone, Debug, Default)]
pub struct Index {
    shelves: HashMap<PartnershipId, Shelf>,
    places: HashMap<SubscriptionId, (PartnershipId, u32)>,
}

impl Index {
    /// Puts a subscription in, in place of the one with its id. A paused one is taken out.
    pub fn put(&mut self, subscription: Subscription) {
        self.remove(subscription.id);
        if subscription.paused {
            return;
        }
        let (id, partnership) = (subscription.id, subscription.partnership);
        let place = self.shelves.entry(partnership).or_default().put(subscription);
        self.places.insert(id, (partnership, place));
    }

    /// Takes a subscription out.
    pub fn remove(&mut self, id: SubscriptionId) {
        let Some((partnership, place)) = self.places.remove(&id) else { return };
        if let Some(shelf) = self.shelves.get_mut(&partnership) {
            shelf.remove(place);
            if shelf.free.len() == shelf.subscriptions.len() {
                self.shelves.remove(&partnership);
            }
        }
    }

    /// How many are in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether none is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The subscriptions that want the signal, by id.
    #[must_use]
    pub fn matching(&self, signal: &Signal) -> Vec<Arc<Subscription>> {
        self.shelves.get(&signal.partnership).map(|shelf| shelf.matching(signal)).unwrap_or_default()
    }
}

/// The subscriptions of one partnership.
#[derive(Clone, Debug, Default)]
struct Shelf {
    subscriptions: Vec<Option<Arc<Subscription>>>,
    /// Places without a subscription.
    free: Vec<u32>,
    /// What each place asks at least: employers, openings. Beside one another, so that looking at many is cheap.
    least: Vec<(u32, u32)>,
    taken: Bits,
    counties: Dimension<CountyFips>,
    levels: Dimension<RegionLevel>,
    kinds: Dimension<ConceptKind>,
    horizons: Dimension<Horizon>,
    /// Places that take any concept.
    any_concept: Bits,
    concepts: HashMap<ConceptKey, Vec<u32>>,
}

impl Shelf {
    fn put(&mut self, subscription: Subscription) -> u32 {
        let place = self.free.pop().unwrap_or_else(|| {
            self.subscriptions.push(None);
            self.least.push((0, 0));
            // A partnership with four billion subscriptions does not fit the memory either.
            u32::try_from(self.subscriptions.len() - 1).unwrap_or(u32::MAX)
        });
        let asked = &subscription.predicate;
        self.taken.insert(place);
        self.counties.put(place, &asked.counties);
        self.levels.put(place, &asked.region_levels);
        self.kinds.put(place, &asked.concept_kinds);
        self.horizons.put(place, &asked.horizons);
        if asked.concepts.is_empty() {
            self.any_concept.insert(place);
        }
        for key in &asked.concepts {
            let places = self.concepts.entry(key.clone()).or_default();
            // A concept that is named twice is one.
            if places.last() != Some(&place) {
                places.push(place);
            }
        }
        let at = place as usize;
        if let (Some(least), Some(slot)) = (self.least.get_mut(at), self.subscriptions.get_mut(at)) {
            *least = (asked.min_employers, asked.min_openings);
            *slot = Some(Arc::new(subscription));
        }
        place
    }

    fn remove(&mut self, place: u32) {
        let Some(old) = self.subscriptions.get_mut(place as usize).and_then(Option::take) else { return };
        let asked = &old.predicate;
        self.taken.remove(place);
        self.counties.remove(place, &asked.counties);
        self.levels.remove(place, &asked.region_levels);
        self.kinds.remove(place, &asked.concept_kinds);
        self.horizons.remove(place, &asked.horizons);
        self.any_concept.remove(place);
        for key in &asked.concepts {
            if let Some(places) = self.concepts.get_mut(key) {
                places.retain(|other| *other != place);
                if places.is_empty() {
                    self.concepts.remove(key);
                }
            }
        }
        self.free.push(place);
    }

    fn matching(&self, signal: &Signal) -> Vec<Arc<Subscription>> {
        let mut could = self.taken.clone();
        self.counties.keep(&mut could, &signal.region.counties);
        self.levels.keep(&mut could, &[signal.region.level]);
        self.kinds.keep(&mut could, &[signal.concept.kind]);
        self.horizons.keep(&mut could, &[signal.horizon]);
        let scheme = &signal.concept.key.scheme;
        let named = std::iter::once(&signal.concept.key.id)
            .chain(&signal.concept.broader)
            .filter_map(|id| self.concepts.get(&ConceptKey { scheme: scheme.clone(), id: id.clone() }))
            .flatten()
            .copied()
            .filter(|place| could.contains(*place));
        let numbers = signal.figures.numbers().map(|numbers| (numbers.employers, numbers.openings()));
        let enough = |place: &u32| match (numbers, self.least.get(*place as usize)) {
            (Some(told), Some(least)) => told.0 >= least.0 && told.1 >= least.1,
            // Without numbers every minimum is met.
            _ => true,
        };
        let mut found: Vec<Arc<Subscription>> = could
            .both(&self.any_concept)
            .chain(named)
            .filter(enough)
            .filter_map(|place| self.subscriptions.get(place as usize)?.as_ref())
            .filter(|subscription| holds(&subscription.predicate, signal))
            .map(Arc::clone)
            .collect();
        found.sort_unstable_by_key(|subscription| subscription.id);
        // One that asks for a concept and for a broader one is found by both.
        found.dedup_by_key(|subscription| subscription.id);
        found
    }
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
