//! What a likeness is worth. Every number of matching that is not a threshold stands here.

use crate::index::{Called, Hit, Why};
use crate::matcher::MatchKind;
use crate::overlap::Overlap;

/// From here on a text means the concept that a name leads to. Exact names (0.95 and more), their parts (0.93), misspellings
/// (0.86 and more) are above; of names that only share words with the text, those that cover about three quarters of it.
const NAME_MATCHED_MIN: f64 = 0.84;
/// A name within brackets, before a dash or without the words of the offer.
pub(crate) const FIRST_PART_LOSS: f64 = 0.02;
/// A name behind a dash or in brackets; less than the first part by more than what makes two ambiguous.
pub(crate) const LATER_PART_LOSS: f64 = 0.05;
/// One side of "welder/fabricator": all are worth the same, so two jobs in one title are ambiguous.
pub(crate) const ONE_SIDE: f64 = 0.92;
/// "RN ICU": an abbreviation among words that name no other job.
pub(crate) const SHORT_AMONG_OTHERS: f64 = 0.88;
/// What a wrong letter costs, as a share of all letters: one in ten costs 0.06.
const WRONG_LETTER_COST: f64 = 0.6;

/// What the sector is worth in the order of concepts: of the job, of the industry.
const JOB_FITS: f64 = 0.04;
const INDUSTRY_FITS: f64 = 0.02;
/// An abbreviation of another sector is probably another thing.
const ABBREVIATION_STRANGE: f64 = -0.06;
/// Names of another sector.
const NAME_STRANGE: f64 = -0.01;

/// A misspelt name.
pub(crate) fn of_misspelling(name: f64, wrong_share: f64) -> f64 {
    (name - 0.01 - WRONG_LETTER_COST * wrong_share).clamp(0.0, 1.0)
}

/// A name that shares words with the text.
pub(crate) fn of_overlap(overlap: &Overlap, kind: MatchKind) -> f64 {
    let Overlap { of_text, of_name, same_head, other_head, .. } = *overlap;
    let whole_name = of_name > 0.999;
    let whole_text = of_text > 0.999;
    let score = if whole_name {
        0.55 + 0.40 * of_text
    } else if whole_text {
        0.50 + 0.40 * of_name
    } else {
        0.85 * 2.0 * of_text * of_name / (of_text + of_name)
    };
    // "physical therapist aide" is no physical therapist.
    let wrong_job = kind == MatchKind::Occupation && (other_head || !same_head);
    (if wrong_job { score.min(0.8) } else { score }).clamp(0.0, 0.93)
}

/// What the sectors add to or take from a concept of a sector.
pub(crate) fn fit(in_job: Option<bool>, in_industry: Option<bool>, why: Why) -> f64 {
    let strange = if why == Why::Said("abbreviation") { ABBREVIATION_STRANGE } else { NAME_STRANGE };
    match (in_job, in_industry) {
        (Some(true), _) => JOB_FITS,
        (_, Some(true)) => INDUSTRY_FITS,
        (None, None) => 0.0,
        _ => strange,
    }
}

/// What a model thinks of a concept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Likely {
    pub entry: u32,
    /// Of all that the text may mean, by the model; 0 to 1.
    pub share: f64,
}

/// How much the share of a concept among others that are called exactly so moves it; less than what makes two ambiguous.
const SHARE_AMONG_NAMESAKES: f64 = 0.01;
/// How often an alias that is the text's only after folding is right, measured on job titles.
const FOLDED_ALIAS: f64 = 0.85;
/// What a name in another form, within other words or misspelt is worth beside what was learned.
const NAME_BESIDE_LEARNED: f64 = 0.3;

/// The best of what a model says, best first: class and share.
pub(crate) fn shares(scores: &[(u16, f32)], most: usize) -> Vec<(u16, f64)> {
    let top = scores.iter().map(|(_, score)| *score).fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = scores.iter().map(|(_, score)| (score - top).exp()).sum();
    let mut best: Vec<(u16, f32)> = Vec::with_capacity(most + 1);
    for (class, score) in scores {
        let before =
            |(other, its): &(u16, f32)| (*its, std::cmp::Reverse(*other)) > (*score, std::cmp::Reverse(*class));
        if best.len() < most || best.last().is_some_and(|last| !before(last)) {
            best.insert(best.partition_point(before), (*class, *score));
            best.truncate(most);
        }
    }
    best.into_iter().map(|(class, score)| (class, f64::from((score - top).exp() / sum))).collect()
}

/// What was measured of a model's answers: a logistic curve from the share that it gives a concept to how often it is right
/// (names it had not seen, beside phrases that no concept fits), and from where on an answer counts.
#[derive(Clone, Copy, Debug)]
struct Measured {
    slope: f64,
    offset: f64,
    /// From here on 95 of 100 answers are right: `matched`.
    matched_min: f64,
    /// From here on the right concept is among the first few often enough to ask staff: `ambiguous`.
    ambiguous_min: f64,
}

/// Measured on a fifth of O*NET's titles and of ESCO's names that was left out when learning (`tests/bench/matching`). Nobody
/// publishes names of credentials to measure on: they are held to what skills are.
const fn measured(kind: MatchKind) -> Measured {
    match kind {
        MatchKind::Occupation => Measured { slope: 0.6, offset: -0.25, matched_min: 0.94, ambiguous_min: 0.6 },
        MatchKind::Skill | MatchKind::Credential | MatchKind::Industry => {
            Measured { slope: 0.785, offset: -1.7, matched_min: 0.65, ambiguous_min: 0.5 }
        }
    }
}

/// From which score on a text means the concept.
pub(crate) const fn matched_min(kind: MatchKind, why: Why) -> f64 {
    if why.is_learned() { measured(kind).matched_min } else { NAME_MATCHED_MIN }
}

/// From which score on a text means the concept or one of the next, if none is matched.
pub(crate) const fn ambiguous_min(kind: MatchKind, why: Why) -> f64 {
    if why.is_learned() { measured(kind).ambiguous_min } else { NAME_MATCHED_MIN }
}

/// How often a model is right that gives a concept this share.
fn certainty(kind: MatchKind, likely: &Likely) -> f64 {
    let share = likely.share.clamp(1e-6, 1.0 - 1e-6);
    let Measured { slope, offset, .. } = measured(kind);
    let odds = slope * (share / (1.0 - share)).ln() + offset;
    1.0 / (1.0 + (-odds).exp())
}

/// Concepts called exactly so, put in order by what was learned; then the others. An alias that is the text's only after both
/// were folded ("lab manager" spelled out) is less than one to the letter.
pub(crate) fn order(
    kind: MatchKind,
    names: Vec<Hit>,
    likely: &[Likely],
    is_literal: impl Fn(u32) -> bool,
    into: &mut Vec<Hit>,
) {
    let share = |entry: u32| likely.iter().find(|one| one.entry == entry).map_or(0.0, |one| one.share);
    into.extend(names.into_iter().map(|hit| {
        if hit.why == Why::Said(Called::Alias.reason()) && !is_literal(hit.entry) {
            return Hit { score: FOLDED_ALIAS, why: Why::Hinted(hit.why.hint(), FOLDED_ALIAS), ..hit };
        }
        Hit { score: hit.score - SHARE_AMONG_NAMESAKES * (1.0 - share(hit.entry)), ..hit }
    }));
    into.extend(likely.iter().map(|one| learned(kind, one)));
}

/// What was learned, with names that the text holds as hints.
pub(crate) fn blend(kind: MatchKind, names: &[Hit], likely: &[Likely], into: &mut Vec<Hit>) {
    #[expect(clippy::cast_precision_loss, reason = "a few names")]
    let hint = NAME_BESIDE_LEARNED / names.len().max(1) as f64;
    let rest = if names.is_empty() { 1.0 } else { 1.0 - NAME_BESIDE_LEARNED };
    for one in likely {
        let hit = names.iter().find(|hit| hit.entry == one.entry);
        let learned = learned(kind, one);
        let score = rest * learned.score + hit.map_or(0.0, |_| hint);
        let why = hit.map_or(learned.why, |hit| Why::Hinted(hit.why.hint(), score));
        into.push(Hit { score, why, ..learned });
    }
    let unlikely = |hit: &&Hit| likely.iter().all(|one| one.entry != hit.entry);
    into.extend(names.iter().filter(unlikely).map(|hit| Hit {
        score: hint,
        why: Why::Hinted(hit.why.hint(), hint),
        ..*hit
    }));
}

fn learned(kind: MatchKind, likely: &Likely) -> Hit {
    let score = certainty(kind, likely);
    Hit { entry: likely.entry, score, why: Why::Learned(score) }
}
