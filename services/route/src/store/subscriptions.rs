//! route.subscriptions and route.version

use chrono::{DateTime, Utc};
use skillwire_schemas::{OrganizationId, PartnershipId, PersonId, SignalId, Subscription, SubscriptionId};
use skillwire_store::StoreError;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, Row};

/// Changes read at once.
const CHANGES_MAX: i64 = 2_000;

/// A change of a subscription: what it now is, or that it is gone.
#[derive(Debug)]
pub(crate) struct Change {
    pub id: SubscriptionId,
    pub version: i64,
    pub subscription: Option<Subscription>,
}

/// A subscription with what its owner may want to see.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub subscription: Subscription,
    pub created_at: DateTime<Utc>,
}

/// The version of the subscriptions, held: nobody changes one before this transaction ends.
pub(crate) async fn version_held(conn: &mut PgConnection) -> Result<i64, StoreError> {
    Ok(sqlx::query("select version from route.version for share").fetch_one(conn).await?.get("version"))
}

/// The changes after a version, oldest first, at most [`CHANGES_MAX`].
pub(crate) async fn changed_after(conn: &mut PgConnection, version: i64) -> Result<Vec<Change>, StoreError> {
    let rows = sqlx::query(
        "select id, version, body, removed_at is not null as removed from route.subscriptions
         where version > $1 order by version limit $2",
    )
    .bind(version)
    .bind(CHANGES_MAX)
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            let subscription = if row.get("removed") { None } else { Some(subscription(row)?) };
            Ok(Change { id: SubscriptionId(row.get("id")), version: row.get("version"), subscription })
        })
        .collect()
}

/// Writes a subscription as it now is; it is told anew what is known and not yet told. Gives its version.
pub(crate) async fn put(
    conn: &mut PgConnection,
    organization: OrganizationId,
    subscription: &Subscription,
    now: DateTime<Utc>,
) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "with next as (update route.version set version = version + 1 returning version)
         insert into route.subscriptions
             (id, partnership, person, organization, name, body, paused, version, starting, start_after, created_at, updated_at)
         select $1, $2, $3, $4, $5, $6, $7, next.version, true, null, $8, $8 from next
         on conflict (id) do update set name = excluded.name, body = excluded.body, paused = excluded.paused,
             version = excluded.version, starting = true, start_after = null, updated_at = excluded.updated_at
         returning version",
    )
    .bind(subscription.id.0)
    .bind(subscription.partnership.0)
    .bind(subscription.person.0)
    .bind(organization.0)
    .bind(&subscription.name)
    .bind(Json(subscription))
    .bind(subscription.paused)
    .bind(now)
    .fetch_one(conn)
    .await?;
    Ok(row.get("version"))
}

/// Takes a subscription out of force; gives its version. Its row stays: other processes must learn of it.
pub(crate) async fn remove(conn: &mut PgConnection, id: SubscriptionId, now: DateTime<Utc>) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "with next as (update route.version set version = version + 1 returning version)
         update route.subscriptions s set removed_at = $2, version = next.version, starting = false, updated_at = $2
         from next where s.id = $1 returning s.version",
    )
    .bind(id.0)
    .bind(now)
    .fetch_one(conn)
    .await?;
    Ok(row.get("version"))
}

/// A subscription of the partnership, of that person if one is given.
pub(crate) async fn get(
    conn: &mut PgConnection,
    partnership: PartnershipId,
    person: Option<PersonId>,
    id: SubscriptionId,
) -> Result<Option<Kept>, StoreError> {
    let row = sqlx::query(
        "select body, created_at, id from route.subscriptions
         where id = $1 and partnership = $2 and ($3::uuid is null or person = $3) and removed_at is null",
    )
    .bind(id.0)
    .bind(partnership.0)
    .bind(person.map(|p| p.0))
    .fetch_optional(conn)
    .await?;
    row.as_ref().map(kept).transpose()
}

/// Whose a subscription is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner {
    pub partnership: PartnershipId,
    pub organization: OrganizationId,
    pub person: PersonId,
}

/// Whose a subscription is; nothing when it was ended.
pub(crate) async fn owner(conn: &mut PgConnection, id: SubscriptionId) -> Result<Option<Owner>, StoreError> {
    let row = sqlx::query(
        "select partnership, organization, person from route.subscriptions where id = $1 and removed_at is null",
    )
    .bind(id.0)
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Owner {
        partnership: PartnershipId(row.get("partnership")),
        organization: OrganizationId(row.get("organization")),
        person: PersonId(row.get("person")),
    }))
}

/// A page of subscriptions, oldest first.
pub(crate) async fn list(
    conn: &mut PgConnection,
    partnership: PartnershipId,
    person: Option<PersonId>,
    after: Option<(DateTime<Utc>, SubscriptionId)>,
    limit: u32,
) -> Result<Vec<Kept>, StoreError> {
    let rows = sqlx::query(
        "select body, created_at, id from route.subscriptions
         where partnership = $1 and ($2::uuid is null or person = $2) and removed_at is null
           and ($3::timestamptz is null or (created_at, id) > ($3, $4::uuid))
         order by created_at, id limit $5",
    )
    .bind(partnership.0)
    .bind(person.map(|p| p.0))
    .bind(after.map(|(at, _)| at))
    .bind(after.map(|(_, id)| id.0))
    .bind(i64::from(limit))
    .fetch_all(conn)
    .await?;
    rows.iter().map(kept).collect()
}

/// How many subscriptions a person has in a partnership.
pub(crate) async fn of_person(
    conn: &mut PgConnection,
    partnership: PartnershipId,
    person: PersonId,
) -> Result<i64, StoreError> {
    Ok(sqlx::query(
        "select count(*) as n from route.subscriptions where partnership = $1 and person = $2 and removed_at is null",
    )
    .bind(partnership.0)
    .bind(person.0)
    .fetch_one(conn)
    .await?
    .get("n"))
}

/// A subscription that is to be told what is known, and how far that is done. Locked: another copy takes another one.
pub(crate) async fn next_starting(
    conn: &mut PgConnection,
) -> Result<Option<(Subscription, Option<SignalId>)>, StoreError> {
    let row = sqlx::query(
        "select id, body, start_after from route.subscriptions where starting and removed_at is null
         order by updated_at limit 1 for update skip locked",
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| Ok((subscription(&row)?, row.get::<Option<uuid::Uuid>, _>("start_after").map(SignalId)))).transpose()
}

/// Notes how far the start is; `None`: done.
pub(crate) async fn started(
    conn: &mut PgConnection,
    id: SubscriptionId,
    after: Option<SignalId>,
) -> Result<(), StoreError> {
    sqlx::query("update route.subscriptions set start_after = $2, starting = $2 is not null where id = $1")
        .bind(id.0)
        .bind(after.map(|a| a.0))
        .execute(conn)
        .await?;
    Ok(())
}

fn kept(row: &PgRow) -> Result<Kept, StoreError> {
    Ok(Kept { subscription: subscription(row)?, created_at: row.try_get("created_at")? })
}

fn subscription(row: &PgRow) -> Result<Subscription, StoreError> {
    let id: uuid::Uuid = row.try_get("id")?;
    let Json(value): Json<serde_json::Value> = row.try_get("body")?;
    serde_json::from_value(value).map_err(|e| StoreError::inconsistent("route.subscriptions", "body", id, e))
}
