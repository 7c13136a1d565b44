//! US counties and equivalents by FIPS code. A [`CountyFips`] is the proof that the code exists.
//!
//! Source of codes and names: US Census Bureau, by way of the starter taxonomy's `counties.csv`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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

struct Index {
    counties: Vec<County>,
    by_fips: HashMap<u32, usize>,
    /// By plain name; a city that is no part of a county also without the word.
    by_name: HashMap<String, Vec<usize>>,
    /// The first county of each state, by the state's name in lower case.
    by_state: HashMap<String, usize>,
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let text = include_str!("../../services/normalize/starter/counties.csv");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let mut counties = Vec::new();
    // The file is part of this program and `the_list_is_whole` reads every row of it: a row that fails here cannot ship.
    for row in reader.records().flatten() {
        let (Some(fips), Some(name), Some(state), Some(state_name)) =
            (row.get(0).and_then(|f| f.parse().ok()), row.get(1), row.get(2), row.get(3))
        else {
            continue;
        };
        counties.push(County {
            fips: CountyFips(fips),
            name: name.to_owned(),
            state: state.to_owned(),
            state_name: state_name.to_owned(),
        });
    }
    let by_fips = counties.iter().enumerate().map(|(i, c)| (c.fips.0, i)).collect();
    let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
    let mut by_state = HashMap::new();
    for (i, county) in counties.iter().enumerate() {
        let name = plain_name(&county.name);
        if let Some(short) = name.strip_suffix(" city").filter(|_| county.name.ends_with(" city")) {
            by_name.entry(short.to_owned()).or_default().push(i);
        }
        by_name.entry(name).or_default().push(i);
        by_state.entry(county.state_name.to_lowercase()).or_insert(i);
    }
    Index { counties, by_fips, by_name, by_state }
});

/// Lower case, "St" spelt out, "county" and its equivalents dropped, punctuation and accents gone.
fn plain_name(name: &str) -> String {
    let folded: String = name
        .to_lowercase()
        .chars()
        .filter_map(|c| match c {
            'ñ' => Some('n'),
            'á' => Some('a'),
            'é' => Some('e'),
            'í' => Some('i'),
            'ó' => Some('o'),
            'ú' | 'ü' => Some('u'),
            '.' | '\'' | '’' => None,
            c if c.is_alphanumeric() => Some(c),
            _ => Some(' '),
        })
        .collect();
    let words: Vec<&str> = folded
        .split_whitespace()
        .filter(|w| !matches!(*w, "county" | "co" | "parish" | "borough" | "municipio" | "municipality"))
        .map(|w| match w {
            "st" => "saint",
            "ste" => "sainte",
            w => w,
        })
        .collect();
    words.join(" ")
}

/// Whether a name says that it is a county, so that no city is meant.
fn says_county(name: &str) -> bool {
    name.to_lowercase().split(|c: char| !c.is_alphanumeric()).any(|word| matches!(word, "county" | "co" | "parish"))
}

impl CountyFips {
    /// Every county, in the order of the list.
    pub fn all() -> impl Iterator<Item = &'static County> {
        INDEX.counties.iter()
    }

    /// Reads a FIPS code (a lost leading zero is restored), `Jackson County, MO`, `Jackson, Missouri`, or a name that only
    /// one state has. The name of a state alone names no county ("Indiana County" does), nor does one that a county and a
    /// city beside it share ("Richmond, VA"; "Richmond city, VA" and "Richmond County, VA" do).
    ///
    /// # Errors
    /// [`CountyError`] when no county, or several, may be meant.
    pub fn parse(text: &str) -> Result<Self, CountyError> {
        let given = || text.trim().chars().take(80).collect::<String>();
        let unknown = || CountyError::Unknown { given: given() };
        let text = text.trim();
        if !text.is_empty() && text.len() <= 5 && text.bytes().all(|b| b.is_ascii_digit()) {
            let code: u32 = text.parse().map_err(|_| unknown())?;
            return INDEX.by_fips.contains_key(&code).then_some(Self(code)).ok_or_else(unknown);
        }
        if let Some(first) = INDEX.by_state.get(&text.to_lowercase()).and_then(|i| INDEX.counties.get(*i))
            // The District of Columbia is its own one county.
            && first.name != first.state_name
        {
            return Err(CountyError::State { given: given(), example: first.fips.name(), fips: first.fips });
        }
        let (name, state) = match text.rsplit_once(',') {
            Some((name, state)) => (name, Some(state.trim().to_lowercase())),
            None => (text, None),
        };
        let found = INDEX.by_name.get(&plain_name(name)).map_or(&[][..], Vec::as_slice);
        let mut fitting: Vec<&County> = found
            .iter()
            .filter_map(|i| INDEX.counties.get(*i))
            .filter(|c| match &state {
                Some(s) => c.state.to_lowercase() == *s || c.state_name.to_lowercase() == *s,
                None => true,
            })
            .collect();
        if fitting.len() > 1 && says_county(name) {
            fitting.retain(|c| !c.name.ends_with(" city"));
        }
        match fitting.as_slice() {
            [] => Err(unknown()),
            [one] => Ok(one.fips),
            [one, other] if one.state == other.state => {
                let (county, city) = if one.name.ends_with(" city") { (other, one) } else { (one, other) };
                let full = |c: &County| format!("{}, {}", c.name, c.state);
                Err(CountyError::CountyOrCity {
                    given: given(),
                    county: full(county),
                    county_fips: county.fips,
                    city: full(city),
                    city_fips: city.fips,
                })
            }
            [first, ..] => {
                let mut states: Vec<&str> = fitting.iter().map(|c| c.state.as_str()).collect();
                states.dedup();
                let (states, example) = (states.join(", "), first.state.clone());
                Err(CountyError::SeveralStates { given: given(), states, example })
            }
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
        self.county().map_or_else(|| self.to_string(), |c| format!("{}, {}", c.name, c.state))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_whole() {
        let text = include_str!("../../services/normalize/starter/counties.csv");
        let rows = csv::Reader::from_reader(text.as_bytes()).records().map(Result::unwrap).count();
        assert_eq!(CountyFips::all().count(), rows);
        assert!(rows >= 3_140, "{rows} counties");
        assert!(CountyFips::all().all(|c| c.state.len() == 2 && !c.name.is_empty() && !c.state_name.is_empty()));
    }

    #[test]
    fn counties_are_read_as_people_write_them() {
        let jackson = CountyFips::parse("29095").unwrap();
        for text in ["Jackson County, MO", "jackson, missouri", " Jackson Co., MO", "JACKSON,MO", "29095"] {
            assert_eq!(CountyFips::parse(text), Ok(jackson), "{text}");
        }
        assert_eq!(CountyFips::parse("1001").unwrap().to_string(), "01001");
        assert_eq!(CountyFips::parse("Saint Louis County, MO").unwrap().to_string(), "29189");
        assert_eq!(CountyFips::parse("St. Louis city, MO").unwrap().to_string(), "29510");
        assert_eq!(CountyFips::parse("Wyandotte").unwrap().to_string(), "20209");
    }

    #[test]
    fn a_states_name_alone_is_no_county() {
        for (state, example) in [
            ("Indiana", "Adams County, IN"),
            (" new york ", "Albany County, NY"),
            ("OKLAHOMA", "Adair County, OK"),
            ("Kansas", "Allen County, KS"),
            ("Washington", "Adams County, WA"),
        ] {
            let error = CountyFips::parse(state).unwrap_err().to_string();
            assert!(error.contains("is a state") && error.contains(example), "{error}");
        }
        for (county, fips) in [
            ("Indiana, PA", "42063"),
            ("Indiana County", "42063"),
            ("indiana co", "42063"),
            ("New York, NY", "36061"),
            ("Oklahoma County", "40109"),
            ("District of Columbia", "11001"),
        ] {
            assert_eq!(CountyFips::parse(county).unwrap().to_string(), fips, "{county}");
        }
        // No state's name reads as a county, whichever it is.
        for county in CountyFips::all().filter(|c| c.state != "DC") {
            assert!(matches!(CountyFips::parse(&county.state_name), Err(CountyError::State { .. })));
        }
    }

    #[test]
    fn a_county_and_the_city_beside_it_are_told_apart() {
        for text in ["Baltimore, MD", "Richmond, VA", "Roanoke, Virginia", "St. Louis, MO", "baltimore"] {
            let error = CountyFips::parse(text).unwrap_err();
            assert!(matches!(error, CountyError::CountyOrCity { .. }), "{text}: {error}");
        }
        let error = CountyFips::parse("Richmond, VA").unwrap_err().to_string();
        assert!(error.contains("Richmond County, VA (51159) or Richmond city, VA (51760)"), "{error}");
        for (text, fips) in [
            ("Richmond City, VA", "51760"),
            ("Richmond County, VA", "51159"),
            ("St Louis County, MO", "29189"),
            ("Alexandria, VA", "51510"),
            ("James City County, VA", "51095"),
            ("Carson City, NV", "32510"),
        ] {
            assert_eq!(CountyFips::parse(text).map(|c| c.to_string()), Ok(fips.to_owned()), "{text}");
        }
        // Every county is found by its own name with its state.
        for county in CountyFips::all() {
            assert_eq!(CountyFips::parse(&county.fips.name()), Ok(county.fips), "{}", county.fips.name());
        }
    }

    #[test]
    fn what_is_no_county_says_what_would_be_right() {
        assert!(matches!(CountyFips::parse("Jackson"), Err(CountyError::SeveralStates { .. })));
        for text in ["", "99999", "Narnia", "Jackson, ZZ", "290955"] {
            assert!(matches!(CountyFips::parse(text), Err(CountyError::Unknown { .. })), "{text}");
        }
    }
}
