//! Several skills in one cell -> phrases.

use crate::matcher::{MatchKind, Matcher};

/// Phrases of one text at most.
const PHRASES_MAX: usize = 20;

/// The phrases of a text. A text that is itself a name ("food safety and sanitation", "C/C++") stays whole.
pub(crate) fn phrases(text: &str, matcher: &Matcher) -> Vec<String> {
    let text = text.trim();
    let is_name = |part: &str| matcher.is_name(part, MatchKind::Skill) || matcher.is_name(part, MatchKind::Credential);
    if is_name(text) {
        return vec![text.to_owned()];
    }
    let mut parts: Vec<&str> = split_at(text, &[',', ';', '\n', '•']);
    // "welding/fabrication" and "Excel and Word" are two only when both sides are something.
    parts = parts.into_iter().flat_map(|part| split_if(part, "/", &is_name)).collect();
    parts = parts.into_iter().flat_map(|part| split_if(part, " and ", &is_name)).collect();
    parts = parts.into_iter().flat_map(|part| split_if(part, " & ", &is_name)).collect();
    parts = parts.into_iter().flat_map(|part| split_if(part, " or ", &is_name)).collect();
    let parts: Vec<String> = parts
        .into_iter()
        .map(|part| part.trim().trim_start_matches("and ").trim_start_matches("or ").trim_end_matches('.').trim())
        .filter(|part| !part.is_empty())
        .map(ToOwned::to_owned)
        .take(PHRASES_MAX)
        .collect();
    if parts.is_empty() { vec![text.to_owned()] } else { parts }
}

/// Splits at the separators, but not within brackets.
fn split_at<'a>(text: &'a str, separators: &[char]) -> Vec<&'a str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0usize);
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            c if depth == 0 && separators.contains(&c) => {
                parts.push(&text[start..at]);
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn split_if<'a>(text: &'a str, separator: &str, is_name: &impl Fn(&str) -> bool) -> Vec<&'a str> {
    if is_name(text) || !text.contains(separator) {
        return vec![text];
    }
    let parts: Vec<&str> = text.split(separator).map(str::trim).filter(|part| !part.is_empty()).collect();
    if parts.len() > 1 && parts.iter().all(|part| is_name(part)) { parts } else { vec![text] }
}
