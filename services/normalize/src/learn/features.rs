//! A text taken apart: words, pairs of neighbours, and runs of letters within words, each as a number that stands for it.

/// Runs of letters: shortest and longest, characters, with the word's edges.
const GRAM_CHARS: (usize, usize) = (2, 5);
/// Of a longer text the rest is not read; a description of a concept has some 60 words.
pub(crate) const WORDS_MAX: usize = 400;
/// Of a longer word the rest is not read.
const WORD_CHARS_MAX: usize = 40;

const WORD: u64 = 0x9ae1_6a3b_2f90_404f;
const PAIR: u64 = 0xc3a5_c85c_97cb_3127;
const GRAM: u64 = 0xb492_b66f_be98_f273;

/// A piece of a text. Two pieces with one number are one piece: with 64 bits that does not happen in practice, and would cost
/// a little accuracy and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Piece {
    /// Runs of letters are weighed apart from words.
    pub is_gram: bool,
    pub number: u64,
}

/// FNV-1a, then mixed so that the low bits depend on all.
fn hash(seed: u64, bytes: impl Iterator<Item = u8>) -> u64 {
    let mut h = seed;
    for byte in bytes {
        h = (h ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    h ^= h >> 32;
    h = h.wrapping_mul(0xd6e8_feb8_6659_fd93);
    h ^ (h >> 32)
}

/// Writes the pieces of the words, in order of their numbers, equal ones side by side.
pub(crate) fn pieces(words: &[String], into: &mut Vec<Piece>) {
    into.clear();
    let words = &words[..words.len().min(WORDS_MAX)];
    let mut chars: Vec<char> = Vec::with_capacity(WORD_CHARS_MAX + 2);
    for (at, word) in words.iter().enumerate() {
        into.push(Piece { is_gram: false, number: hash(WORD, word.bytes()) });
        if let Some(next) = words.get(at + 1) {
            let both = word.bytes().chain([b' ']).chain(next.bytes());
            into.push(Piece { is_gram: false, number: hash(PAIR, both) });
        }
        chars.clear();
        chars.push(' ');
        chars.extend(word.chars().take(WORD_CHARS_MAX));
        chars.push(' ');
        grams(&chars, into);
    }
    into.sort_unstable();
}

/// All runs; of a word shorter than a run the whole, once.
fn grams(chars: &[char], into: &mut Vec<Piece>) {
    let mut utf8 = [0; 4];
    for n in GRAM_CHARS.0..=GRAM_CHARS.1 {
        for run in chars.windows(n.min(chars.len())) {
            let mut h = GRAM;
            for c in run {
                for byte in c.encode_utf8(&mut utf8).bytes() {
                    h = (h ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
                }
            }
            into.push(Piece { is_gram: true, number: hash(h, std::iter::empty()) });
        }
        if chars.len() <= n {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold::key;

    fn of(text: &str) -> Vec<Piece> {
        let mut found = Vec::new();
        pieces(&key(text), &mut found);
        found
    }

    #[test]
    fn what_looks_alike_shares_pieces() {
        let shared = |a: &str, b: &str| {
            let b = of(b);
            of(a).iter().filter(|p| b.contains(p)).count()
        };
        assert!(shared("welder", "welding") > shared("welder", "baker"));
        assert_eq!(of("Welders"), of("welder"));
        assert_ne!(of("dog catcher"), of("catcher dog"), "pairs keep their order");
    }

    #[test]
    fn cost_is_bounded_by_the_longest_text_that_is_read() {
        let long = "abcdefghij ".repeat(10_000) + &"x".repeat(100_000);
        let at_most = WORDS_MAX * (2 + (GRAM_CHARS.1 - GRAM_CHARS.0 + 1) * (WORD_CHARS_MAX + 2));
        assert!(of(&long).len() <= at_most);
        assert!(of("").is_empty());
    }
}
