//! The parts of a job description: what a heading says about the lines below it.

use skillwire_schemas::RequirementLevel;

/// What the lines of a part are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Requirements of that level.
    Requirements(RequirementLevel),
    /// Credentials of that level.
    Credentials(RequirementLevel),
    /// Anything else: duties, benefits, who we are.
    Other,
}

/// Headings by how they begin (lower case), longer ones first where one begins another.
const HEADINGS: &[(&str, Part)] = &[
    ("preferred certifications", Part::Credentials(RequirementLevel::Preferred)),
    ("preferred licenses", Part::Credentials(RequirementLevel::Preferred)),
    ("preferred", Part::Requirements(RequirementLevel::Preferred)),
    ("nice to have", Part::Requirements(RequirementLevel::Preferred)),
    ("nice-to-have", Part::Requirements(RequirementLevel::Preferred)),
    ("bonus", Part::Requirements(RequirementLevel::Preferred)),
    ("plus", Part::Requirements(RequirementLevel::Preferred)),
    ("a plus", Part::Requirements(RequirementLevel::Preferred)),
    ("desired", Part::Requirements(RequirementLevel::Preferred)),
    ("required certifications", Part::Credentials(RequirementLevel::Required)),
    ("required licenses", Part::Credentials(RequirementLevel::Required)),
    ("certifications", Part::Credentials(RequirementLevel::Required)),
    ("certification", Part::Credentials(RequirementLevel::Required)),
    ("licenses", Part::Credentials(RequirementLevel::Required)),
    ("licensure", Part::Credentials(RequirementLevel::Required)),
    ("credentials", Part::Credentials(RequirementLevel::Required)),
    ("requirements", Part::Requirements(RequirementLevel::Required)),
    ("required", Part::Requirements(RequirementLevel::Required)),
    ("minimum qualifications", Part::Requirements(RequirementLevel::Required)),
    ("qualifications", Part::Requirements(RequirementLevel::Required)),
    ("basic qualifications", Part::Requirements(RequirementLevel::Required)),
    ("must have", Part::Requirements(RequirementLevel::Required)),
    ("must-have", Part::Requirements(RequirementLevel::Required)),
    ("what you need", Part::Requirements(RequirementLevel::Required)),
    ("what you'll need", Part::Requirements(RequirementLevel::Required)),
    ("what you bring", Part::Requirements(RequirementLevel::Required)),
    ("skills", Part::Requirements(RequirementLevel::Required)),
    ("knowledge", Part::Requirements(RequirementLevel::Required)),
    ("responsibilities", Part::Other),
    ("duties", Part::Other),
    ("job duties", Part::Other),
    ("essential functions", Part::Other),
    ("what you will do", Part::Other),
    ("what you'll do", Part::Other),
    ("about", Part::Other),
    ("benefits", Part::Other),
    ("we offer", Part::Other),
    ("what we offer", Part::Other),
    ("pay", Part::Other),
    ("schedule", Part::Other),
    ("how to apply", Part::Other),
    ("apply", Part::Other),
    ("summary", Part::Other),
    ("overview", Part::Other),
    ("description", Part::Other),
];

/// Words of a heading at most; longer lines are sentences.
const HEADING_WORDS_MAX: usize = 6;

/// The part that a line opens, and what follows the colon on the same line.
pub(crate) fn heading(line: &str) -> Option<(Part, &str)> {
    let trimmed = line.trim().trim_start_matches(['#', '*', ' ']).trim_end_matches('*');
    let (head, rest) = match trimmed.split_once(':') {
        Some((head, rest)) => (head, rest.trim().trim_start_matches('*').trim()),
        None => (trimmed, ""),
    };
    if head.split_whitespace().count() > HEADING_WORDS_MAX || (rest.is_empty() && is_bullet(line)) {
        return None;
    }
    let lower = head.trim().to_lowercase();
    // Without a colon only a line that is little more than the heading itself opens a part.
    let alone = trimmed.contains(':') || lower.split_whitespace().count() <= 3;
    HEADINGS
        .iter()
        .find(|(begin, _)| {
            alone
                && lower
                    .strip_prefix(begin)
                    .is_some_and(|after| after.is_empty() || after.starts_with([' ', '/', '(', '&', ',']))
        })
        .map(|(_, part)| (*part, rest))
}

/// Whether a line is an entry of a list.
pub(crate) fn is_bullet(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with(['•', '-', '*', '·', '–', '▪', '◦'])
        || line.split_once(['.', ')']).is_some_and(|(number, rest)| {
            !number.is_empty()
                && number.len() <= 2
                && number.bytes().all(|b| b.is_ascii_digit())
                && rest.starts_with(' ')
        })
}

/// A line without its mark.
pub(crate) fn without_bullet(line: &str) -> &str {
    let line = line.trim().trim_start_matches(['•', '-', '*', '·', '–', '▪', '◦', ' ', '\t']);
    match line.split_once(['.', ')']) {
        Some((number, rest))
            if !number.is_empty()
                && number.len() <= 2
                && number.bytes().all(|b| b.is_ascii_digit())
                && rest.starts_with(' ') =>
        {
            rest.trim()
        }
        _ => line.trim(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_open_parts_and_sentences_do_not() {
        let required = Part::Requirements(RequirementLevel::Required);
        assert_eq!(heading("Requirements:"), Some((required, "")));
        assert_eq!(heading("## Must have"), Some((required, "")));
        assert_eq!(
            heading("Preferred skills: SQL, Excel"),
            Some((Part::Requirements(RequirementLevel::Preferred), "SQL, Excel"))
        );
        assert_eq!(heading("Licenses & certifications"), Some((Part::Credentials(RequirementLevel::Required), "")));
        assert_eq!(heading("Required to lift 50 lb many times a day and night"), None);
        assert_eq!(heading("- Skills"), None);
        assert_eq!(without_bullet("2) MIG welding"), "MIG welding");
        assert_eq!(without_bullet("• GD&T"), "GD&T");
    }
}
