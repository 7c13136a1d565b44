//! aggregate.signals and aggregate.revisions

use std::collections::{BTreeMap, HashMap};

use skillwire_schemas::{Figures, PartnershipId, Signal, SignalId};
use skillwire_store::StoreError;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool, Row};
use uuid::Uuid;

use super::dirty::Marked;
use crate::group::Group;

/// The words for a signal's state: (state, why it is kept back).
pub(crate) fn state_of(figures: &Figures) -> (&'static str, Option<&'static str>) {
    match figures {
        Figures::Published(_) => ("published", None),
        Figures::Suppressed { reason } => ("suppressed", Some(reason.as_str())),
        Figures::Ended => ("ended", None),
    }
}

/// The signals of these groups.
pub(crate) async fn of_groups(
    conn: &mut PgConnection,
    groups: &[Group],
) -> Result<HashMap<Group, BTreeMap<SignalId, Signal>>, StoreError> {
    let rows = sqlx::query(
        "select s.id, s.body from aggregate.signals s
         join unnest($1::uuid[], $2::text[], $3::text[]) as u (partnership, concept, horizon)
           using (partnership, concept, horizon)",
    )
    .bind(groups.iter().map(|g| g.partnership.0).collect::<Vec<Uuid>>())
    .bind(groups.iter().map(|g| g.concept.clone()).collect::<Vec<String>>())
    .bind(groups.iter().map(|g| g.horizon.as_str()).collect::<Vec<&str>>())
    .fetch_all(conn)
    .await?;
    let mut found: HashMap<Group, BTreeMap<SignalId, Signal>> = HashMap::new();
    for row in &rows {
        let signal = signal(row)?;
        let group =
            Group { partnership: signal.partnership, concept: signal.concept.key.to_string(), horizon: signal.horizon };
        found.entry(group).or_default().insert(signal.id, signal);
    }
    Ok(found)
}

/// Writes new revisions, in two statements.
pub(crate) async fn save(conn: &mut PgConnection, revised: &[(Signal, Marked)]) -> Result<(), StoreError> {
    let numbers = |s: &Signal| s.figures.numbers().map_or((0, 0), |n| (n.employers, n.openings()));
    sqlx::query(
        "insert into aggregate.signals (id, partnership, concept, horizon, level, region, kind, label, state, reason,
             employers, openings, revision, body, as_of)
         select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
             $9::text[], $10::text[], $11::int[], $12::bigint[], $13::int[], $14::jsonb[], $15::timestamptz[])
         on conflict (id) do update set kind = excluded.kind, label = excluded.label, state = excluded.state,
             reason = excluded.reason, employers = excluded.employers, openings = excluded.openings,
             revision = excluded.revision, body = excluded.body, as_of = excluded.as_of
             where signals.revision < excluded.revision",
    )
    .bind(revised.iter().map(|(s, _)| s.id.0).collect::<Vec<Uuid>>())
    .bind(revised.iter().map(|(s, _)| s.partnership.0).collect::<Vec<Uuid>>())
    .bind(revised.iter().map(|(s, _)| s.concept.key.to_string()).collect::<Vec<_>>())
    .bind(revised.iter().map(|(s, _)| s.horizon.as_str()).collect::<Vec<_>>())
    .bind(revised.iter().map(|(s, _)| s.region.level.as_str()).collect::<Vec<_>>())
    .bind(revised.iter().map(|(s, _)| s.region.code.clone()).collect::<Vec<_>>())
    .bind(revised.iter().map(|(s, _)| s.concept.kind.as_str()).collect::<Vec<_>>())
    .bind(revised.iter().map(|(s, _)| s.concept.label.clone()).collect::<Vec<_>>())
    .bind(revised.iter().map(|(s, _)| state_of(&s.figures).0).collect::<Vec<_>>())
    .bind(revised.iter().map(|(s, _)| state_of(&s.figures).1).collect::<Vec<_>>())
    .bind(revised.iter().map(|(s, _)| i32::try_from(numbers(s).0).unwrap_or(i32::MAX)).collect::<Vec<_>>())
    .bind(revised.iter().map(|(s, _)| i64::from(numbers(s).1)).collect::<Vec<_>>())
    .bind(revised.iter().map(|(s, _)| i32::try_from(s.revision).unwrap_or(i32::MAX)).collect::<Vec<_>>())
    .bind(revised.iter().map(|(s, _)| Json(s)).collect::<Vec<_>>())
    .bind(revised.iter().map(|(s, _)| s.as_of).collect::<Vec<_>>())
    .execute(&mut *conn)
    .await?;
    sqlx::query(
        "insert into aggregate.revisions (signal, revision, body, as_of, cause)
         select * from unnest($1::uuid[], $2::int[], $3::jsonb[], $4::timestamptz[], $5::uuid[]) on conflict do nothing",
    )
    .bind(revised.iter().map(|(s, _)| s.id.0).collect::<Vec<Uuid>>())
    .bind(revised.iter().map(|(s, _)| i32::try_from(s.revision).unwrap_or(i32::MAX)).collect::<Vec<_>>())
    .bind(revised.iter().map(|(s, _)| Json(s)).collect::<Vec<_>>())
    .bind(revised.iter().map(|(s, _)| s.as_of).collect::<Vec<_>>())
    .bind(revised.iter().map(|(_, m)| m.cause.map(|c| c.0)).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

/// By what a list is ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Most openings first.
    #[default]
    Openings,
    /// Most employers first.
    Employers,
    /// By name.
    Label,
}

/// Which signals. Empty means any.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// published, suppressed or ended.
    pub state: Option<String>,
    /// Kind of concept.
    pub kind: Option<String>,
    /// county, sub_region or total.
    pub level: Option<String>,
    /// The region's code.
    pub region: Option<String>,
    /// now, year or three_years.
    pub horizon: Option<String>,
    /// Part of the concept's name.
    pub text: Option<String>,
    /// At least so many employers.
    pub employers_min: u32,
    /// By what.
    pub order: Order,
}

/// A page of signals.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn list(
    pool: &PgPool,
    partnership: PartnershipId,
    filter: &Filter,
    offset: u32,
    limit: u32,
) -> Result<Vec<Signal>, StoreError> {
    let order = match filter.order {
        Order::Openings => "openings desc, id",
        Order::Employers => "employers desc, id",
        Order::Label => "lower(label), id",
    };
    let sql = format!(
        "select id, body from aggregate.signals
         where partnership = $1 and ($2::text is null or state = $2) and ($3::text is null or kind = $3)
           and ($4::text is null or level = $4) and ($5::text is null or region = $5)
           and ($6::text is null or horizon = $6) and ($7::text is null or strpos(lower(label), lower($7)) > 0)
           and employers >= $8
         order by {order} offset $9 limit $10"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(partnership.0)
        .bind(&filter.state)
        .bind(&filter.kind)
        .bind(&filter.level)
        .bind(&filter.region)
        .bind(&filter.horizon)
        .bind(&filter.text)
        .bind(i32::try_from(filter.employers_min).unwrap_or(i32::MAX))
        .bind(i64::from(offset))
        .bind(i64::from(limit))
        .fetch_all(pool)
        .await?;
    rows.iter().map(signal).collect()
}

/// A signal with its revisions, newest first (at most 100).
pub(crate) async fn history(
    pool: &PgPool,
    partnership: PartnershipId,
    id: SignalId,
) -> Result<Vec<Signal>, StoreError> {
    let rows = sqlx::query(
        "select r.signal as id, r.body from aggregate.revisions r join aggregate.signals s on s.id = r.signal
         where r.signal = $1 and s.partnership = $2 order by r.revision desc limit 100",
    )
    .bind(id.0)
    .bind(partnership.0)
    .fetch_all(pool)
    .await?;
    rows.iter().map(signal).collect()
}

fn signal(row: &PgRow) -> Result<Signal, StoreError> {
    let id: Uuid = row.try_get("id")?;
    let Json(value): Json<serde_json::Value> = row.try_get("body")?;
    serde_json::from_value(value).map_err(|e| StoreError::inconsistent("aggregate.signals", "body", id, e))
}
