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

/// A message that can never be taken, kept with the reason.
#[derive(Clone, Debug)]
pub struct DeadLetter {
    /// Which stage refused it.
    pub stage: &'static str,
    /// Its subject.
    pub subject: String,
    /// Its message id, if it had one.
    pub message_id: Option<String>,
    /// Its bytes.
    pub body: Vec<u8>,
    /// Why.
    pub why: String,
}

/// Keeps a dead letter.
///
/// # Errors
/// When PostgreSQL does not answer; then the message must not be given up.
pub async fn bury(db: &Db, letter: &DeadLetter, now: DateTime<Utc>) -> Result<(), StoreError> {
    let sql = format!(
        "insert into {}.dead_letters (stage, subject, message_id, body, why, died_at) values ($1, $2, $3, $4, $5, $6)",
        db.service()
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(letter.stage)
        .bind(&letter.subject)
        .bind(&letter.message_id)
        .bind(&letter.body)
        .bind(&letter.why)
        .bind(now)
        .execute(db.pool())
        .await?;
    Ok(())
}

/// How many dead letters there are.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn dead(db: &Db) -> Result<i64, StoreError> {
    let sql = format!("select count(*) as n from {}.dead_letters", db.service());
    Ok(sqlx::query(AssertSqlSafe(sql)).fetch_one(db.pool()).await?.get("n"))
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
