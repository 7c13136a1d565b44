//! The ways in which a text may hold a name without being one: within other words, behind a dash, misspelt.

use crate::fold::{key_of, words};
use crate::index::{Called, Hit, Index, Why};
use crate::matcher::MatchKind;
use crate::score;
use crate::title::{core, parts, peeled, sides};

/// A text taken apart, once for all shelves.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub kind: MatchKind,
    /// As they are written.
    pub words: Vec<String>,
    pub whole: Vec<String>,
    pub parts: Vec<Vec<String>>,
    pub sides: Vec<Vec<String>>,
    /// The first part without the words around a name.
    pub core: Vec<String>,
}

impl Said {
    pub(crate) fn new(text: &str, kind: MatchKind) -> Self {
        let (words, parts) = (words(text), parts(text));
        let whole = key_of(words.clone());
        let core = parts.first().map_or_else(|| whole.clone(), |part| core(part, kind));
        Self { kind, words, whole, sides: sides(text), parts, core }
    }
}

/// What is called so; else what is hit in the first of the other ways that hits something.
pub(crate) fn names(index: &Index, said: &Said) -> Vec<Hit> {
    let kind = said.kind;
    let ways: [&dyn Fn() -> Vec<Hit>; 5] = [
        &|| index.called(&said.whole),
        &|| named(index, &said.parts, kind),
        &|| both_sides(index, &said.sides),
        &|| misspelt(index, &said.whole, &said.parts, kind),
        &|| said.parts.first().map(|part| short(index, part, kind)).unwrap_or_default(),
    ];
    ways.iter().map(|way| way()).find(|hits| !hits.is_empty()).unwrap_or_default()
}

/// Names among the parts of a text. What stands behind a dash or in brackets tells of the place or the shift more often
/// than of the job: of two parts that are names the first counts. Behind a first part that says what somebody is, a name counts
/// only when it says the same: "medication aide (CMA)" is no medical assistant, whatever CMA stands for elsewhere.
fn named(index: &Index, parts: &[Vec<String>], kind: MatchKind) -> Vec<Hit> {
    let Some((first, later)) = parts.split_first() else { return Vec::new() };
    let mut hits = first_called(index, first, kind, score::FIRST_PART_LOSS);
    let is_job = kind == MatchKind::Occupation && index.has_head(first);
    for part in later {
        if !is_job || first.last() == part.last() {
            hits.extend(first_called(index, part, kind, score::LATER_PART_LOSS));
        }
    }
    hits
}

/// Two names in one text, "welder/fabricator": only when each side is one.
fn both_sides(index: &Index, sides: &[Vec<String>]) -> Vec<Hit> {
    let hit = |(entry, called): (u32, Called)| Hit::said(entry, score::ONE_SIDE, called.reason());
    let names: Vec<Vec<Hit>> = sides.iter().map(|side| index.exactly(side).map(hit).collect()).collect();
    if names.iter().any(Vec::is_empty) {
        return Vec::new();
    }
    names.into_iter().flatten().collect()
}

/// An abbreviation before or behind other words ("RN ICU", "staff nurse RN"): when those say nothing else of what somebody is.
fn short(index: &Index, words: &[String], kind: MatchKind) -> Vec<Hit> {
    let words = core(words, kind);
    let mut hits = Vec::new();
    let ends = [words.split_first(), words.split_last()];
    for (end, rest) in ends.into_iter().flatten().filter(|(_, rest)| !rest.is_empty()) {
        for (entry, called) in index.exactly(std::slice::from_ref(end)) {
            let same = || index.called(rest).iter().any(|hit| hit.entry == entry);
            if called == Called::Abbreviation && (same() || kind == MatchKind::Occupation && !index.has_head(rest)) {
                hits.push(Hit::said(entry, score::SHORT_AMONG_OTHERS, "abbreviation among other words"));
            }
        }
    }
    hits
}

/// The longest rest of the words that is a name.
pub(crate) fn first_called(index: &Index, words: &[String], kind: MatchKind, loss: f64) -> Vec<Hit> {
    let mut found = peeled(words, kind).into_iter().map(|span| index.called(span)).find(|hits| !hits.is_empty());
    if found.is_none() {
        let core = core(words, kind);
        // The words themselves were looked for already.
        let hits = if core == words { Vec::new() } else { index.called(&core) };
        found = Some(if hits.is_empty() { index.bare(&core) } else { hits });
    }
    let less = |hit: Hit| Hit { score: hit.score - loss, ..hit };
    found.into_iter().flatten().map(less).collect()
}

fn misspelt(index: &Index, whole: &[String], parts: &[Vec<String>], kind: MatchKind) -> Vec<Hit> {
    let mut hits = Vec::new();
    let of_whole = index.corrected(whole);
    let first = parts.first().map(|part| {
        let right = if part == whole { of_whole.clone() } else { index.corrected(part) };
        (right, score::FIRST_PART_LOSS)
    });
    for (right, loss) in std::iter::once((of_whole.clone(), 0.0)).chain(first) {
        let Some((right, wrong_share)) = right else { continue };
        for hit in first_called(index, &right, kind, loss) {
            let score = score::of_misspelling(hit.score, wrong_share);
            hits.push(Hit { score, why: Why::Fuzzy(score), ..hit });
        }
    }
    hits
}
