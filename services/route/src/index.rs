//! The index: signal -> the subscriptions that want it, without looking at all of them.
//!
//! Each partnership has a shelf on which every subscription has a place. What subscriptions ask of counties, levels, industries,
//! kinds and horizons is kept as bits over the places: some ANDs leave the places that could want a signal. Those that name concepts
//! are listed under them; the others stand in a set. The rule is [`holds`]: what is found here is exactly what it says of each
//! subscription, which `an_index_finds_what_a_scan_finds` and every build with debug assertions hold it to.

use std::collections::HashMap;
use std::sync::Arc;

use skillwire_schemas::{
    ConceptKey, ConceptKind, CountyFips, Horizon, PartnershipId, RegionLevel, Signal, Subscription, SubscriptionId,
};

use crate::bits::{Bits, Dimension};
use crate::holds::{NAICS_TOLD_DIGITS, holds};

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
    /// Who is at each place, and what it asks at least. Beside one another, so that looking at many is cheap.
    cards: Vec<Card>,
    taken: Bits,
    counties: Dimension<CountyFips>,
    levels: Dimension<RegionLevel>,
    industries: Dimension<Prefix>,
    kinds: Dimension<ConceptKind>,
    horizons: Dimension<Horizon>,
    /// Places that take any concept.
    any_concept: Bits,
    concepts: HashMap<ConceptKey, Vec<u32>>,
}

/// What is looked at before the subscription itself.
#[derive(Clone, Copy, Debug)]
struct Card {
    id: SubscriptionId,
    min_employers: u32,
    min_openings: u32,
}

/// The digits of an industry that are compared, and how many.
type Prefix = (usize, [u8; NAICS_TOLD_DIGITS]);

/// None for what is no prefix of any industry told.
fn prefix(digits: &str) -> Option<Prefix> {
    let mut told = [0; NAICS_TOLD_DIGITS];
    told.get_mut(..digits.len())?.copy_from_slice(digits.as_bytes());
    Some((digits.len(), told))
}

/// What a subscription asks of industries, as far as it can be compared.
fn prefixes(subscription: &Subscription) -> Vec<Prefix> {
    let asked = subscription.predicate.naics_prefixes.iter();
    // One that can meet nothing must not make the place take anything: it stands under a prefix that is none.
    let none = (usize::MAX, [0; NAICS_TOLD_DIGITS]);
    asked.map(|naics| prefix(naics.get(..NAICS_TOLD_DIGITS).unwrap_or(naics)).unwrap_or(none)).collect()
}

impl Shelf {
    fn put(&mut self, subscription: Subscription) -> u32 {
        let place = self.free.pop().unwrap_or_else(|| {
            self.subscriptions.push(None);
            self.cards.push(Card { id: subscription.id, min_employers: 0, min_openings: 0 });
            // A partnership with four billion subscriptions does not fit the memory either.
            u32::try_from(self.subscriptions.len() - 1).unwrap_or(u32::MAX)
        });
        let asked = &subscription.predicate;
        self.taken.insert(place);
        self.counties.put(place, &asked.counties);
        self.levels.put(place, &asked.region_levels);
        self.industries.put(place, &prefixes(&subscription));
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
        if let (Some(card), Some(slot)) = (self.cards.get_mut(at), self.subscriptions.get_mut(at)) {
            let (min_employers, min_openings) = (asked.min_employers, asked.min_openings);
            *card = Card { id: subscription.id, min_employers, min_openings };
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
        self.industries.remove(place, &prefixes(&old));
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
        let could = self.could_want(signal);
        let scheme = &signal.concept.key.scheme;
        let named = std::iter::once(&signal.concept.key.id)
            .chain(&signal.concept.broader)
            .filter_map(|id| self.concepts.get(&ConceptKey { scheme: scheme.clone(), id: id.clone() }))
            .flatten()
            .copied()
            .filter(|place| could.contains(*place));
        let numbers = signal.figures.numbers().map(|numbers| (numbers.employers, numbers.openings()));
        let enough = |card: &Card| match numbers {
            Some((employers, openings)) => employers >= card.min_employers && openings >= card.min_openings,
            // Without numbers every minimum is met.
            None => true,
        };
        let mut found: Vec<(SubscriptionId, u32)> = could
            .both(&self.any_concept)
            .chain(named)
            .filter_map(|place| Some((self.cards.get(place as usize)?, place)))
            .filter(|(card, _)| enough(card))
            .map(|(card, place)| (card.id, place))
            .collect();
        found.sort_unstable();
        // One that asks for a concept and for a broader one is found by both.
        found.dedup();
        let at = |place: u32| self.subscriptions.get(place as usize)?.as_ref();
        let found = found.into_iter().filter_map(|(_, place)| at(place).map(Arc::clone));
        found.inspect(|subscription| debug_assert!(holds(&subscription.predicate, signal))).collect()
    }

    /// The places that could want a signal by all but its concept and its size.
    fn could_want(&self, signal: &Signal) -> Bits {
        let mut could = self.taken.clone();
        let counties = signal.region.counties.as_slice();
        let counties = match signal.region.level {
            RegionLevel::County => counties.get(..1).unwrap_or_default(),
            RegionLevel::SubRegion | RegionLevel::Total => counties,
        };
        self.counties.keep(&mut could, counties);
        self.levels.keep(&mut could, &[signal.region.level]);
        self.kinds.keep(&mut could, &[signal.concept.kind]);
        self.horizons.keep(&mut could, &[signal.horizon]);
        // Ended and kept-back signals tell no industries.
        if signal.figures.numbers().is_some() {
            let told: Vec<Prefix> = signal
                .industries
                .iter()
                .flat_map(|industry| (0..=NAICS_TOLD_DIGITS).filter_map(|digits| prefix(industry.get(..digits)?)))
                .collect();
            self.industries.keep(&mut could, &told);
        }
        could
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
            subsequence(vec![RegionLevel::County, RegionLevel::SubRegion, RegionLevel::Total], 0..=2),
            subsequence(["3", "33", "332710", "722", "é332", ""].map(str::to_owned).to_vec(), 0..=2),
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
            (
                subsequence(counties(), 0..=4),
                select(vec![RegionLevel::County, RegionLevel::SubRegion, RegionLevel::Total]),
            ),
            select(vec![Horizon::Now, Horizon::Year]),
            subsequence(vec!["332".to_owned(), "722".to_owned()], 0..=2),
            figures,
        )
            .prop_map(|(p, key, broader, kind, (counties, level), horizon, industries, figures)| {
                let mut signal = signal();
                signal.partnership = PartnershipId::derived(&[&p.to_string()]);
                signal.concept.key = key;
                signal.concept.broader = broader;
                signal.concept.kind = kind;
                signal.region.level = level;
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
