//! Rows and columns -> needs, for CSV and XLSX alike.

use skillwire_schemas::{Horizon, RequirementLevel};

use super::raw::{Cell, RawNeed, RawOpenings, RawRequirement};
use super::wage::short;
use super::{Context, Remark, Unreadable};

/// The columns of the template, in its order.
pub const TEMPLATE_COLUMNS: [&str; 22] = [
    "reference",
    "occupation",
    "occupation_code",
    "openings_new_now",
    "openings_replacement_now",
    "openings_new_year",
    "openings_replacement_year",
    "openings_new_three_years",
    "openings_replacement_three_years",
    "county",
    "wage_min",
    "wage_max",
    "wage_unit",
    "education",
    "experience",
    "required_skills",
    "preferred_skills",
    "required_credentials",
    "preferred_credentials",
    "barriers",
    "valid_until",
    "notes",
];

/// What people call the columns when they do not use the template (folded: letters and digits only).
const SYNONYMS: &[(&str, &str)] = &[
    ("jobtitle", "occupation"),
    ("title", "occupation"),
    ("job", "occupation"),
    ("position", "occupation"),
    ("positiontitle", "occupation"),
    ("role", "occupation"),
    ("soc", "occupation_code"),
    ("soccode", "occupation_code"),
    ("onet", "occupation_code"),
    ("onetcode", "occupation_code"),
    ("onetsoc", "occupation_code"),
    ("openings", "openings_new_now"),
    ("ofopenings", "openings_new_now"),
    ("numberofopenings", "openings_new_now"),
    ("vacancies", "openings_new_now"),
    ("headcount", "openings_new_now"),
    ("openingsnow", "openings_new_now"),
    ("newnow", "openings_new_now"),
    ("replacementnow", "openings_replacement_now"),
    ("replacements", "openings_replacement_now"),
    ("openingsyear", "openings_new_year"),
    ("openingsthreeyears", "openings_new_three_years"),
    ("location", "county"),
    ("countyname", "county"),
    ("fips", "county"),
    ("wage", "wage_min"),
    ("pay", "wage_min"),
    ("minwage", "wage_min"),
    ("minpay", "wage_min"),
    ("wagefrom", "wage_min"),
    ("payfrom", "wage_min"),
    ("maxwage", "wage_max"),
    ("maxpay", "wage_max"),
    ("wageto", "wage_max"),
    ("payto", "wage_max"),
    ("payunit", "wage_unit"),
    ("per", "wage_unit"),
    ("skills", "required_skills"),
    ("requirements", "required_skills"),
    ("musthave", "required_skills"),
    ("nicetohave", "preferred_skills"),
    ("certifications", "required_credentials"),
    ("certificates", "required_credentials"),
    ("credentials", "required_credentials"),
    ("licenses", "required_credentials"),
    ("id", "reference"),
    ("ref", "reference"),
    ("requisition", "reference"),
    ("requisitionid", "reference"),
    ("reqid", "reference"),
    ("reqno", "reference"),
    ("req", "reference"),
    ("validuntil", "valid_until"),
    ("goodthrough", "valid_until"),
    ("comments", "notes"),
];

/// Columns of a table at most.
const COLUMNS_MAX: usize = 200;

fn fold(header: &str) -> String {
    header.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Which column a header names.
pub(crate) fn column(header: &str) -> Option<&'static str> {
    let folded = fold(header);
    TEMPLATE_COLUMNS
        .iter()
        .find(|name| fold(name) == folded)
        .or_else(|| SYNONYMS.iter().find(|(synonym, _)| *synonym == folded).map(|(_, name)| name))
        .copied()
}

/// What stands in each column of a table.
#[derive(Debug)]
pub(crate) struct Header {
    columns: Vec<Option<&'static str>>,
    pub notes: Vec<Remark>,
}

impl Header {
    /// Reads the header row.
    pub(crate) fn read(cells: &[String]) -> Result<Self, Unreadable> {
        if cells.len() > COLUMNS_MAX {
            let message = format!("{} columns; at most {COLUMNS_MAX}: is the separator right?", cells.len());
            return Err(Unreadable::new("too_many_columns", message));
        }
        let columns: Vec<Option<&'static str>> = cells.iter().map(|cell| column(cell)).collect();
        for (at, name) in columns.iter().enumerate() {
            if let Some(name) = name
                && columns.iter().take(at).any(|other| other == &Some(*name))
            {
                let message =
                    format!("two columns mean {name} (the second is '{}'); remove or rename one", short(&cells[at]));
                return Err(Unreadable::new("column_twice", message));
            }
        }
        let has = |wanted: &str| columns.iter().flatten().any(|name| name.starts_with(wanted));
        let missing: Vec<&str> = ["occupation", "openings"]
            .into_iter()
            .filter(|wanted| {
                !(if *wanted == "occupation" { columns.contains(&Some("occupation")) } else { has(wanted) })
            })
            .map(|wanted| if wanted == "openings" { "openings_new_now (or another openings column)" } else { wanted })
            .collect();
        if !missing.is_empty() {
            let found: Vec<String> =
                cells.iter().filter(|c| !c.trim().is_empty()).map(|c| format!("'{}'", short(c))).collect();
            let found = if found.is_empty() { "none".to_owned() } else { found.join(", ") };
            let message =
                format!("the first row must name the columns; missing: {}; found: {found}", missing.join(", "));
            return Err(Unreadable::new("columns_missing", message));
        }
        let notes = cells
            .iter()
            .zip(&columns)
            .filter(|(cell, name)| name.is_none() && !cell.trim().is_empty())
            .map(|(cell, _)| {
                Remark::new(cell.trim(), "column_unknown", format!("the column '{}' is not read", short(cell)))
            })
            .collect();
        Ok(Self { columns, notes })
    }

    /// Reads a row; none when it is empty.
    pub(crate) fn row(&self, number: usize, cells: &[String], context: &Context) -> Option<RawNeed> {
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            return None;
        }
        let mut need = RawNeed { place: format!("row {number}"), ..RawNeed::default() };
        for (name, text) in self.columns.iter().zip(cells).filter_map(|(name, text)| Some(((*name)?, text))) {
            put(&mut need, name, text, context);
        }
        if cells.len() > self.columns.len() && cells[self.columns.len()..].iter().any(|c| !c.trim().is_empty()) {
            let message = format!(
                "{} cells where the header has {} columns; put quotes around cells that hold the separator",
                cells.len(),
                self.columns.len()
            );
            need.errors.push(Remark::new("", "too_many_cells", message));
        }
        Some(need)
    }
}

fn put(need: &mut RawNeed, name: &'static str, text: &str, context: &Context) {
    if text.trim().is_empty() {
        return;
    }
    let chars = text.chars().count();
    if chars > context.limits.cell_chars_max {
        let message = format!("{chars} characters in one cell; at most {}", context.limits.cell_chars_max);
        need.errors.push(Remark::new(name, "too_long", message));
        return;
    }
    if text.trim_start().starts_with('=') {
        let message = format!("'{}' is a formula; put its value there", short(text));
        need.errors.push(Remark::new(name, "formula", message));
        return;
    }
    let cell = Cell::new(name, text);
    let mut openings = |horizon, is_new| need.openings.push(RawOpenings { cell: cell.clone(), horizon, is_new });
    match name {
        "openings_new_now" => openings(Horizon::Now, true),
        "openings_replacement_now" => openings(Horizon::Now, false),
        "openings_new_year" => openings(Horizon::Year, true),
        "openings_replacement_year" => openings(Horizon::Year, false),
        "openings_new_three_years" => openings(Horizon::ThreeYears, true),
        "openings_replacement_three_years" => openings(Horizon::ThreeYears, false),
        "reference" => need.reference = Some(cell),
        "occupation" => need.occupation = Some(cell),
        "occupation_code" => need.occupation_code = Some(cell),
        "county" => need.county = Some(cell),
        "wage_min" => need.wage_min = Some(cell),
        "wage_max" => need.wage_max = Some(cell),
        "wage_unit" => need.wage_unit = Some(cell),
        "education" => need.education = Some(cell),
        "experience" => need.experience = Some(cell),
        "required_skills" => list(need, &cell, RequirementLevel::Required, false),
        "preferred_skills" => list(need, &cell, RequirementLevel::Preferred, false),
        "required_credentials" => list(need, &cell, RequirementLevel::Required, true),
        "preferred_credentials" => list(need, &cell, RequirementLevel::Preferred, true),
        "barriers" => need.barriers.extend(pieces(&cell.text).map(|piece| Cell::new(name, piece))),
        "valid_until" => need.valid_until = Some(cell),
        _ => need.notes = Some(cell),
    }
}

fn list(need: &mut RawNeed, cell: &Cell, level: RequirementLevel, is_credential: bool) {
    need.requirements.extend(pieces(&cell.text).map(|piece| RawRequirement {
        cell: Cell::new(&cell.field, piece),
        level,
        is_credential,
        importance: None,
        proficiency: None,
    }));
}

/// The entries of a cell: separated by semicolons, bars or lines. Commas are left to `normalize`, which knows the words.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split([';', '|', '\n']).map(str::trim).filter(|piece| !piece.is_empty())
}
