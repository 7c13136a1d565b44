//! What of a text may be the name: its parts between separators, without the words around the name.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::fold::key;
use crate::lists::{BUSINESS, NOISE, OFFER, PAPER, PLACE, RANK};
use crate::matcher::MatchKind;

/// Parts of one text at most.
const PARTS_MAX: usize = 6;
/// Words taken off either end at most.
const PEELED_WORDS_MAX: usize = 6;

/// The parts of a text between brackets, dashes and commas, as words; money and numbers of hours are left out.
pub(crate) fn parts(text: &str) -> Vec<Vec<String>> {
    let text = text.replace(" - ", "|").replace(" – ", "|").replace(" — ", "|").replace(" w/", "|");
    text.split(['|', '(', ')', '[', ']', '!', ',', ';', ':', '@', '*', '~'])
        .map(|part| key(&without_offer(part)))
        .filter(|words| !words.is_empty())
        .take(PARTS_MAX)
        .collect()
}

/// The sides of "welder/fabricator" and "cook or dishwasher".
pub(crate) fn sides(text: &str) -> Vec<Vec<String>> {
    let text = text.replace(" and ", "/").replace(" or ", "/").replace('&', "/").replace(" - ", "/");
    let sides: Vec<Vec<String>> = text.split('/').map(key).filter(|words| !words.is_empty()).take(PARTS_MAX).collect();
    if sides.len() > 1 { sides } else { Vec::new() }
}

/// Without "$10k", "$22.50/hr", "12hr", "4x10", "hands-on".
fn without_offer(text: &str) -> String {
    let is_offer = |word: &str| {
        let digits = word.starts_with(|c: char| c.is_ascii_digit());
        let rest = word.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '-' | '$'));
        word.contains('$')
            || word.eq_ignore_ascii_case("hands-on")
            || digits && matches!(rest.to_ascii_lowercase().as_str(), "k" | "hr" | "hrs" | "/hr" | "/hour" | "k+" | "h")
            || digits && rest.strip_prefix(['x', 'X']).is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()))
    };
    text.split_whitespace().filter(|word| !is_offer(word)).collect::<Vec<_>>().join(" ")
}

/// The words that may stand around a name, with the kinds of names as bits.
static AROUND: LazyLock<HashMap<&str, u8>> = LazyLock::new(|| {
    let mut around: HashMap<&str, u8> = HashMap::new();
    for (lists, kind) in [
        (&[OFFER, RANK, PLACE][..], MatchKind::Occupation),
        (&[NOISE], MatchKind::Skill),
        (&[NOISE, PAPER], MatchKind::Credential),
        (&[BUSINESS], MatchKind::Industry),
    ] {
        for word in lists.iter().copied().flatten() {
            *around.entry(word).or_default() |= bit(kind);
        }
    }
    around
});

const fn bit(kind: MatchKind) -> u8 {
    1 << kind as u8
}

/// Whether a word may stand around a name of that kind without being part of it.
pub(crate) fn is_around(word: &str, kind: MatchKind) -> bool {
    AROUND.get(word).is_some_and(|kinds| kinds & bit(kind) != 0)
}

/// The words with fewer and fewer of those around the name, longest first; the words themselves first of all. A name that
/// holds such a word ("night auditor", "home health aide") is found before it is taken off.
pub(crate) fn peeled(words: &[String], kind: MatchKind) -> Vec<&[String]> {
    let around = |word: &&String| is_around(word, kind);
    // A number before a skill counts years; behind it, it is part of the name ("OSHA 10").
    let counts = |word: &&String| around(word) || word.trim_end_matches('+').bytes().all(|b| b.is_ascii_digit());
    let front = words.iter().take_while(counts).count().min(PEELED_WORDS_MAX);
    let back = words.iter().rev().take_while(around).count().min(PEELED_WORDS_MAX);
    let mut spans: Vec<&[String]> = Vec::with_capacity((front + 1) * (back + 1));
    for first in 0..=front {
        for last in 0..=back {
            if first + last < words.len() {
                spans.push(&words[first..words.len() - last]);
            }
        }
    }
    spans.sort_by_key(|span| std::cmp::Reverse(span.len()));
    spans
}

/// The words without any that only stand around a name. All of them such: as they were.
pub(crate) fn core(words: &[String], kind: MatchKind) -> Vec<String> {
    // Inside a name a place belongs to it: "data warehouse analyst".
    let is_inside = |at: usize| at > 0 && at + 1 < words.len();
    let goes = |at: usize, word: &str| is_around(word, kind) && !(is_inside(at) && PLACE.contains(&word));
    let kept: Vec<String> =
        words.iter().enumerate().filter(|(at, word)| !goes(*at, word)).map(|(_, word)| word.clone()).collect();
    if kept.is_empty() { words.to_vec() } else { kept }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cores(text: &str) -> Vec<String> {
        parts(text).iter().map(|part| core(part, MatchKind::Occupation).join(" ")).collect()
    }

    #[test]
    fn the_offer_goes_and_the_job_stays() {
        assert_eq!(cores("CNC Machinist II - 2nd shift")[0], "cnc machinist");
        assert_eq!(cores("RN FT Days $5k sign-on!!"), ["rn"]);
        assert_eq!(cores("Sr. Maintenance Technicians (Nights)")[0], "maintenance technician");
        assert_eq!(cores("Welder $22.50/hr 4x10")[0], "welder");
        assert_eq!(cores("Lead"), ["lead"]);
        assert!(cores("").is_empty());
    }

    #[test]
    fn a_name_that_holds_such_a_word_is_tried_first() {
        let words = key("Full time Night Auditor II");
        let spans: Vec<String> = peeled(&words, MatchKind::Occupation).iter().map(|s| s.join(" ")).collect();
        let place = |wanted: &str| spans.iter().position(|s| s == wanted).unwrap();
        assert!(place("night auditor") < place("auditor"));
        assert_eq!(spans[0], "full time night auditor ii");
    }

    #[test]
    fn years_are_no_part_of_a_skill_but_osha_10_is_one() {
        let words = key("5+ years of SQL");
        assert_eq!(peeled(&words, MatchKind::Skill).last().unwrap().join(" "), "sql");
        let words = key("current OSHA 10 card");
        assert_eq!(peeled(&words, MatchKind::Credential).last().unwrap().join(" "), "osha 10");
    }
}
