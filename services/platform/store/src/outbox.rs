//! The outbox: events waiting for, or handed to, the broker. Rows stay, so that the broker can be filled again (replay).

use std::time::Duration;

use chrono::{DateTime, Utc};
use skillwire_schemas::{Envelope, EventId, Payload};
use sqlx::{AssertSqlSafe, PgConnection, Row};
use uuid::Uuid;

use crate::db::Db;
use crate::error::StoreError;

/// An event on its way into the outbox.
#[derive(Debug)]
pub(crate) struct Outgoing {
    id: Uuid,
    subject: String,
    body: String,
    said_at: DateTime<Utc>,
}

impl Outgoing {
    pub(crate) fn new<P: Payload>(event: &Envelope<P>) -> Result<Self, StoreError> {
        Ok(Self {
            id: event.id.0,
            subject: event.bus_subject(),
            body: serde_json::to_string(event)?,
            said_at: event.time,
        })
    }
}

/// An event to hand to the broker.
#[derive(Clone, Debug)]
pub struct OutboxRow {
    /// Its id, also the message id.
    pub id: EventId,
    /// Its subject.
    pub subject: String,
    /// The CloudEvents JSON.
    pub body: String,
}

/// Writes the events of a transaction in one statement. An event that is there already is the same event: ids are derived
/// from causes.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    service: &'static str,
    outgoing: &[Outgoing],
) -> Result<(), StoreError> {
    let sql = format!(
        "insert into {service}.outbox (id, subject, body, said_at)
         select * from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[]) on conflict (id) do nothing"
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(outgoing.iter().map(|o| o.id).collect::<Vec<_>>())
        .bind(outgoing.iter().map(|o| o.subject.as_str()).collect::<Vec<_>>())
        .bind(outgoing.iter().map(|o| o.body.as_str()).collect::<Vec<_>>())
        .bind(outgoing.iter().map(|o| o.said_at).collect::<Vec<_>>())
        .execute(conn)
        .await?;
    Ok(())
}

/// Takes up to `limit` unsent events for `lease`, oldest first. Several copies take different ones; a copy that dies leaves
/// its events to the others when the lease ends. No lock is held while they are handed over.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn claim(db: &Db, now: DateTime<Utc>, lease: Duration, limit: u32) -> Result<Vec<OutboxRow>, StoreError> {
    let service = db.service();
    let sql = format!(
        "with due as (
             select id from {service}.outbox where sent_at is null and claimed_until <= $1
             order by position limit $3 for update skip locked)
         update {service}.outbox o set claimed_until = $2 from due where o.id = due.id
         returning o.id, o.subject, o.body, o.position"
    );
    let mut rows =
        sqlx::query(AssertSqlSafe(sql)).bind(now).bind(now + lease).bind(i64::from(limit)).fetch_all(db.pool()).await?;
    rows.sort_by_key(|row| row.get::<i64, _>("position"));
    Ok(rows
        .into_iter()
        .map(|row| OutboxRow { id: EventId(row.get("id")), subject: row.get("subject"), body: row.get("body") })
        .collect())
}

/// Marks events as handed over, and gives the others of the claim back at once.
///
/// # Errors
/// When PostgreSQL does not answer; then they are handed over once more, which the receivers' inboxes forgive.
pub async fn settle(db: &Db, now: DateTime<Utc>, sent: &[EventId], failed: &[EventId]) -> Result<(), StoreError> {
    let service = db.service();
    let sql = format!(
        "update {service}.outbox set sent_at = case when id = any($2) then $1 end, claimed_until = $1
         where id = any($2) or id = any($3)"
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(now)
        .bind(sent.iter().map(|id| id.0).collect::<Vec<_>>())
        .bind(failed.iter().map(|id| id.0).collect::<Vec<_>>())
        .execute(db.pool())
        .await?;
    Ok(())
}

/// How many events wait, and since when.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn waiting(db: &Db) -> Result<(i64, Option<DateTime<Utc>>), StoreError> {
    let sql = format!("select count(*) as n, min(said_at) as since from {}.outbox where sent_at is null", db.service());
    let row = sqlx::query(AssertSqlSafe(sql)).fetch_one(db.pool()).await?;
    Ok((row.get("n"), row.get("since")))
}

/// Makes everything said since then go out again, with the same ids.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn replay_since(db: &Db, since: DateTime<Utc>) -> Result<u64, StoreError> {
    let sql = format!("update {}.outbox set sent_at = null where said_at >= $1 and sent_at is not null", db.service());
    let done = sqlx::query(AssertSqlSafe(sql)).bind(since).execute(db.pool()).await?;
    db.wake().ring();
    Ok(done.rows_affected())
}

/// Forgets events handed over before then.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn prune(db: &Db, before: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
    let service = db.service();
    let sql = format!(
        "delete from {service}.outbox where id in
             (select id from {service}.outbox where sent_at < $1 order by sent_at limit $2)"
    );
    let done = sqlx::query(AssertSqlSafe(sql)).bind(before).bind(i64::from(limit)).execute(db.pool()).await?;
    Ok(done.rows_affected())
}
