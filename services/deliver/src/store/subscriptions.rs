//! deliver.subscriptions and deliver.unsubscribed

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use skillwire_schemas::event::SubscriptionChanged;
use skillwire_schemas::{PartnershipId, PersonId, SubscriptionId};
use skillwire_store::{Db, StoreError};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Row};
use uuid::Uuid;

/// Keeps how subscriptions stand, in the order given; those of which it is news (a change that comes after its successor is not).
pub(crate) async fn keep(
    conn: &mut PgConnection,
    changes: &[&SubscriptionChanged],
    now: DateTime<Utc>,
) -> Result<HashSet<SubscriptionId>, StoreError> {
    let mut news = HashSet::new();
    // One by one: people change subscriptions by hand, so there are few.
    for change in changes {
        let s = &change.subscription;
        let done = sqlx::query(
            "insert into deliver.subscriptions as k
                 (subscription, version, paused, ended, partnership, person, name, channels, changed_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             on conflict (subscription) do update set version = excluded.version, paused = excluded.paused,
                 ended = excluded.ended, partnership = excluded.partnership, person = excluded.person, name = excluded.name,
                 channels = excluded.channels, changed_at = excluded.changed_at
                 where k.version < excluded.version",
        )
        .bind(s.id.0)
        .bind(change.version)
        .bind(s.paused)
        .bind(change.ended)
        .bind(s.partnership.0)
        .bind(s.person.0)
        .bind(&s.name)
        .bind(s.channels.iter().map(|c| c.as_str()).collect::<Vec<_>>())
        .bind(now)
        .execute(&mut *conn)
        .await?;
        if done.rows_affected() == 1 {
            news.insert(s.id);
        }
    }
    Ok(news)
}

/// What belongs to subscriptions, of a partnership and of that person if one is given, by name. The statement has them as $1 and
/// $2, and gives at least `subscription` and `name`.
pub(super) async fn owned(
    pool: &PgPool,
    select: &'static str,
    (partnership, person): (PartnershipId, Option<PersonId>),
    limit: u32,
) -> Result<Vec<PgRow>, StoreError> {
    let rows = sqlx::query(AssertSqlSafe(format!("{select} order by name, subscription limit $3")))
        .bind(partnership.0)
        .bind(person.map(|p| p.0))
        .bind(i64::from(limit))
        .fetch_all(pool);
    Ok(rows.await?)
}

/// One of them.
pub(super) async fn owned_one(
    pool: &PgPool,
    select: &'static str,
    (partnership, person): (PartnershipId, Option<PersonId>),
    id: SubscriptionId,
) -> Result<Option<PgRow>, StoreError> {
    let row = sqlx::query(AssertSqlSafe(format!("select * from ({select}) as o where o.subscription = $3")))
        .bind(partnership.0)
        .bind(person.map(|p| p.0))
        .bind(id.0)
        .fetch_optional(pool);
    Ok(row.await?)
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

/// Whether the mails of a subscription were stopped.
pub(crate) async fn is_stopped(db: &Db, id: SubscriptionId) -> Result<bool, StoreError> {
    let row = sqlx::query("select 1 from deliver.unsubscribed where subscription = $1").bind(id.0);
    Ok(row.fetch_optional(db.pool()).await?.is_some())
}

/// Lets the mails of a subscription go again.
pub(crate) async fn start(db: &Db, id: SubscriptionId) -> Result<(), StoreError> {
    sqlx::query("delete from deliver.unsubscribed where subscription = $1").bind(id.0).execute(db.pool()).await?;
    Ok(())
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
