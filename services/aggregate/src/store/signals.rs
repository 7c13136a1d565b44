//! aggregate.signals and aggregate.revisions, as the publisher reads and writes them

use std::collections::{BTreeMap, HashMap};

use skillwire_schemas::{Figures, Numbers, Signal, SignalId};
use skillwire_store::StoreError;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, Row};
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

/// A signal as it stands, and what staff see of it.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub signal: Signal,
    pub staff: Option<Numbers>,
}

/// What folding gives.
#[derive(Debug, Default)]
pub(crate) struct Folded {
    /// New revisions, what staff see of each, and what brought it about.
    pub revised: Vec<(Signal, Option<Numbers>, Marked)>,
    /// Signals of which only staff see something new: it is kept back from everybody else.
    pub restated: Vec<(SignalId, Option<Numbers>)>,
}

/// The signals of these groups.
pub(crate) async fn of_groups(
    conn: &mut PgConnection,
    groups: &[Group],
) -> Result<HashMap<Group, BTreeMap<SignalId, Known>>, StoreError> {
    let rows = sqlx::query(
        "select s.id, s.body, s.staff_numbers from aggregate.signals s
         join unnest($1::uuid[], $2::text[], $3::text[]) as u (partnership, concept, horizon)
           using (partnership, concept, horizon)",
    )
    .bind(groups.iter().map(|g| g.partnership.0).collect::<Vec<Uuid>>())
    .bind(groups.iter().map(|g| g.concept.clone()).collect::<Vec<String>>())
    .bind(groups.iter().map(|g| g.horizon.as_str()).collect::<Vec<&str>>())
    .fetch_all(conn)
    .await?;
    let mut found: HashMap<Group, BTreeMap<SignalId, Known>> = HashMap::new();
    for row in &rows {
        let known = known(row)?;
        let signal = &known.signal;
        let group =
            Group { partnership: signal.partnership, concept: signal.concept.key.to_string(), horizon: signal.horizon };
        found.entry(group).or_default().insert(signal.id, known);
    }
    Ok(found)
}

/// Writes what folding gave, in three statements at most.
pub(crate) async fn save(conn: &mut PgConnection, folded: &Folded) -> Result<(), StoreError> {
    if !folded.revised.is_empty() {
        save_revised(conn, &folded.revised).await?;
    }
    if !folded.restated.is_empty() {
        sqlx::query(
            "update aggregate.signals s set staff_numbers = u.numbers, staff_employers = u.employers,
                 staff_openings = u.openings
             from unnest($1::uuid[], $2::jsonb[], $3::int[], $4::bigint[]) as u (id, numbers, employers, openings)
             where s.id = u.id",
        )
        .bind(folded.restated.iter().map(|(id, _)| id.0).collect::<Vec<Uuid>>())
        .bind(folded.restated.iter().map(|(_, n)| n.map(Json)).collect::<Vec<_>>())
        .bind(folded.restated.iter().map(|(_, n)| counts(n.as_ref()).0).collect::<Vec<_>>())
        .bind(folded.restated.iter().map(|(_, n)| counts(n.as_ref()).1).collect::<Vec<_>>())
        .execute(conn)
        .await?;
    }
    Ok(())
}

/// Employers and openings, for ordering.
fn counts(numbers: Option<&Numbers>) -> (i32, i64) {
    numbers.map_or((0, 0), |n| (i32::try_from(n.employers).unwrap_or(i32::MAX), i64::from(n.openings())))
}

async fn save_revised(
    conn: &mut PgConnection,
    revised: &[(Signal, Option<Numbers>, Marked)],
) -> Result<(), StoreError> {
    let told = |s: &Signal| counts(s.figures.numbers());
    sqlx::query(
        "insert into aggregate.signals (id, partnership, concept, horizon, level, region, kind, label, state, reason,
             employers, openings, revision, body, as_of, staff_numbers, staff_employers, staff_openings)
         select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
             $9::text[], $10::text[], $11::int[], $12::bigint[], $13::int[], $14::jsonb[], $15::timestamptz[], $16::jsonb[],
             $17::int[], $18::bigint[])
         on conflict (id) do update set kind = excluded.kind, label = excluded.label, state = excluded.state,
             reason = excluded.reason, employers = excluded.employers, openings = excluded.openings,
             revision = excluded.revision, body = excluded.body, as_of = excluded.as_of,
             staff_numbers = excluded.staff_numbers, staff_employers = excluded.staff_employers,
             staff_openings = excluded.staff_openings
             where signals.revision < excluded.revision",
    )
    .bind(revised.iter().map(|(s, ..)| s.id.0).collect::<Vec<Uuid>>())
    .bind(revised.iter().map(|(s, ..)| s.partnership.0).collect::<Vec<Uuid>>())
    .bind(revised.iter().map(|(s, ..)| s.concept.key.to_string()).collect::<Vec<_>>())
    .bind(revised.iter().map(|(s, ..)| s.horizon.as_str()).collect::<Vec<_>>())
    .bind(revised.iter().map(|(s, ..)| s.region.level.as_str()).collect::<Vec<_>>())
    .bind(revised.iter().map(|(s, ..)| s.region.code.clone()).collect::<Vec<_>>())
    .bind(revised.iter().map(|(s, ..)| s.concept.kind.as_str()).collect::<Vec<_>>())
    .bind(revised.iter().map(|(s, ..)| s.concept.label.clone()).collect::<Vec<_>>())
    .bind(revised.iter().map(|(s, ..)| state_of(&s.figures).0).collect::<Vec<_>>())
    .bind(revised.iter().map(|(s, ..)| state_of(&s.figures).1).collect::<Vec<_>>())
    .bind(revised.iter().map(|(s, ..)| told(s).0).collect::<Vec<_>>())
    .bind(revised.iter().map(|(s, ..)| told(s).1).collect::<Vec<_>>())
    .bind(revised.iter().map(|(s, ..)| i32::try_from(s.revision).unwrap_or(i32::MAX)).collect::<Vec<_>>())
    .bind(revised.iter().map(|(s, ..)| Json(s)).collect::<Vec<_>>())
    .bind(revised.iter().map(|(s, ..)| s.as_of).collect::<Vec<_>>())
    .bind(revised.iter().map(|(_, staff, _)| staff.map(Json)).collect::<Vec<_>>())
    .bind(revised.iter().map(|(_, staff, _)| counts(staff.as_ref()).0).collect::<Vec<_>>())
    .bind(revised.iter().map(|(_, staff, _)| counts(staff.as_ref()).1).collect::<Vec<_>>())
    .execute(&mut *conn)
    .await?;
    sqlx::query(
        "insert into aggregate.revisions (signal, revision, body, as_of, cause)
         select * from unnest($1::uuid[], $2::int[], $3::jsonb[], $4::timestamptz[], $5::uuid[]) on conflict do nothing",
    )
    .bind(revised.iter().map(|(s, ..)| s.id.0).collect::<Vec<Uuid>>())
    .bind(revised.iter().map(|(s, ..)| i32::try_from(s.revision).unwrap_or(i32::MAX)).collect::<Vec<_>>())
    .bind(revised.iter().map(|(s, ..)| Json(s)).collect::<Vec<_>>())
    .bind(revised.iter().map(|(s, ..)| s.as_of).collect::<Vec<_>>())
    .bind(revised.iter().map(|(.., m)| m.cause.map(|c| c.0)).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) fn known(row: &PgRow) -> Result<Known, StoreError> {
    Ok(Known { signal: signal(row)?, staff: staff(row)? })
}

pub(super) fn signal(row: &PgRow) -> Result<Signal, StoreError> {
    let id: Uuid = row.try_get("id")?;
    let Json(value): Json<serde_json::Value> = row.try_get("body")?;
    serde_json::from_value(value).map_err(|e| StoreError::inconsistent("aggregate.signals", "body", id, e))
}

pub(super) fn staff(row: &PgRow) -> Result<Option<Numbers>, StoreError> {
    let id: Uuid = row.try_get("id")?;
    let value: Option<Json<serde_json::Value>> = row.try_get("staff_numbers")?;
    value
        .map(|Json(value)| serde_json::from_value(value))
        .transpose()
        .map_err(|e| StoreError::inconsistent("aggregate.signals", "staff_numbers", id, e))
}
