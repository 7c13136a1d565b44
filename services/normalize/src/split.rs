//! Several skills in one cell -> phrases.

use crate::matcher::{MatchKind, Matcher};

/// Phrases of one text at most.
const PHRASES_MAX: usize = 20;

/// The phrases of a text. A text that is itself a name ("food safety and sanitation", "C/C++") stays whole.
pub(crate) fn phrases(text: &str, matcher: &Matcher) -> Vec<String> {
    let text = text.trim();
    let is_name = |part: &str| matcher.knows(part, MatchKind::Skill) || matcher.knows(part, MatchKind::Credential);
    if matcher.is_name(text, MatchKind::Skill) || matcher.is_name(text, MatchKind::Credential) {
        return vec![text.to_owned()];
    }
    let mut parts: Vec<&str> = split_at(text, &[',', ';', '\n', '•']);
    // "welding/fabrication" and "Excel and Word" are two only when both sides are something.
    for separator in ["/", " and ", " & ", " + ", " or ", " with "] {
        parts = parts.into_iter().flat_map(|part| split_if(part, separator, &is_name)).collect();
    }
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
    if !text.contains(separator) {
        return vec![text];
    }
    let parts: Vec<&str> = text.split(separator).map(str::trim).filter(|part| !part.is_empty()).collect();
    if parts.len() > 1 && parts.iter().all(|part| is_name(part)) { parts } else { vec![text] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::taxonomy::Taxonomy;

    #[test]
    fn several_in_one_cell_come_apart_and_one_stays_whole() {
        let matcher = Matcher::new(Taxonomy::starter().unwrap());
        for (text, wanted) in [
            ("forklift, blueprint reading", &["forklift", "blueprint reading"][..]),
            ("GD&T; SPC", &["GD&T", "SPC"]),
            ("Excel and SQL", &["Excel", "SQL"]),
            ("MIG, TIG and stick welding", &["MIG", "TIG", "stick welding"]),
            ("brazing/soldering", &["brazing", "soldering"]),
            ("GD&T", &["GD&T"]),
            ("C/C++", &["C/C++"]),
            ("TCP/IP", &["TCP/IP"]),
            ("lockout/tagout", &["lockout/tagout"]),
            ("calipers and micrometers", &["calipers and micrometers"]),
            ("lifting and other duties", &["lifting and other duties"]),
            ("welding (MIG, TIG)", &["welding (MIG, TIG)"]),
            ("CPR/First Aid", &["CPR/First Aid"]),
            ("Class A CDL with hazmat", &["Class A CDL", "hazmat"]),
            ("experience with PLCs", &["experience with PLCs"]),
            ("• Vital signs\n• EKG", &["Vital signs", "EKG"]),
            ("teamwork, and attention to detail.", &["teamwork", "attention to detail"]),
            (" ; ", &[";"]),
        ] {
            assert_eq!(phrases(text, &matcher), wanted, "{text}");
        }
        assert_eq!(phrases(&"a,".repeat(100), &matcher).len(), PHRASES_MAX);
    }
}
