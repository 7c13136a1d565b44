//! deliver.feed_addresses, deliver.feed_numbers, deliver.feed_latest, and the entries of feeds.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use skillwire_schemas::{DeliveryId, PartnershipId, PersonId, SignalId, SubscriptionId};
use skillwire_store::{Db, StoreError};
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool, Row};
use uuid::Uuid;

use super::subscriptions;
use crate::feeds::entry::{Entry, Feed};
use crate::feeds::hub::Pulse;
use crate::feeds::token::Kept;

/// Whoever numbers holds this lock until the commit, so that numbers are seen in their order, and revisions of one signal are
/// numbered in theirs. "feeds" in ASCII.
const NUMBERING: i64 = 0x66_65_65_64_73;
/// The last use is written down once in so long: a reader that polls must not write at every poll.
const USED_EVERY: TimeDelta = TimeDelta::seconds(60);

/// The feed of a subscription, as its owner sees it.
#[derive(Clone, Debug)]
pub(crate) struct Owned {
    pub subscription: SubscriptionId,
    pub person: PersonId,
    pub name: String,
    pub prefix: Option<String>,
    pub made_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub last_used_at: Option<DateTime<Utc>>,
    pub last: i64,
    pub last_at: Option<DateTime<Utc>>,
}

const SELECT: &str = "select s.subscription, s.person, s.name, a.token_prefix, a.made_at, a.revoked_at, a.last_used_at,
         coalesce(n.last, 0) as last, n.at as last_at
     from deliver.subscriptions s
     left join deliver.feed_addresses a on a.subscription = s.subscription
     left join deliver.feed_numbers n on n.subscription = s.subscription
     where s.partnership = $1 and ($2::uuid is null or s.person = $2) and not s.ended and 'feed' = any(s.channels)";

/// The feeds of a partnership, of that person if one is given.
pub(crate) async fn list(
    pool: &PgPool,
    partnership: PartnershipId,
    person: Option<PersonId>,
    limit: u32,
) -> Result<Vec<Owned>, StoreError> {
    let rows = subscriptions::owned(pool, SELECT, (partnership, person), limit).await?;
    Ok(rows.iter().map(owned).collect())
}

/// One of them.
pub(crate) async fn get(
    pool: &PgPool,
    partnership: PartnershipId,
    person: Option<PersonId>,
    id: SubscriptionId,
) -> Result<Option<Owned>, StoreError> {
    let row = subscriptions::owned_one(pool, SELECT, (partnership, person), id).await?;
    Ok(row.as_ref().map(owned))
}

fn owned(row: &PgRow) -> Owned {
    Owned {
        subscription: SubscriptionId(row.get("subscription")),
        person: PersonId(row.get("person")),
        name: row.get("name"),
        prefix: row.get("token_prefix"),
        made_at: row.get("made_at"),
        revoked_at: row.get("revoked_at"),
        last_used_at: row.get("last_used_at"),
        last: row.get("last"),
        last_at: row.get("last_at"),
    }
}

/// Puts a new address in force; the one before opens nothing from now on.
pub(crate) async fn issue(db: &Db, id: SubscriptionId, kept: &Kept, now: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query(
        "insert into deliver.feed_addresses (subscription, token_prefix, token_hash, made_at) values ($1, $2, $3, $4)
         on conflict (subscription) do update set token_prefix = excluded.token_prefix, token_hash = excluded.token_hash,
             made_at = excluded.made_at, revoked_at = null, last_used_at = null",
    )
    .bind(id.0)
    .bind(&kept.prefix)
    .bind(&kept.hash)
    .bind(now)
    .execute(db.pool())
    .await?;
    Ok(())
}

/// Takes an address out of force. Whether it was.
pub(crate) async fn revoke(
    conn: &mut PgConnection,
    id: SubscriptionId,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "update deliver.feed_addresses set token_prefix = null, token_hash = null, revoked_at = $2
         where subscription = $1 and revoked_at is null",
    )
    .bind(id.0)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The feed that a token opens; notes that it was used.
pub(crate) async fn admit(db: &Db, given: &Kept, now: DateTime<Utc>) -> Result<Option<Feed>, StoreError> {
    let row = sqlx::query(
        "select a.subscription, a.made_at, a.last_used_at, s.name, coalesce(n.last, 0) as last, n.at as last_at
         from deliver.feed_addresses a join deliver.subscriptions s on s.subscription = a.subscription
         left join deliver.feed_numbers n on n.subscription = a.subscription
         where a.token_prefix = $1 and a.token_hash = $2 and not s.ended and 'feed' = any(s.channels)",
    )
    .bind(&given.prefix)
    .bind(&given.hash)
    .fetch_optional(db.pool())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let feed = Feed {
        subscription: SubscriptionId(row.get("subscription")),
        name: row.get("name"),
        last: row.get("last"),
        last_at: row.get("last_at"),
        made_at: row.get("made_at"),
        last_used_at: row.get("last_used_at"),
    };
    if feed.last_used_at.is_none_or(|at| now - at >= USED_EVERY) {
        sqlx::query("update deliver.feed_addresses set last_used_at = $3 where subscription = $1 and token_hash = $2")
            .bind(feed.subscription.0)
            .bind(&given.hash)
            .bind(now)
            .execute(db.pool())
            .await?;
    }
    Ok(Some(feed))
}

/// How feeds stand: the last number, and what opens them.
pub(crate) async fn standing(db: &Db, ids: &[SubscriptionId]) -> Result<HashMap<SubscriptionId, Pulse>, StoreError> {
    let rows = sqlx::query(
        "select s.subscription, coalesce(n.last, 0) as last, a.token_hash
         from deliver.subscriptions s join deliver.feed_addresses a on a.subscription = s.subscription
         left join deliver.feed_numbers n on n.subscription = s.subscription
         where s.subscription = any($1) and not s.ended and 'feed' = any(s.channels)",
    )
    .bind(ids.iter().map(|id| id.0).collect::<Vec<Uuid>>())
    .fetch_all(db.pool())
    .await?;
    let pulse = |row: &PgRow| Pulse { last: row.get("last"), hash: row.get("token_hash") };
    Ok(rows.iter().map(|row| (SubscriptionId(row.get("subscription")), pulse(row))).collect())
}

/// Whether any delivery waits for its number. Asked without a lock, since mostly none does.
pub(crate) async fn any_waits(db: &Db, now: DateTime<Utc>) -> Result<bool, StoreError> {
    let row = sqlx::query(
        // In order, so that the index of what is due is read and not the deliveries of years.
        "select 1 from deliver.deliveries d where d.channel = 'feed' and d.state = 'waiting' and d.due_at <= $1
         order by d.due_at limit 1",
    )
    .bind(now)
    .fetch_optional(db.pool())
    .await?;
    Ok(row.is_some())
}

/// What was numbered of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Numbered {
    pub subscription: SubscriptionId,
    pub last: i64,
    pub count: u64,
}

/// Gives waiting deliveries their numbers: one transaction, one process at a time. A paused subscription waits.
pub(crate) async fn number(db: &Db, now: DateTime<Utc>, limit: i64) -> Result<Vec<Numbered>, StoreError> {
    let mut tx = db.begin().await?;
    // A statement of its own: the next one must see what the process before us committed.
    sqlx::query("select pg_advisory_xact_lock($1)").bind(NUMBERING).execute(tx.conn()).await?;
    let rows = sqlx::query(
        "with due as (
             select d.id, d.subscription, d.due_at, d.created_at, s.signal, s.revision
             from deliver.deliveries d cross join lateral (
                 select signal, revision from deliver.delivery_signals where delivery = d.id limit 1) s
             where d.channel = 'feed' and d.state = 'waiting' and d.due_at <= $1
               and not exists (select 1 from deliver.subscriptions k
                               where k.subscription = d.subscription and (k.paused or k.ended))
             order by d.due_at, d.created_at, s.revision, d.id limit $2 for update of d skip locked),
         placed as (
             select due.*, row_number() over (partition by subscription order by due_at, created_at, revision, id) as place,
                 count(*) over (partition by subscription) as many from due),
         counted as (
             insert into deliver.feed_numbers as n (subscription, last, at)
             select subscription, count(*), $1 from placed group by subscription order by subscription
             on conflict (subscription) do update set last = n.last + excluded.last, at = excluded.at
             returning n.subscription, n.last),
         numbered as (
             update deliver.deliveries d set state = 'sent', sent_at = $1, reason = null,
                 feed_number = c.last - p.many + p.place
             from placed p join counted c on c.subscription = p.subscription where d.id = p.id),
         newest as (
             insert into deliver.feed_latest as l (subscription, signal, revision, delivery)
             select distinct on (subscription, signal) subscription, signal, revision, id from placed
             order by subscription, signal, revision desc
             on conflict (subscription, signal) do update set revision = excluded.revision, delivery = excluded.delivery
                 where l.revision < excluded.revision)
         select c.subscription, c.last, (select count(*) from placed p where p.subscription = c.subscription) as many
         from counted c",
    )
    .bind(now)
    .bind(limit)
    .fetch_all(tx.conn())
    .await?;
    tx.commit().await?;
    let numbered = |row: PgRow| Numbered {
        subscription: SubscriptionId(row.get("subscription")),
        last: row.get("last"),
        count: u64::try_from(row.get::<i64, _>("many")).unwrap_or_default(),
    };
    Ok(rows.into_iter().map(numbered).collect())
}

/// Which way the log is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Oldest first, behind this number.
    After(i64),
    /// Newest first, before this number.
    Before(i64),
}

/// A page of the log.
pub(crate) async fn log(pool: &PgPool, id: SubscriptionId, way: Way, limit: i64) -> Result<Vec<Entry>, StoreError> {
    let (number, sql) = match way {
        Way::After(number) => (number, "d.feed_number > $2 order by d.feed_number"),
        Way::Before(number) => (number, "d.feed_number < $2 order by d.feed_number desc"),
    };
    let sql = format!(
        "select d.id, d.feed_number, d.sent_at, d.created_at, d.traceparent, s.body
         from deliver.deliveries d join deliver.delivery_signals s on s.delivery = d.id
         where d.subscription = $1 and {sql} limit $3"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.0).bind(number).bind(limit).fetch_all(pool).await?;
    rows.iter().map(entry).collect()
}

/// A page of the state: the newest revision of each signal, by the signal's id.
pub(crate) async fn state(
    pool: &PgPool,
    id: SubscriptionId,
    after: Option<SignalId>,
    limit: i64,
) -> Result<Vec<Entry>, StoreError> {
    let rows = sqlx::query(
        "select d.id, d.feed_number, d.sent_at, d.created_at, d.traceparent, s.body
         from deliver.feed_latest l join deliver.deliveries d on d.id = l.delivery
         join deliver.delivery_signals s on s.delivery = l.delivery and s.signal = l.signal
         where l.subscription = $1 and ($2::uuid is null or l.signal > $2) order by l.signal limit $3",
    )
    .bind(id.0)
    .bind(after.map(|signal| signal.0))
    .bind(limit)
    .fetch_all(pool)
    .await?;
    rows.iter().map(entry).collect()
}

fn entry(row: &PgRow) -> Result<Entry, StoreError> {
    let id: Uuid = row.get("id");
    let Json(value): Json<serde_json::Value> = row.try_get("body")?;
    let signal = serde_json::from_value(value)
        .map_err(|e| StoreError::inconsistent("deliver.delivery_signals", "body", id, e))?;
    let created_at = row.get("created_at");
    Ok(Entry {
        number: row.get("feed_number"),
        delivery: DeliveryId(id),
        told_at: row.get::<Option<DateTime<Utc>>, _>("sent_at").unwrap_or(created_at),
        created_at,
        traceparent: row.get("traceparent"),
        signal,
    })
}
