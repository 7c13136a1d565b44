//! US counties and equivalents by FIPS code. A [`CountyFips`] is the proof that the code exists.
//!
//! Source of codes and names: US Census Bureau, by way of the starter taxonomy's `counties.csv`.

mod list;
mod reading;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::matching::MatchState;
use list::INDEX;

pub use reading::{CountyReading, PlaceReason, PossibleCounty, read};

/// A county of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct County {
    /// Five digits, state first.
    pub fips: CountyFips,
    /// E.g. `Jackson County`.
    pub name: String,
    /// Two letters.
    pub state: String,
    /// E.g. `Missouri`.
    pub state_name: String,
}

/// The FIPS code of a county that exists. Five digits; a lost leading zero is restored on reading.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(into = "String")]
#[schema(value_type = String, pattern = "^[0-9]{5}$", example = "29095")]
pub struct CountyFips(u32);

/// A text that names no county.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CountyError {
    /// Not in the list.
    #[error(
        "'{given}' is no US county; give a name with its state (Jackson County, MO) or a 5-digit FIPS code (29095)"
    )]
    Unknown {
        /// What was given.
        given: String,
    },
    /// The name of a state alone: which county is meant, or whether any, cannot be told.
    #[error("'{given}' is a state; give a county with its state (e.g. {example}) or its 5-digit FIPS code ({fips})")]
    State {
        /// What was given.
        given: String,
        /// A county of that state.
        example: String,
        /// Its code.
        fips: CountyFips,
    },
    /// Nearly the name of a county.
    #[error("'{given}' is no US county; if {meant} ({fips}) is meant, write that")]
    Misspelt {
        /// What was given.
        given: String,
        /// The county that is called nearly so.
        meant: String,
        /// Its code.
        fips: CountyFips,
    },
    /// A county and a city beside it have the same name.
    #[error(
        "'{given}' may be {county} ({county_fips}) or {city} ({city_fips}); say which, or give its 5-digit FIPS code"
    )]
    CountyOrCity {
        /// What was given.
        given: String,
        /// The county.
        county: String,
        /// Its code.
        county_fips: CountyFips,
        /// The city.
        city: String,
        /// Its code.
        city_fips: CountyFips,
    },
    /// Several states have one of that name.
    #[error("'{given}' is a county in {states}; add the state, e.g. '{given}, {example}'")]
    SeveralStates {
        /// What was given.
        given: String,
        /// The states, comma-separated.
        states: String,
        /// One of them.
        example: String,
    },
}

impl County {
    /// E.g. `Jackson County, MO`.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}, {}", self.name, self.state)
    }
}

impl CountyFips {
    /// Every county, in the order of the list.
    pub fn all() -> impl Iterator<Item = &'static County> {
        INDEX.counties.iter()
    }

    /// The county that a text names, as [`read`] decides it: a FIPS code (a lost leading zero is restored), `Jackson County,
    /// MO`, `Jackson Co. Missouri`, or a name that only one state has. The name of a state alone names no county ("Indiana
    /// County" does), nor does one that a county and a city beside it share ("Richmond, VA"; "Richmond city, VA" and
    /// "Richmond County, VA" do), nor one that is misspelt.
    ///
    /// # Errors
    /// [`CountyError`] when no county, or several, may be meant.
    pub fn parse(text: &str) -> Result<Self, CountyError> {
        Self::parse_within(text, &[])
    }

    /// The same, where a name that several states have is that of the only county of `region` that has it.
    ///
    /// # Errors
    /// [`CountyError`] when no county, or several, may be meant.
    pub fn parse_within(text: &str, region: &[Self]) -> Result<Self, CountyError> {
        // What is stored and sent is a code: it is not read twice.
        if text.len() == 5
            && let Some(county) = text.parse().ok().filter(|code| INDEX.by_fips.contains_key(code)).map(Self)
        {
            return Ok(county);
        }
        let given = || text.trim().chars().take(80).collect::<String>();
        let reading = read(text, region);
        if let Some(state) = &reading.state_alone
            && let Some(first) = Self::all().find(|county| county.state == *state)
        {
            return Err(CountyError::State { given: given(), example: first.fips.name(), fips: first.fips });
        }
        match reading.possible.as_slice() {
            [first, ..] if matches!(first.reason, PlaceReason::Fuzzy(_)) => {
                Err(CountyError::Misspelt { given: given(), meant: first.county.full_name(), fips: first.county.fips })
            }
            [first, ..] if reading.state == MatchState::Matched => Ok(first.county.fips),
            [one, other] if reading.state == MatchState::Ambiguous && one.county.state == other.county.state => {
                let (county, city) = if one.county.name.ends_with(" city") {
                    (other.county, one.county)
                } else {
                    (one.county, other.county)
                };
                Err(CountyError::CountyOrCity {
                    given: given(),
                    county: county.full_name(),
                    county_fips: county.fips,
                    city: city.full_name(),
                    city_fips: city.fips,
                })
            }
            [first, ..] if reading.state == MatchState::Ambiguous => {
                let mut states: Vec<&str> = reading.possible.iter().map(|one| one.county.state.as_str()).collect();
                states.dedup();
                let (states, example) = (states.join(", "), first.county.state.clone());
                Err(CountyError::SeveralStates { given: given(), states, example })
            }
            _ => Err(CountyError::Unknown { given: given() }),
        }
    }

    /// The county's row of the list.
    #[must_use]
    pub fn county(self) -> Option<&'static County> {
        INDEX.by_fips.get(&self.0).and_then(|i| INDEX.counties.get(*i))
    }

    /// E.g. `Jackson County, MO`.
    #[must_use]
    pub fn name(self) -> String {
        self.county().map_or_else(|| self.to_string(), County::full_name)
    }
}

impl std::fmt::Display for CountyFips {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:05}", self.0)
    }
}

impl std::fmt::Debug for CountyFips {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:05}", self.0)
    }
}

impl From<CountyFips> for String {
    fn from(fips: CountyFips) -> Self {
        fips.to_string()
    }
}

impl std::str::FromStr for CountyFips {
    type Err = CountyError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl<'de> Deserialize<'de> for CountyFips {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for CountyFips {
    fn schema_name() -> Cow<'static, str> {
        "CountyFips".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[0-9]{5}$",
            "description": "FIPS code of a US county or equivalent."
        })
    }
}
