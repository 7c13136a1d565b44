//! Misspelt words: a word nobody knows that is nearly one we know. Shared trigrams find candidates, edits decide. A word that
//! is known is never taken for another: "printer" is no misspelt "painter".

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

/// Words shorter than these are too easily another word when a letter is doubled or two are swapped ("weldder"), one is left
/// out or put in ("baker", "banker"), one is replaced ("stacker", "stocker"), or two such things happen. A word that stands
/// alone has nothing else to say what is meant: it must be longer.
const SLIP_CHARS_MIN: usize = 6;
const LEFT_OUT_CHARS_MIN: usize = 7;
const REPLACED_CHARS_MIN: usize = 8;
const TWO_EDITS_CHARS_MIN: usize = 10;
const ALONE_CHARS: usize = 1;
/// Words compared by edits at most.
const CANDIDATES_MAX: usize = 32;

/// Letters and the space that stands around a word.
const SIGNS: usize = 27;

/// Words and their trigrams.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary {
    words: Vec<String>,
    /// By word: first letter and length, which tell that most others are none that was meant.
    shapes: Vec<(u8, u8)>,
    /// By trigram: where its words begin in `holders`; one more than there are trigrams.
    begins: Vec<u32>,
    holders: Vec<u32>,
    /// Words that are right, ours to correct to or not.
    known: Arc<HashSet<String>>,
}

/// A word that was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Correction {
    pub word: String,
    pub edits: usize,
}

impl Vocabulary {
    /// Of words to correct to; `known` holds them too.
    pub(crate) fn new(words: BTreeSet<String>, known: Arc<HashSet<String>>) -> Self {
        let words: Vec<String> =
            words.into_iter().filter(|word| word.len() >= SLIP_CHARS_MIN && is_plain(word)).collect();
        let shapes = words.iter().map(|word| shape_of(word)).collect();
        let pairs = || (0u32..).zip(&words).flat_map(|(at, word)| grams(word).into_iter().map(move |gram| (gram, at)));
        let mut begins = vec![0u32; SIGNS * SIGNS * SIGNS + 1];
        pairs().for_each(|(gram, _)| begins[gram + 1] += 1);
        for at in 1..begins.len() {
            begins[at] += begins[at - 1];
        }
        let mut next = begins.clone();
        let mut holders = vec![0u32; begins.last().map_or(0, |all| *all as usize)];
        for (gram, at) in pairs() {
            holders[next[gram] as usize] = at;
            next[gram] += 1;
        }
        Self { shapes, begins, holders, known, words }
    }

    /// The word that was meant, of those that `takes` takes; nothing when the word is known, or when none or several are as
    /// near. Of two the one with the same last letter is nearer.
    pub(crate) fn correct(&self, word: &str, alone: bool, takes: impl Fn(&str) -> bool) -> Option<Correction> {
        if word.len() < SLIP_CHARS_MIN || !is_plain(word) || self.known.contains(word) {
            return None;
        }
        let certain = word.len() - if alone { ALONE_CHARS } else { 0 };
        let edits_max = if certain >= TWO_EDITS_CHARS_MIN && !alone { 2 } else { 1 };
        let (first, length) = shape_of(word);
        let is_near = |number: &&u32| {
            self.shapes.get(**number as usize).is_some_and(|(its_first, its_length)| {
                *its_first == first && usize::from(its_length.abs_diff(length)) <= edits_max
            })
        };
        let mut met: Vec<u32> = Vec::new();
        for gram in grams(word) {
            let (Some(begin), Some(end)) = (self.begins.get(gram), self.begins.get(gram + 1)) else { continue };
            met.extend(self.holders[*begin as usize..*end as usize].iter().filter(is_near));
        }
        met.sort_unstable();
        let mut candidates: Vec<(usize, u32)> = met.chunk_by(|a, b| a == b).map(|run| (run.len(), run[0])).collect();
        candidates.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut best: Option<((usize, bool), &String)> = None;
        let mut tied = false;
        for (_, number) in candidates.into_iter().take(CANDIDATES_MAX) {
            let other = &self.words[number as usize];
            let edits = edits(word, other);
            let enough = if is_swap(word, other) || without_doubles(word) == without_doubles(other) {
                SLIP_CHARS_MIN
            } else if word.len() == other.len() {
                REPLACED_CHARS_MIN
            } else {
                // Counted on the longer of the two: "qualty" is one letter short of enough.
                LEFT_OUT_CHARS_MIN - other.len().saturating_sub(word.len())
            };
            if edits > edits_max || certain < enough || !takes(other) {
                continue;
            }
            let far = (edits, word.as_bytes().last() != other.as_bytes().last());
            match &best {
                Some((known, _)) if *known < far => {}
                Some((known, _)) if *known == far => tied = true,
                _ => {
                    tied = false;
                    best = Some((far, other));
                }
            }
        }
        best.filter(|_| !tied).map(|((edits, _), word)| Correction { word: word.clone(), edits })
    }
}

fn is_plain(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_lowercase())
}

/// First letter and length; all lengths that no word has are one.
fn shape_of(word: &str) -> (u8, u8) {
    (word.bytes().next().unwrap_or_default(), u8::try_from(word.len()).unwrap_or(u8::MAX))
}

/// The trigrams of a plain word, each once, as numbers.
fn grams(word: &str) -> Vec<usize> {
    let sign = |byte: u8| if byte == b' ' { 0 } else { usize::from(byte - b'a') + 1 };
    let padded: Vec<usize> = [b' '].into_iter().chain(word.bytes()).chain([b' ']).map(sign).collect();
    let mut grams: Vec<usize> = padded.windows(3).map(|w| (w[0] * SIGNS + w[1]) * SIGNS + w[2]).collect();
    grams.sort_unstable();
    grams.dedup();
    grams
}

fn is_swap(a: &str, b: &str) -> bool {
    let (mut a, mut b): (Vec<u8>, Vec<u8>) = (a.bytes().collect(), b.bytes().collect());
    a.sort_unstable();
    b.sort_unstable();
    a == b
}

fn without_doubles(word: &str) -> Vec<u8> {
    let mut letters: Vec<u8> = word.bytes().collect();
    letters.dedup();
    letters
}

/// Inserted, left out, replaced letters and swapped neighbours (Damerau-Levenshtein, optimal string alignment).
fn edits(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replace = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replace.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary() -> Vocabulary {
        let words = ["electrician", "assistant", "welder", "painter", "maintenance", "baker", "machinist", "mechanic"];
        let known = ["printer", "banker"].iter().chain(&words).map(|w| (*w).to_owned()).collect();
        Vocabulary::new(words.map(ToOwned::to_owned).into(), Arc::new(known))
    }

    #[test]
    fn a_misspelt_word_is_the_one_that_was_meant() {
        for (given, meant) in [
            ("electrican", "electrician"),
            ("asistant", "assistant"),
            ("weldder", "welder"),
            ("wedler", "welder"),
            ("maintenence", "maintenance"),
            ("mantenance", "maintenance"),
            ("machinsit", "machinist"),
        ] {
            let got = vocabulary().correct(given, false, |_| true);
            assert_eq!(got.map(|c| c.word).as_deref(), Some(meant), "{given}");
        }
    }

    #[test]
    fn a_word_of_its_own_is_left_alone() {
        for word in
            ["printer", "banker", "barker", "welder", "macanic", "rental", "chef", "", "quartermaster", "caf\u{e9}s"]
        {
            assert_eq!(vocabulary().correct(word, true, |_| true), None, "{word}");
        }
    }

    #[test]
    fn edits_count_swapped_neighbours_once() {
        assert_eq!(
            (edits("welder", "wedler"), edits("abc", "abc"), edits("", "ab"), edits("kitten", "sitting")),
            (1, 0, 2, 3)
        );
    }
}
