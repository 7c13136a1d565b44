//! The words of a need as found, whatever the format.

use skillwire_schemas::{Horizon, RequirementLevel};

use super::Remark;

/// A text and the column or field it stands in.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Cell {
    pub field: String,
    pub text: String,
}

impl Cell {
    pub(crate) fn new(field: impl Into<String>, text: impl Into<String>) -> Self {
        Self { field: field.into(), text: text.into() }
    }
}

/// A number of openings as written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RawOpenings {
    pub cell: Cell,
    pub horizon: Horizon,
    pub is_new: bool,
}

/// A requirement as written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RawRequirement {
    pub cell: Cell,
    pub level: RequirementLevel,
    pub is_credential: bool,
    pub importance: Option<i64>,
    pub proficiency: Option<i64>,
}

/// A need as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct RawNeed {
    pub place: String,
    pub reference: Option<Cell>,
    pub occupation: Option<Cell>,
    pub occupation_code: Option<Cell>,
    pub openings: Vec<RawOpenings>,
    pub county: Option<Cell>,
    /// A place that is only good to have: not finding its county is a remark, not an error.
    pub county_is_a_guess: bool,
    pub wage_min: Option<Cell>,
    pub wage_max: Option<Cell>,
    pub wage_unit: Option<Cell>,
    pub education: Option<Cell>,
    pub experience: Option<Cell>,
    pub requirements: Vec<RawRequirement>,
    pub barriers: Vec<Cell>,
    pub valid_until: Option<Cell>,
    pub notes: Option<Cell>,
    /// What the reader found out of order.
    pub errors: Vec<Remark>,
    pub warnings: Vec<Remark>,
}
