//! The names of one kind of concept, ready to be looked up: exactly, in other order or form, and by the words they share
//! with a text. Nothing here looks at every name.

use std::collections::{BTreeSet, HashMap, HashSet};

use skillwire_schemas::ConceptKind;

use crate::fold::{key, shape, stem, stems, without_noise};
use crate::matcher::MatchKind;
use crate::taxonomy::Entry;
use crate::title::core;
use crate::typo::Vocabulary;

/// How a concept is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Called {
    Label,
    Alias,
    Abbreviation,
}

impl Called {
    /// What finding it is worth.
    pub(crate) const fn score(self) -> f64 {
        match self {
            Self::Label => 1.0,
            Self::Alias => 0.98,
            Self::Abbreviation => 0.95,
        }
    }

    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::Label => "label",
            Self::Alias => "alias",
            Self::Abbreviation => "abbreviation",
        }
    }
}

/// Same words in another order or form.
const SHAPE_SCORE: f64 = 0.93;
/// Same letters with other spaces.
const SPACING_SCORE: f64 = 0.94;
/// A name without "license", "certification", "experience".
const BARE_SCORE: f64 = 0.9;
/// One side of a label such as "grinding and deburring".
const SIDE_SCORE: f64 = 0.88;
/// A skill of one word in another form ("communicate") needs a longer stem than a verb of every day.
const ALONE_STEM_CHARS_MIN: usize = 6;
/// Names a word may stand in and still be used to find candidates; a word in more than these says nothing.
const POSTINGS_MAX: usize = 2_000;

/// A concept that a text may mean.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Hit {
    pub entry: usize,
    pub score: f64,
    pub reason: String,
}

/// What a name and a text have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Overlap {
    pub entry: usize,
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
    entry: usize,
    weight: f64,
    stems: Vec<u32>,
    head: u32,
}

#[derive(Debug, Default)]
pub(crate) struct Index {
    exact: HashMap<String, Vec<(usize, Called)>>,
    shapes: HashMap<String, Vec<usize>>,
    spaceless: HashMap<String, Vec<usize>>,
    bare: HashMap<String, Vec<usize>>,
    sides: HashMap<String, Vec<usize>>,
    names: Vec<Name>,
    stems: HashMap<String, u32>,
    weights: Vec<f64>,
    postings: Vec<Vec<u32>>,
    heads: HashSet<u32>,
    vocabulary: Vocabulary,
    is_jobs: bool,
}

impl Index {
    /// Of the entries that `wanted` takes. `known` words are never taken for misspelt ones.
    pub(crate) fn new(entries: &[Entry], known: &HashSet<String>, wanted: impl Fn(&Entry) -> bool) -> Self {
        let mut index = Self::default();
        let mut words = BTreeSet::new();
        for (at, entry) in entries.iter().enumerate().filter(|(_, entry)| wanted(entry)) {
            let names = std::iter::once((&entry.concept.label, Called::Label))
                .chain(entry.aliases.iter().map(|a| (a, Called::Alias)))
                .chain(entry.abbreviations.iter().map(|a| (a, Called::Abbreviation)));
            index.is_jobs |= entry.concept.kind == ConceptKind::Occupation;
            let around = match entry.concept.kind {
                ConceptKind::Credential => Some(MatchKind::Credential),
                kind if kind.is_requirement() => Some(MatchKind::Skill),
                _ => None,
            };
            for (name, called) in names {
                let key = key(name);
                words.extend(key.iter().cloned());
                index.add(at, &key, called);
                // "journeyman electrician" in a column of credentials is the license; "PLC" is "PLC experience".
                if let Some(kind) = around {
                    push(index.bare.entry(shape(&core(&key, kind))).or_default(), at);
                }
            }
            if around.is_some() {
                index.add_sides(at, &key(&entry.concept.label));
            }
        }
        index.add_plurals();
        index.weigh();
        index.vocabulary = Vocabulary::new(words, known.clone());
        index
    }

    fn add(&mut self, entry: usize, words: &[String], called: Called) {
        if words.is_empty() {
            return;
        }
        let exact = self.exact.entry(words.join(" ")).or_default();
        if !exact.iter().any(|(other, _)| *other == entry) {
            exact.push((entry, called));
        }
        push(self.spaceless.entry(words.concat()).or_default(), entry);
        if called == Called::Abbreviation {
            return;
        }
        push(self.shapes.entry(shape(words)).or_default(), entry);
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

    /// A label of the form "grinding and deburring" is found by either word, if nothing else is called so.
    fn add_sides(&mut self, entry: usize, label: &[String]) {
        if let [one, and, other] = label
            && and == "and"
        {
            for side in [one, other] {
                push(self.sides.entry(side.clone()).or_default(), entry);
            }
        }
    }

    /// "PLCs": more than one of what is abbreviated, unless that is an abbreviation itself (CMM, CMMS).
    fn add_plurals(&mut self) {
        let plural = |(name, called): (&String, &Vec<(usize, Called)>)| {
            let only: Vec<_> = called.iter().filter(|(_, c)| *c == Called::Abbreviation).copied().collect();
            (!only.is_empty() && !name.contains(' ')).then(|| (format!("{name}s"), only))
        };
        let plurals: Vec<_> = self.exact.iter().filter_map(plural).collect();
        for (name, called) in plurals {
            self.exact.entry(name).or_insert(called);
        }
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

    /// The concepts called exactly so.
    pub(crate) fn exactly(&self, words: &[String]) -> &[(usize, Called)] {
        self.exact.get(&words.join(" ")).map_or(&[], Vec::as_slice)
    }

    /// The concepts called so: exactly, else with other spaces, else with the words in another order or form.
    pub(crate) fn called(&self, words: &[String]) -> Vec<Hit> {
        let exact = self.exactly(words);
        if !exact.is_empty() {
            let hit = |(entry, called): &(usize, Called)| Hit {
                entry: *entry,
                score: called.score(),
                reason: called.reason().to_owned(),
            };
            return exact.iter().map(hit).collect();
        }
        let hits = |found: Option<&Vec<usize>>, score: f64, reason: &str| -> Vec<Hit> {
            let hit = |entry: &usize| Hit { entry: *entry, score, reason: reason.to_owned() };
            found.into_iter().flatten().map(hit).collect()
        };
        let apart = hits(self.spaceless.get(&words.concat()), SPACING_SCORE, "other spaces");
        if !apart.is_empty() {
            return apart;
        }
        // "lift" alone is no "lifting"; "welding" as a job is a welder.
        if let [word] = words
            && !self.is_jobs
            && stem(word).len() < ALONE_STEM_CHARS_MIN
        {
            return hits(self.sides.get(word), SIDE_SCORE, "part of the label");
        }
        let shaped = hits(self.shapes.get(&shape(words)), SHAPE_SCORE, "words in another order or form");
        if !shaped.is_empty() {
            return shaped;
        }
        match words {
            [word] => hits(self.sides.get(word), SIDE_SCORE, "part of the label"),
            _ => Vec::new(),
        }
    }

    /// The skills and credentials called so but for words that only say that they are one ("license", "experience").
    pub(crate) fn bare(&self, words: &[String]) -> Vec<Hit> {
        let found = self.bare.get(&shape(words)).into_iter().flatten();
        let hit = |entry: &usize| Hit { entry: *entry, score: BARE_SCORE, reason: "alias, shortened".to_owned() };
        found.map(hit).collect()
    }

    /// Whether one of the words is the last word of a name: says what somebody is ("aide", "manager").
    pub(crate) fn has_head(&self, words: &[String]) -> bool {
        words.iter().any(|w| self.stems.get(&stem(w)).is_some_and(|s| self.heads.contains(s)))
    }

    /// The words with the misspelt ones put right, and the share of letters that were wrong; nothing when all are right.
    pub(crate) fn corrected(&self, words: &[String]) -> Option<(Vec<String>, f64)> {
        let mut edits = 0;
        let right: Vec<String> = words
            .iter()
            .map(|word| {
                // A word that stands alone must be a whole name.
                let takes = |right: &str| words.len() > 1 || self.exact.contains_key(right);
                match self.vocabulary.correct(word, words.len() == 1, takes) {
                    Some(correction) => {
                        edits += correction.edits;
                        correction.word
                    }
                    None => word.clone(),
                }
            })
            .collect();
        let letters: usize = words.iter().map(String::len).sum();
        #[expect(clippy::cast_precision_loss, reason = "letters of one text")]
        let share = edits as f64 / letters.max(1) as f64;
        (edits > 0).then_some((right, share))
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
        let mut best: HashMap<usize, Overlap> = HashMap::new();
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

fn push(list: &mut Vec<usize>, entry: usize) {
    if !list.contains(&entry) {
        list.push(entry);
    }
}
