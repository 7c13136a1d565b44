//! aggregate.dirty

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use skillwire_schemas::{EventId, PartnershipId};
use skillwire_store::StoreError;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgPool, Row};
use uuid::Uuid;

use crate::group::Group;

/// The trace of what time itself brings.
pub(crate) const NO_TRACE: &str = "00-00000000000000000000000000000001-0000000000000001-00";

/// A group to fold, and what made it so last.
#[derive(Clone, Debug)]
pub(crate) struct Marked {
    pub group: Group,
    pub traceparent: String,
    pub cause: Option<EventId>,
    /// The last decisions of the staff that made it so.
    pub causes: Vec<String>,
}

/// What makes a group be folded: its trace and the event.
pub(crate) type Cause = (String, Option<EventId>);

/// Decisions of one revision told at most.
const CAUSES_MAX: i64 = 5;

/// Marks groups, and by which decisions of the staff if by any. In one order for all copies (the map's), so that two never wait
/// for each other crosswise.
pub(crate) async fn mark(
    conn: &mut PgConnection,
    groups: &BTreeMap<Group, Cause>,
    causes: &BTreeMap<Group, BTreeSet<String>>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if groups.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into aggregate.dirty as d (partnership, concept, horizon, first_at, last_at, traceparent, cause, causes)
         select p, c, h, $4, $4, t, e, coalesce(string_to_array(why, E'\\n'), '{}')
         from unnest($1::uuid[], $2::text[], $3::text[], $5::text[], $6::uuid[], $7::text[]) as u (p, c, h, t, e, why)
         on conflict (partnership, concept, horizon) do update
             set last_at = excluded.last_at, traceparent = excluded.traceparent, cause = excluded.cause,
                 causes = array(
                     select c from (
                         select c, max(at) as at from unnest(d.causes || excluded.causes) with ordinality as a (c, at)
                         group by c order by at desc limit $8) as newest
                     order by at)",
    )
    .bind(groups.keys().map(|g| g.partnership.0).collect::<Vec<Uuid>>())
    .bind(groups.keys().map(|g| g.concept.as_str()).collect::<Vec<_>>())
    .bind(groups.keys().map(|g| g.horizon.as_str()).collect::<Vec<&str>>())
    .bind(now)
    .bind(groups.values().map(|(trace, _)| trace.as_str()).collect::<Vec<_>>())
    .bind(groups.values().map(|(_, cause)| cause.map(|c| c.0)).collect::<Vec<_>>())
    .bind(groups.keys().map(|g| causes.get(g).map(joined)).collect::<Vec<Option<String>>>())
    .bind(CAUSES_MAX)
    .execute(conn)
    .await?;
    Ok(())
}

/// No cause holds a line end: they are names of decisions.
fn joined(causes: &BTreeSet<String>) -> String {
    causes.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
}

/// Marks all groups of a partnership that have signals.
pub(crate) async fn mark_all(
    conn: &mut PgConnection,
    partnership: PartnershipId,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "insert into aggregate.dirty (partnership, concept, horizon, first_at, last_at, traceparent)
         select distinct partnership, concept, horizon, $2::timestamptz, $2::timestamptz, $3
         from aggregate.signals where partnership = $1 order by 1, 2, 3
         on conflict (partnership, concept, horizon) do update set last_at = excluded.last_at",
    )
    .bind(partnership.0)
    .bind(now)
    .bind(NO_TRACE)
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Partnerships with groups to fold.
pub(crate) async fn partnerships(pool: &PgPool) -> Result<Vec<PartnershipId>, StoreError> {
    let rows = sqlx::query("select distinct partnership from aggregate.dirty limit 1000").fetch_all(pool).await?;
    Ok(rows.into_iter().map(|row| PartnershipId(row.get("partnership"))).collect())
}

/// Takes groups that are quiet or old, oldest first. They are gone when the transaction commits; one that is marked again
/// meanwhile waits for that and is folded once more.
pub(crate) async fn take(
    conn: &mut PgConnection,
    partnerships: &[PartnershipId],
    quiet: DateTime<Utc>,
    oldest: DateTime<Utc>,
    limit: u32,
) -> Result<Vec<Marked>, StoreError> {
    let rows = sqlx::query(
        "with due as (
             select partnership, concept, horizon from aggregate.dirty
             where partnership = any($1) and (last_at <= $2 or first_at <= $3)
             order by first_at, partnership, concept, horizon limit $4 for update skip locked)
         delete from aggregate.dirty d using due
         where d.partnership = due.partnership and d.concept = due.concept and d.horizon = due.horizon
         returning d.partnership, d.concept, d.horizon, d.traceparent, d.cause, d.causes",
    )
    .bind(partnerships.iter().map(|p| p.0).collect::<Vec<Uuid>>())
    .bind(quiet)
    .bind(oldest)
    .bind(i64::from(limit))
    .fetch_all(conn)
    .await?;
    let mut marked: Vec<Marked> = rows.iter().map(read).collect::<Result<_, _>>()?;
    marked.sort_by(|a, b| a.group.cmp(&b.group));
    Ok(marked)
}

fn read(row: &PgRow) -> Result<Marked, StoreError> {
    let concept: String = row.get("concept");
    let horizon: String = row.get("horizon");
    let horizon = horizon.parse().map_err(|e| StoreError::inconsistent("aggregate.dirty", "horizon", &concept, e))?;
    Ok(Marked {
        group: Group { partnership: PartnershipId(row.get("partnership")), concept, horizon },
        traceparent: row.get("traceparent"),
        cause: row.get::<Option<Uuid>, _>("cause").map(EventId),
        causes: row.get("causes"),
    })
}
