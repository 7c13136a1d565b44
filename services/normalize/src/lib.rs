//! Normalization: what employers said becomes needs whose words have found their concepts, or honestly have not.
//!
//! Takes SubmissionReceived; gives NeedNormalized for every need that is stated, changed, confirmed or withdrawn. Promises
//! that no text is forced onto a concept, that every match says why, and that of two statements of a need the later one
//! holds whatever the order in which they come. Refuses to add anything up.
//!
//! Metrics: `normalize_needs_total{state}`, `normalize_terms_total{state}`.

pub mod bundle;
mod combine;
mod config;
mod experience;
mod extract;
mod fold;
pub mod import;
mod index;
mod kept;
mod learn;
mod lines;
mod lists;
mod live;
mod load;
mod matcher;
mod names;
mod need;
mod negation;
mod openapi;
mod overlap;
mod releases;
mod renormalize;
mod school;
mod score;
mod shelf;
mod shelve;
mod split;
mod stage;
mod store;
mod succession;
mod taxonomy;
mod title;
mod typo;
mod ways;
mod web;

use std::path::Path;
use std::sync::Arc;

use skillwire_bus::{Parts, keeper, relay, stage};
use skillwire_runtime::Work;
use skillwire_store::Migration;

use live::Live;

pub use config::Config;
pub use experience::months;
pub use extract::{Extraction, Span};
pub use lines::{LineError, normalize_lines};
pub use load::LoadError;
pub use matcher::{Candidate, Context, MatchKind, Matcher, Ranked};
pub use openapi::openapi;
pub use releases::ImportInto;
pub use renormalize::Renormalized;
pub use shelve::learn_folder;
pub use store::taxonomies::Release;
pub use store::{Counts, counts};
pub use succession::{Changes, Fate, Listed, Retired};
pub use taxonomy::{Summary, Taxonomy};

/// Its name, PostgreSQL schema and target.
pub const NAME: &str = "normalize";

/// Its schema.
pub const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "needs", sql: include_str!("../migrations/0001_first.sql") },
    Migration { version: 2, name: "taxonomies", sql: include_str!("../migrations/0002_taxonomies.sql") },
    Migration { version: 4, name: "models", sql: include_str!("../migrations/0004_models.sql") },
    Migration { version: 5, name: "reopened", sql: include_str!("../migrations/0005_reopened.sql") },
];

/// The service.
#[derive(Clone)]
pub struct Normalize {
    parts: Parts,
    config: Arc<Config>,
    live: Arc<Live>,
}

impl Normalize {
    /// Makes it with its taxonomy; nothing runs yet.
    ///
    /// # Errors
    /// [`LoadError`] when the taxonomy's files are wrong.
    pub fn create(parts: Parts, config: Config) -> Result<Self, LoadError> {
        let taxonomy = match &config.taxonomy {
            Some(folder) => Taxonomy::from_dir(Path::new(folder))?,
            None => Taxonomy::starter()?,
        };
        Ok(Self { parts, config: Arc::new(config), live: Arc::new(Live::new(taxonomy)) })
    }

    /// Its loops.
    #[must_use]
    pub fn works(&self) -> Vec<Arc<dyn Work>> {
        vec![keeper(&self.parts), relay(&self.parts), stage(&self.parts, stage::Normalizer::new(self))]
    }

    /// Its pages and API.
    #[must_use]
    pub fn routes(&self) -> skillwire_web::Routes {
        web::routes(self.clone())
    }
}
