//! route.signals: the newest revision of each signal.

use std::collections::{BTreeMap, HashMap};

use skillwire_schemas::{EventId, PartnershipId, Signal, SignalId};
use skillwire_store::StoreError;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::stage::Heard;

/// The revisions known of these signals.
pub(crate) async fn revisions(conn: &mut PgConnection, ids: &[SignalId]) -> Result<HashMap<SignalId, u32>, StoreError> {
    let rows = sqlx::query("select id, revision from route.signals where id = any($1)")
        .bind(ids.iter().map(|id| id.0).collect::<Vec<Uuid>>())
        .fetch_all(conn)
        .await?;
    rows.into_iter()
        .map(|row| {
            let id = SignalId(row.get("id"));
            let revision = u32::try_from(row.get::<i32, _>("revision"))
                .map_err(|e| StoreError::inconsistent("route.signals", "revision", id, e))?;
            Ok((id, revision))
        })
        .collect()
}

/// Keeps the newest revision of each, in one statement.
pub(crate) async fn keep(conn: &mut PgConnection, heard: &[Heard]) -> Result<(), StoreError> {
    // Sorted by (signal, revision): the last of a signal stands.
    let newest: BTreeMap<SignalId, &Heard> = heard.iter().map(|one| (one.signal.id, one)).collect();
    let all: Vec<&Heard> = newest.into_values().collect();
    sqlx::query(
        "insert into route.signals (id, partnership, revision, label, body, traceparent, cause)
         select * from unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[], $5::jsonb[], $6::text[], $7::uuid[])
         on conflict (id) do update set revision = excluded.revision, label = excluded.label, body = excluded.body,
             traceparent = excluded.traceparent, cause = excluded.cause
             where signals.revision < excluded.revision",
    )
    .bind(all.iter().map(|h| h.signal.id.0).collect::<Vec<Uuid>>())
    .bind(all.iter().map(|h| h.signal.partnership.0).collect::<Vec<Uuid>>())
    .bind(all.iter().map(|h| i32::try_from(h.signal.revision).unwrap_or(i32::MAX)).collect::<Vec<i32>>())
    .bind(all.iter().map(|h| h.signal.concept.label.clone()).collect::<Vec<String>>())
    .bind(all.iter().map(|h| Json(&h.signal)).collect::<Vec<Json<&Signal>>>())
    .bind(all.iter().map(|h| h.traceparent.clone()).collect::<Vec<String>>())
    .bind(all.iter().map(|h| h.cause.0).collect::<Vec<Uuid>>())
    .execute(conn)
    .await?;
    Ok(())
}

/// A page of a partnership's signals in the order of their ids.
pub(crate) async fn page(
    conn: &mut PgConnection,
    partnership: PartnershipId,
    after: Option<SignalId>,
    limit: u32,
) -> Result<Vec<Heard>, StoreError> {
    let rows = sqlx::query(
        "select body, traceparent, cause from route.signals
         where partnership = $1 and id > coalesce($2, '00000000-0000-0000-0000-000000000000'::uuid) order by id limit $3",
    )
    .bind(partnership.0)
    .bind(after.map(|id| id.0))
    .bind(i64::from(limit))
    .fetch_all(conn)
    .await?;
    rows.iter().map(heard).collect()
}

/// Concepts of the partnership's signals whose label is one of these (lower-case), as `scheme:id` by label.
pub(crate) async fn concepts_by_label(
    conn: &mut PgConnection,
    partnership: PartnershipId,
    labels: &[String],
) -> Result<HashMap<String, (String, String)>, StoreError> {
    let rows = sqlx::query(
        "select distinct on (lower(label)) lower(label) as label, body->'concept'->>'scheme' as scheme,
             body->'concept'->>'id' as id
         from route.signals where partnership = $1 and lower(label) = any($2) order by lower(label), id",
    )
    .bind(partnership.0)
    .bind(labels)
    .fetch_all(conn)
    .await?;
    Ok(rows.iter().map(|row| (row.get("label"), (row.get("scheme"), row.get("id")))).collect())
}

fn heard(row: &PgRow) -> Result<Heard, StoreError> {
    let Json(signal): Json<Signal> = row.try_get("body")?;
    Ok(Heard { signal, traceparent: row.try_get("traceparent")?, cause: EventId(row.try_get("cause")?) })
}
