//! What a job description says beside its skills, for readers who make no need of it: education, experience, wage, and which
//! stretches are required, which only preferred.

use chrono::NaiveDate;
use skillwire_schemas::RequirementLevel;

use super::raw::RawNeed;
use super::sections::{Part, heading, without_bullet};
use super::{Context, Unreadable, docx, encoding, text};
use crate::config::Config;

/// What was found; each in the text's own words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outline {
    /// The line about education.
    pub education: Option<String>,
    /// The line about experience.
    pub experience: Option<String>,
    /// Lowest pay, as written without the currency.
    pub wage_min: Option<String>,
    /// Highest pay.
    pub wage_max: Option<String>,
    /// hour, week, month or year.
    pub wage_unit: Option<String>,
    /// Lines that state requirements: first character, behind the last, level.
    pub levels: Vec<(usize, usize, RequirementLevel)>,
}

/// Words that ask for something without insisting.
const SOFTER: &[&str] =
    &["preferred", "a plus", "nice to have", "helpful", "desired", "desirable", "an advantage", "bonus", "ideally"];

/// Reads a text. Without any heading every line states requirements.
#[must_use]
pub fn outline(whole: &str) -> Outline {
    let lines: Vec<&str> = whole.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let mut need = RawNeed::default();
    text::wage(&lines, &mut need);
    for line in &lines {
        text::aside(without_bullet(line), &mut need);
    }
    let is_parted = lines.iter().any(|line| heading(line).is_some());
    let mut part = if is_parted { Part::Other } else { Part::Requirements(RequirementLevel::Required) };
    let (mut levels, mut start) = (Vec::new(), 0);
    for line in whole.split('\n') {
        let end = start + line.chars().count();
        if let Some((opened, _)) = heading(line) {
            part = opened;
        }
        if let Part::Requirements(level) | Part::Credentials(level) = part
            && !line.trim().is_empty()
        {
            let lower = line.to_lowercase();
            let softer = SOFTER.iter().any(|word| lower.contains(word));
            levels.push((start, end, if softer { RequirementLevel::Preferred } else { level }));
        }
        start = end + 1;
    }
    let said = |cell: Option<super::raw::Cell>| cell.map(|cell| cell.text);
    Outline {
        education: said(need.education),
        experience: said(need.experience),
        wage_min: said(need.wage_min),
        wage_max: said(need.wage_max),
        wage_unit: said(need.wage_unit),
        levels,
    }
}

/// The text of a file: a Word document by its name's ending, else plain text in UTF-8 or Windows-1252.
///
/// # Errors
/// [`Unreadable`]: what is wrong and what would be right.
pub fn file_text(name: &str, bytes: &[u8]) -> Result<String, Unreadable> {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    match ending.as_deref() {
        Some("docx") => {
            // Only the bounds of a file are asked for.
            let context = Context { today: NaiveDate::default(), counties: Vec::new(), limits: Config::default() };
            docx::text(bytes, &context)
        }
        None | Some("txt" | "text" | "md") => Ok(encoding::decode(bytes)?.0),
        Some(other) => {
            Err(Unreadable::new("unsupported", format!("a .{other} file cannot be read here; give .txt or .docx")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_outlined() {
        let text = "Welder\nPay: $22 - $26 per hour\nRequirements:\n- MIG welding\n- High school diploma\n- 2 years experience\nPreferred:\n- TIG welding\nBenefits:\n- dental";
        let found = outline(text);
        assert_eq!(found.education.as_deref(), Some("High school diploma"));
        assert_eq!(found.experience.as_deref(), Some("2 years experience"));
        assert_eq!(
            (found.wage_min.as_deref(), found.wage_max.as_deref(), found.wage_unit.as_deref()),
            (Some("22"), Some("26"), Some("hour"))
        );
        let chars: Vec<char> = text.chars().collect();
        let of = |level| -> Vec<String> {
            let lines = found.levels.iter().filter(|(.., l)| *l == level);
            lines.map(|(a, b, _)| chars[*a..*b].iter().collect()).collect()
        };
        assert!(of(RequirementLevel::Required).contains(&"- MIG welding".to_owned()));
        assert!(of(RequirementLevel::Preferred).contains(&"- TIG welding".to_owned()));
        assert!(!found.levels.iter().any(|(a, ..)| chars[*a..].starts_with(&['-', ' ', 'd', 'e'])));
        assert_eq!(outline("Java is a plus").levels, [(0, 14, RequirementLevel::Preferred)]);
    }

    #[test]
    fn only_text_and_word_files_are_read() {
        assert_eq!(file_text("a.txt", "caf\u{e9}".as_bytes()).ok().as_deref(), Some("caf\u{e9}"));
        assert!(file_text("a.pdf", b"%PDF").unwrap_err().to_string().contains("give .txt or .docx"));
        assert!(file_text("a.docx", b"PK").is_err());
    }
}
