//! Industries by code (NAICS 2022): a text that gives one says more than its words. Pure.

use skillwire_schemas::{ConceptKey, MatchState};

use crate::fold::words;
use crate::index::Hit;

/// Words beside a code that say nothing else.
const AROUND: [&str; 5] = ["naics", "code", "industry", "us", "usa"];
/// Sectors that are several codes of two digits.
const RANGES: [(&str, [&str; 3]); 3] =
    [("31-33", ["31", "32", "33"]), ("44-45", ["44", "45", ""]), ("48-49", ["48", "49", ""])];
/// A code with words behind it that may as well be the name has at least so many digits ("3M" and "24 hour" are no codes).
const DIGITS_BESIDE_WORDS_MIN: usize = 4;

/// The code that a text gives: alone, behind "NAICS", or before its title. "31-33" is one too.
pub(crate) fn code(text: &str) -> Option<String> {
    let words: Vec<String> = words(text).into_iter().filter(|word| word != "2022").collect();
    let says_naics = words.iter().any(|word| word == "naics");
    let telling: Vec<&str> = words.iter().map(String::as_str).filter(|word| !AROUND.contains(word)).collect();
    let is_code = |word: &str| (2..=6).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_digit());
    match telling.as_slice() {
        [from, to] if RANGES.iter().any(|(_, codes)| codes.contains(from) && codes.contains(to)) => {
            Some(of_sector(from))
        }
        [code] if is_code(code) => Some(of_sector(code)),
        [code, ..] if is_code(code) && (says_naics || code.len() >= DIGITS_BESIDE_WORDS_MIN) => Some(of_sector(code)),
        [.., code] if is_code(code) && says_naics => Some(of_sector(code)),
        _ => None,
    }
}

/// A code of two digits as its sector is written.
fn of_sector(code: &str) -> String {
    let range = RANGES.iter().find(|(_, codes)| codes.contains(&code));
    range.map_or(code, |(range, _)| range).to_owned()
}

/// What a code means; of one that is not there the nearest above it is named.
pub(crate) fn of_code(code: &str, find: impl Fn(&ConceptKey) -> Option<u32>) -> (MatchState, Option<String>, Vec<Hit>) {
    let number = |id: &str| find(&ConceptKey { scheme: "naics".to_owned(), id: of_sector(id) });
    if let Some(entry) = number(code) {
        return (MatchState::Matched, None, vec![Hit::said(entry, 1.0, "NAICS code")]);
    }
    let above =
        (2..code.len()).rev().filter_map(|digits| code.get(..digits)).find_map(|id| Some((of_sector(id), number(id)?)));
    let Some((id, entry)) = above else {
        return (MatchState::Unmatched, Some(format!("{code} is no code of NAICS 2022")), Vec::new());
    };
    let remark = format!("{code} is no code of NAICS 2022; {id} is the nearest above it");
    (MatchState::Unmatched, Some(remark), vec![Hit::said(entry, 0.5, "the nearest above a code that is none")])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_beside_its_words_and_no_number_is_taken_for_one() {
        for (text, wanted) in [
            ("332710", Some("332710")),
            (" NAICS 3327 ", Some("3327")),
            ("NAICS 2022: 332710", Some("332710")),
            ("naics code 62", Some("62")),
            ("332710 - Machine Shops", Some("332710")),
            ("Machine shops (NAICS 332710)", Some("332710")),
            ("31-33", Some("31-33")),
            ("32", Some("31-33")),
            ("Manufacturing, NAICS 31-33", Some("31-33")),
            ("3M", None),
            ("24 hour towing", None),
            ("3327101", None),
            ("hospital 500", None),
            ("", None),
        ] {
            assert_eq!(code(text).as_deref(), wanted, "{text}");
        }
    }
}
