//! This service's SQL.

pub(crate) mod concepts;
pub(crate) mod counted;
pub(crate) mod dirty;
pub(crate) mod list;
pub(crate) mod signals;
pub(crate) mod sums;
pub(crate) mod ticks;
pub(crate) mod versions;

use skillwire_schemas::PartnershipId;
use skillwire_store::{Db, StoreError};
use sqlx::Row;

/// What a partnership's signals are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// (state, why it is kept back, how many).
    pub signals: Vec<(String, Option<String>, i64)>,
    /// Groups that wait to be folded; one more while not all needs are counted.
    pub waiting: i64,
}

/// Counts for summaries.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn counts(db: &Db, partnership: PartnershipId) -> Result<Counts, StoreError> {
    let rows = sqlx::query(
        "select state, reason, count(*) as n from aggregate.signals where partnership = $1 group by 1, 2 order by 1, 2",
    )
    .bind(partnership.0)
    .fetch_all(db.pool())
    .await?;
    let waiting = sqlx::query(
        "select (select count(*) from aggregate.dirty where partnership = $1)
             + (select count(*) from aggregate.ticks where partnership = $1 and (day is null or counted_to is not null)) as n",
    )
        .bind(partnership.0)
        .fetch_one(db.pool())
        .await?;
    Ok(Counts {
        signals: rows.into_iter().map(|row| (row.get("state"), row.get("reason"), row.get("n"))).collect(),
        waiting: waiting.get("n"),
    })
}
