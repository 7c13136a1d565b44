//! deliver.unsubscribed

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use skillwire_schemas::SubscriptionId;
use skillwire_store::{Db, StoreError};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// Which of these subscriptions were stopped by the link in a mail.
pub(crate) async fn stopped(
    conn: &mut PgConnection,
    ids: &[SubscriptionId],
) -> Result<HashSet<SubscriptionId>, StoreError> {
    let rows = sqlx::query("select subscription from deliver.unsubscribed where subscription = any($1)")
        .bind(ids.iter().map(|id| id.0).collect::<Vec<Uuid>>())
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| SubscriptionId(row.get("subscription"))).collect())
}

/// Stops the mails of a subscription, those that wait included.
pub(crate) async fn stop(db: &Db, id: SubscriptionId, now: DateTime<Utc>) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    sqlx::query("insert into deliver.unsubscribed (subscription, at) values ($1, $2) on conflict do nothing")
        .bind(id.0)
        .bind(now)
        .execute(tx.conn())
        .await?;
    sqlx::query(
        "update deliver.deliveries set state = 'skipped', reason = 'unsubscribed'
         where subscription = $1 and channel = 'email' and state in ('gathering', 'waiting')",
    )
    .bind(id.0)
    .execute(tx.conn())
    .await?;
    tx.commit().await
}
