//! deliver.endpoints, as pages and API see and change them, and as they follow their subscriptions.

use chrono::{DateTime, Utc};
use skillwire_schemas::event::SubscriptionChanged;
use skillwire_schemas::{Channel, PartnershipId, PersonId, SubscriptionId};
use skillwire_store::{Db, StoreError};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgPool, Row};

use super::subscriptions;
use crate::webhook::breaker::Health;

/// An endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub subscription: SubscriptionId,
    pub person: PersonId,
    pub name: String,
    pub url: String,
    pub state: String,
    pub reason: Option<String>,
    pub secret: Option<Vec<u8>>,
    pub secret_made_at: Option<DateTime<Utc>>,
    pub previous_until: Option<DateTime<Utc>>,
    pub health: Health,
    /// Deliveries that wait for it, those held by a pause too.
    pub waiting: i64,
}

const SELECT: &str = "select e.*, (select count(*) from deliver.deliveries d where d.subscription = e.subscription
        and d.channel = 'webhook' and d.state in ('waiting', 'held')) as waiting
    from deliver.endpoints e where e.partnership = $1 and ($2::uuid is null or e.person = $2) and e.state <> 'ended'";

/// The endpoints of a partnership that are in use, of that person if one is given.
pub(crate) async fn list(
    pool: &PgPool,
    partnership: PartnershipId,
    person: Option<PersonId>,
    limit: u32,
) -> Result<Vec<Endpoint>, StoreError> {
    let rows = subscriptions::owned(pool, SELECT, (partnership, person), limit).await?;
    rows.iter().map(endpoint).collect()
}

/// One of them.
pub(crate) async fn get(
    pool: &PgPool,
    partnership: PartnershipId,
    person: Option<PersonId>,
    id: SubscriptionId,
) -> Result<Option<Endpoint>, StoreError> {
    let row = subscriptions::owned_one(pool, SELECT, (partnership, person), id).await?;
    row.as_ref().map(endpoint).transpose()
}

/// Puts a new secret in force. The one before signs too until `previous_until`.
pub(crate) async fn rotate(
    db: &Db,
    id: SubscriptionId,
    sealed: &[u8],
    previous_until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "update deliver.endpoints set previous_secret = secret, secret = $2, secret_made_at = $4, updated_at = $4,
             previous_until = case when secret is null then null else $3 end
         where subscription = $1 and state <> 'ended'",
    )
    .bind(id.0)
    .bind(sealed)
    .bind(previous_until)
    .bind(now)
    .execute(db.pool())
    .await?;
    Ok(())
}

/// Switches a disabled endpoint on, with a clean slate. Whether it was off.
pub(crate) async fn enable(db: &Db, id: SubscriptionId, now: DateTime<Utc>) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "update deliver.endpoints set state = 'on', reason = null, disabled_at = null, failures = 0, open_until = null,
             failing_since = null, probe_until = null, updated_at = $2
         where subscription = $1 and state = 'disabled'",
    )
    .bind(id.0)
    .bind(now)
    .execute(db.pool())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Makes, changes or ends the endpoint of a changed subscription. Another address begins with a clean slate and keeps its
/// secret; an ended one loses it.
pub(crate) async fn follow(
    conn: &mut PgConnection,
    change: &SubscriptionChanged,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let s = &change.subscription;
    let url = s.webhook_url.as_deref().filter(|_| !change.ended && s.channels.contains(&Channel::Webhook));
    let Some(url) = url else {
        sqlx::query(
            "update deliver.endpoints set state = 'ended', reason = null, secret = null, previous_secret = null,
                 previous_until = null, secret_made_at = null, updated_at = $2 where subscription = $1 and state <> 'ended'",
        )
        .bind(s.id.0)
        .bind(now)
        .execute(conn)
        .await?;
        return Ok(());
    };
    sqlx::query(
        "insert into deliver.endpoints as e (subscription, partnership, person, name, url, state, created_at, updated_at)
         values ($1, $2, $3, $4, $5, 'on', $6, $6)
         on conflict (subscription) do update set person = excluded.person, name = excluded.name, url = excluded.url,
             updated_at = excluded.updated_at,
             state = case when e.url <> excluded.url or e.state = 'ended' then 'on' else e.state end,
             reason = case when e.url <> excluded.url then null else e.reason end,
             disabled_at = case when e.url <> excluded.url then null else e.disabled_at end,
             failures = case when e.url <> excluded.url then 0 else e.failures end,
             open_until = case when e.url <> excluded.url then null else e.open_until end,
             probe_until = null,
             failing_since = case when e.url <> excluded.url then null else e.failing_since end",
    )
    .bind(s.id.0)
    .bind(s.partnership.0)
    .bind(s.person.0)
    .bind(&s.name)
    .bind(url)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

fn endpoint(row: &PgRow) -> Result<Endpoint, StoreError> {
    let id: uuid::Uuid = row.get("subscription");
    Ok(Endpoint {
        subscription: SubscriptionId(id),
        person: PersonId(row.get("person")),
        name: row.get("name"),
        url: row.get("url"),
        state: row.get("state"),
        reason: row.get("reason"),
        secret: row.get("secret"),
        secret_made_at: row.get("secret_made_at"),
        previous_until: row.get("previous_until"),
        health: health(row)?,
        waiting: row.get("waiting"),
    })
}

/// The breaker's columns.
pub(super) fn health(row: &PgRow) -> Result<Health, StoreError> {
    let id: uuid::Uuid = row.get("subscription");
    let failures = u32::try_from(row.get::<i32, _>("failures"))
        .map_err(|e| StoreError::inconsistent("deliver.endpoints", "failures", id, e))?;
    Ok(Health { failures, open_until: row.get("open_until"), failing_since: row.get("failing_since") })
}
