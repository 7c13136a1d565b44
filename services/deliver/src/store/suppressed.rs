//! deliver.suppressions: addresses that get no more mails.

use chrono::{DateTime, Utc};
use serde::Serialize;
use skillwire_schemas::{DeliveryId, PartnershipId, PersonId};
use skillwire_store::{Db, StoreError};
use sqlx::{PgConnection, PgPool, Row};
use utoipa::ToSchema;
use uuid::Uuid;

/// An address to be left alone.
#[derive(Clone, Debug)]
pub(crate) struct New {
    pub id: Uuid,
    pub partnership: PartnershipId,
    pub person: PersonId,
    pub address: Vec<u8>,
    pub delivery: DeliveryId,
    /// hard, soft, complaint or refused.
    pub kind: &'static str,
    pub reason: String,
}

/// Leaves an address alone from now on; one that is left alone already stays as it is.
pub(crate) async fn add(conn: &mut PgConnection, new: &New, now: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query(
        "insert into deliver.suppressions (id, partnership, person, address, delivery, kind, reason, since)
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (partnership, address) where allowed_at is null do nothing",
    )
    .bind(new.id)
    .bind(new.partnership.0)
    .bind(new.person.0)
    .bind(&new.address)
    .bind(new.delivery.0)
    .bind(new.kind)
    .bind(&new.reason)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

/// Why an address, given as its hash under each of our keys, is left alone, if it is.
pub(crate) async fn why(
    db: &Db,
    partnership: PartnershipId,
    address: &[Vec<u8>],
) -> Result<Option<String>, StoreError> {
    let row = sqlx::query(
        "select reason, since from deliver.suppressions
         where partnership = $1 and address = any($2) and allowed_at is null order by since limit 1",
    )
    .bind(partnership.0)
    .bind(address)
    .fetch_optional(db.pool())
    .await?;
    Ok(row.map(|row| {
        let since: DateTime<Utc> = row.get("since");
        format!("its address gets no mails since {}: {}", since.format("%Y-%m-%d"), row.get::<String, _>("reason"))
    }))
}

/// A line of the suppression list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Suppression {
    pub id: Uuid,
    /// Whose address it is.
    pub person: PersonId,
    /// Their name, if they are still there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The delivery that brought it about.
    pub delivery: DeliveryId,
    /// hard, soft, complaint or refused.
    pub kind: String,
    /// What was said.
    pub reason: String,
    pub since: DateTime<Utc>,
    /// When staff allowed it again; absent: it gets no mails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_at: Option<DateTime<Utc>>,
    /// Who allowed it again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_by: Option<PersonId>,
}

/// The list of a partnership, newest first: those in force, or those too that were allowed again.
pub(crate) async fn list(
    pool: &PgPool,
    partnership: PartnershipId,
    past: bool,
    before: Option<(DateTime<Utc>, Uuid)>,
    limit: u32,
) -> Result<Vec<Suppression>, StoreError> {
    let rows = sqlx::query(
        "select id, person, delivery, kind, reason, since, allowed_at, allowed_by from deliver.suppressions
         where partnership = $1 and ($2 or allowed_at is null)
           and ($3::timestamptz is null or (since, id) < ($3, $4::uuid))
         order by since desc, id desc limit $5",
    )
    .bind(partnership.0)
    .bind(past)
    .bind(before.map(|(since, _)| since))
    .bind(before.map(|(_, id)| id))
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Suppression {
            id: row.get("id"),
            person: PersonId(row.get("person")),
            name: None,
            delivery: DeliveryId(row.get("delivery")),
            kind: row.get("kind"),
            reason: row.get("reason"),
            since: row.get("since"),
            allowed_at: row.get("allowed_at"),
            allowed_by: row.get::<Option<Uuid>, _>("allowed_by").map(PersonId),
        })
        .collect())
}

/// What came of allowing an address again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Allowed {
    Now,
    Before,
    NotThere,
}

/// Lets an address get mails again, and keeps who said so.
pub(crate) async fn allow(
    pool: &PgPool,
    partnership: PartnershipId,
    id: Uuid,
    by: PersonId,
    now: DateTime<Utc>,
) -> Result<Allowed, StoreError> {
    let row = sqlx::query(
        "with found as (select id from deliver.suppressions where id = $1 and partnership = $2),
         done as (update deliver.suppressions s set allowed_at = $4, allowed_by = $3
                  from found where s.id = found.id and s.allowed_at is null returning s.id)
         select (select count(*) from found) as found, (select count(*) from done) as done",
    )
    .bind(id)
    .bind(partnership.0)
    .bind(by.0)
    .bind(now)
    .fetch_one(pool)
    .await?;
    Ok(match (row.get::<i64, _>("found"), row.get::<i64, _>("done")) {
        (0, _) => Allowed::NotThere,
        (_, 0) => Allowed::Before,
        _ => Allowed::Now,
    })
}
