//! deliver.attempts: written before anything leaves.

use chrono::{DateTime, Utc};
use skillwire_schemas::{AttemptId, DeliveryId};
use skillwire_store::{Db, StoreError};
use sqlx::{PgConnection, Row};

use crate::state::{Outcome, State};
use crate::store::suppressed;

/// What is known when an attempt begins.
pub(crate) struct Began {
    pub tries: u32,
    pub uncertain: u32,
    pub since: DateTime<Utc>,
}

/// What is known when it ends.
pub(crate) struct End {
    pub attempt: AttemptId,
    pub delivery: DeliveryId,
    pub outcome: Outcome,
    pub reply: String,
    pub state: State,
    pub due_at: DateTime<Utc>,
    pub at: DateTime<Utc>,
    /// The address that was refused, which is left alone from now on.
    pub refused: Option<suppressed::New>,
}

/// Begins an attempt to send to an address, given as its hash.
pub(crate) async fn begin(
    db: &Db,
    attempt: AttemptId,
    delivery: DeliveryId,
    address: Option<&[u8]>,
    now: DateTime<Utc>,
) -> Result<Began, StoreError> {
    let row = sqlx::query(
        "with d as (
             update deliver.deliveries set tries = tries + 1, first_try_at = coalesce(first_try_at, $3), address = $4
             where id = $2
             returning id, tries, uncertain, first_try_at),
         a as (
             insert into deliver.attempts (id, delivery, number, began_at, phase)
             select $1, d.id, d.tries, $3, 'began' from d)
         select tries, uncertain, first_try_at from d",
    )
    .bind(attempt.0)
    .bind(delivery.0)
    .bind(now)
    .bind(address)
    .fetch_one(db.pool())
    .await?;
    let count = |column: &'static str| {
        u32::try_from(row.get::<i32, _>(column))
            .map_err(|e| StoreError::inconsistent("deliver.deliveries", column, delivery, e))
    };
    Ok(Began { tries: count("tries")?, uncertain: count("uncertain")?, since: row.get("first_try_at") })
}

/// Writes that the content is leaving; whether this process still has the delivery in hand.
pub(crate) async fn handing_over(
    db: &Db,
    attempt: AttemptId,
    delivery: DeliveryId,
    lease_until: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "with d as (
             update deliver.deliveries set state = 'handing_over', lease_until = $3
             where id = $2 and state = 'sending'
               and tries = (select number from deliver.attempts where id = $1) returning id)
         update deliver.attempts a set phase = 'handing_over' from d where a.id = $1 and a.delivery = d.id",
    )
    .bind(attempt.0)
    .bind(delivery.0)
    .bind(lease_until)
    .execute(db.pool())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends an attempt. Twice is once: the answer to a commit may be lost.
pub(crate) async fn end(db: &Db, end: &End) -> Result<(), StoreError> {
    let Some(refused) = &end.refused else {
        return close(&mut *db.pool().acquire().await?, end).await;
    };
    let mut tx = db.begin().await?;
    suppressed::add(tx.conn(), refused, end.at).await?;
    close(tx.conn(), end).await?;
    tx.commit().await
}

async fn close(conn: &mut PgConnection, end: &End) -> Result<(), StoreError> {
    sqlx::query(
        "with a as (
             update deliver.attempts set phase = 'done', outcome = $3, reply = nullif($4, ''), ended_at = $7
             where id = $1 and phase <> 'done' returning delivery),
         -- What was taken is what the subscriber knows: the next mail compares with it.
         told as (
             insert into deliver.told as t (subscription, signal, revision, openings, kind, delivery)
             select d.subscription, s.signal, s.revision,
                    case when s.body->'figures'->>'state' = 'published' then
                        least((s.body->'figures'->>'openings_new')::bigint + (s.body->'figures'->>'openings_replacement')::bigint, 2147483647)::int end,
                    s.body->'concept'->>'kind', d.id
             from a join deliver.deliveries d on d.id = a.delivery join deliver.delivery_signals s on s.delivery = d.id
             where $3 = 'sent' and d.channel = 'email'
             on conflict (subscription, signal) do update set revision = excluded.revision, openings = excluded.openings,
                 kind = excluded.kind, delivery = excluded.delivery
                 where t.revision <= excluded.revision)
         update deliver.deliveries d set state = $5, due_at = $6, lease_until = null,
             sent_at = case when $3 = 'sent' then $7 else d.sent_at end,
             reason = nullif($4, ''), uncertain = d.uncertain + case when $3 = 'uncertain' then 1 else 0 end
         from a where d.id = a.delivery and d.id = $2",
    )
    .bind(end.attempt.0)
    .bind(end.delivery.0)
    .bind(end.outcome.as_str())
    .bind(&end.reply)
    .bind(end.state.as_str())
    .bind(end.due_at)
    .bind(end.at)
    .execute(conn)
    .await?;
    Ok(())
}
