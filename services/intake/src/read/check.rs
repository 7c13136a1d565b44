//! Whether the words make a need: one check for all formats.

use std::collections::HashMap;

use chrono::{Months, NaiveDate};
use skillwire_schemas::{ConceptKind, CountyFips, Horizon, NeedDraft, Openings, RequirementDraft};

use super::raw::{Cell, RawNeed};
use super::wage::{self, short};
use super::{Context, ReadItem, Remark, dates};

/// Openings of one need and horizon at most.
const OPENINGS_MAX: u32 = 10_000;
/// Longest single-line field, characters.
const LINE_CHARS_MAX: usize = 300;
/// Longest reference, characters.
const REFERENCE_CHARS_MAX: usize = 80;
/// How far ahead a need may hold, months.
const VALID_MONTHS_MAX: u32 = 36;

/// Checks all items; the same reference or the same row twice in one submission is an error of the later one.
pub(crate) fn all(raw: Vec<RawNeed>, context: &Context) -> Vec<ReadItem> {
    let mut references: HashMap<String, String> = HashMap::new();
    let mut rows: HashMap<String, String> = HashMap::new();
    let mut items = Vec::with_capacity(raw.len());
    for need in raw {
        let same = need.reference.is_none().then(|| format!("{:?}", RawNeed { place: String::new(), ..need.clone() }));
        let mut item = one(need, context);
        let twice = match (&item.reference, same) {
            (Some(reference), _) => references.insert(reference.clone(), item.place.clone()).map(|first| {
                let message =
                    format!("'{}' is already the reference of {first}; give each need its own", short(reference));
                Remark::new("reference", "reference_twice", message)
            }),
            (None, Some(same)) => rows.insert(same, item.place.clone()).map(|first| {
                let message = format!("the same as {first}; remove one, or give both a reference if both are meant");
                Remark::new("", "row_twice", message)
            }),
            (None, None) => None,
        };
        if let Some(remark) = twice {
            match &mut item.result {
                Ok(_) => item.result = Err(vec![remark]),
                Err(errors) => errors.push(remark),
            }
        }
        items.push(item);
    }
    items
}

struct Checker<'a> {
    context: &'a Context,
    errors: Vec<Remark>,
    warnings: Vec<Remark>,
}

fn one(raw: RawNeed, context: &Context) -> ReadItem {
    let mut checker = Checker { context, errors: raw.errors.clone(), warnings: raw.warnings.clone() };
    let reference = raw.reference.as_ref().and_then(|cell| checker.line(cell, REFERENCE_CHARS_MAX));
    let draft = checker.draft(&raw, reference.clone());
    let result = if checker.errors.is_empty() { Ok(Box::new(draft)) } else { Err(checker.errors) };
    ReadItem { place: raw.place, reference, result, warnings: checker.warnings }
}

impl Checker<'_> {
    fn error(&mut self, cell: &Cell, code: &str, message: impl Into<String>) {
        self.errors.push(Remark::new(&cell.field, code, message));
    }

    fn draft(&mut self, raw: &RawNeed, reference: Option<String>) -> NeedDraft {
        let occupation = raw.occupation.as_ref().and_then(|cell| self.line(cell, LINE_CHARS_MAX));
        if occupation.is_none() && !self.errors.iter().any(|e| e.field == "occupation") {
            self.errors.push(Remark::new("occupation", "occupation_missing", "say what job it is, e.g. CNC Machinist"));
        }
        let (county, place_text) = self.county(raw);
        let stated_wage = self.wage(raw);
        NeedDraft {
            reference,
            occupation: occupation.unwrap_or_default(),
            occupation_code: raw.occupation_code.as_ref().and_then(|cell| self.code(cell)),
            openings: self.openings(raw),
            county,
            place_text,
            wage: stated_wage,
            education: raw.education.as_ref().and_then(|cell| self.text(cell)),
            experience: raw.experience.as_ref().and_then(|cell| self.text(cell)),
            requirements: self.requirements(raw),
            barriers: self.barriers(raw),
            valid_until: raw.valid_until.as_ref().and_then(|cell| self.valid_until(cell)),
            notes: raw.notes.as_ref().and_then(|cell| self.text(cell)),
        }
    }

    /// A text of one line.
    fn line(&mut self, cell: &Cell, chars_max: usize) -> Option<String> {
        let text = cell.text.trim();
        if text.is_empty() {
            return None;
        }
        if text.chars().any(char::is_control) {
            self.error(
                cell,
                "control_characters",
                "holds a line break or another control character; write it on one line",
            );
            return None;
        }
        let chars = text.chars().count();
        if chars > chars_max {
            self.error(cell, "too_long", format!("{chars} characters; at most {chars_max}"));
            return None;
        }
        Some(text.to_owned())
    }

    /// A text that may have several lines.
    fn text(&mut self, cell: &Cell) -> Option<String> {
        let text = cell.text.trim();
        let chars = text.chars().count();
        let chars_max = self.context.limits.cell_chars_max;
        if chars > chars_max {
            self.error(cell, "too_long", format!("{chars} characters; at most {chars_max}"));
            return None;
        }
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            self.error(cell, "control_characters", "holds control characters; remove them");
            return None;
        }
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn code(&mut self, cell: &Cell) -> Option<String> {
        let text = cell.text.trim();
        if text.is_empty() {
            return None;
        }
        let digits: Vec<&[u8]> = text.split(['-', '.']).map(str::as_bytes).collect();
        let lengths: Vec<usize> = digits.iter().map(|d| d.len()).collect();
        let fine = digits.iter().all(|part| part.iter().all(u8::is_ascii_digit))
            && text.as_bytes().get(2) == Some(&b'-')
            && matches!(lengths.as_slice(), [2, 4] | [2, 4, 2]);
        if !fine {
            self.error(
                cell,
                "occupation_code",
                format!("'{}' is no SOC or O*NET-SOC code; write 51-4121 or 51-4121.00", short(text)),
            );
            return None;
        }
        Some(text.to_owned())
    }

    fn openings(&mut self, raw: &RawNeed) -> Vec<Openings> {
        let mut found: Vec<Openings> = Vec::new();
        for one in &raw.openings {
            let Some(count) = self.count(&one.cell) else { continue };
            if count == 0 {
                continue;
            }
            let at = match found.iter().position(|o| o.horizon == one.horizon) {
                Some(at) => at,
                None => {
                    found.push(Openings { horizon: one.horizon, new: 0, replacement: 0 });
                    found.len() - 1
                }
            };
            let slot = if one.is_new { &mut found[at].new } else { &mut found[at].replacement };
            *slot = slot.saturating_add(count);
        }
        let unreadable = raw.openings.iter().any(|o| self.errors.iter().any(|e| e.field == o.cell.field));
        if found.is_empty() && !unreadable {
            self.errors.push(Remark::new(
                "openings",
                "openings_missing",
                "say how many people are wanted: at least one opening, new or replacement, in one horizon",
            ));
        }
        found.sort_by_key(|o| Horizon::ALL.iter().position(|h| *h == o.horizon));
        found
    }

    fn count(&mut self, cell: &Cell) -> Option<u32> {
        let text = cell.text.trim().replace(',', "");
        if text.is_empty() {
            return None;
        }
        if let Ok(number) = text.parse::<f64>() {
            if number < 0.0 {
                self.error(cell, "openings_negative", format!("{text} openings cannot be; give 0 or more"));
                return None;
            }
            if number.fract() != 0.0 {
                self.error(cell, "openings_fraction", format!("{text} openings cannot be; give a whole number"));
                return None;
            }
            if number > f64::from(OPENINGS_MAX) {
                self.error(cell, "openings_many", format!("{text} openings in one need; at most {OPENINGS_MAX}"));
                return None;
            }
        }
        let whole = text.split('.').next().unwrap_or_default();
        match whole.parse::<u32>() {
            Ok(count) if !text.contains(['e', 'E']) => Some(count),
            _ => {
                self.error(
                    cell,
                    "openings_unreadable",
                    format!("'{}' is no number; give a whole number such as 3", short(&text)),
                );
                None
            }
        }
    }

    fn county(&mut self, raw: &RawNeed) -> (Option<CountyFips>, Option<String>) {
        let Some(cell) = &raw.county else { return (None, None) };
        let Some(text) = self.line(cell, LINE_CHARS_MAX) else { return (None, None) };
        match CountyFips::parse_within(&text, &self.context.counties) {
            Ok(county) if self.context.counties.contains(&county) => {
                if text.bytes().all(|b| b.is_ascii_digit()) && text.len() == 4 {
                    self.warnings.push(Remark::new(
                        &cell.field,
                        "zero_restored",
                        format!("{text} was read as {county}"),
                    ));
                }
                (Some(county), Some(text))
            }
            Ok(county) if raw.county_is_a_guess => {
                let message =
                    format!("{} is outside the partnership; the need counts in its total only", county.name());
                self.warnings.push(Remark::new(&cell.field, "county_outside", message));
                (None, Some(text))
            }
            Ok(county) => {
                let message = format!(
                    "{} ({county}) is not in the partnership's region; leave it empty or give one that is",
                    county.name()
                );
                self.error(cell, "county_outside", message);
                (None, Some(text))
            }
            Err(_) if raw.county_is_a_guess => {
                let message = format!("no county was found in '{}'; the need counts in the total only", short(&text));
                self.warnings.push(Remark::new(&cell.field, "county_not_found", message));
                (None, Some(text))
            }
            Err(e) => {
                self.error(cell, "county_unknown", e.to_string());
                (None, Some(text))
            }
        }
    }

    fn wage(&mut self, raw: &RawNeed) -> Option<skillwire_schemas::StatedWage> {
        fn given(cell: Option<&Cell>) -> Option<(&str, &str)> {
            cell.filter(|c| !c.text.trim().is_empty()).map(|c| (c.field.as_str(), c.text.as_str()))
        }
        let (min, max, unit) = (raw.wage_min.as_ref(), raw.wage_max.as_ref(), raw.wage_unit.as_ref());
        match wage::put_together(given(min), given(max), given(unit), &mut self.warnings) {
            Ok(found) => found,
            Err(remark) => {
                self.errors.push(remark);
                None
            }
        }
    }

    fn requirements(&mut self, raw: &RawNeed) -> Vec<RequirementDraft> {
        let mut found = Vec::new();
        for one in &raw.requirements {
            let Some(text) = self.line(&one.cell, LINE_CHARS_MAX) else { continue };
            let importance = self.scale(&one.cell, "importance", one.importance);
            let proficiency = self.scale(&one.cell, "proficiency", one.proficiency);
            let kind = one.is_credential.then_some(ConceptKind::Credential);
            found.push(RequirementDraft { text, kind, level: one.level, importance, proficiency });
        }
        self.few(found.len(), "requirements");
        found
    }

    fn scale(&mut self, cell: &Cell, what: &str, given: Option<i64>) -> Option<u8> {
        let given = given?;
        match u8::try_from(given) {
            Ok(value @ 1..=5) => Some(value),
            _ => {
                self.error(cell, "scale", format!("{what} {given} is not on the scale; give 1 to 5"));
                None
            }
        }
    }

    fn barriers(&mut self, raw: &RawNeed) -> Vec<String> {
        let found: Vec<String> = raw.barriers.iter().filter_map(|cell| self.line(cell, LINE_CHARS_MAX)).collect();
        self.few(found.len(), "barriers");
        found
    }

    fn few(&mut self, entries: usize, field: &str) {
        let max = self.context.limits.list_entries_max;
        if entries > max {
            self.errors.push(Remark::new(
                field,
                "too_many_entries",
                format!("{entries} entries; at most {max} in one need"),
            ));
        }
    }

    fn valid_until(&mut self, cell: &Cell) -> Option<NaiveDate> {
        if cell.text.trim().is_empty() {
            return None;
        }
        let Some(date) = dates::parse(&cell.text) else {
            let message = format!("'{}' is no date; write 2027-03-31 or 3/31/2027", short(&cell.text));
            self.error(cell, "date_unreadable", message);
            return None;
        };
        let today = self.context.today;
        if date < today {
            self.error(cell, "date_past", format!("{date} is past; give a day from {today} on, or leave it empty"));
            return None;
        }
        let last = today.checked_add_months(Months::new(VALID_MONTHS_MAX)).unwrap_or(NaiveDate::MAX);
        if date > last {
            self.error(
                cell,
                "date_far",
                format!("{date} is more than {VALID_MONTHS_MAX} months ahead; give a day up to {last}"),
            );
            return None;
        }
        Some(date)
    }
}
