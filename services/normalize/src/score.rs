//! What a likeness is worth. Every number of matching that is not a threshold stands here.

use crate::index::Why;
use crate::matcher::MatchKind;
use crate::overlap::Overlap;

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

/// The best of what a model says, best first: class and score. Shares are taken of all classes.
pub(crate) fn of_learned(scores: &[f32], most: usize) -> Vec<(usize, f64)> {
    let top = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if !top.is_finite() {
        return Vec::new();
    }
    let sum: f32 = scores.iter().map(|score| (score - top).exp()).sum();
    let mut best: Vec<(usize, f32)> = Vec::with_capacity(most + 1);
    for (class, score) in scores.iter().enumerate() {
        if best.len() < most || best.last().is_some_and(|(_, least)| least < score) {
            let at = best.partition_point(|(_, other)| other >= score);
            best.insert(at, (class, *score));
            best.truncate(most);
        }
    }
    best.into_iter().map(|(class, score)| (class, f64::from((score - top).exp() / sum))).collect()
}
