//! The concepts of a whole text.

use std::collections::HashMap;

use skillwire_schemas::MatchState;

use super::Span;
use super::tokens::Clause;
use crate::fold::key;
use crate::index::Why;
use crate::learn::Scratch;
use crate::matcher::{Candidate, MatchKind, Matcher};
use crate::score;
use crate::shelf::{Shelf, Taught};

/// Words of a run at most.
const RUN_WORDS_MAX: usize = 7;
/// Words of a passage that is read at once; a longer text is read in several.
const PASSAGE_WORDS_MAX: usize = 60;
/// Concepts of one reading that count.
const LIKELY_MAX: usize = 40;
/// What a name of several words adds, and one of a single word: beside the readings, each of which adds up to 1.
const NAME_ADDS: f64 = 0.5;
const WORD_ADDS: f64 = 0.15;

/// The best `top` skills, knowledge areas, technologies and credentials.
pub(super) fn rank(
    matcher: &Matcher,
    text: &str,
    clauses: &[Clause<'_>],
    spans: &[Span],
    top: usize,
) -> Vec<Candidate> {
    let mut scores: HashMap<u32, (f64, Why)> = HashMap::new();
    let passages = passages(clauses);
    let mut readings = 1.0;
    for shelf in matcher.shelves(MatchKind::Skill) {
        for words in &passages {
            read(shelf, words, &mut scores);
        }
        readings = 2.0;
    }
    for span in spans {
        add_names(matcher, text, span, &mut scores);
    }
    let mut best: Vec<(u32, (f64, Why))> = scores.into_iter().collect();
    let key_of = |entry: u32| &matcher.entry(entry).concept.key;
    best.sort_by(|a, b| b.1.0.total_cmp(&a.1.0).then_with(|| key_of(a.0).cmp(key_of(b.0))));
    best.truncate(top);
    best.into_iter()
        .map(|(entry, (score, why))| Candidate {
            concept: matcher.entry(entry).concept.clone(),
            score: (score / (readings + NAME_ADDS)).min(1.0),
            reason: why.to_string(),
        })
        .collect()
}

/// The text's words, folded, in passages that end where clauses end.
fn passages(clauses: &[Clause<'_>]) -> Vec<Vec<String>> {
    let mut passages: Vec<Vec<String>> = Vec::new();
    for clause in clauses {
        let words = key(clause.text(0, clause.tokens.len()));
        match passages.last_mut() {
            Some(last) if last.len() + words.len() <= PASSAGE_WORDS_MAX => last.extend(words),
            _ => passages.push(words),
        }
    }
    passages
}

/// A passage as a whole, and every run of its words.
fn read(shelf: &Shelf, words: &[String], scores: &mut HashMap<u32, (f64, Why)>) {
    for taught in shelf.taught() {
        read_with(taught, words, scores);
    }
}

fn read_with((model, entries): &Taught, words: &[String], scores: &mut HashMap<u32, (f64, Why)>) {
    let (mut scratch, mut likely) = (Scratch::default(), Vec::new());
    let mut add = |words: &[String], weight: f64| {
        model.likely(words, &mut scratch, &mut likely);
        for (class, share) in score::shares(&likely, LIKELY_MAX) {
            let Some(entry) = entries[usize::from(class)] else { continue };
            let known = scores.entry(entry).or_insert((0.0, Why::Learned(0.0)));
            known.0 += weight * share;
            known.1 = Why::Learned(known.0.min(1.0));
        }
    };
    add(words, 1.0);
    let runs: Vec<&[String]> = (1..=RUN_WORDS_MAX.min(words.len())).flat_map(|length| words.windows(length)).collect();
    #[expect(clippy::cast_precision_loss, reason = "a few hundred runs")]
    let weight = 1.0 / runs.len().max(1) as f64;
    for run in runs {
        add(run, weight);
    }
}

/// Names that stand in the text.
fn add_names(matcher: &Matcher, text: &str, span: &Span, scores: &mut HashMap<u32, (f64, Why)>) {
    let within: String = text.chars().skip(span.start).take(span.end - span.start).collect();
    let words = key(&within);
    let adds = if words.len() > 1 { NAME_ADDS } else { WORD_ADDS };
    for kind in [MatchKind::Skill, MatchKind::Credential] {
        for (entry, called) in matcher.shelves(kind).flat_map(|shelf| shelf.index.exactly(&words)) {
            let known = scores.entry(entry).or_insert((0.0, Why::Said(called.reason())));
            known.0 += adds;
            known.1 = Why::Said(called.reason());
        }
    }
    if span.state == MatchState::Matched
        && let Some(first) = span.candidates.first()
        && let Some(entry) = matcher.number(&first.concept.key)
    {
        scores.entry(entry).or_insert((WORD_ADDS * first.score, Why::Words(first.score)));
    }
}
