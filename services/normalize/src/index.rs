//! The words of one kind of concept, ready to be looked up: exactly, in any order, within longer texts, by likeness.

use std::collections::{BTreeSet, HashMap};

use crate::fold::{key, without_noise, words as words_of};
use crate::taxonomy::Entry;

/// How a concept is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Called {
    Label,
    Alias,
    Abbreviation,
}

/// A concept that a text may mean.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Hit {
    pub entry: usize,
    pub score: f64,
    pub reason: String,
}

/// Names looked at more closely when a text is compared by likeness.
const LIKE_CANDIDATES_MAX: usize = 24;

#[derive(Debug, Default)]
pub(crate) struct Index {
    /// As written.
    written: HashMap<String, Vec<(usize, Called)>>,
    /// In the singular.
    exact: HashMap<String, Vec<(usize, Called)>>,
    sorted: HashMap<String, Vec<usize>>,
    names: Vec<(usize, Vec<String>)>,
    by_trigram: HashMap<[u8; 3], Vec<u32>>,
    by_word: HashMap<String, Vec<u32>>,
    trigram_counts: Vec<usize>,
}

impl Index {
    /// Of the entries that `wanted` takes.
    pub(crate) fn new(entries: &[Entry], wanted: impl Fn(&Entry) -> bool) -> Self {
        let mut index = Self::default();
        for (at, entry) in entries.iter().enumerate().filter(|(_, entry)| wanted(entry)) {
            let names = std::iter::once((&entry.concept.label, Called::Label))
                .chain(entry.aliases.iter().map(|a| (a, Called::Alias)))
                .chain(entry.abbreviations.iter().map(|a| (a, Called::Abbreviation)));
            for (name, called) in names {
                index.add(at, name, called);
            }
        }
        index
    }

    fn add(&mut self, entry: usize, name: &str, called: Called) {
        let words = key(name);
        if words.is_empty() {
            return;
        }
        for (map, name) in [(&mut self.written, words_of(name).join(" ")), (&mut self.exact, words.join(" "))] {
            let known = map.entry(name).or_default();
            if !known.iter().any(|(other, _)| *other == entry) {
                known.push((entry, called));
            }
        }
        if called == Called::Abbreviation {
            return;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        let sorted = self.sorted.entry(sorted_key(&words)).or_default();
        if !sorted.contains(&entry) {
            sorted.push(entry);
        }
        for word in without_noise(&words).into_iter().collect::<BTreeSet<_>>() {
            self.by_word.entry(word).or_default().push(number);
        }
        let grams = trigrams(&words.join(" "));
        self.trigram_counts.push(grams.len());
        for gram in grams {
            self.by_trigram.entry(gram).or_default().push(number);
        }
        self.names.push((entry, words));
    }

    /// The concepts called exactly so as it is written: CMMS is not the plural of CMM when there is a CMMS.
    pub(crate) fn as_written(&self, text: &str) -> Vec<Hit> {
        hits(self.written.get(&words_of(text).join(" ")))
    }

    /// The concepts called exactly so, singular or plural.
    pub(crate) fn exactly(&self, words: &[String]) -> Vec<Hit> {
        hits(self.exact.get(&words.join(" ")))
    }

    /// The concepts called so with the words in another order.
    pub(crate) fn in_any_order(&self, words: &[String]) -> Vec<Hit> {
        let found = self.sorted.get(&sorted_key(words)).into_iter().flatten();
        found.map(|entry| Hit { entry: *entry, score: 0.93, reason: "words in another order".to_owned() }).collect()
    }

    /// The concepts whose name stands within the text; the more of the text it covers, by weight of words, the better.
    pub(crate) fn within(&self, words: &[String]) -> Vec<Hit> {
        let total: f64 = words.iter().map(|w| self.weight(w)).sum();
        let numbers: BTreeSet<u32> =
            words.iter().filter_map(|w| self.by_word.get(w)).flat_map(|n| n.iter().take(400)).copied().collect();
        let mut hits = Vec::new();
        for number in numbers {
            let (entry, name) = &self.names[number as usize];
            let inner = without_noise(name);
            let inside = !inner.is_empty()
                && inner.len() < words.len()
                && words.windows(inner.len()).any(|w| w == inner.as_slice());
            if inside && total > 0.0 {
                let covered: f64 = inner.iter().map(|w| self.weight(w)).sum();
                let score = 0.55 + 0.38 * (covered / total);
                hits.push(Hit {
                    entry: *entry,
                    score,
                    reason: format!("within the text, {:.0} % of it", 100.0 * covered / total),
                });
            }
        }
        hits
    }

    /// Rare words weigh more than common ones, unknown ones most.
    fn weight(&self, word: &str) -> f64 {
        let count = self.by_word.get(word).map_or(0, Vec::len);
        #[expect(clippy::cast_precision_loss, reason = "counts of words are far below 2^52")]
        let share = (1.0 + self.names.len() as f64) / (1.0 + count as f64);
        share.ln().max(0.1)
    }

    /// The concepts whose name looks like the text: shared trigrams find candidates, edits decide.
    pub(crate) fn alike(&self, words: &[String]) -> Vec<Hit> {
        let text = words.join(" ");
        let grams = trigrams(&text);
        if grams.is_empty() {
            return Vec::new();
        }
        let mut shared: HashMap<u32, usize> = HashMap::new();
        for gram in &grams {
            for number in self.by_trigram.get(gram).into_iter().flatten() {
                *shared.entry(*number).or_default() += 1;
            }
        }
        let mut candidates: Vec<(f64, u32)> = shared
            .into_iter()
            .map(|(number, shared)| {
                let all = grams.len() + self.trigram_counts[number as usize];
                #[expect(clippy::cast_precision_loss, reason = "counts of trigrams are far below 2^52")]
                let dice = 2.0 * shared as f64 / all as f64;
                (dice, number)
            })
            .filter(|(dice, _)| *dice >= 0.4)
            .collect();
        candidates.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        candidates
            .into_iter()
            .take(LIKE_CANDIDATES_MAX)
            .map(|(dice, number)| {
                let (entry, name) = &self.names[number as usize];
                let name = name.join(" ");
                let likeness = likeness(&text, &name).max(dice.min(0.9));
                // Short words are too easily alike: "chef" and "chief" are not one.
                let fair = if name.len().min(text.len()) < 6 { likeness - 0.15 } else { likeness };
                Hit {
                    entry: *entry,
                    score: fair.clamp(0.0, 0.92),
                    reason: format!("fuzzy {:.2}", fair.clamp(0.0, 0.92)),
                }
            })
            .collect()
    }
}

fn hits(found: Option<&Vec<(usize, Called)>>) -> Vec<Hit> {
    found
        .into_iter()
        .flatten()
        .map(|(entry, called)| {
            let (score, reason) = match called {
                Called::Label => (1.0, "label"),
                Called::Alias => (0.98, "alias"),
                Called::Abbreviation => (0.95, "abbreviation"),
            };
            Hit { entry: *entry, score, reason: reason.to_owned() }
        })
        .collect()
}

fn sorted_key(words: &[String]) -> String {
    let mut words: Vec<String> = without_noise(words);
    words.sort_unstable();
    words.dedup();
    words.join(" ")
}

fn trigrams(text: &str) -> BTreeSet<[u8; 3]> {
    let padded = format!("  {text} ");
    padded.as_bytes().windows(3).map(|w| [w[0], w[1], w[2]]).collect()
}

/// One minus the share of edits (insert, delete, replace, swap of neighbours).
fn likeness(a: &str, b: &str) -> f64 {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(80).collect(), b.chars().take(80).collect());
    let longest = a.len().max(b.len());
    if longest == 0 {
        return 0.0;
    }
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replace = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replace.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(rows[i - 2][j - 2] + 1);
            }
        }
        rows.push(row);
    }
    #[expect(clippy::cast_precision_loss, reason = "at most 80 edits")]
    let share = rows[a.len()][b.len()] as f64 / longest as f64;
    1.0 - share
}
