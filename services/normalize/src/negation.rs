//! Texts that say what is *not* asked for.

use crate::fold::words;

/// Words that ask.
const ASKING: &[&str] =
    &["required", "require", "requirement", "necessary", "needed", "need", "req", "reqd", "expected"];
/// Words that ask a little: "preferred but not required" is no negation.
const LIKING: &[&str] =
    &["prefer", "preferred", "plus", "helpful", "desired", "desirable", "bonus", "nice", "beneficial"];
/// How far a negation reaches, words.
const REACH_WORDS: usize = 4;

/// Whether a text says that something is not asked for.
pub(crate) fn is_negated(text: &str) -> bool {
    let words = words(text);
    if words.iter().any(|w| LIKING.contains(&w.as_str())) {
        return false;
    }
    let asks = |w: &String| ASKING.contains(&w.as_str());
    let experience = |w: &String| w == "experience" || w == "exp";
    let starts_with_no = words.first().is_some_and(|w| w == "no" || w == "without");
    let after = |at: usize| words[at + 1..].iter().take(REACH_WORDS);
    (starts_with_no && words.iter().any(|w| asks(w) || experience(w)))
        || words.iter().enumerate().any(|(at, w)| match w.as_str() {
            // "not required", "is not a requirement", "do not need", "don't need"; "not only required" asks for more.
            "not" | "dont" | "doesnt" | "isnt" | "arent" | "wont" => {
                after(at).any(asks) && !after(at).any(|w| w == "only" || w == "just")
            }
            "no" => after(at).any(experience) || after(at).take(3).any(|w| w == "required" || w == "needed"),
            _ => false,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_asked_for_is_noticed() {
        for text in [
            "No experience required",
            "experience not necessary",
            "No degree needed",
            "no experience",
            "No prior welding experience",
            "CDL not req'd",
            "a degree is not a requirement",
            "you don't need a high school diploma",
            "Forklift certification NOT REQUIRED",
            "welding (no experience needed)",
        ] {
            assert!(is_negated(text), "{text}");
        }
        for text in [
            "Notary",
            "Experience required",
            "nonconforming material",
            "forklift preferred, not required",
            "no-till farming",
            "not only required but tested",
            "nothing",
            "node.js required",
        ] {
            assert!(!is_negated(text), "{text}");
        }
    }
}
