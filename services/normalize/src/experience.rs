//! Experience in the employer's words -> months.

/// "1-2 years" -> 12, "2+ yrs" -> 24, "6 months" -> 6, "none" -> 0; nothing when it does not say.
#[must_use]
pub fn months(text: &str) -> Option<u32> {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric() && c != '.').filter(|w| !w.is_empty()).collect();
    for (at, word) in words.iter().enumerate() {
        let per = match *word {
            "year" | "years" | "yr" | "yrs" | "y" => 12.0,
            "month" | "months" | "mo" | "mos" => 1.0,
            _ => continue,
        };
        // "1-2 years", "2 to 3 years": the lower end.
        let mut number = None;
        for before in words[..at].iter().rev().take(3) {
            match value(before) {
                Some(found) => number = Some(found),
                None if matches!(*before, "to" | "or" | "plus") => {}
                None => break,
            }
        }
        if let Some(number) = number.filter(|n| (0.0..=60.0 * 12.0).contains(n)) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 8,640")]
            return Some((number * per).round() as u32);
        }
    }
    ["none", "no experience", "not required", "entry level", "will train"]
        .iter()
        .any(|w| lower.contains(w))
        .then_some(0)
}

fn value(word: &str) -> Option<f64> {
    const WORDS: [&str; 11] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    let spelled = WORDS.iter().position(|w| *w == word).and_then(|n| u8::try_from(n).ok()).map(f64::from);
    spelled.or_else(|| word.parse().ok().filter(|n: &f64| n.is_finite()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn experience_is_read_as_it_is_said() {
        for (text, wanted) in [
            ("1 year", Some(12)),
            ("1-2 years", Some(12)),
            ("2+ yrs", Some(24)),
            ("6 months", Some(6)),
            ("two to three years", Some(24)),
            ("none", Some(0)),
            ("No experience needed", Some(0)),
            ("at least 5 years experience", Some(60)),
            ("1.5 years", Some(18)),
            ("some", None),
            ("", None),
            ("99999 years", None),
            ("years of dedication", None),
        ] {
            assert_eq!(months(text), wanted, "{text}");
        }
    }
}
