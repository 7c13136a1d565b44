//! deliver.subscriptions and deliver.unsubscribed

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use skillwire_schemas::{PartnershipId, Subscription, SubscriptionId};
use skillwire_store::{Db, StoreError};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

/// Keeps the newest snapshot of each, and holds their rows to the end of the transaction: two copies that gather for the
/// same subscription go one after the other. `seen` is in the order of ids, each id once.
pub(crate) async fn keep(
    conn: &mut PgConnection,
    seen: &[(&Subscription, DateTime<Utc>)],
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into deliver.subscriptions (id, partnership, person, name, cadence, time_zone, seen_at)
         select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
         on conflict (id) do update set person = excluded.person, name = excluded.name, cadence = excluded.cadence,
             time_zone = excluded.time_zone, seen_at = excluded.seen_at
         where subscriptions.seen_at <= excluded.seen_at",
    )
    .bind(seen.iter().map(|(s, _)| s.id.0).collect::<Vec<_>>())
    .bind(seen.iter().map(|(s, _)| s.partnership.0).collect::<Vec<_>>())
    .bind(seen.iter().map(|(s, _)| s.person.0).collect::<Vec<_>>())
    .bind(seen.iter().map(|(s, _)| s.name.as_str()).collect::<Vec<_>>())
    .bind(seen.iter().map(|(s, _)| s.cadence.as_str()).collect::<Vec<_>>())
    .bind(seen.iter().map(|(s, _)| s.time_zone.as_str()).collect::<Vec<_>>())
    .bind(seen.iter().map(|(_, at)| *at).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

/// Which of these get no mail.
pub(crate) async fn unsubscribed(
    conn: &mut PgConnection,
    ids: &[Uuid],
) -> Result<HashSet<SubscriptionId>, StoreError> {
    let rows = sqlx::query("select subscription from deliver.unsubscribed where subscription = any($1)")
        .bind(ids)
        .fetch_all(conn)
        .await?;
    Ok(rows.iter().map(|row| SubscriptionId(row.get("subscription"))).collect())
}

/// What an unsubscribe page shows.
#[derive(Debug)]
pub(crate) struct Known {
    pub name: String,
    pub unsubscribed: bool,
}

/// The subscription, if a request for it was ever seen.
pub(crate) async fn known(db: &Db, id: SubscriptionId) -> Result<Option<Known>, StoreError> {
    let row = sqlx::query(
        "select s.name, u.at is not null as unsubscribed from deliver.subscriptions s
         left join deliver.unsubscribed u on u.subscription = s.id where s.id = $1",
    )
    .bind(id.0)
    .fetch_optional(db.pool())
    .await?;
    Ok(row.map(|row| Known { name: row.get("name"), unsubscribed: row.get("unsubscribed") }))
}

/// Ends the mail of a subscription; doing it twice is doing it once.
pub(crate) async fn unsubscribe(db: &Db, id: SubscriptionId, now: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query("insert into deliver.unsubscribed (subscription, at) values ($1, $2) on conflict do nothing")
        .bind(id.0)
        .bind(now)
        .execute(db.pool())
        .await?;
    Ok(())
}

/// Mail again.
pub(crate) async fn resubscribe(db: &Db, id: SubscriptionId) -> Result<(), StoreError> {
    sqlx::query("delete from deliver.unsubscribed where subscription = $1").bind(id.0).execute(db.pool()).await?;
    Ok(())
}

/// The person a subscription belongs to, in a partnership; for the pages' search by subscription.
pub(crate) async fn partnership_of(db: &Db, id: SubscriptionId) -> Result<Option<PartnershipId>, StoreError> {
    let row = sqlx::query("select partnership from deliver.subscriptions where id = $1")
        .bind(id.0)
        .fetch_optional(db.pool())
        .await?;
    Ok(row.map(|row| PartnershipId(row.get("partnership"))))
}
