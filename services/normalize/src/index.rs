//! The names of one kind of concept, ready to be looked up: exactly, with other spaces, in other order or form. Nothing here
//! looks at every name.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use skillwire_schemas::ConceptKind;

use crate::fold::{key_of, shape, stem, stems, words};
use crate::matcher::MatchKind;
use crate::names::{Names, number};
use crate::taxonomy::Entry;
use crate::title::core;
use crate::typo::Vocabulary;

/// How a concept is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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

/// Why a text may mean a concept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Why {
    /// In fixed words.
    Said(&'static str),
    /// Misspelt so far.
    Fuzzy(f64),
    /// Shares words with a name.
    Words(f64),
    /// What was learned from the taxonomy's texts.
    Learned(f64),
    /// The same, and a name within the text or like it speaks for it.
    Hinted(&'static str, f64),
}

impl Why {
    /// What a name that is hinted at is called.
    pub(crate) const fn hint(self) -> &'static str {
        match self {
            Self::Said(said) | Self::Hinted(said, _) => said,
            Self::Fuzzy(_) => "misspelt name",
            Self::Words(_) | Self::Learned(_) => "name",
        }
    }

    /// Whether it was learned.
    pub(crate) const fn is_learned(self) -> bool {
        matches!(self, Self::Learned(_) | Self::Hinted(..))
    }

    /// Whether a name was hit, as it is written or nearly so.
    pub(crate) const fn is_name(self) -> bool {
        matches!(self, Self::Said(_) | Self::Fuzzy(_))
    }
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Said(said) => f.write_str(said),
            Self::Fuzzy(score) => write!(f, "fuzzy {score:.2}"),
            Self::Words(score) => write!(f, "words {score:.2}"),
            Self::Learned(score) => write!(f, "learned {score:.2}"),
            Self::Hinted(name, score) => write!(f, "learned {score:.2}, {name}"),
        }
    }
}

/// A concept that a text may mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Hit {
    pub entry: u32,
    pub score: f64,
    pub why: Why,
}

impl Hit {
    pub(crate) const fn said(entry: u32, score: f64, why: &'static str) -> Self {
        Self { entry, score, why: Why::Said(why) }
    }
}

/// Names of concepts, which are known by their numbers.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// By the words as they are written.
    literal: Names<u32>,
    exact: Names<(u32, Called)>,
    shapes: Names<u32>,
    spaceless: Names<u32>,
    bare: Names<u32>,
    sides: Names<u32>,
    /// Stems of last words.
    heads: HashSet<u64>,
    vocabulary: Vocabulary,
    is_jobs: bool,
}

/// Names on their way into an index.
#[derive(Default)]
struct Pairs {
    literal: Vec<(u64, u32)>,
    exact: Vec<(u64, (u32, Called))>,
    shapes: Vec<(u64, u32)>,
    spaceless: Vec<(u64, u32)>,
    bare: Vec<(u64, u32)>,
    sides: Vec<(u64, u32)>,
    /// "PLCs": more than one of what is abbreviated, unless that is an abbreviation itself (CMM, CMMS).
    plurals: Vec<(u64, (u32, Called))>,
    heads: HashSet<u64>,
    words: BTreeSet<String>,
}

fn exact_number(words: &[String]) -> u64 {
    number(words.iter().map(String::as_str), " ")
}

fn spaceless_number(words: &[String]) -> u64 {
    number(words.iter().map(String::as_str), "")
}

fn shape_number(words: &[String]) -> u64 {
    number([shape(words).as_str()], "")
}

impl Index {
    /// Of (number, entry). `known` words are never taken for misspelt ones.
    pub(crate) fn new<'a>(entries: impl Iterator<Item = (u32, &'a Entry)>, known: &Arc<HashSet<String>>) -> Self {
        let mut pairs = Pairs::default();
        let mut is_jobs = false;
        for (at, entry) in entries {
            is_jobs |= entry.concept.kind == ConceptKind::Occupation;
            pairs.add_entry(at, entry);
        }
        // Of one concept's names that read alike the best counts.
        pairs.exact.sort_unstable();
        pairs.exact.dedup_by_key(|(name, (entry, _))| (*name, *entry));
        let taken: HashSet<u64> = pairs.exact.iter().map(|(name, _)| *name).collect();
        pairs.exact.extend(pairs.plurals.into_iter().filter(|(name, _)| !taken.contains(name)));
        let exact = Names::new(pairs.exact);
        Self {
            literal: Names::new(pairs.literal),
            exact,
            shapes: Names::new(pairs.shapes),
            spaceless: Names::new(pairs.spaceless),
            bare: Names::new(pairs.bare),
            sides: Names::new(pairs.sides),
            heads: pairs.heads,
            vocabulary: Vocabulary::new(pairs.words, Arc::clone(known)),
            is_jobs,
        }
    }

    /// The concepts called exactly so.
    pub(crate) fn exactly(&self, words: &[String]) -> impl Iterator<Item = (u32, Called)> {
        self.exact.get(exact_number(words)).iter().copied()
    }

    /// Whether a concept is called so to the letter, but for capitals and punctuation.
    pub(crate) fn is_literal(&self, words: &[String], entry: u32) -> bool {
        self.literal.get(exact_number(words)).contains(&entry)
    }

    /// The concepts called so: exactly, else with other spaces, else with the words in another order or form.
    pub(crate) fn called(&self, words: &[String]) -> Vec<Hit> {
        let hit = |(entry, called): (u32, Called)| Hit::said(entry, called.score(), called.reason());
        let exact: Vec<Hit> = self.exactly(words).map(hit).collect();
        if !exact.is_empty() {
            return exact;
        }
        let hits = |names: &Names<u32>, number: u64, score: f64, why: &'static str| -> Vec<Hit> {
            names.get(number).iter().map(|entry| Hit::said(*entry, score, why)).collect()
        };
        let apart = hits(&self.spaceless, spaceless_number(words), SPACING_SCORE, "other spaces");
        if !apart.is_empty() {
            return apart;
        }
        let side = || match words {
            [word] => hits(&self.sides, number([word.as_str()], ""), SIDE_SCORE, "part of the label"),
            _ => Vec::new(),
        };
        // "lift" alone is no "lifting"; "welding" as a job is a welder.
        if let [word] = words
            && !self.is_jobs
            && stem(word).len() < ALONE_STEM_CHARS_MIN
        {
            return side();
        }
        let shaped = hits(&self.shapes, shape_number(words), SHAPE_SCORE, "words in another order or form");
        if shaped.is_empty() { side() } else { shaped }
    }

    /// The skills and credentials called so but for words that only say that they are one ("license", "experience").
    pub(crate) fn bare(&self, words: &[String]) -> Vec<Hit> {
        let found = self.bare.get(shape_number(words)).iter();
        found.map(|entry| Hit::said(*entry, BARE_SCORE, "alias, shortened")).collect()
    }

    /// Whether one of the words is the last word of a name: says what somebody is ("aide", "manager").
    pub(crate) fn has_head(&self, words: &[String]) -> bool {
        words.iter().any(|word| self.heads.contains(&number([stem(word).as_str()], "")))
    }

    /// The words with the misspelt ones put right, and the share of letters that were wrong; nothing when all are right.
    pub(crate) fn corrected(&self, words: &[String]) -> Option<(Vec<String>, f64)> {
        let mut edits = 0;
        let right: Vec<String> = words
            .iter()
            .map(|word| {
                // A word that stands alone must be a whole name.
                let takes = |right: &str| words.len() > 1 || !self.exact.get(number([right], "")).is_empty();
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
}

impl Pairs {
    fn add_entry(&mut self, at: u32, entry: &Entry) {
        let names = std::iter::once((&entry.concept.label, Called::Label))
            .chain(entry.aliases.iter().map(|a| (a, Called::Alias)))
            .chain(entry.abbreviations.iter().map(|a| (a, Called::Abbreviation)));
        let around = match entry.concept.kind {
            ConceptKind::Credential => Some(MatchKind::Credential),
            ConceptKind::Industry => Some(MatchKind::Industry),
            kind if kind.is_requirement() => Some(MatchKind::Skill),
            _ => None,
        };
        for (name, called) in names {
            let words = words(name);
            if words.is_empty() {
                continue;
            }
            self.literal.push((exact_number(&words), at));
            let key = key_of(words);
            // "journeyman electrician" in a column of credentials is the license; "PLC" is "PLC experience".
            if let Some(kind) = around {
                self.bare.push((shape_number(&core(&key, kind)), at));
                if called == Called::Label {
                    self.add_sides(at, &key);
                }
            }
            self.add(at, &key, called);
            self.words.extend(key);
        }
    }

    fn add(&mut self, entry: u32, words: &[String], called: Called) {
        self.exact.push((exact_number(words), (entry, called)));
        self.spaceless.push((spaceless_number(words), entry));
        if called == Called::Abbreviation {
            if let [word] = words {
                self.plurals.push((number([word.as_str(), "s"], ""), (entry, called)));
            }
            return;
        }
        self.shapes.push((shape_number(words), entry));
        if let Some(head) = stems(words).last() {
            self.heads.insert(number([head.as_str()], ""));
        }
    }

    /// A label of the form "grinding and deburring" is found by either word, if nothing else is called so.
    fn add_sides(&mut self, entry: u32, label: &[String]) {
        if let [one, and, other] = label
            && and == "and"
        {
            self.sides.extend([one, other].map(|side| (number([side.as_str()], ""), entry)));
        }
    }
}
