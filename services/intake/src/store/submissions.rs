//! intake.submissions and intake.stated_needs

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use skillwire_schemas::event::SubmissionSource;
use skillwire_schemas::{NeedId, OrganizationId, PartnershipId, PersonId, SubmissionId};
use skillwire_store::{StoreError, Tx};
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool, Row};
use uuid::Uuid;

use crate::receipt::Receipt;

/// The unique rule that makes a key hold once.
pub(crate) const ONCE: &str = "submissions_once";

/// A submission to be kept.
pub(crate) struct NewSubmission<'a> {
    pub partnership: PartnershipId,
    pub employer: OrganizationId,
    pub person: PersonId,
    pub media_type: &'a str,
    pub file_name: Option<&'a str>,
    pub key: &'a str,
    pub body_hash: &'a [u8],
    pub body: &'a [u8],
    pub traceparent: &'a str,
    pub receipt: &'a Receipt,
}

/// A line of the list.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub id: SubmissionId,
    pub received_at: DateTime<Utc>,
    pub source: SubmissionSource,
    pub file_name: Option<String>,
    pub accepted: i32,
    pub rejected: i32,
}

pub(crate) async fn put(tx: &mut Tx, new: &NewSubmission<'_>) -> Result<(), StoreError> {
    sqlx::query(
        "insert into intake.submissions (id, partnership, employer, person, source, media_type, file_name, idempotency_key,
             body_sha256, body, received_at, traceparent, accepted, rejected, receipt)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
    )
    .bind(new.receipt.submission.0)
    .bind(new.partnership.0)
    .bind(new.employer.0)
    .bind(new.person.0)
    .bind(new.receipt.source.as_str())
    .bind(new.media_type)
    .bind(new.file_name)
    .bind(new.key)
    .bind(new.body_hash)
    .bind(new.body)
    .bind(new.receipt.received_at)
    .bind(new.traceparent)
    .bind(i32::try_from(new.receipt.accepted).unwrap_or(i32::MAX))
    .bind(i32::try_from(new.receipt.rejected).unwrap_or(i32::MAX))
    .bind(Json(new.receipt))
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Notes which needs the employer states, in one statement.
pub(crate) async fn state_needs(
    tx: &mut Tx,
    partnership: PartnershipId,
    employer: OrganizationId,
    needs: &[(NeedId, Option<String>)],
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into intake.stated_needs (need, partnership, employer, reference)
         select n, $1, $2, r from unnest($3::uuid[], $4::text[]) as u (n, r) order by n on conflict (need) do nothing",
    )
    .bind(partnership.0)
    .bind(employer.0)
    .bind(needs.iter().map(|(need, _)| need.0).collect::<Vec<Uuid>>())
    .bind(needs.iter().map(|(_, reference)| reference.clone()).collect::<Vec<_>>())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Which of these needs are the employer's.
pub(crate) async fn own_needs(
    conn: &mut PgConnection,
    partnership: PartnershipId,
    employer: OrganizationId,
    needs: &[NeedId],
) -> Result<HashSet<NeedId>, StoreError> {
    let rows =
        sqlx::query("select need from intake.stated_needs where partnership = $1 and employer = $2 and need = any($3)")
            .bind(partnership.0)
            .bind(employer.0)
            .bind(needs.iter().map(|need| need.0).collect::<Vec<Uuid>>())
            .fetch_all(conn)
            .await?;
    Ok(rows.into_iter().map(|row| NeedId(row.get("need"))).collect())
}

/// Whose a need is.
pub(crate) async fn owner(
    pool: &PgPool,
    partnership: PartnershipId,
    need: NeedId,
) -> Result<Option<OrganizationId>, StoreError> {
    let row = sqlx::query("select employer from intake.stated_needs where need = $1 and partnership = $2")
        .bind(need.0)
        .bind(partnership.0)
        .fetch_optional(pool)
        .await?;
    Ok(row.map(|row| OrganizationId(row.get("employer"))))
}

/// The receipt that a key was given, with the hash of what was sent under it.
pub(crate) async fn by_key(
    pool: &PgPool,
    partnership: PartnershipId,
    employer: OrganizationId,
    key: &str,
) -> Result<Option<(Receipt, Vec<u8>)>, StoreError> {
    let row = sqlx::query(
        "select id, receipt, body_sha256 from intake.submissions
         where partnership = $1 and employer = $2 and idempotency_key = $3",
    )
    .bind(partnership.0)
    .bind(employer.0)
    .bind(key)
    .fetch_optional(pool)
    .await?;
    row.map(|row| Ok((receipt(&row)?, row.get("body_sha256")))).transpose()
}

/// A receipt; of that employer if one is given.
pub(crate) async fn get(
    pool: &PgPool,
    partnership: PartnershipId,
    employer: Option<OrganizationId>,
    id: SubmissionId,
) -> Result<Option<Receipt>, StoreError> {
    let row = sqlx::query(
        "select id, receipt from intake.submissions
         where id = $1 and partnership = $2 and ($3::uuid is null or employer = $3)",
    )
    .bind(id.0)
    .bind(partnership.0)
    .bind(employer.map(|e| e.0))
    .fetch_optional(pool)
    .await?;
    row.as_ref().map(receipt).transpose()
}

/// The bytes as they came, with media type and file name.
pub(crate) async fn raw(
    pool: &PgPool,
    partnership: PartnershipId,
    employer: Option<OrganizationId>,
    id: SubmissionId,
) -> Result<Option<(Vec<u8>, String)>, StoreError> {
    let row = sqlx::query(
        "select body, media_type from intake.submissions
         where id = $1 and partnership = $2 and ($3::uuid is null or employer = $3)",
    )
    .bind(id.0)
    .bind(partnership.0)
    .bind(employer.map(|e| e.0))
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| (row.get("body"), row.get("media_type"))))
}

/// Newest first.
pub(crate) async fn list(
    pool: &PgPool,
    partnership: PartnershipId,
    employer: Option<OrganizationId>,
    before: Option<(DateTime<Utc>, SubmissionId)>,
    limit: u32,
) -> Result<Vec<Line>, StoreError> {
    let rows = sqlx::query(
        "select id, received_at, source, file_name, accepted, rejected from intake.submissions
         where partnership = $1 and ($2::uuid is null or employer = $2)
           and ($3::timestamptz is null or (received_at, id) < ($3, $4::uuid))
         order by received_at desc, id desc limit $5",
    )
    .bind(partnership.0)
    .bind(employer.map(|e| e.0))
    .bind(before.map(|(at, _)| at))
    .bind(before.map(|(_, id)| id.0))
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    rows.iter().map(line).collect()
}

fn line(row: &PgRow) -> Result<Line, StoreError> {
    let id: Uuid = row.get("id");
    let source: String = row.get("source");
    Ok(Line {
        id: SubmissionId(id),
        received_at: row.get("received_at"),
        source: source.parse().map_err(|e| StoreError::inconsistent("intake.submissions", "source", id, e))?,
        file_name: row.get("file_name"),
        accepted: row.get("accepted"),
        rejected: row.get("rejected"),
    })
}

fn receipt(row: &PgRow) -> Result<Receipt, StoreError> {
    let Json(value): Json<serde_json::Value> = row.try_get("receipt")?;
    let id: Uuid = row.get("id");
    serde_json::from_value(value).map_err(|e| StoreError::inconsistent("intake.submissions", "receipt", id, e))
}
