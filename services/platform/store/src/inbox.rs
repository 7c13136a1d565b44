//! The inbox: events already taken. An event delivered twice is taken once.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use skillwire_schemas::EventId;
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;

use crate::db::{Db, Tx};
use crate::error::StoreError;

/// Marks the events as taken by `stage` and tells which of them are new. Belongs into the transaction that does the work.
/// A copy that takes the same event at the same moment waits here for the first one's commit.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn take(
    tx: &mut Tx,
    stage: &str,
    events: &[EventId],
    now: DateTime<Utc>,
) -> Result<HashSet<EventId>, StoreError> {
    let mut ids: Vec<Uuid> = events.iter().map(|id| id.0).collect();
    // One order for all copies: two transactions that take the same events never wait for each other crosswise.
    ids.sort_unstable();
    ids.dedup();
    let sql = format!(
        "insert into {}.inbox (stage, event, taken_at) select $1, e, $3 from unnest($2::uuid[]) e
         on conflict do nothing returning event",
        tx.service()
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(stage).bind(ids).bind(now).fetch_all(tx.conn()).await?;
    Ok(rows.into_iter().map(|row| EventId(row.get("event"))).collect())
}

/// Forgets events taken before then; an event that old must not be replayed into this service any more.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn prune(db: &Db, before: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
    let service = db.service();
    let sql = format!(
        "delete from {service}.inbox where (stage, event) in
             (select stage, event from {service}.inbox where taken_at < $1 order by taken_at limit $2)"
    );
    let done = sqlx::query(AssertSqlSafe(sql)).bind(before).bind(i64::from(limit)).execute(db.pool()).await?;
    Ok(done.rows_affected())
}
