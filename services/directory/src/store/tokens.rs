//! directory.tokens

use chrono::{DateTime, Utc};
use skillwire_schemas::{OrganizationId, PartnershipId, PersonId};
use skillwire_store::StoreError;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgPool, Row};

/// A token as kept.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub prefix: String,
    pub secret_hash: Vec<u8>,
    pub person: PersonId,
    pub partnership: PartnershipId,
    pub organization: OrganizationId,
    pub name: String,
    pub scopes: Vec<String>,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub last_used_at: Option<DateTime<Utc>>,
}

pub(crate) async fn put(conn: &mut PgConnection, token: &Kept) -> Result<(), StoreError> {
    sqlx::query(
        "insert into directory.tokens
             (prefix, secret_sha256, person, partnership, organization, name, scopes, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(&token.prefix)
    .bind(&token.secret_hash)
    .bind(token.person.0)
    .bind(token.partnership.0)
    .bind(token.organization.0)
    .bind(&token.name)
    .bind(&token.scopes)
    .bind(token.created_at)
    .bind(token.expires_at)
    .execute(conn)
    .await?;
    Ok(())
}

/// The token of that prefix.
pub(crate) async fn by_prefix(pool: &PgPool, prefix: &str) -> Result<Option<Kept>, StoreError> {
    let row = sqlx::query("select * from directory.tokens where prefix = $1").bind(prefix).fetch_optional(pool).await?;
    Ok(row.as_ref().map(kept))
}

/// Notes that a token was used.
pub(crate) async fn used(pool: &PgPool, prefix: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query("update directory.tokens set last_used_at = $2 where prefix = $1")
        .bind(prefix)
        .bind(now)
        .execute(pool)
        .await?;
    Ok(())
}

/// How many of a person's tokens work.
pub(crate) async fn working(
    conn: &mut PgConnection,
    partnership: PartnershipId,
    person: PersonId,
    now: DateTime<Utc>,
) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "select count(*) as n from directory.tokens
         where partnership = $1 and person = $2 and revoked_at is null and expires_at > $3",
    )
    .bind(partnership.0)
    .bind(person.0)
    .bind(now)
    .fetch_one(conn)
    .await?;
    Ok(row.get("n"))
}

/// Where a page of tokens ended: when it was made, prefix.
pub(crate) type AfterToken = (DateTime<Utc>, String);

/// A person's tokens, newest first.
pub(crate) async fn list(
    pool: &PgPool,
    partnership: PartnershipId,
    person: PersonId,
    after: Option<AfterToken>,
    limit: u32,
) -> Result<Vec<Kept>, StoreError> {
    let rows = sqlx::query(
        "select * from directory.tokens where partnership = $1 and person = $2
           and ($3::timestamptz is null or (created_at, prefix) < ($3, $4))
         order by created_at desc, prefix desc limit $5",
    )
    .bind(partnership.0)
    .bind(person.0)
    .bind(after.as_ref().map(|(at, _)| at))
    .bind(after.as_ref().map(|(_, prefix)| prefix))
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    Ok(rows.iter().map(kept).collect())
}

/// Takes a token back; whether there was one of this person's to take back.
pub(crate) async fn revoke(
    conn: &mut PgConnection,
    partnership: PartnershipId,
    person: PersonId,
    prefix: &str,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "update directory.tokens set revoked_at = coalesce(revoked_at, $4)
         where prefix = $3 and partnership = $1 and person = $2",
    )
    .bind(partnership.0)
    .bind(person.0)
    .bind(prefix)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

fn kept(row: &PgRow) -> Kept {
    Kept {
        prefix: row.get("prefix"),
        secret_hash: row.get("secret_sha256"),
        person: PersonId(row.get("person")),
        partnership: PartnershipId(row.get("partnership")),
        organization: OrganizationId(row.get("organization")),
        name: row.get("name"),
        scopes: row.get("scopes"),
        created_at: row.get("created_at"),
        expires_at: row.get("expires_at"),
        revoked_at: row.get("revoked_at"),
        last_used_at: row.get("last_used_at"),
    }
}
