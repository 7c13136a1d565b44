//! Where a text speaks of which concept.

use skillwire_schemas::MatchState;

use super::Span;
use super::tokens::Clause;
use crate::fold::key;
use crate::index::Called;
use crate::lists::NOISE;
use crate::matcher::{Context, MatchKind, Matcher, Ranked};
use crate::negation::is_negated;

/// Words of a name in running text at most.
const NAME_WORDS_MAX: usize = 6;
/// Words of a clause that is likened as a whole, at most: a longer one says several things.
const LIKENED_WORDS_MAX: usize = 8;
/// Abbreviations of so many letters must be written in capitals: "it" is no IT.
const CAPITALS_CHARS_MAX: usize = 4;
const KINDS: [MatchKind; 2] = [MatchKind::Skill, MatchKind::Credential];
/// Words that part what a clause says.
const JOINTS: &[&str] = &["and", "or", "as", "plus", "including", "with", "through", "while", "such"];

/// All spans, in order.
pub(super) fn find(matcher: &Matcher, clauses: &[Clause<'_>], top: usize) -> Vec<Span> {
    let mut spans = Vec::new();
    for clause in clauses {
        if is_negated(clause.text(0, clause.tokens.len())) {
            continue;
        }
        let mut free = 0;
        let mut at = 0;
        while at < clause.tokens.len() {
            match named(matcher, clause, at, top) {
                Some((to, span)) => {
                    alike(matcher, clause, free, at, top, &mut spans);
                    spans.push(span);
                    (at, free) = (to, to);
                }
                None => at += 1,
            }
        }
        alike(matcher, clause, free, clause.tokens.len(), top, &mut spans);
    }
    spans
}

/// The longest name that begins at a word, and the word behind it.
fn named(matcher: &Matcher, clause: &Clause<'_>, from: usize, top: usize) -> Option<(usize, Span)> {
    let to_max = clause.tokens.len().min(from + NAME_WORDS_MAX);
    (from + 1..=to_max).rev().find_map(|to| {
        let text = clause.text(from, to);
        let words = key(text);
        let is_name = |kind: &&MatchKind| {
            matcher.shelves(**kind).any(|shelf| {
                shelf.index.exactly(&words).any(|(_, called)| is_written(text, called))
                    || (to > from + 1 && !shelf.index.called(&words).is_empty())
            })
        };
        let kind = KINDS.iter().filter(|_| !is_noise(&words)).find(is_name)?;
        Some((to, span(clause, from, to, matcher.rank(text, *kind, &Context::default(), top))))
    })
}

/// Whether a text may be a name as it is written: short abbreviations want their capitals.
fn is_written(text: &str, called: Called) -> bool {
    let short = text.chars().count() <= CAPITALS_CHARS_MAX;
    let single = text.chars().count() == 1;
    !(called == Called::Abbreviation && short || single) || text.chars().any(char::is_uppercase)
}

fn is_noise(words: &[String]) -> bool {
    words.iter().all(|word| NOISE.contains(&word.as_str()) || word.bytes().all(|b| b.is_ascii_digit()))
}

/// What stands between names, likened as a whole between the words that part it.
fn alike(matcher: &Matcher, clause: &Clause<'_>, from: usize, to: usize, top: usize, into: &mut Vec<Span>) {
    let tokens = &clause.tokens[from..to];
    let is_joint = |at: &usize| JOINTS.contains(&tokens[*at].text.to_lowercase().as_str());
    let mut start = 0;
    for end in (0..tokens.len()).filter(is_joint).chain([tokens.len()]) {
        let (mut a, mut b) = (start, end);
        let noise = |at: usize| is_noise(&key(tokens[at].text));
        while a < b && noise(a) {
            a += 1;
        }
        while a < b && noise(b - 1) {
            b -= 1;
        }
        if a < b && b - a <= LIKENED_WORDS_MAX {
            let text = clause.text(from + a, from + b);
            let best = KINDS
                .iter()
                .map(|kind| matcher.rank(text, *kind, &Context::default(), top))
                .filter(|ranked| ranked.state != MatchState::Unmatched)
                .min_by_key(|ranked| ranked.state);
            into.extend(best.map(|ranked| span(clause, from + a, from + b, ranked)));
        }
        start = end + 1;
    }
}

fn span(clause: &Clause<'_>, from: usize, to: usize, ranked: Ranked) -> Span {
    let (start, end) = (clause.tokens[from].start, clause.tokens[to - 1].end);
    Span { start, end, state: ranked.state, candidates: ranked.candidates }
}
