//! Aggregation: needs become signals that give no employer away.
//!
//! Takes NeedNormalized; keeps every version of every need; folds the groups (partnership, concept, horizon) that changed
//! over counties, sub-regions and the whole partnership; keeps back what would give somebody away; says SignalPublished for
//! each cell that changed. Promises that the same needs give the same signals, whatever their order and however often they
//! are folded. Refuses to show a number that fails the rules of `suppress`, to anybody.
//!
//! Metrics: `aggregate_needs_total`, `aggregate_groups_folded_total`, `aggregate_signals_total{state}`.

mod config;
mod figures;
mod fold;
mod group;
mod openapi;
mod publish;
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
use skillwire_schemas::PartnershipId;
use skillwire_store::{Db, Migration, StoreError};

pub use config::Config;
pub use openapi::openapi;
pub use store::signals::{Filter, Order, list};
pub use store::{Counts, counts};

/// Its name, PostgreSQL schema and target.
pub const NAME: &str = "aggregate";

/// Its schema.
pub const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "signals", sql: include_str!("../migrations/0001_first.sql") },
    Migration { version: 3, name: "causes", sql: include_str!("../migrations/0003_causes.sql") },
];

/// The service.
#[derive(Clone)]
pub struct Aggregate {
    parts: Parts,
    config: Arc<Config>,
    dirty: Wake,
}

impl Aggregate {
    /// Makes it; nothing runs yet.
    #[must_use]
    pub fn create(parts: Parts, config: Config) -> Self {
        Self { parts, config: Arc::new(config), dirty: Wake::default() }
    }

    /// Its loops.
    #[must_use]
    pub fn works(&self) -> Vec<Arc<dyn Work>> {
        vec![
            keeper(&self.parts),
            relay(&self.parts),
            stage(&self.parts, stage::Gatherer::new(self)),
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

/// Marks every group of a partnership to be folded again from the needs. Gives how many.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn fold_again(db: &Db, partnership: PartnershipId, now: DateTime<Utc>) -> Result<u64, StoreError> {
    let mut tx = db.begin().await?;
    let marked = store::dirty::mark_all(tx.conn(), partnership, now).await?;
    tx.commit().await?;
    Ok(marked)
}
