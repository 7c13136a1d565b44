//! The names of one kind of concept by the words they share with a text: how a text that is no name finds its concept in a
//! taxonomy of which nothing was learned. Nothing here looks at every name.

use std::collections::{HashMap, HashSet};

use crate::fold::{key, stem, stems, without_noise};
use crate::taxonomy::Entry;

/// Names a word may stand in and still be used to find candidates; a word in more than these says nothing.
const POSTINGS_MAX: usize = 2_000;

/// What a name and a text have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Overlap {
    pub entry: u32,
    /// Share of the text that the name covers, by weight of words.
    pub of_text: f64,
    /// Share of the name that the text covers.
    pub of_name: f64,
    /// Whether the text holds the name's last word, which says what it is a kind of.
    pub same_head: bool,
    /// Whether a word of the text that the name lacks is the last word of other names ("aide", "manager").
    pub other_head: bool,
}

#[derive(Debug)]
struct Name {
    entry: u32,
    weight: f64,
    stems: Vec<u32>,
    head: u32,
}

/// Names taken apart.
#[derive(Debug, Default)]
pub(crate) struct Overlaps {
    names: Vec<Name>,
    stems: HashMap<String, u32>,
    weights: Vec<f64>,
    postings: Vec<Vec<u32>>,
    heads: HashSet<u32>,
}

impl Overlaps {
    /// Of (number, entry); abbreviations say nothing by their words.
    pub(crate) fn new<'a>(entries: impl Iterator<Item = (u32, &'a Entry)>) -> Self {
        let mut overlaps = Self::default();
        for (at, entry) in entries {
            for name in std::iter::once(&entry.concept.label).chain(&entry.aliases) {
                overlaps.add(at, &key(name));
            }
        }
        overlaps.weigh();
        overlaps
    }

    fn add(&mut self, entry: u32, words: &[String]) {
        let mut stems: Vec<u32> = stems(words).into_iter().map(|s| self.stem_number(s)).collect();
        let Some(head) = stems.last().copied() else { return };
        stems.sort_unstable();
        stems.dedup();
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        for stem in &stems {
            self.postings[*stem as usize].push(number);
        }
        self.heads.insert(head);
        self.names.push(Name { entry, weight: 0.0, stems, head });
    }

    fn stem_number(&mut self, stem: String) -> u32 {
        let next = u32::try_from(self.stems.len()).unwrap_or(u32::MAX);
        let number = *self.stems.entry(stem).or_insert(next);
        if number == next {
            self.postings.push(Vec::new());
        }
        number
    }

    /// Rare words weigh more than common ones.
    fn weigh(&mut self) {
        let weight = |count: usize| {
            #[expect(clippy::cast_precision_loss, reason = "counts of names are far below 2^52")]
            let share = (1.0 + self.names.len() as f64) / (1.0 + count as f64);
            share.ln().max(0.1)
        };
        self.weights = self.postings.iter().map(|names| weight(names.len())).collect();
        for name in &mut self.names {
            name.weight = name.stems.iter().map(|s| self.weights[*s as usize]).sum();
        }
    }

    /// The names that share words with a text, the best name of each concept.
    pub(crate) fn overlapping(&self, words: &[String]) -> Vec<Overlap> {
        let mut stems: Vec<Option<u32>> =
            without_noise(words).iter().map(|w| self.stems.get(&stem(w)).copied()).collect();
        // Words that no name holds weigh as much as the rarest.
        #[expect(clippy::cast_precision_loss, reason = "counts of names are far below 2^52")]
        let strange = (1.0 + self.names.len() as f64).ln();
        stems.sort_unstable();
        stems.dedup_by(|a, b| a.is_some() && a == b);
        let total: f64 = stems.iter().map(|s| s.map_or(strange, |s| self.weights[s as usize])).sum();
        let known: Vec<u32> = stems.into_iter().flatten().collect();
        let mut shared: HashMap<u32, f64> = HashMap::new();
        for stem in &known {
            let names = &self.postings[*stem as usize];
            if names.len() <= POSTINGS_MAX {
                for name in names {
                    *shared.entry(*name).or_default() += self.weights[*stem as usize];
                }
            }
        }
        let mut best: HashMap<u32, Overlap> = HashMap::new();
        for (number, weight) in shared {
            let name = &self.names[number as usize];
            let other_head = known.iter().any(|s| self.heads.contains(s) && name.stems.binary_search(s).is_err());
            let found = Overlap {
                entry: name.entry,
                of_text: (weight / total).min(1.0),
                of_name: (weight / name.weight).min(1.0),
                same_head: known.contains(&name.head),
                other_head,
            };
            let worth = |o: &Overlap| {
                let shared = o.of_text.min(o.of_name) * 2.0 + o.of_text + o.of_name;
                shared + f64::from(u8::from(o.same_head && !o.other_head))
            };
            match best.get(&name.entry) {
                Some(known) if worth(known) >= worth(&found) => {}
                _ => {
                    best.insert(name.entry, found);
                }
            }
        }
        best.into_values().collect()
    }
}
