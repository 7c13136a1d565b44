//! A taxonomy in memory.

use std::collections::HashSet;
use std::sync::Arc;

use skillwire_schemas::{Concept, ConceptKey, ConceptKind};

use crate::learn::Model;
use crate::matcher::MatchKind;

/// A concept with the words by which it is known.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub concept: Concept,
    pub aliases: Vec<String>,
    pub abbreviations: Vec<String>,
    /// Sector slugs; `all` fits everywhere.
    pub sectors: Vec<String>,
}

impl Entry {
    /// All its names, the label first.
    pub(crate) fn names(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.concept.label).chain(&self.aliases).chain(&self.abbreviations)
    }

    /// Takes the names and sectors of the same concept in another taxonomy.
    pub(crate) fn join(&mut self, other: Self) {
        for (mine, theirs) in [
            (&mut self.aliases, other.aliases),
            (&mut self.abbreviations, other.abbreviations),
            (&mut self.sectors, other.sectors),
            (&mut self.concept.broader, other.concept.broader),
        ] {
            for name in theirs {
                if !mine.contains(&name) {
                    mine.push(name);
                }
            }
        }
    }
}

/// What was learned of some concepts of one kind.
#[derive(Clone, Debug)]
pub(crate) struct Learned {
    pub kind: MatchKind,
    /// The classes of the model, in order.
    pub keys: Arc<[ConceptKey]>,
    pub model: Arc<Model>,
}

/// Concepts with their words.
#[derive(Clone, Debug)]
pub struct Taxonomy {
    pub(crate) entries: Vec<Entry>,
    pub(crate) counties: usize,
    /// Words of the descriptions: right words, though no names.
    pub(crate) words: HashSet<String>,
    pub(crate) models: Vec<Learned>,
}

/// What a taxonomy holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Concepts by kind: (kind, concepts, aliases, abbreviations).
    pub kinds: Vec<(ConceptKind, usize, usize, usize)>,
    /// Counties and equivalents.
    pub counties: usize,
}

impl Taxonomy {
    /// Counts.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let kinds = ConceptKind::ALL
            .iter()
            .map(|kind| {
                let of_kind: Vec<&Entry> = self.entries.iter().filter(|e| e.concept.kind == *kind).collect();
                let aliases = of_kind.iter().map(|e| e.aliases.len()).sum();
                let abbreviations = of_kind.iter().map(|e| e.abbreviations.len()).sum();
                (*kind, of_kind.len(), aliases, abbreviations)
            })
            .filter(|(_, concepts, _, _)| *concepts > 0)
            .collect();
        Summary { kinds, counties: self.counties }
    }
}

/// The sectors of an industry (NAICS 2022), as slugs of the taxonomy.
#[must_use]
pub(crate) fn sectors_of(naics: &str) -> Vec<&'static str> {
    const SECTORS: [(&str, &str); 14] = [
        ("311", "food-beverage"),
        ("312", "food-beverage"),
        ("31", "manufacturing"),
        ("32", "manufacturing"),
        ("33", "manufacturing"),
        ("62", "health-care"),
        ("48", "transportation-logistics"),
        ("49", "transportation-logistics"),
        ("42", "transportation-logistics"),
        ("23", "construction"),
        ("51", "it"),
        ("5415", "it"),
        ("72", "hospitality"),
        ("238", "construction"),
    ];
    let mut found: Vec<&str> =
        SECTORS.iter().filter(|(prefix, _)| naics.starts_with(prefix)).map(|(_, slug)| *slug).collect();
    found.dedup();
    found
}
