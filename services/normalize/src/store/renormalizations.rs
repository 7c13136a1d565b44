//! normalize.renormalizations and their slices: what decisions still have to read again.

use chrono::{DateTime, Utc};
use skillwire_schemas::{EventId, PartnershipId, TermKind};
use skillwire_store::StoreError;
use sqlx::{PgConnection, PgPool, Row};
use uuid::Uuid;

use super::decisions::{kind, number};

/// A slice of a re-reading, taken by this transaction.
#[derive(Clone, Debug)]
pub(crate) struct Slice {
    pub partnership: PartnershipId,
    pub number: u32,
    pub slice: i16,
    pub kind: TermKind,
    pub folded: String,
    /// The decision's event.
    pub event: EventId,
    pub traceparent: String,
    pub begins_at: Uuid,
    pub ends_at: Uuid,
    pub done_to: Option<Uuid>,
    /// Whether nobody has counted the needs yet.
    pub is_uncounted: bool,
}

/// A re-reading to be done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub partnership: PartnershipId,
    pub number: u32,
    pub kind: TermKind,
    pub folded: &'a str,
    pub event: EventId,
    pub traceparent: &'a str,
}

/// Writes a re-reading with its slices: (first id, last id) each.
pub(crate) async fn ask(
    conn: &mut PgConnection,
    asked: Asked<'_>,
    slices: &[(Uuid, Uuid)],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into normalize.renormalizations (partnership, number, kind, folded, event, traceparent, asked_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(asked.partnership.0)
    .bind(number(asked.number))
    .bind(asked.kind.as_str())
    .bind(asked.folded)
    .bind(asked.event.0)
    .bind(asked.traceparent)
    .bind(now)
    .execute(&mut *conn)
    .await?;
    sqlx::query(
        "insert into normalize.renormalization_slices (partnership, number, slice, begins_at, ends_at, stepped_at)
         select $1, $2, at, b, e, $5 from unnest($3::uuid[], $4::uuid[]) with ordinality as u (b, e, at)",
    )
    .bind(asked.partnership.0)
    .bind(number(asked.number))
    .bind(slices.iter().map(|(begins, _)| *begins).collect::<Vec<Uuid>>())
    .bind(slices.iter().map(|(_, ends)| *ends).collect::<Vec<Uuid>>())
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes the open slice that has waited longest and that no other copy has; it stays taken to the end of the transaction.
/// While terms of a partnership are not folded yet (an upgrade just happened), its slices wait: they would miss needs.
pub(crate) async fn take(conn: &mut PgConnection) -> Result<Option<Slice>, StoreError> {
    let row = sqlx::query(
        "select s.partnership, s.number, s.slice, s.begins_at, s.ends_at, s.done_to, r.kind, r.folded, r.event,
             r.traceparent, r.carriers is null as uncounted
         from normalize.renormalization_slices s join normalize.renormalizations r using (partnership, number)
         where s.finished_at is null
           and not exists (select 1 from normalize.terms t where t.folded is null and t.partnership = s.partnership)
         order by s.stepped_at, s.partnership, s.number, s.slice limit 1 for update of s skip locked",
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let number = u32::try_from(row.get::<i32, _>("number")).unwrap_or_default();
    // Nobody waits for the disk: what is lost with the power is read again, since how far the slice came is lost with it. Of
    // an event that is lost so nobody has heard: the relay's claim, which is made before it hands an event over, does wait, and
    // with it all that was committed before.
    sqlx::query("set local synchronous_commit = off").execute(conn).await?;
    Ok(Some(Slice {
        partnership: PartnershipId(row.get("partnership")),
        number,
        slice: row.get("slice"),
        kind: kind(&row, number)?,
        folded: row.get("folded"),
        event: EventId(row.get("event")),
        traceparent: row.get("traceparent"),
        begins_at: row.get("begins_at"),
        ends_at: row.get("ends_at"),
        done_to: row.get("done_to"),
        is_uncounted: row.get("uncounted"),
    }))
}

/// Notes how many needs carry the text.
pub(crate) async fn counted(conn: &mut PgConnection, slice: &Slice, carriers: i64) -> Result<(), StoreError> {
    sqlx::query("update normalize.renormalizations set carriers = $3 where partnership = $1 and number = $2")
        .bind(slice.partnership.0)
        .bind(number(slice.number))
        .bind(i32::try_from(carriers).unwrap_or(i32::MAX))
        .execute(conn)
        .await?;
    Ok(())
}

/// Puts a slice that could not be read behind the others, so that it does not hold them up.
pub(crate) async fn put_back(pool: &PgPool, slice: &Slice, now: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query(
        "update normalize.renormalization_slices set stepped_at = $4 where partnership = $1 and number = $2 and slice = $3",
    )
    .bind(slice.partnership.0)
    .bind(number(slice.number))
    .bind(slice.slice)
    .bind(now)
    .execute(pool)
    .await?;
    Ok(())
}

/// What a step did.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stepped {
    pub needs: usize,
    pub changed: usize,
    pub done_to: Option<Uuid>,
    pub is_last: bool,
}

/// Notes how far a slice has come.
pub(crate) async fn stepped(
    conn: &mut PgConnection,
    slice: &Slice,
    done: Stepped,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "update normalize.renormalization_slices set needs = needs + $4, changed = changed + $5,
             done_to = coalesce($6, done_to), stepped_at = $7, finished_at = case when $8 then $7 end
         where partnership = $1 and number = $2 and slice = $3",
    )
    .bind(slice.partnership.0)
    .bind(number(slice.number))
    .bind(slice.slice)
    .bind(i32::try_from(done.needs).unwrap_or(i32::MAX))
    .bind(i32::try_from(done.changed).unwrap_or(i32::MAX))
    .bind(done.done_to)
    .bind(now)
    .bind(done.is_last)
    .execute(conn)
    .await?;
    Ok(())
}

/// How far the re-reading after a decision is.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct RenormalizationProgress {
    /// The decision's number.
    pub decision: u32,
    /// Needs that carry the text, as counted at the beginning; absent before.
    pub carriers: Option<u32>,
    /// Of these, read again so far.
    pub needs: u32,
    /// Of these, those that read differently now.
    pub changed: u32,
    /// When it was asked for.
    pub asked_at: DateTime<Utc>,
    /// When it was through; absent while it goes on.
    pub finished_at: Option<DateTime<Utc>>,
}

/// Which re-readings.
#[derive(Clone, Debug)]
pub(crate) enum Which<'a> {
    /// Those of these decisions.
    Of(&'a [u32]),
    /// The last ones, so many.
    Newest(u32),
}

/// How far re-readings of a partnership are, newest first.
pub(crate) async fn progress(
    pool: &PgPool,
    partnership: PartnershipId,
    which: Which<'_>,
) -> Result<Vec<RenormalizationProgress>, StoreError> {
    let (numbers, limit) = match which {
        Which::Of(numbers) => {
            (Some(numbers.iter().map(|n| number(*n)).collect::<Vec<i32>>()), i64::try_from(numbers.len()).unwrap_or(0))
        }
        Which::Newest(limit) => (None, i64::from(limit)),
    };
    let rows = sqlx::query(
        "with wanted as (
             select * from normalize.renormalizations
             where partnership = $1 and ($2::int[] is null or number = any($2)) order by number desc limit $3)
         select w.number, w.carriers, w.asked_at, sum(s.needs)::bigint as needs, sum(s.changed)::bigint as changed,
             case when bool_and(s.finished_at is not null) then max(s.finished_at) end as finished_at
         from wanted w join normalize.renormalization_slices s using (partnership, number)
         group by w.number, w.carriers, w.asked_at order by w.number desc",
    )
    .bind(partnership.0)
    .bind(numbers)
    .bind(limit)
    .fetch_all(pool)
    .await?;
    let small = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
    Ok(rows
        .into_iter()
        .map(|row| RenormalizationProgress {
            decision: small(i64::from(row.get::<i32, _>("number"))),
            carriers: row.get::<Option<i32>, _>("carriers").map(|n| small(i64::from(n))),
            needs: small(row.get("needs")),
            changed: small(row.get("changed")),
            asked_at: row.get("asked_at"),
            finished_at: row.get("finished_at"),
        })
        .collect())
}
