//! Folding: many ways to write a thing, one key.

/// Words that say nothing about which skill or credential is meant.
const NOISE: &[&str] = &[
    "a",
    "ability",
    "able",
    "active",
    "an",
    "and",
    "at",
    "background",
    "basic",
    "be",
    "can",
    "capable",
    "competent",
    "current",
    "demonstrated",
    "excellent",
    "experience",
    "experienced",
    "familiar",
    "familiarity",
    "for",
    "from",
    "good",
    "great",
    "has",
    "have",
    "hand",
    "hands",
    "in",
    "is",
    "knowledge",
    "knowledgeable",
    "least",
    "level",
    "minimum",
    "must",
    "of",
    "on",
    "or",
    "own",
    "plus",
    "possess",
    "preferred",
    "prior",
    "proficiency",
    "proficient",
    "proven",
    "required",
    "skill",
    "skilled",
    "solid",
    "some",
    "strong",
    "the",
    "their",
    "to",
    "trained",
    "understand",
    "understanding",
    "use",
    "using",
    "valid",
    "very",
    "well",
    "with",
    "work",
    "working",
    "year",
    "yr",
];

/// Words around a job title that say how the job is offered, not what it is.
const DECORATION: &[&str] = &[
    "1st",
    "2nd",
    "3rd",
    "first",
    "second",
    "third",
    "shift",
    "day",
    "night",
    "evening",
    "weekend",
    "overnight",
    "swing",
    "rotating",
    "full",
    "part",
    "time",
    "ft",
    "pt",
    "prn",
    "temp",
    "temporary",
    "perm",
    "permanent",
    "seasonal",
    "contract",
    "hire",
    "direct",
    "urgent",
    "immediate",
    "hiring",
    "now",
    "needed",
    "wanted",
    "bonus",
    "sign",
    "sign-on",
    "sign on",
    "signon",
    "am",
    "pm",
    "hr",
    "hour",
    "hourly",
    "sr",
    "senior",
    "jr",
    "junior",
    "i",
    "ii",
    "iii",
    "iv",
    "v",
    "lead",
    "level",
    "entry",
    "experienced",
    "trainee",
    "apprentice",
    "certified",
    "onsite",
    "remote",
    "hybrid",
    "opening",
    "position",
    "job",
    "new",
    "grad",
    "a",
    "an",
    "the",
    "start",
    "asap",
    "immediately",
    "weekly",
    "pay",
    "home",
    "daily",
    "10k",
    "5k",
    "3k",
    "2k",
    "12hr",
    "8hr",
    "10hr",
    "4x10",
    "mon",
    "fri",
    "only",
    "up",
    "to",
    "per",
];

/// Lower-case words without accents and punctuation; `+`, `#` and joined `&` stay where they mean something.
pub(crate) fn words(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().flat_map(char::to_lowercase).map(plain).collect();
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
            // GD&T, A&P; but "food & beverage" are two words.
            '&' if joined(before) && joined(after) => {}
            // D1.1, O'Brien, driver's: nothing where letters or digits meet.
            '\'' | '’' if joined(before) && joined(after) => {}
            '.' if joined(before) && joined(after) => {}
            _ => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

fn plain(c: char) -> char {
    match c {
        'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'ó' | 'ò' | 'ô' | 'ö' | 'õ' => 'o',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        'ñ' => 'n',
        'ç' => 'c',
        other => other,
    }
}

/// A word in the singular, as far as its ending tells.
pub(crate) fn singular(word: &str) -> String {
    let n = word.len();
    if n <= 3 || !word.is_ascii() || word.ends_with("ss") || word.ends_with("us") || word.ends_with("is") {
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

/// The words of a text in the singular.
pub(crate) fn key(text: &str) -> Vec<String> {
    words(text).iter().map(|word| singular(word)).collect()
}

/// Without the words that say nothing. All of them noise: as it was.
pub(crate) fn without_noise(words: &[String]) -> Vec<String> {
    let kept: Vec<String> = words.iter().filter(|w| !NOISE.contains(&w.as_str()) && !is_number(w)).cloned().collect();
    if kept.is_empty() { words.to_vec() } else { kept }
}

/// A job title without its decoration. All of it decoration: as it was.
pub(crate) fn without_decoration(title: &str) -> Vec<String> {
    // What stands behind a dash or in brackets tells of the place or the shift more often than of the job; it is left out
    // only when enough is left.
    let head = title.split(['(', '[', '|', '!', '$']).next().unwrap_or(title);
    let head = head.split(" - ").next().unwrap_or(head).split(" – ").next().unwrap_or(head);
    for text in [head, title] {
        let kept: Vec<String> =
            key(text).into_iter().filter(|w| !DECORATION.contains(&w.as_str()) && !is_number(w)).collect();
        if !kept.is_empty() {
            return kept;
        }
    }
    key(title)
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_digit())
}

/// Whether a text says that something is *not* asked for.
pub(crate) fn is_negated(text: &str) -> bool {
    let words = words(text);
    let has = |wanted: &str| words.iter().any(|w| w == wanted);
    let asked = has("required") || has("necessary") || has("needed") || has("require");
    (words.first().is_some_and(|w| w == "no") && asked)
        || words.windows(2).any(|w| w[0] == "not" && matches!(w[1].as_str(), "required" | "necessary" | "needed"))
        || (words.first().is_some_and(|w| w == "no") && has("experience"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writings_of_one_thing_fold_to_one_key() {
        assert_eq!(key("GD&T"), key("gd&t"));
        assert_eq!(words("C++, C# & A+"), ["c++", "c#", "a+"]);
        assert_eq!(key("Forklifts"), key("forklift"));
        assert_eq!(
            key("driver’s license"),
            key("drivers license")
                .iter()
                .map(|w| if w == "driver" { "driver".to_owned() } else { w.clone() })
                .collect::<Vec<_>>()
        );
        assert_eq!(key("AWS D1.1"), ["aws", "d11"]);
        assert_eq!(words("Café"), ["cafe"]);
        for word in ["boss", "gas", "analysis", "status", "glass"] {
            assert_eq!(singular(word), if word == "gas" { "gas" } else { word });
        }
    }

    #[test]
    fn decoration_goes_and_the_job_stays() {
        assert_eq!(without_decoration("CNC Machinist II - 2nd shift").join(" "), "cnc machinist");
        assert_eq!(without_decoration("RN FT Days $5k sign-on!!").join(" "), "rn");
        assert_eq!(without_decoration("Sr. Maintenance Technicians (Nights)").join(" "), "maintenance technician");
        assert_eq!(without_decoration("Lead").join(" "), "lead");
    }

    #[test]
    fn what_is_not_asked_for_is_noticed() {
        for text in ["No experience required", "experience not necessary", "No degree needed", "no experience"] {
            assert!(is_negated(text), "{text}");
        }
        for text in ["Notary", "Experience required", "nonconforming material"] {
            assert!(!is_negated(text), "{text}");
        }
    }
}
