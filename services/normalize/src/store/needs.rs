//! normalize.needs and normalize.terms, as the stage writes them.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use skillwire_runtime::Fault;
use skillwire_schemas::{EventId, NeedId, OrganizationId, PartnershipId};
use skillwire_store::StoreError;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::terms;
use crate::kept::Kept;

/// What is known of these needs; locked, so that two copies change one after the other.
pub(crate) async fn load(conn: &mut PgConnection, ids: &[NeedId]) -> Result<HashMap<NeedId, Kept>, StoreError> {
    let rows = sqlx::query("select * from normalize.needs where id = any($1) order by id for update")
        .bind(ids.iter().map(|id| id.0).collect::<Vec<Uuid>>())
        .fetch_all(conn)
        .await?;
    rows.iter().map(|row| kept(row).map(|kept| (kept.id, kept))).collect()
}

/// The needs of a partnership that have been stated, in order of their ids; locked.
pub(crate) async fn load_after(
    conn: &mut PgConnection,
    partnership: PartnershipId,
    after: Option<NeedId>,
    limit: u32,
) -> Result<Vec<Kept>, StoreError> {
    let rows = sqlx::query(
        "select * from normalize.needs
         where partnership = $1 and body is not null and ($2::uuid is null or id > $2) order by id limit $3 for update",
    )
    .bind(partnership.0)
    .bind(after.map(|id| id.0))
    .bind(i64::from(limit))
    .fetch_all(conn)
    .await?;
    rows.iter().map(kept).collect()
}

/// The needs, of whatever partnership, that mean one of these concepts, have open texts, or whose partnership sees the scheme
/// of a release that is not settled; in order.
pub(crate) async fn touched(
    conn: &mut PgConnection,
    concepts: &[String],
) -> Result<Vec<(NeedId, PartnershipId)>, StoreError> {
    let rows = sqlx::query(
        "select need as id, partnership from normalize.terms where concept = any($1)
         union select need, partnership from normalize.terms where state <> 'matched'
         union select n.id, n.partnership from normalize.needs n join normalize.displays d on d.partnership = n.partnership
             join normalize.releases r on r.scheme = d.scheme and r.active and r.touched is not null
             where n.body is not null
         order by 1",
    )
    .bind(concepts)
    .fetch_all(conn)
    .await?;
    Ok(rows.iter().map(|row| (NeedId(row.get("id")), PartnershipId(row.get("partnership")))).collect())
}

fn kept(row: &PgRow) -> Result<Kept, StoreError> {
    let id: Uuid = row.get("id");
    let confirmed_at: Option<DateTime<Utc>> = row.get("confirmed_at");
    let confirmed_until: Option<NaiveDate> = row.get("confirmed_until");
    Ok(Kept {
        id: NeedId(id),
        partnership: PartnershipId(row.get("partnership")),
        employer: OrganizationId(row.get("employer")),
        stated_at: row.get("stated_at"),
        withdrawn_at: row.get("withdrawn_at"),
        reopened_at: row.get("reopened_at"),
        confirmed: confirmed_at.zip(confirmed_until),
        need: json(row, "body", id)?,
        draft: json(row, "draft", id)?,
        terms: None,
        was: None,
        traceparent: row.get("traceparent"),
        cause: row.get::<Option<Uuid>, _>("cause").map(EventId),
        changed: false,
        news: false,
    })
}

pub(crate) fn json<T: serde::de::DeserializeOwned + Send + Unpin + 'static>(
    row: &PgRow,
    column: &'static str,
    id: Uuid,
) -> Result<Option<T>, StoreError> {
    match row.try_get::<Option<Json<T>>, _>(column) {
        Ok(value) => Ok(value.map(|Json(value)| value)),
        Err(sqlx::Error::ColumnDecode { source, .. }) => {
            Err(StoreError::inconsistent("normalize.needs", column, id, source))
        }
        Err(e) => Err(e.into()),
    }
}

/// Writes the needs and their terms, in three statements whatever their number. Only rows that were there, and locked, when
/// they were loaded are overwritten: what another copy has written meanwhile may be later than ours.
///
/// # Errors
/// [`Fault::Retry`] when another copy was faster with a new need.
pub(crate) async fn save(
    conn: &mut PgConnection,
    rows: &[&Kept],
    loaded: &[NeedId],
    now: DateTime<Utc>,
) -> Result<(), Fault> {
    if rows.is_empty() {
        return Ok(());
    }
    let done = sqlx::query(
        "insert into normalize.needs (id, partnership, employer, reference, stated_at, withdrawn_at, confirmed_at,
             confirmed_until, state, valid_until, body, draft, traceparent, cause, reopened_at, updated_at)
         select *, $15 from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[], $6::timestamptz[],
             $7::timestamptz[], $8::date[], $9::text[], $10::date[], $11::jsonb[], $12::jsonb[], $13::text[], $14::uuid[],
             $17::timestamptz[])
         on conflict (id) do update set reference = excluded.reference, stated_at = excluded.stated_at,
             withdrawn_at = excluded.withdrawn_at, reopened_at = excluded.reopened_at, confirmed_at = excluded.confirmed_at,
             confirmed_until = excluded.confirmed_until, state = excluded.state, valid_until = excluded.valid_until,
             body = excluded.body, draft = excluded.draft, traceparent = excluded.traceparent, cause = excluded.cause,
             updated_at = excluded.updated_at
         where normalize.needs.id = any($16)",
    )
    .bind(column(rows, |k| k.id.0))
    .bind(column(rows, |k| k.partnership.0))
    .bind(column(rows, |k| k.employer.0))
    .bind(column(rows, |k| k.need.as_ref().and_then(|n| n.reference.clone())))
    .bind(column(rows, |k| k.stated_at))
    .bind(column(rows, |k| k.withdrawn_at))
    .bind(column(rows, |k| k.confirmed.map(|(at, _)| at)))
    .bind(column(rows, |k| k.confirmed.map(|(_, until)| until)))
    .bind(column(rows, |k| k.need.as_ref().map_or("awaited", |n| n.state.as_str())))
    .bind(column(rows, |k| k.need.as_ref().map(|n| n.valid_until)))
    .bind(rows.iter().map(|k| k.need.as_ref().map(Json)).collect::<Vec<_>>())
    .bind(rows.iter().map(|k| k.draft.as_ref().map(Json)).collect::<Vec<_>>())
    .bind(column(rows, |k| k.traceparent.clone()))
    .bind(column(rows, |k| k.cause.map(|c| c.0)))
    .bind(now)
    .bind(loaded.iter().map(|id| id.0).collect::<Vec<Uuid>>())
    .bind(column(rows, |k| k.reopened_at))
    .execute(&mut *conn)
    .await
    .map_err(StoreError::from)?;
    if usize::try_from(done.rows_affected()) != Ok(rows.len()) {
        return Err(Fault::retry("another copy has just written one of these needs"));
    }
    Ok(terms::save(conn, rows, loaded).await?)
}

/// Writes needs that were read again, and locked before: what was said of them is as it was, so that only what it reads as, and
/// the terms that read differently, are written. No index holds what is written of a need, so that its row stays where it is.
/// Gives the bytes of each need.
pub(crate) async fn save_again(
    conn: &mut PgConnection,
    rows: &[&Kept],
    now: DateTime<Utc>,
) -> Result<Vec<usize>, StoreError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let body = |kept: &&Kept| kept.need.as_ref().map(serde_json::to_string).transpose();
    let bodies: Vec<Option<String>> = rows.iter().map(body).collect::<Result<_, _>>()?;
    let sizes = bodies.iter().map(|body| body.as_ref().map_or(0, String::len)).collect();
    sqlx::query(
        "update normalize.needs n set body = u.body::jsonb, valid_until = u.valid_until, updated_at = $4
         from unnest($1::uuid[], $2::text[], $3::date[]) as u (id, body, valid_until) where n.id = u.id",
    )
    .bind(column(rows, |k| k.id.0))
    .bind(bodies)
    .bind(column(rows, |k| k.need.as_ref().map(|n| n.valid_until)))
    .bind(now)
    .execute(&mut *conn)
    .await?;
    terms::save_again(conn, rows).await?;
    Ok(sizes)
}

fn column<T>(rows: &[&Kept], of: impl Fn(&Kept) -> T) -> Vec<T> {
    rows.iter().map(|kept| of(kept)).collect()
}
