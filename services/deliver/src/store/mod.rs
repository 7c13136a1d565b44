//! This service's SQL.

pub(crate) mod attempts;
pub(crate) mod bounces;
pub(crate) mod claim;
pub(crate) mod deliveries;
pub(crate) mod endpoints;
pub(crate) mod feeds;
pub(crate) mod figures;
pub(crate) mod hands;
pub(crate) mod held;
pub(crate) mod mails;
pub(crate) mod pushes;
pub(crate) mod read;
pub(crate) mod replays;
pub(crate) mod streams;
pub(crate) mod subscriptions;
pub(crate) mod suppressed;
pub(crate) mod told;

use chrono::{DateTime, Utc};
use skillwire_schemas::PartnershipId;
use skillwire_store::{Db, StoreError};
use sqlx::Row;

/// What became of a partnership's deliveries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// (channel, state, how many).
    pub deliveries: Vec<(String, String, i64)>,
    /// Signals in them: (channel, how many pairs of subscription and signal).
    pub told: Vec<(String, i64)>,
    /// Attempts whose outcome could not be known.
    pub uncertain: i64,
}

/// Counts for summaries.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn counts(db: &Db, partnership: PartnershipId) -> Result<Counts, StoreError> {
    let deliveries = sqlx::query(
        "select channel, state, count(*) as n from deliver.deliveries where partnership = $1 group by 1, 2 order by 1, 2",
    )
    .bind(partnership.0)
    .fetch_all(db.pool())
    .await?;
    let told = sqlx::query(
        "select d.channel, count(distinct (d.subscription, s.signal)) as n
         from deliver.deliveries d join deliver.delivery_signals s on s.delivery = d.id
         where d.partnership = $1 group by 1 order by 1",
    )
    .bind(partnership.0)
    .fetch_all(db.pool())
    .await?;
    let uncertain =
        sqlx::query("select coalesce(sum(uncertain), 0) as n from deliver.deliveries where partnership = $1")
            .bind(partnership.0)
            .fetch_one(db.pool())
            .await?;
    Ok(Counts {
        deliveries: deliveries.into_iter().map(|r| (r.get("channel"), r.get("state"), r.get("n"))).collect(),
        told: told.into_iter().map(|r| (r.get("channel"), r.get("n"))).collect(),
        uncertain: uncertain.get("n"),
    })
}

/// Makes every mail that is being gathered due now; its period stays what it is. Gives how many.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn flush(db: &Db, now: DateTime<Utc>) -> Result<u64, StoreError> {
    let done = sqlx::query("update deliver.deliveries set due_at = $1 where state = 'gathering' and due_at > $1")
        .bind(now)
        .execute(db.pool())
        .await?;
    Ok(done.rows_affected())
}

/// Puts every feed message since then out again, with the same ids. Gives how many.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn replay_since(db: &Db, since: DateTime<Utc>, now: DateTime<Utc>) -> Result<u64, StoreError> {
    // Where older ones lay in the stream says nothing any more: it is being filled anew.
    sqlx::query(
        "update deliver.deliveries set feed_sequence = null
         where channel = 'stream' and feed_sequence is not null and created_at < $1",
    )
    .bind(since)
    .execute(db.pool())
    .await?;
    let done = sqlx::query(
        "update deliver.deliveries set state = 'waiting', due_at = least(created_at, $2)
         where channel = 'stream' and state = 'sent' and created_at >= $1",
    )
    .bind(since)
    .bind(now)
    .execute(db.pool())
    .await?;
    Ok(done.rows_affected())
}
