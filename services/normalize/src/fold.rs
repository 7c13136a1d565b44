//! Folding: many ways to write a thing, one key.

use crate::lists::{JOINING, SPELLED_OUT};
use crate::matcher::MatchKind;
use crate::title::is_around;

/// Sides of an `&` that may be one word with it: GD&T, A&P, HVAC&R; "bar&grill" are two words. Characters of the longer and
/// of the shorter side.
const JOINED_CHARS_MAX: (usize, usize) = (4, 2);
/// A stem has at least so many characters: shorter ones say too little.
const STEM_CHARS_MIN: usize = 4;

/// Lower-case words without accents and punctuation; `+`, `#` and joined `&` stay where they mean something.
pub(crate) fn words(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().flat_map(char::to_lowercase).filter_map(plain).collect();
    let mut words = Vec::new();
    let mut word = String::new();
    for (at, c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|b| chars.get(b));
        let after = chars.get(at + 1);
        let joined = |c: Option<&char>| c.is_some_and(|c| c.is_alphanumeric());
        match c {
            c if c.is_alphanumeric() => word.push(*c),
            // C++, A+, C#: part of the word they end.
            '+' | '#' if !word.is_empty() => word.push(*c),
            '&' if is_joint(&chars, at) => {}
            // D1.1, Node.js, driver's: nothing where letters or digits meet.
            '\'' | '’' | '.' if joined(before) && joined(after) => {}
            _ if word.is_empty() => {}
            _ => words.push(std::mem::take(&mut word)),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

fn is_joint(chars: &[char], at: usize) -> bool {
    let run = |side: &mut dyn Iterator<Item = &char>| side.take_while(|c| c.is_alphanumeric()).count();
    let before = run(&mut chars[..at].iter().rev());
    let after = run(&mut chars[at + 1..].iter());
    before.min(after) > 0 && before.max(after) <= JOINED_CHARS_MAX.0 && before.min(after) <= JOINED_CHARS_MAX.1
}

/// Without its accent; nothing for characters that are not seen (combining accents, soft hyphens, zero-width spaces).
fn plain(c: char) -> Option<char> {
    Some(match c {
        '\u{300}'..='\u{36f}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{feff}' => return None,
        'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' | 'ā' => 'a',
        'é' | 'è' | 'ê' | 'ë' | 'ē' | 'ę' | 'ě' => 'e',
        'í' | 'ì' | 'î' | 'ï' | 'ī' => 'i',
        'ó' | 'ò' | 'ô' | 'ö' | 'õ' | 'ø' | 'ō' => 'o',
        'ú' | 'ù' | 'û' | 'ü' | 'ū' => 'u',
        'ñ' | 'ń' => 'n',
        'ç' | 'č' | 'ć' => 'c',
        'š' | 'ś' => 's',
        'ž' | 'ź' | 'ż' => 'z',
        'ł' => 'l',
        'ý' => 'y',
        '‘' => '’',
        other => other,
    })
}

/// Ways to run things, not more than one of something: "shops" and "crops" are.
const OPERATIONS: [&str; 8] = ["aiops", "devops", "devsecops", "finops", "gitops", "mlops", "secops", "sysops"];

/// A word in the singular, as far as its ending tells.
pub(crate) fn singular(word: &str) -> String {
    let n = word.len();
    // "CMMS" is not more than one "CMM", and an operations manager operates no machine.
    if is_abbreviation(word) || word == "operations" || OPERATIONS.contains(&word) {
        return word.to_owned();
    }
    if n <= 3 || !word.is_ascii() || ["ss", "us", "is", "js"].iter().any(|end| word.ends_with(end)) {
        return word.to_owned();
    }
    if let Some(stem) = word.strip_suffix("ies").filter(|stem| stem.len() > 1) {
        return format!("{stem}y");
    }
    for ending in ["sses", "ches", "shes", "xes"] {
        if word.ends_with(ending) {
            return word[..n - 2].to_owned();
        }
    }
    word.strip_suffix('s').map_or_else(|| word.to_owned(), ToOwned::to_owned)
}

/// Without vowels: letters that stand for words.
fn is_abbreviation(word: &str) -> bool {
    !word.contains(['a', 'e', 'i', 'o', 'u', 'y'])
}

/// What "weld", "welder", "welded" and "welding" have in common.
pub(crate) fn stem(word: &str) -> String {
    if !word.is_ascii() || word.bytes().any(|b| !b.is_ascii_lowercase()) {
        return word.to_owned();
    }
    if is_abbreviation(word) {
        return word.strip_suffix('s').filter(|one| one.len() >= 3).unwrap_or(word).to_owned();
    }
    // Who makes the product is not who plans the production.
    let cut = ["ing", "ion", "er", "or", "ed"]
        .iter()
        .find_map(|ending| word.strip_suffix(ending))
        .filter(|stem| stem.len() >= STEM_CHARS_MIN && word != "production")
        .unwrap_or(word);
    let bytes = cut.as_bytes();
    let doubled = cut.len() < word.len()
        && cut.len() > STEM_CHARS_MIN
        && bytes[bytes.len() - 1] == bytes[bytes.len() - 2]
        && !matches!(bytes[bytes.len() - 1], b'l' | b's');
    let cut = if doubled { &cut[..cut.len() - 1] } else { cut };
    cut.strip_suffix('e').filter(|stem| stem.len() >= STEM_CHARS_MIN).unwrap_or(cut).to_owned()
}

/// The words of a text in the singular, short writings spelled out.
pub(crate) fn key(text: &str) -> Vec<String> {
    key_of(words(text))
}

/// The words in the singular, short writings spelled out.
pub(crate) fn key_of(words: Vec<String>) -> Vec<String> {
    let mut key = Vec::with_capacity(words.len());
    for word in words {
        // "ops" is short for something else than "op".
        match SPELLED_OUT.binary_search_by(|(short, _)| (*short).cmp(&word)) {
            Ok(at) => key.extend(SPELLED_OUT[at].1.iter().map(|w| (*w).to_owned())),
            Err(_) => {
                let one = singular(&word);
                match SPELLED_OUT.binary_search_by(|(short, _)| (*short).cmp(&one)) {
                    Ok(at) => key.extend(SPELLED_OUT[at].1.iter().map(|w| (*w).to_owned())),
                    Err(_) => key.push(one),
                }
            }
        }
    }
    key
}

/// Without the words that say nothing. All of them noise: as it was.
pub(crate) fn without_noise(words: &[String]) -> Vec<String> {
    let kept: Vec<String> = words.iter().filter(|w| !is_around(w, MatchKind::Skill)).cloned().collect();
    if kept.is_empty() { words.to_vec() } else { kept }
}

/// The stems of all words but those that only join others. What stands first joins nothing: "OR tech".
pub(crate) fn stems(words: &[String]) -> Vec<String> {
    let telling = words.iter().enumerate().filter(|(at, w)| *at == 0 || !JOINING.contains(&w.as_str()));
    telling.map(|(_, w)| stem(w)).collect()
}

/// The stems in order of the alphabet: the same for "reading blueprints" and "blueprint reading".
pub(crate) fn shape(words: &[String]) -> String {
    let mut stems = stems(words);
    stems.sort_unstable();
    stems.dedup();
    stems.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writings_of_one_thing_fold_to_one_key() {
        assert_eq!(words("C++, C# & A+"), ["c++", "c#", "a+"]);
        assert_eq!(words("Caf\u{e9} cafe\u{301} ca\u{ad}fe"), ["cafe", "cafe", "cafe"]);
        assert_eq!(words("Bar&Grill HVAC&R A&P"), ["bar", "grill", "hvacr", "ap"]);
        for (one, other) in [
            ("GD&T", "gd&t"),
            ("Forklifts", "forklift"),
            ("driver’s license", "drivers licence"),
            ("Node.js", "nodejs"),
            ("Maint. Techs", "Maintenance Technician"),
            ("QC Insp", "quality control inspectors"),
        ] {
            assert_eq!(key(one), key(other), "{one}");
        }
        assert_eq!((key("AWS D1.1"), key("machine shops")), (vec!["aws".into(), "d11".into()], key("machine shop")));
        for word in ["boss", "gas", "analysis", "status", "glass", "devops", "cmms"] {
            assert_eq!(singular(word), word);
        }
    }

    #[test]
    fn words_of_one_family_have_one_stem() {
        for family in [
            &["weld", "welder", "welding", "welded"][..],
            &["plan", "plans"],
            &["operate", "operator", "operation", "operating"],
            &["nurse", "nursing"],
            &["inspect", "inspector", "inspecting"],
            &["plc", "plcs"],
            &["install", "installer", "installing"],
        ] {
            for word in family {
                assert_eq!(stem(&singular(word)), stem(family[0]), "{word}");
            }
        }
        for (one, other) in [
            ("cook", "cookie"),
            ("server", "service"),
            ("printer", "painter"),
            ("host", "hostess"),
            ("product", "production"),
        ] {
            assert_ne!(stem(one), stem(other));
        }
        assert_eq!(shape(&key("Reading of blueprints")), shape(&key("blueprint reading")));
    }

    #[test]
    fn short_writings_are_sorted_for_the_search() {
        assert!(SPELLED_OUT.is_sorted_by_key(|(short, _)| *short));
    }
}
