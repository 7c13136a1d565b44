//! `taxonomy.json`: where a bundle comes from, what it holds, what was odd in it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Examples kept of one sort of oddity.
const EXAMPLES_MAX: usize = 20;
/// Longest example, characters.
const EXAMPLE_CHARS_MAX: usize = 200;

/// Where a bundle comes from and what it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the folder format.
    pub format: u32,
    /// The schemes in it.
    pub schemes: Vec<Scheme>,
    /// How much of what it holds.
    pub counts: BTreeMap<String, u64>,
    /// What was odd in the publisher's files.
    #[serde(default)]
    pub oddities: Oddities,
}

/// A scheme and its release.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scheme {
    /// The part before the colon of its concepts.
    pub scheme: String,
    /// What it is called.
    pub title: String,
    /// The publisher's number of it.
    pub release: String,
    /// Who publishes it.
    #[serde(default)]
    pub publisher: String,
    /// Under which terms.
    #[serde(default)]
    pub licence: String,
    /// The file or folder that was read, without its path.
    #[serde(default)]
    pub source: String,
}

/// What was odd, by sort.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Oddities(pub Vec<Oddity>);

/// One sort of oddity.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Oddity {
    /// What is odd.
    pub sort: String,
    /// How often.
    pub count: u64,
    /// The first of them.
    pub examples: Vec<Example>,
}

/// Where something odd stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// Which file.
    pub file: String,
    /// Which line, counted from 1; 0 for the file as a whole.
    pub line: u64,
    /// What stands there.
    pub what: String,
}

impl Oddities {
    /// Notes one.
    pub(crate) fn note(&mut self, sort: &str, file: &str, line: u64, what: &str) {
        let at = match self.0.iter().position(|oddity| oddity.sort == sort) {
            Some(at) => at,
            None => {
                self.0.push(Oddity { sort: sort.to_owned(), ..Oddity::default() });
                self.0.len() - 1
            }
        };
        let oddity = &mut self.0[at];
        oddity.count += 1;
        if oddity.examples.len() < EXAMPLES_MAX {
            let what = what.chars().take(EXAMPLE_CHARS_MAX).collect();
            oddity.examples.push(Example { file: file.to_owned(), line, what });
        }
    }

    /// How many there are of this sort.
    #[must_use]
    pub fn count(&self, sort: &str) -> u64 {
        self.0.iter().find(|oddity| oddity.sort == sort).map_or(0, |oddity| oddity.count)
    }
}
