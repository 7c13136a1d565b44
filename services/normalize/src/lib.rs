//! Normalization: what employers said becomes needs whose words have found their concepts, or honestly have not.
//!
//! Takes SubmissionReceived; gives NeedNormalized for every need that is stated, changed, confirmed or withdrawn, and
//! NeedsRenormalized for those that read differently after a decision. Promises
//! that no text is forced onto a concept, that every match says why, and that of two statements of a need the later one
//! holds whatever the order in which they come; that what staff decided about a text holds for all needs with it, past and to
//! come, whatever copy read them when. Refuses to add anything up.
//!
//! Metrics: `normalize_needs_total{state}`, `normalize_terms_total{state}`, `normalize_decisions_total{action}`,
//! `normalize_needs_read_again_total`.

mod again;
mod buckets;
pub mod bundle;
mod chunks;
mod combine;
mod config;
mod decide;
mod experience;
mod extract;
mod fold;
pub mod import;
mod index;
mod industry;
mod kept;
mod known;
mod learn;
mod lexicon;
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
mod place;
mod queue;
mod reading;
mod releases;
mod renormalize;
mod review;
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
use skillwire_runtime::{Wake, Work};
use skillwire_store::Migration;

use again::{Again, Folder};
use known::Known;
use live::Live;

pub use config::Config;
pub use experience::months;
pub use extract::{Extraction, Span};
pub use lines::{LineError, normalize_lines, place_lines};
pub use load::LoadError;
pub use matcher::{Candidate, Context, MatchKind, Matcher, Ranked};
pub use openapi::openapi;
pub use place::{decide_place, rank_place};
pub use releases::ImportInto;
pub use renormalize::Renormalized;
pub use shelve::learn_folder;
pub use store::renormalizations::RenormalizationProgress;
pub use store::taxonomies::Release;
pub use store::{Counts, counts, renormalizations_newest};
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
    Migration { version: 3, name: "decisions", sql: include_str!("../migrations/0003_decisions.sql") },
    Migration { version: 6, name: "again", sql: include_str!("../migrations/0006_again.sql") },
];

/// The service.
#[derive(Clone)]
pub struct Normalize {
    parts: Parts,
    config: Arc<Config>,
    /// The taxonomy in force.
    live: Arc<Live>,
    /// What staff decided.
    known: Known,
    /// Rings when staff have decided something.
    decided: Wake,
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
        let live = Arc::new(Live::new(taxonomy));
        Ok(Self { parts, config: Arc::new(config), live, known: Known::default(), decided: Wake::default() })
    }

    /// Its loops.
    #[must_use]
    pub fn works(&self) -> Vec<Arc<dyn Work>> {
        vec![
            keeper(&self.parts),
            relay(&self.parts),
            stage(&self.parts, stage::Normalizer::new(self)),
            // Two: one reads while PostgreSQL writes for the other.
            Arc::new(Again::new(self)),
            Arc::new(Again::new(self)),
            Arc::new(Folder(self.parts.db.clone())),
        ]
    }

    /// Its pages and API.
    #[must_use]
    pub fn routes(&self) -> skillwire_web::Routes {
        web::routes(self.clone())
    }
}
