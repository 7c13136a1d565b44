//! deliver.told: what each subscription was told last of each signal

use skillwire_schemas::{DeliveryId, Signal, SubscriptionId};
use skillwire_store::{Db, StoreError};
use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::types::Json;

/// What was told last of the signals of a delivery.
pub(crate) async fn before(
    db: &Db,
    subscription: SubscriptionId,
    delivery: DeliveryId,
) -> Result<Vec<Signal>, StoreError> {
    let rows = sqlx::query(
        "select s.delivery, s.body from deliver.delivery_signals c
         join deliver.told t on t.subscription = $1 and t.signal = c.signal and t.delivery <> c.delivery
         join deliver.delivery_signals s on s.delivery = t.delivery and s.signal = t.signal
         where c.delivery = $2",
    )
    .bind(subscription.0)
    .bind(delivery.0)
    .fetch_all(db.pool())
    .await?;
    rows.iter().map(signal).collect()
}

/// Of all else that was told, what has most openings, and the credentials that have.
pub(crate) async fn rest(
    db: &Db,
    subscription: SubscriptionId,
    delivery: DeliveryId,
    limit: usize,
) -> Result<Vec<Signal>, StoreError> {
    let rows = sqlx::query(
        "with first as (
             (select t.signal, t.delivery from deliver.told t
              where t.subscription = $1 and t.openings is not null
                and not exists (select 1 from deliver.delivery_signals c where c.delivery = $2 and c.signal = t.signal)
              order by t.openings desc, t.signal limit $3)
             union
             (select t.signal, t.delivery from deliver.told t
              where t.subscription = $1 and t.openings is not null and t.kind = 'credential'
                and not exists (select 1 from deliver.delivery_signals c where c.delivery = $2 and c.signal = t.signal)
              order by t.openings desc, t.signal limit $3))
         select s.delivery, s.body from first f
         join deliver.delivery_signals s on s.delivery = f.delivery and s.signal = f.signal",
    )
    .bind(subscription.0)
    .bind(delivery.0)
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(db.pool())
    .await?;
    rows.iter().map(signal).collect()
}

fn signal(row: &PgRow) -> Result<Signal, StoreError> {
    let Json(value): Json<serde_json::Value> = row.try_get("body")?;
    let delivery: uuid::Uuid = row.try_get("delivery")?;
    serde_json::from_value(value).map_err(|e| StoreError::inconsistent("deliver.delivery_signals", "body", delivery, e))
}
