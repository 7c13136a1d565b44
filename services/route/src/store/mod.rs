//! This service's SQL.

pub(crate) mod signals;
pub(crate) mod subscriptions;
pub(crate) mod told;

use skillwire_schemas::PartnershipId;
use skillwire_store::{Db, StoreError};
use sqlx::Row;

/// Subscriptions of a partnership that are not paused, and what they were told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Subscriptions in force.
    pub subscriptions: i64,
    /// Pairs of subscription and signal that were told at least once.
    pub told: i64,
    /// Subscriptions that are still being told what was known before them.
    pub starting: i64,
}

/// Counts for summaries.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn counts(db: &Db, partnership: PartnershipId) -> Result<Counts, StoreError> {
    let row = sqlx::query(
        "select count(*) filter (where not paused) as n, count(*) filter (where starting) as starting,
            (select count(*) from route.told t join route.subscriptions s on s.id = t.subscription
             where s.partnership = $1) as told
         from route.subscriptions where partnership = $1 and removed_at is null",
    )
    .bind(partnership.0)
    .fetch_one(db.pool())
    .await?;
    Ok(Counts { subscriptions: row.get("n"), told: row.get("told"), starting: row.get("starting") })
}

/// The first subscription of a partnership that has a feed, for showing how to read one.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn first_stream(
    db: &Db,
    partnership: PartnershipId,
) -> Result<Option<skillwire_schemas::SubscriptionId>, StoreError> {
    let row = sqlx::query(
        "select id from route.subscriptions
         where partnership = $1 and removed_at is null and body->'channels' ? 'stream' order by created_at, id limit 1",
    )
    .bind(partnership.0)
    .fetch_optional(db.pool())
    .await?;
    Ok(row.map(|row| skillwire_schemas::SubscriptionId(row.get("id"))))
}
