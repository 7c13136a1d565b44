//! Aggregation: needs become signals that give no employer away.
//!
//! Takes NeedNormalized and NeedsRenormalized (many needs read anew, for one reason); keeps every version of every need; adds what a version asks for to the sums of its groups
//! (partnership, concept, horizon) and takes away what the version before it asked for (`recount`); folds the groups whose
//! sums changed over counties, sub-regions and the whole partnership; keeps back what would give somebody away; says
//! SignalPublished for each cell that changed. Promises that the same needs give the same signals, whatever their order and
//! however often they are counted, and that a need costs the work of what it touches, however many there are. Refuses to
//! show a number that fails the rules of `suppress` to anybody but the partnership's staff.
//!
//! Metrics: `aggregate_needs_total`, `aggregate_groups_folded_total`, `aggregate_signals_total{state}`.

mod calendar;
mod config;
mod count;
mod figures;
mod fold;
mod group;
mod openapi;
mod publish;
mod recount;
mod revise;
mod stage;
mod store;
mod suppress;
mod tick;
mod version;
mod web;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use skillwire_bus::{Parts, keeper, relay, stage};
use skillwire_runtime::{Wake, Work};
use skillwire_schemas::{NeedId, PartnershipId};
use skillwire_store::{Db, Migration, StoreError};
use uuid::Uuid;

pub use config::Config;
pub use openapi::openapi;
pub use store::list::{Filter, Order, list};
pub use store::{Counts, counts};

/// Its name, PostgreSQL schema and target.
pub const NAME: &str = "aggregate";

/// Its schema.
pub const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "signals", sql: include_str!("../migrations/0001_first.sql") },
    Migration { version: 2, name: "sums", sql: include_str!("../migrations/0002_sums.sql") },
    Migration { version: 3, name: "causes", sql: include_str!("../migrations/0003_causes.sql") },
    Migration { version: 5, name: "texts", sql: include_str!("../migrations/0005_texts.sql") },
];

/// The service.
#[derive(Clone)]
pub struct Aggregate {
    parts: Parts,
    config: Arc<Config>,
    /// Rings when groups are to be folded.
    dirty: Wake,
    /// Rings when a partnership's needs are to be counted.
    uncounted: Wake,
}

impl Aggregate {
    /// Makes it; nothing runs yet.
    #[must_use]
    pub fn create(parts: Parts, config: Config) -> Self {
        Self { parts, config: Arc::new(config), dirty: Wake::default(), uncounted: Wake::default() }
    }

    /// Its loops.
    #[must_use]
    pub fn works(&self) -> Vec<Arc<dyn Work>> {
        vec![
            keeper(&self.parts),
            relay(&self.parts),
            stage(&self.parts, stage::Gatherer::new(self)),
            stage(&self.parts, stage::Regatherer::new(self)),
            Arc::new(publish::Publisher::new(self)),
            Arc::new(tick::Tick::new(self)),
        ]
    }

    /// Its pages and API.
    #[must_use]
    pub fn routes(&self) -> skillwire_web::Routes {
        web::routes(self.clone())
    }
}

/// Forgets all sums of a partnership: the next ticks count every need again from nothing, and every group is folded again.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn count_again(db: &Db, partnership: PartnershipId, now: DateTime<Utc>) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    if let Some(mut ticked) = store::ticks::lock(tx.conn(), partnership).await? {
        store::counted::forget(tx.conn(), partnership).await?;
        ticked.counted_to = Some(NeedId(Uuid::nil()));
        store::ticks::turn(tx.conn(), partnership, ticked).await?;
        store::dirty::mark_all(tx.conn(), partnership, now).await?;
    }
    tx.commit().await
}
