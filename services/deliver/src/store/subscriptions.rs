//! deliver.subscriptions and deliver.unsubscribed

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use skillwire_schemas::SubscriptionId;
use skillwire_schemas::event::SubscriptionChanged;
use skillwire_store::{Db, StoreError};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// How a subscription stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    pub subscription: SubscriptionId,
    pub version: i64,
    pub paused: bool,
    pub ended: bool,
}

impl Standing {
    pub(crate) const fn of(change: &SubscriptionChanged) -> Self {
        let subscription = &change.subscription;
        Self {
            subscription: subscription.id,
            version: change.version,
            paused: subscription.paused,
            ended: change.ended,
        }
    }
}

/// Keeps how subscriptions stand, in the order given; those of which it is news.
pub(crate) async fn keep(
    conn: &mut PgConnection,
    standings: &[Standing],
) -> Result<HashSet<SubscriptionId>, StoreError> {
    let rows = sqlx::query(
        "insert into deliver.subscriptions as s (subscription, version, paused, ended)
         select * from unnest($1::uuid[], $2::bigint[], $3::bool[], $4::bool[])
         on conflict (subscription) do update set version = excluded.version, paused = excluded.paused, ended = excluded.ended
             where s.version < excluded.version
         returning subscription",
    )
    .bind(standings.iter().map(|s| s.subscription.0).collect::<Vec<Uuid>>())
    .bind(standings.iter().map(|s| s.version).collect::<Vec<_>>())
    .bind(standings.iter().map(|s| s.paused).collect::<Vec<_>>())
    .bind(standings.iter().map(|s| s.ended).collect::<Vec<_>>())
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| SubscriptionId(row.get("subscription"))).collect())
}

/// Why nothing is sent for these subscriptions, where it is so.
pub(crate) async fn silent(
    conn: &mut PgConnection,
    ids: &[SubscriptionId],
) -> Result<HashMap<SubscriptionId, Silence>, StoreError> {
    let rows = sqlx::query(
        "select subscription, ended from deliver.subscriptions where subscription = any($1) and (paused or ended)",
    )
    .bind(ids.iter().map(|id| id.0).collect::<Vec<Uuid>>())
    .fetch_all(conn)
    .await?;
    let silence = |ended| if ended { Silence::Ended } else { Silence::Paused };
    Ok(rows.into_iter().map(|row| (SubscriptionId(row.get("subscription")), silence(row.get("ended")))).collect())
}

/// Why nothing is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Silence {
    Paused,
    Ended,
}

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
         where subscription = $1 and channel = 'email' and state in ('gathering', 'waiting', 'held')",
    )
    .bind(id.0)
    .execute(tx.conn())
    .await?;
    tx.commit().await
}
