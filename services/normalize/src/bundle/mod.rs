//! A taxonomy as a folder: what every importer makes and the matcher reads, whoever published it.
//!
//! | file | columns |
//! |---|---|
//! | `taxonomy.json` | format, schemes with release and licence, counts, what was odd |
//! | `concepts.csv` | concept, kind, label, description, status, replaced_by, broader, sectors |
//! | `names.csv` | concept, name, called, source |
//! | `relations.csv` | from, relation, to |
//! | `texts.csv` | concept, sort, text |
//!
//! A concept is written `scheme:id`, split at the first colon; the id is the publisher's own. `replaced_by`, `broader`,
//! `sectors` and `to` hold several with `;` between them. `broader` names the direct ones only; the label is not repeated
//! in `names.csv`. Two bundles of the same content are the same bytes.

mod builder;
mod error;
mod manifest;
mod read;
mod select;
mod table;
mod write;

use std::sync::Arc;

use skillwire_schemas::{ConceptKey, ConceptKind};

pub(crate) use builder::{Builder, counts};
pub use error::BundleError;
pub use manifest::{Example, Manifest, Oddities, Oddity, Scheme};
pub(crate) use table::TABLE_COLUMNS;

/// The version of the folder format.
pub const FORMAT: u32 = 1;

/// A taxonomy: one scheme or several that were published together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bundle {
    /// Where it comes from, and what was odd.
    pub manifest: Manifest,
    /// In order of their keys.
    pub concepts: Vec<BundleConcept>,
    /// In order of their concepts.
    pub names: Vec<Name>,
    /// In order of their first concept.
    pub relations: Vec<Relation>,
    /// In order of their concepts.
    pub texts: Vec<Text>,
}

/// A concept as its publisher has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleConcept {
    /// Scheme and the publisher's id.
    pub key: ConceptKey,
    /// What it is about.
    pub kind: ConceptKind,
    /// The name shown to people.
    pub label: String,
    /// What the publisher says it is; may be empty.
    pub description: String,
    /// Whether it is in use.
    pub status: Status,
    /// What took its place.
    pub replaced_by: Vec<ConceptKey>,
    /// The direct broader concepts.
    pub broader: Vec<ConceptKey>,
    /// Sector slugs; `all` fits everywhere, none says nothing.
    pub sectors: Vec<String>,
}

/// Whether a concept is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// A text may mean it.
    Active,
    /// A heading over others: broader than they, but too wide to be what somebody means.
    Heading,
    /// Taken out by its publisher.
    Retired,
}

/// How a name names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NameCalled {
    /// Another name.
    Alias,
    /// Short for it; says something only as a whole.
    Abbreviation,
    /// Found by it, never shown (ESCO's hidden labels).
    Hidden,
}

/// Another name of a concept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// Place in [`Bundle::concepts`].
    pub concept: u32,
    /// The name.
    pub name: String,
    /// How it names.
    pub called: NameCalled,
    /// What the publisher calls it, e.g. `alternate title`.
    pub source: Arc<str>,
}

/// How two concepts belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RelationKind {
    /// The first needs the second.
    Essential,
    /// The first may use the second.
    Optional,
    /// They are near each other.
    Related,
    /// The same, in another scheme.
    ExactMatch,
    /// Nearly the same, in another scheme.
    CloseMatch,
    /// The second is wider, in another scheme.
    BroadMatch,
}

/// One concept and another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// Place in [`Bundle::concepts`].
    pub from: u32,
    /// How they belong together.
    pub relation: RelationKind,
    /// The other.
    pub to: Target,
}

/// The other concept of a relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Place in [`Bundle::concepts`].
    Here(u32),
    /// A concept of another bundle.
    Elsewhere(Box<ConceptKey>),
}

/// A text about a concept, to learn from: right words, though no names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// Place in [`Bundle::concepts`].
    pub concept: u32,
    /// What it is, e.g. `description`, `scope note`, `work activity`.
    pub sort: Arc<str>,
    /// The text.
    pub text: String,
}

macro_rules! words {
    ($type:ident, $what:literal, $($value:ident = $word:literal),+) => {
        impl $type {
            /// The word in the files and in the database.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$value => $word),+ }
            }

            /// Of the word.
            ///
            /// # Errors
            /// What would be right.
            pub fn parse(word: &str) -> Result<Self, String> {
                match word {
                    $($word => Ok(Self::$value),)+
                    other => Err(format!("'{other}' is no {}; give {}", $what, [$($word),+].join(", "))),
                }
            }
        }
    };
}

words!(Status, "status", Active = "active", Heading = "heading", Retired = "retired");
words!(NameCalled, "way to be called", Alias = "alias", Abbreviation = "abbreviation", Hidden = "hidden");
words!(
    RelationKind,
    "relation",
    Essential = "essential",
    Optional = "optional",
    Related = "related",
    ExactMatch = "exact_match",
    CloseMatch = "close_match",
    BroadMatch = "broad_match"
);

impl BundleConcept {
    /// One in use of which nothing else is known.
    #[must_use]
    pub fn new(key: ConceptKey, kind: ConceptKind, label: &str) -> Self {
        Self {
            key,
            kind,
            label: label.to_owned(),
            description: String::new(),
            status: Status::Active,
            replaced_by: Vec::new(),
            broader: Vec::new(),
            sectors: Vec::new(),
        }
    }
}

impl Bundle {
    /// The key of the other concept.
    #[must_use]
    pub fn target<'a>(&'a self, target: &'a Target) -> &'a ConceptKey {
        match target {
            Target::Here(at) => &self.concepts[*at as usize].key,
            Target::Elsewhere(key) => key,
        }
    }

    /// The names of a concept, in the publisher's order.
    #[must_use]
    pub fn names_of(&self, concept: u32) -> &[Name] {
        let from = self.names.partition_point(|name| name.concept < concept);
        let to = from + self.names[from..].partition_point(|name| name.concept == concept);
        &self.names[from..to]
    }
}
