//! directory.audit

use chrono::{DateTime, Utc};
use skillwire_schemas::{PartnershipId, PersonId};
use skillwire_store::StoreError;
use sqlx::{PgConnection, PgPool, Row};

use crate::audit::Entry;

/// Names the lock under which lines are added: the chain has one end. ("audit" in ASCII)
const LOCK: i64 = 0x61_75_64_69_74;

/// Adds a line, in the transaction of what it tells of.
pub(crate) async fn add(
    conn: &mut PgConnection,
    at: DateTime<Utc>,
    partnership: Option<PartnershipId>,
    person: Option<PersonId>,
    action: &str,
    detail: &str,
) -> Result<(), StoreError> {
    sqlx::query("select pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *conn).await?;
    let last = sqlx::query("select position, hash from directory.audit order by position desc limit 1")
        .fetch_optional(&mut *conn)
        .await?;
    let (position, before): (i64, Vec<u8>) = last.map(|row| (row.get("position"), row.get("hash"))).unwrap_or_default();
    let entry = Entry {
        position: position + 1,
        at,
        partnership: partnership.map(|p| p.0),
        person: person.map(|p| p.0),
        action: action.to_owned(),
        detail: detail.to_owned(),
    };
    sqlx::query(
        "insert into directory.audit (position, at, partnership, person, action, detail, hash)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(entry.position)
    .bind(entry.at)
    .bind(entry.partnership)
    .bind(entry.person)
    .bind(&entry.action)
    .bind(&entry.detail)
    .bind(entry.hash(&before))
    .execute(conn)
    .await?;
    Ok(())
}

/// The lines after that position with their hashes, oldest first, up to `limit`.
pub(crate) async fn lines(pool: &PgPool, after: i64, limit: i64) -> Result<Vec<(Entry, Vec<u8>)>, StoreError> {
    let rows = sqlx::query("select * from directory.audit where position > $1 order by position limit $2")
        .bind(after)
        .bind(limit)
        .fetch_all(pool)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let entry = Entry {
                position: row.get("position"),
                at: row.get("at"),
                partnership: row.get("partnership"),
                person: row.get("person"),
                action: row.get("action"),
                detail: row.get("detail"),
            };
            (entry, row.get("hash"))
        })
        .collect())
}
