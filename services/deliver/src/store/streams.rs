//! deliver.stream_credentials, and the subscriptions that have a stream.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use skillwire_schemas::{PartnershipId, PersonId, SignalId, SubscriptionId};
use skillwire_store::{Db, StoreError};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgPool, Row};

use super::subscriptions;

/// After a revocation connections are put out once more after so long: one may have been on its way in.
const KICK_AGAIN: TimeDelta = TimeDelta::seconds(5);
/// Revocations looked after at once.
const KICKS_MAX: i64 = 100;
/// Streams looked after; more subscriptions with credentials than this are beyond one NATS.
const LIVE_MAX: i64 = 100_000;

/// The stream of a subscription.
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    pub subscription: SubscriptionId,
    pub person: PersonId,
    pub name: String,
    pub made_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub last_used_at: Option<DateTime<Utc>>,
}

const SELECT: &str = "select s.subscription, s.person, s.name, c.made_at, c.revoked_at, c.last_used_at
     from deliver.subscriptions s left join deliver.stream_credentials c on c.subscription = s.subscription
     where s.partnership = $1 and ($2::uuid is null or s.person = $2) and not s.ended and 'stream' = any(s.channels)";

/// The streams of a partnership, of that person if one is given.
pub(crate) async fn list(
    pool: &PgPool,
    partnership: PartnershipId,
    person: Option<PersonId>,
    limit: u32,
) -> Result<Vec<Stream>, StoreError> {
    let rows = subscriptions::owned(pool, SELECT, (partnership, person), limit).await?;
    Ok(rows.iter().map(stream).collect())
}

/// One of them.
pub(crate) async fn get(
    pool: &PgPool,
    partnership: PartnershipId,
    person: Option<PersonId>,
    id: SubscriptionId,
) -> Result<Option<Stream>, StoreError> {
    let row = subscriptions::owned_one(pool, SELECT, (partnership, person), id).await?;
    Ok(row.as_ref().map(stream))
}

fn stream(row: &PgRow) -> Stream {
    Stream {
        subscription: SubscriptionId(row.get("subscription")),
        person: PersonId(row.get("person")),
        name: row.get("name"),
        made_at: row.get("made_at"),
        revoked_at: row.get("revoked_at"),
        last_used_at: row.get("last_used_at"),
    }
}

/// Puts new credentials in force. Whoever came in with the former ones is put out.
pub(crate) async fn issue(db: &Db, id: SubscriptionId, hash: &[u8], now: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query(
        "insert into deliver.stream_credentials as c (subscription, password_hash, made_at) values ($1, $2, $3)
         on conflict (subscription) do update set password_hash = excluded.password_hash, made_at = excluded.made_at,
             revoked_at = null, last_used_at = null,
             kick_at = case when c.password_hash is null then c.kick_at else $4 end",
    )
    .bind(id.0)
    .bind(hash)
    .bind(now)
    .bind(now + KICK_AGAIN)
    .execute(db.pool())
    .await?;
    Ok(())
}

/// Takes credentials out of force. Whether they were in force.
pub(crate) async fn revoke(
    conn: &mut PgConnection,
    id: SubscriptionId,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "update deliver.stream_credentials set password_hash = null, revoked_at = $2, kick_at = $3
         where subscription = $1 and revoked_at is null",
    )
    .bind(id.0)
    .bind(now)
    .bind(now + KICK_AGAIN)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether these credentials hold; notes that they were used.
pub(crate) async fn admit(db: &Db, id: SubscriptionId, hash: &[u8], now: DateTime<Utc>) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "update deliver.stream_credentials c set last_used_at = $3 from deliver.subscriptions s
         where c.subscription = $1 and c.password_hash = $2 and c.revoked_at is null
           and s.subscription = c.subscription and not s.ended and 'stream' = any(s.channels)",
    )
    .bind(id.0)
    .bind(hash)
    .bind(now)
    .execute(db.pool())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The streams whose credentials hold.
pub(crate) async fn live(db: &Db) -> Result<BTreeSet<SubscriptionId>, StoreError> {
    let rows =
        sqlx::query("select subscription from deliver.stream_credentials where revoked_at is null order by 1 limit $1")
            .bind(LIVE_MAX)
            .fetch_all(db.pool())
            .await?;
    Ok(rows.into_iter().map(|row| SubscriptionId(row.get("subscription"))).collect())
}

/// Holds the row of credentials until the transaction ends; whether they are in force.
pub(crate) async fn hold(conn: &mut PgConnection, id: SubscriptionId) -> Result<bool, StoreError> {
    let row = sqlx::query(
        "select revoked_at is null as in_force from deliver.stream_credentials where subscription = $1 for update",
    )
    .bind(id.0)
    .fetch_optional(conn)
    .await?;
    Ok(row.is_some_and(|row| row.get("in_force")))
}

/// Whose connections are to be put out now, and since when.
pub(crate) async fn kicks(db: &Db, now: DateTime<Utc>) -> Result<Vec<(SubscriptionId, DateTime<Utc>)>, StoreError> {
    let rows = sqlx::query(
        "select subscription, kick_at from deliver.stream_credentials where kick_at <= $1 order by kick_at limit $2",
    )
    .bind(now)
    .bind(KICKS_MAX)
    .fetch_all(db.pool())
    .await?;
    Ok(rows.into_iter().map(|row| (SubscriptionId(row.get("subscription")), row.get("kick_at"))).collect())
}

/// They were put out; a revocation that came meanwhile stays due.
pub(crate) async fn kicked(db: &Db, id: SubscriptionId, at: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query("update deliver.stream_credentials set kick_at = null where subscription = $1 and kick_at = $2")
        .bind(id.0)
        .bind(at)
        .execute(db.pool())
        .await?;
    Ok(())
}

/// Where in the stream the first message since then lies; none when there is none.
pub(crate) async fn sequence_since(
    pool: &PgPool,
    id: SubscriptionId,
    since: DateTime<Utc>,
) -> Result<Option<i64>, StoreError> {
    let row = sqlx::query(
        "select min(feed_sequence) as first from deliver.deliveries
         where subscription = $1 and channel = 'stream' and feed_sequence is not null and created_at >= $2",
    )
    .bind(id.0)
    .bind(since)
    .fetch_one(pool)
    .await?;
    Ok(row.get("first"))
}

/// Where in the stream a revision of a signal lies; none when this subscription was never told of it.
pub(crate) async fn sequence_of(
    pool: &PgPool,
    id: SubscriptionId,
    signal: SignalId,
    revision: u32,
) -> Result<Option<i64>, StoreError> {
    let row = sqlx::query(
        "select d.feed_sequence as first from deliver.deliveries d
         join deliver.delivery_signals s on s.delivery = d.id
         where d.subscription = $1 and d.channel = 'stream' and d.feed_sequence is not null and s.signal = $2
           and s.revision = $3 order by 1 limit 1",
    )
    .bind(id.0)
    .bind(signal.0)
    .bind(i32::try_from(revision).unwrap_or(i32::MAX))
    .fetch_optional(pool)
    .await?;
    Ok(row.and_then(|row| row.get("first")))
}
