//! What a publisher's name says beside itself: abbreviations, brackets, names said twice.

use crate::bundle::NameCalled;

/// Longest abbreviation, letters and digits.
const SHORT_MAX: usize = 6;

/// Whether a name is an abbreviation by its looks: capitals, perhaps digits and signs, no space.
pub(crate) fn is_short(name: &str) -> bool {
    let letters = name.chars().filter(|c| c.is_alphanumeric()).count();
    let capitals = name.chars().filter(|c| c.is_uppercase()).count();
    let plain = |c: char| c.is_alphanumeric() && !c.is_lowercase() || "&/-.+#²".contains(c);
    capitals >= 2 && letters <= SHORT_MAX && name.chars().all(plain)
}

/// How a name names, by its looks.
pub(crate) fn called(name: &str) -> NameCalled {
    if is_short(name) { NameCalled::Abbreviation } else { NameCalled::Alias }
}

/// The name without its last bracket, and what stands in it when it ends the name.
pub(crate) fn bracket(name: &str) -> Option<(String, Option<&str>)> {
    let name = name.trim();
    let open = name.rfind('(')?;
    let close = open + name[open..].find(')')?;
    let (before, inside, after) = (name[..open].trim(), name[open + 1..close].trim(), name[close + 1..].trim());
    if before.is_empty() || inside.is_empty() {
        return None;
    }
    let without = if after.is_empty() { before.to_owned() } else { format!("{before} {after}") };
    Some((without, after.is_empty().then_some(inside)))
}

/// "Structured query language SQL" -> ("Structured query language", "SQL"); "Computer aided design CAD software" ->
/// ("Computer aided design software", "CAD"): an abbreviation that follows the words it is made of.
pub(crate) fn spelled_out(name: &str) -> Option<(String, String)> {
    let words: Vec<&str> = name.split_whitespace().collect();
    let at = (2..words.len()).find(|at| is_short(words[*at]) && initials(&words[..*at], words[*at]))?;
    let short = words[at].to_owned();
    let rest: Vec<&str> = words.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, word)| *word).collect();
    Some((rest.join(" "), short))
}

/// Whether the words end with those that an abbreviation is made of.
fn initials(words: &[&str], short: &str) -> bool {
    let letters: Vec<char> = short.chars().filter(|c| c.is_alphabetic()).collect();
    if letters.len() > words.len() || letters.len() != short.chars().count() {
        return false;
    }
    let last = &words[words.len() - letters.len()..];
    last.iter().zip(&letters).all(|(word, letter)| {
        let first = word.chars().next().is_some_and(|c| c.to_uppercase().eq(std::iter::once(*letter)));
        first || *letter == 'X' && word.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("ex"))
    })
}

/// "Adobe Systems Adobe Acrobat" -> "Adobe Acrobat": the maker's name before a name that begins with it again.
pub(crate) fn said_twice(name: &str) -> Option<&str> {
    let first = name.split_whitespace().next().filter(|word| word.chars().count() > 2)?;
    let again = name[first.len()..].match_indices(first).map(|(at, _)| at + first.len());
    let whole = |at: &usize| {
        let end = at + first.len();
        name[..*at].ends_with(' ') && name[end..].starts_with(' ')
    };
    again.filter(whole).last().map(|at| &name[at..])
}

/// Lower case, letters, digits and the signs that tell names apart (C, C++, C#, .NET); everything else is a hyphen.
pub(crate) fn slug(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for c in text.to_lowercase().chars() {
        if c.is_alphanumeric() || "+#.&".contains(c) {
            slug.push(c);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    slug.trim_end_matches(['-', '.']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abbreviations_are_known_by_their_looks() {
        for short in ["CFO", "C4I", "GD&T", "CDL-A", "R&D", "MT-BC", "PM²", "SQL"] {
            assert!(is_short(short), "{short}");
        }
        for long in ["CFO's", "Chef", "I", "C", "DDSCTAX", "CNC Machinist", "2D", "Java"] {
            assert!(!is_short(long), "{long}");
        }
    }

    #[test]
    fn brackets_are_taken_apart() {
        assert_eq!(bracket("Chief Financial Officer (CFO)"), Some(("Chief Financial Officer".to_owned(), Some("CFO"))));
        assert_eq!(bracket("Intelligence (C4I) Officer"), Some(("Intelligence Officer".to_owned(), None)));
        assert_eq!(bracket("Chief Financial Officer"), None);
        assert_eq!(bracket("(CFO)"), None);
        assert_eq!(bracket("odd ) way ("), None);
    }

    #[test]
    fn names_that_say_themselves_twice() {
        let pair = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
        assert_eq!(spelled_out("Structured query language SQL"), pair("Structured query language", "SQL"));
        assert_eq!(spelled_out("Extensible markup language XML"), pair("Extensible markup language", "XML"));
        assert_eq!(spelled_out("Computer aided design CAD software"), pair("Computer aided design software", "CAD"));
        assert_eq!(spelled_out("Oracle Database SQL"), None);
        assert_eq!(said_twice("Adobe Systems Adobe Acrobat"), Some("Adobe Acrobat"));
        assert_eq!(said_twice("Microsoft Excel"), None);
        assert_eq!(said_twice("SAP SAPscript"), None);
    }

    #[test]
    fn ids_are_stable_and_tell_names_apart() {
        assert_eq!(slug("Blackbaud The Raiser's Edge"), "blackbaud-the-raiser-s-edge");
        assert_eq!(slug("Web  browser software "), slug("web-browser software"));
        let ids: std::collections::BTreeSet<String> = ["C", "C++", "C#", ".NET", "Net"].map(slug).into_iter().collect();
        assert_eq!(ids.len(), 5);
    }
}
