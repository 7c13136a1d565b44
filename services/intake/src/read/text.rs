//! A pasted job description. What is plain is taken, what is not is left out and said.
//!
//! Heuristics, in this order: the title is what follows "Title:" or "Position:", else the first line; headings open parts
//! (`sections`); entries of requirement parts are requirements; openings, wage, place, education and experience are found by
//! their words anywhere.

use skillwire_schemas::{Horizon, RequirementLevel};

use super::raw::{Cell, RawNeed, RawOpenings, RawRequirement};
use super::sections::{Part, heading, is_bullet, without_bullet};
use super::wage::short;
use super::{Context, Remark, Unreadable};

/// Longest job description, characters.
const TEXT_CHARS_MAX: usize = 50_000;
/// Longest entry that is taken as one requirement, characters.
const ENTRY_CHARS_MAX: usize = 160;

/// Reads a job description.
pub(crate) fn read(text: &str, context: &Context) -> Result<RawNeed, Unreadable> {
    let chars = text.chars().count();
    if chars > TEXT_CHARS_MAX {
        return Err(Unreadable::new(
            "too_long",
            format!("{chars} characters; a job description has at most {TEXT_CHARS_MAX}"),
        ));
    }
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        return Err(Unreadable::new("empty", "there is no text in it; paste the job description"));
    }
    let mut need = RawNeed { place: "text".to_owned(), county_is_a_guess: true, ..RawNeed::default() };
    need.occupation = Some(Cell::new("occupation", title(&lines)));
    need.reference =
        labelled(&lines, &["reference", "requisition", "req id", "job id"]).map(|t| Cell::new("reference", t));
    need.county = labelled(&lines, &["location", "county", "work location"]).map(|t| Cell::new("county", county_of(t)));
    openings(&lines, &mut need);
    wage(&lines, &mut need);
    requirements(&lines, &mut need, context);
    Ok(need)
}

/// What follows one of these words and a colon.
fn labelled<'a>(lines: &[&'a str], words: &[&str]) -> Option<&'a str> {
    lines.iter().find_map(|line| {
        let (head, rest) = line.split_once(':')?;
        let head = head.trim().trim_matches('*').to_lowercase();
        (words.contains(&head.as_str()) && !rest.trim().is_empty()).then(|| rest.trim().trim_matches('*').trim())
    })
}

fn title(lines: &[&str]) -> String {
    let found = labelled(lines, &["title", "job title", "position", "position title", "job"]);
    found.unwrap_or_else(|| without_bullet(lines[0]).trim_start_matches('#').trim()).chars().take(300).collect()
}

/// "Kansas City, Jackson County, MO" -> "Jackson County, MO".
fn county_of(place: &str) -> String {
    let parts: Vec<&str> = place.split(',').map(str::trim).collect();
    match parts.iter().position(|part| part.to_lowercase().ends_with("county")) {
        Some(at) => parts[at..].join(", "),
        None => place.to_owned(),
    }
}

/// "3 openings", "Openings: 3", "hiring 5", "(4 positions)".
fn openings(lines: &[&str], need: &mut RawNeed) {
    let labelled = labelled(lines, &["openings", "number of openings", "positions", "vacancies"]);
    let found = labelled.and_then(first_number).or_else(|| lines.iter().find_map(|line| spoken(line)));
    let count = found.unwrap_or_else(|| {
        need.warnings.push(Remark::new(
            "openings",
            "openings_assumed",
            "no number of openings was found; one was taken",
        ));
        "1".to_owned()
    });
    need.openings.push(RawOpenings { cell: Cell::new("openings", count), horizon: Horizon::Now, is_new: true });
}

fn first_number(text: &str) -> Option<String> {
    text.split(|c: char| !c.is_ascii_digit()).find(|w| !w.is_empty()).map(ToOwned::to_owned)
}

fn spoken(line: &str) -> Option<String> {
    let lower = line.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    words.windows(3).chain(words.windows(2)).find_map(|window| {
        let number =
            |word: &str| (word.len() <= 3 && word.bytes().all(|b| b.is_ascii_digit())).then(|| word.to_owned());
        let (first, last) = (window.first()?, window.last()?);
        if matches!(*last, "openings" | "opening" | "positions" | "vacancies") {
            return number(first).or_else(|| number(window[window.len() - 2]));
        }
        if matches!(*first, "hiring" | "seeking") { number(window[1]) } else { None }
    })
}

/// "$21.50 - $26.00 / hr", "$45k–$60k per year", "Pay: 18.50 an hour".
pub(super) fn wage(lines: &[&str], need: &mut RawNeed) {
    for line in lines {
        let Some(at) = line.find('$') else { continue };
        let Some((low, after)) = money(&line[at + 1..]) else { continue };
        let rest = after.trim_start();
        let range = ["-", "–", "—", "to "].iter().find_map(|dash| rest.strip_prefix(dash));
        let (high, tail) = match range.map(|r| r.trim_start().trim_start_matches('$')).and_then(money) {
            Some((high, tail)) => (Some(high), tail),
            None => (None, rest),
        };
        let tail = tail.trim_start().trim_start_matches('/').trim_start();
        let words: Vec<&str> =
            tail.split(|c: char| !c.is_ascii_alphabetic()).filter(|w| !w.is_empty()).take(2).collect();
        let unit = match words.as_slice() {
            ["per" | "an" | "a", unit, ..] => super::wage::unit(unit),
            [unit, ..] => super::wage::unit(unit),
            [] => None,
        };
        // A sign-on bonus is money too, but no wage: without a unit only what stands on a pay line is taken.
        let lower = line.to_lowercase();
        if unit.is_none() && !["pay", "wage", "salary", "compensation"].iter().any(|w| lower.contains(w)) {
            continue;
        }
        need.wage_min = Some(Cell::new("wage", low));
        need.wage_max = high.map(|high| Cell::new("wage", high));
        need.wage_unit = unit.map(|unit| Cell::new("wage", unit.as_str()));
        return;
    }
}

fn money(text: &str) -> Option<(String, &str)> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == ',' || c == '.')).unwrap_or(text.len());
    let digits = text[..end].trim_end_matches(['.', ',']);
    if digits.is_empty() {
        return None;
    }
    let rest = &text[digits.len()..];
    match rest.strip_prefix(['k', 'K']) {
        Some(rest) => Some((format!("{digits}k"), rest)),
        None => Some((digits.to_owned(), rest)),
    }
}

fn requirements(lines: &[&str], need: &mut RawNeed, context: &Context) {
    let mut part = Part::Other;
    for line in lines.iter().skip(1) {
        if let Some((opened, rest)) = heading(line) {
            part = opened;
            if !rest.is_empty() {
                entry(rest, part, need);
            }
        } else if part != Part::Other {
            entry(without_bullet(line), part, need);
        } else if is_bullet(line) {
            aside(without_bullet(line), need);
        }
    }
    need.requirements.truncate(context.limits.list_entries_max);
    if need.requirements.is_empty() {
        let message = "no requirements were found; put them under a heading such as 'Requirements:'";
        need.warnings.push(Remark::new("requirements", "requirements_not_found", message));
    }
}

/// An entry of a requirement part: education and experience go where they belong, the rest are requirements.
fn entry(text: &str, part: Part, need: &mut RawNeed) {
    if aside(text, need) {
        return;
    }
    let (level, is_credential) = match part {
        Part::Requirements(level) => (level, false),
        Part::Credentials(level) => (level, true),
        Part::Other => return,
    };
    let lower = text.to_lowercase();
    let softer = ["preferred", "a plus", "nice to have", "helpful", "desired"].iter().any(|w| lower.contains(w));
    let level = if softer { RequirementLevel::Preferred } else { level };
    for piece in text.split(';').map(|p| p.trim().trim_end_matches('.')).filter(|p| !p.is_empty()) {
        if piece.chars().count() > ENTRY_CHARS_MAX {
            let message = format!("'{}' is long for one requirement and was left out", short(piece));
            need.warnings.push(Remark::new("requirements", "requirement_long", message));
            continue;
        }
        let cell = Cell::new("requirements", piece);
        need.requirements.push(RawRequirement { cell, level, is_credential, importance: None, proficiency: None });
    }
}

/// Education and experience, wherever they stand; whether the text was one of them.
pub(super) fn aside(text: &str, need: &mut RawNeed) -> bool {
    let lower = text.to_lowercase();
    let education = [
        "high school",
        "diploma",
        "ged",
        "associate degree",
        "associate's",
        "bachelor",
        "master's degree",
        "degree in",
    ];
    if need.education.is_none() && education.iter().any(|w| lower.contains(w)) {
        need.education = Some(Cell::new("education", text));
        return true;
    }
    let experience = lower.contains("experience") && lower.bytes().any(|b| b.is_ascii_digit());
    if need.experience.is_none() && experience {
        need.experience = Some(Cell::new("experience", text));
        // "2 years of TIG welding experience" is about a skill as well.
        return !lower.contains(" of ") && !lower.contains(" in ") && !lower.contains(" with ");
    }
    false
}
