//! directory.sign_in_links and directory.sessions

use chrono::{DateTime, Utc};
use skillwire_schemas::{OrganizationId, PartnershipId, PersonId};
use skillwire_store::StoreError;
use sqlx::{PgConnection, PgPool, Row};

/// A link to be kept.
pub(crate) struct NewLink<'a> {
    pub secret_hash: Vec<u8>,
    pub person: PersonId,
    pub partnership: Option<PartnershipId>,
    pub browser_hash: Option<Vec<u8>>,
    pub next_path: Option<&'a str>,
    pub expires_at: DateTime<Utc>,
}

/// Who a used link signs in, where, and where they wanted to go.
pub(crate) struct UsedLink {
    pub person: PersonId,
    pub partnership: Option<PartnershipId>,
    pub next_path: Option<String>,
}

/// A session as kept.
pub(crate) struct Session {
    pub person: PersonId,
    pub partnership: PartnershipId,
    pub organization: OrganizationId,
    pub csrf: String,
}

pub(crate) async fn put_link(conn: &mut PgConnection, link: &NewLink<'_>) -> Result<(), StoreError> {
    sqlx::query(
        "insert into directory.sign_in_links (secret_sha256, person, partnership, browser_sha256, next_path, expires_at)
         values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(&link.secret_hash)
    .bind(link.person.0)
    .bind(link.partnership.map(|p| p.0))
    .bind(&link.browser_hash)
    .bind(link.next_path)
    .bind(link.expires_at)
    .execute(conn)
    .await?;
    Ok(())
}

/// Uses a link up. One statement: of two that use it at once, one gets nothing.
pub(crate) async fn use_link(
    conn: &mut PgConnection,
    secret_hash: &[u8],
    browser_hash: Option<&[u8]>,
    now: DateTime<Utc>,
) -> Result<Option<UsedLink>, StoreError> {
    let row = sqlx::query(
        "update directory.sign_in_links set used_at = $3
         where secret_sha256 = $1 and used_at is null and expires_at > $3
           and (browser_sha256 is null or browser_sha256 = $2)
         returning person, partnership, next_path",
    )
    .bind(secret_hash)
    .bind(browser_hash)
    .bind(now)
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| UsedLink {
        person: PersonId(row.get("person")),
        partnership: row.get::<Option<uuid::Uuid>, _>("partnership").map(PartnershipId),
        next_path: row.get("next_path"),
    }))
}

pub(crate) async fn put_session(
    conn: &mut PgConnection,
    secret_hash: &[u8],
    session: &Session,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into directory.sessions (secret_sha256, person, partnership, organization, csrf, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(secret_hash)
    .bind(session.person.0)
    .bind(session.partnership.0)
    .bind(session.organization.0)
    .bind(&session.csrf)
    .bind(now)
    .bind(expires_at)
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn session(
    pool: &PgPool,
    secret_hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<Session>, StoreError> {
    let row = sqlx::query(
        "select person, partnership, organization, csrf from directory.sessions
         where secret_sha256 = $1 and expires_at > $2",
    )
    .bind(secret_hash)
    .bind(now)
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| Session {
        person: PersonId(row.get("person")),
        partnership: PartnershipId(row.get("partnership")),
        organization: OrganizationId(row.get("organization")),
        csrf: row.get("csrf"),
    }))
}

/// Sets where a session acts.
pub(crate) async fn switch(
    conn: &mut PgConnection,
    csrf: &str,
    person: PersonId,
    partnership: PartnershipId,
    organization: OrganizationId,
) -> Result<(), StoreError> {
    sqlx::query("update directory.sessions set partnership = $3, organization = $4 where csrf = $1 and person = $2")
        .bind(csrf)
        .bind(person.0)
        .bind(partnership.0)
        .bind(organization.0)
        .execute(conn)
        .await?;
    Ok(())
}

pub(crate) async fn end_session(conn: &mut PgConnection, csrf: &str, person: PersonId) -> Result<(), StoreError> {
    sqlx::query("delete from directory.sessions where csrf = $1 and person = $2")
        .bind(csrf)
        .bind(person.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// Forgets what has run out; at most `limit` rows of each kind.
pub(crate) async fn prune(pool: &PgPool, now: DateTime<Utc>, limit: i64) -> Result<u64, StoreError> {
    let mut gone = 0;
    for sql in [
        "delete from directory.sign_in_links where secret_sha256 in
            (select secret_sha256 from directory.sign_in_links where expires_at < $1 - interval '1 day' limit $2)",
        "delete from directory.sessions where secret_sha256 in
            (select secret_sha256 from directory.sessions where expires_at < $1 limit $2)",
        "delete from directory.sign_in_asks where ctid in
            (select ctid from directory.sign_in_asks where asked_at < $1 - interval '1 day' limit $2)",
    ] {
        gone += sqlx::query(sql).bind(now).bind(limit).execute(pool).await?.rows_affected();
    }
    Ok(gone)
}
