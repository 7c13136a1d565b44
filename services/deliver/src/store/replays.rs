//! Webhook deliveries again, by hand; and tests.

use chrono::{DateTime, Utc};
use skillwire_schemas::{DeliveryId, SubscriptionId};
use skillwire_store::{Db, StoreError};
use sqlx::{PgConnection, Row};

use super::pushes::REPLAY_MAX;

/// Lets a delivery of an endpoint begin a new round, with the same id. Whether there was one that is not on its way.
pub(crate) async fn one(
    db: &Db,
    subscription: SubscriptionId,
    id: DeliveryId,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "update deliver.deliveries set state = 'waiting', due_at = $3, first_try_at = null, round_from = tries
         where id = $1 and subscription = $2 and channel = 'webhook' and state in ('waiting', 'sent', 'failed', 'uncertain')",
    )
    .bind(id.0)
    .bind(subscription.0)
    .bind(now)
    .execute(db.pool())
    .await?;
    if done.rows_affected() == 1 {
        let mut conn = db.pool().acquire().await?;
        let_one_through(&mut conn, subscription, now).await?;
    }
    Ok(done.rows_affected() == 1)
}

/// Somebody asks for it by hand: an endpoint that is left alone gets one delivery now, and all when that succeeds.
async fn let_one_through(
    conn: &mut PgConnection,
    subscription: SubscriptionId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("update deliver.endpoints set open_until = $2 where subscription = $1 and open_until > $2")
        .bind(subscription.0)
        .bind(now)
        .execute(conn)
        .await?;
    Ok(())
}

/// Lets the deliveries since then begin a new round: those that were not taken, or all. Gives how many; at most [`REPLAY_MAX`],
/// the oldest.
pub(crate) async fn since(
    db: &Db,
    subscription: SubscriptionId,
    since: DateTime<Utc>,
    all: bool,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "with again as (
             select id from deliver.deliveries
             where subscription = $1 and channel = 'webhook' and created_at >= $2 and period not like 'test %'
               and (state in ('failed', 'uncertain') or ($3 and state = 'sent'))
             order by created_at, id limit $5 for update skip locked)
         update deliver.deliveries d set state = 'waiting', due_at = $4, first_try_at = null, round_from = tries
         from again where d.id = again.id",
    )
    .bind(subscription.0)
    .bind(since)
    .bind(all)
    .bind(now)
    .bind(REPLAY_MAX)
    .execute(db.pool())
    .await?;
    Ok(done.rows_affected())
}

/// Puts a test among the deliveries, unless there were `max` since `after`. Whether it did.
pub(crate) async fn test(
    db: &Db,
    subscription: SubscriptionId,
    (id, body): (DeliveryId, &str),
    (after, max): (DateTime<Utc>, i64),
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let mut tx = db.begin().await?;
    let row = sqlx::query(
        "select (select count(*) from deliver.deliveries d where d.subscription = e.subscription and d.channel = 'webhook'
             and d.period like 'test %' and d.created_at > $2) as tests
         from deliver.endpoints e where e.subscription = $1 for update",
    )
    .bind(subscription.0)
    .bind(after)
    .fetch_one(tx.conn())
    .await?;
    if row.get::<i64, _>("tests") >= max {
        return Ok(false);
    }
    sqlx::query(
        "insert into deliver.deliveries (id, partnership, subscription, person, channel, name, cadence, time_zone, period,
             state, due_at, body_text, frozen_at, traceparent, created_at)
         select $2, partnership, subscription, person, 'webhook', name, 'instant', 'UTC', 'test ' || $2::text, 'waiting', $3, $4,
             $3, '', $3
         from deliver.endpoints where subscription = $1",
    )
    .bind(subscription.0)
    .bind(id.0)
    .bind(now)
    .bind(body)
    .execute(tx.conn())
    .await?;
    let_one_through(tx.conn(), subscription, now).await?;
    tx.commit().await?;
    Ok(true)
}
