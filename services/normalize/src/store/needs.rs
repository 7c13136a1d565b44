//! normalize.needs and normalize.terms, as the stage writes them.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use skillwire_runtime::Fault;
use skillwire_schemas::{EventId, Match, NeedId, NeedState, OrganizationId, PartnershipId};
use skillwire_store::StoreError;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

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
pub(crate) async fn touched(conn: &mut PgConnection, concepts: &[String]) -> Result<Vec<NeedId>, StoreError> {
    let rows = sqlx::query(
        "select need as id from normalize.terms where concept = any($1)
         union select need from normalize.terms where state <> 'matched'
         union select n.id from normalize.needs n join normalize.displays d on d.partnership = n.partnership
             join normalize.releases r on r.scheme = d.scheme and r.active and r.touched is not null
             where n.body is not null
         order by 1",
    )
    .bind(concepts)
    .fetch_all(conn)
    .await?;
    Ok(rows.iter().map(|row| NeedId(row.get("id"))).collect())
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
        traceparent: row.get("traceparent"),
        cause: row.get::<Option<Uuid>, _>("cause").map(EventId),
        changed: false,
        news: false,
    })
}

pub(crate) fn json<T: serde::de::DeserializeOwned>(
    row: &PgRow,
    column: &'static str,
    id: Uuid,
) -> Result<Option<T>, StoreError> {
    let value: Option<Json<serde_json::Value>> = row.try_get(column)?;
    value
        .map(|Json(value)| {
            serde_json::from_value(value).map_err(|e| StoreError::inconsistent("normalize.needs", column, id, e))
        })
        .transpose()
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
    Ok(save_terms(conn, rows, loaded).await?)
}

fn column<T>(rows: &[&Kept], of: impl Fn(&Kept) -> T) -> Vec<T> {
    rows.iter().map(|kept| of(kept)).collect()
}

async fn save_terms(conn: &mut PgConnection, rows: &[&Kept], loaded: &[NeedId]) -> Result<(), StoreError> {
    // A need that was not there has no terms to take away; one that is written anew has.
    let known: HashSet<NeedId> = loaded.iter().copied().collect();
    let anew: Vec<Uuid> = rows.iter().filter(|k| known.contains(&k.id)).map(|k| k.id.0).collect();
    if !anew.is_empty() {
        sqlx::query("delete from normalize.terms where need = any($1)").bind(anew).execute(&mut *conn).await?;
    }
    let active = rows.iter().filter_map(|k| k.need.as_ref().filter(|n| n.state == NeedState::Active).map(|n| (*k, n)));
    let terms: Vec<(&Kept, i32, &'static str, &Match)> = active
        .flat_map(|(kept, need)| {
            let occupation = std::iter::once(("occupation", &need.occupation));
            let requirements = need.requirements.iter().map(|r| ("requirement", &r.matched));
            (0i32..).zip(occupation.chain(requirements)).map(move |(at, (kind, matched))| (kept, at, kind, matched))
        })
        .collect();
    sqlx::query(
        "insert into normalize.terms (need, position, partnership, employer, kind, text, state, concept, label, score, reason)
         select * from unnest($1::uuid[], $2::int[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[],
             $9::text[], $10::float8[], $11::text[])",
    )
    .bind(terms.iter().map(|(k, ..)| k.id.0).collect::<Vec<Uuid>>())
    .bind(terms.iter().map(|(_, at, ..)| *at).collect::<Vec<i32>>())
    .bind(terms.iter().map(|(k, ..)| k.partnership.0).collect::<Vec<Uuid>>())
    .bind(terms.iter().map(|(k, ..)| k.employer.0).collect::<Vec<Uuid>>())
    .bind(terms.iter().map(|(.., kind, _)| *kind).collect::<Vec<&str>>())
    .bind(terms.iter().map(|(.., m)| m.text.clone()).collect::<Vec<String>>())
    .bind(terms.iter().map(|(.., m)| m.state.as_str()).collect::<Vec<&str>>())
    .bind(terms.iter().map(|(.., m)| m.concept.as_ref().map(|c| c.key.to_string())).collect::<Vec<Option<String>>>())
    .bind(terms.iter().map(|(.., m)| m.concept.as_ref().map(|c| c.label.clone())).collect::<Vec<Option<String>>>())
    .bind(terms.iter().map(|(.., m)| m.score).collect::<Vec<f64>>())
    .bind(terms.iter().map(|(.., m)| m.reason.clone()).collect::<Vec<String>>())
    .execute(conn)
    .await?;
    Ok(())
}
