//! normalize.decisions, and the lock under which it grows.

use skillwire_schemas::{Decision, PartnershipId, TermKind};
use skillwire_store::StoreError;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool, Row};
use uuid::Uuid;

/// How long a decision waits for needs that are just being read, before it is refused for now.
const LOCK_WAIT: &str = "set local lock_timeout = '10s'";

/// The lock's name for PostgreSQL. Two partnerships may share one: they only wait for each other now and then.
fn lock_of(partnership: PartnershipId) -> i64 {
    let (high, low) = partnership.0.as_u64_pair();
    (high ^ low).cast_signed()
}

/// Whoever reads texts holds this to the end of the transaction, and loads the decisions after it: what is decided meanwhile
/// waits until the readers are through, so that the re-reading that follows a decision finds all that was read without it.
pub(crate) async fn lock_to_read(conn: &mut PgConnection, partnerships: &[PartnershipId]) -> Result<(), StoreError> {
    let mut locks: Vec<i64> = partnerships.iter().copied().map(lock_of).collect();
    locks.sort_unstable();
    locks.dedup();
    sqlx::query(
        "select pg_advisory_xact_lock_shared(l) from unnest($1::bigint[]) with ordinality as u (l, at) order by at",
    )
    .bind(locks)
    .execute(conn)
    .await?;
    Ok(())
}

/// Whoever decides holds this to the end of the transaction.
pub(crate) async fn lock_to_decide(conn: &mut PgConnection, partnership: PartnershipId) -> Result<(), StoreError> {
    sqlx::query(LOCK_WAIT).execute(&mut *conn).await?;
    sqlx::query("select pg_advisory_xact_lock($1)").bind(lock_of(partnership)).execute(conn).await?;
    Ok(())
}

/// Decisions of these partnerships behind the numbers known, in one statement, oldest first.
pub(crate) async fn since(
    conn: &mut PgConnection,
    known: &[(PartnershipId, u32)],
) -> Result<Vec<(PartnershipId, Decision)>, StoreError> {
    let rows = sqlx::query(
        "select d.partnership, d.number, d.body from unnest($1::uuid[], $2::int[]) as known (partnership, number)
         join normalize.decisions d on d.partnership = known.partnership and d.number > known.number
         order by d.partnership, d.number",
    )
    .bind(known.iter().map(|(p, _)| p.0).collect::<Vec<Uuid>>())
    .bind(known.iter().map(|(_, n)| number(*n)).collect::<Vec<i32>>())
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| Ok((PartnershipId(row.get("partnership")), decision(row)?))).collect()
}

/// Which decisions.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Filter<'a> {
    /// Only those about this text.
    pub term: Option<(TermKind, &'a str)>,
    /// Only those with a higher number.
    pub after: u32,
    /// Only those with a lower number.
    pub before: Option<u32>,
}

/// Newest first.
pub(crate) async fn list(
    conn: &mut PgConnection,
    partnership: PartnershipId,
    filter: Filter<'_>,
    limit: u32,
) -> Result<Vec<Decision>, StoreError> {
    let rows = sqlx::query(
        "select number, body from normalize.decisions
         where partnership = $1 and ($2::text is null or (kind = $2 and folded = $3)) and number > $4
           and ($5::int is null or number < $5)
         order by number desc limit $6",
    )
    .bind(partnership.0)
    .bind(filter.term.map(|(kind, _)| kind.as_str()))
    .bind(filter.term.map(|(_, folded)| folded))
    .bind(number(filter.after))
    .bind(filter.before.map(number))
    .bind(i64::from(limit))
    .fetch_all(conn)
    .await?;
    rows.iter().map(decision).collect()
}

/// One.
pub(crate) async fn get(
    conn: &mut PgConnection,
    partnership: PartnershipId,
    wanted: u32,
) -> Result<Option<Decision>, StoreError> {
    let row = sqlx::query("select number, body from normalize.decisions where partnership = $1 and number = $2")
        .bind(partnership.0)
        .bind(number(wanted))
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(decision).transpose()
}

/// The numbers of the last decisions about these texts; who is not there is undecided.
pub(crate) async fn versions(
    pool: &PgPool,
    partnership: PartnershipId,
    terms: &[(TermKind, String)],
) -> Result<Vec<(TermKind, String, u32)>, StoreError> {
    let rows = sqlx::query(
        "select u.kind, u.folded, max(d.number) as n from unnest($2::text[], $3::text[]) as u (kind, folded)
         join normalize.decisions d on d.partnership = $1 and d.kind = u.kind and d.folded = u.folded
         group by u.kind, u.folded",
    )
    .bind(partnership.0)
    .bind(terms.iter().map(|(kind, _)| kind.as_str()).collect::<Vec<&str>>())
    .bind(terms.iter().map(|(_, folded)| folded.as_str()).collect::<Vec<&str>>())
    .fetch_all(pool)
    .await?;
    rows.iter()
        .map(|row| {
            let n = u32::try_from(row.get::<i32, _>("n")).unwrap_or_default();
            Ok((kind(row, n)?, row.get("folded"), n))
        })
        .collect()
}

/// Writes one; the number is the next, which only the holder of the lock can tell.
pub(crate) async fn add(
    conn: &mut PgConnection,
    partnership: PartnershipId,
    made: &Decision,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into normalize.decisions (partnership, number, kind, folded, body) values ($1, $2, $3, $4, $5)",
    )
    .bind(partnership.0)
    .bind(number(made.number))
    .bind(made.kind.as_str())
    .bind(&made.folded)
    .bind(Json(made))
    .execute(conn)
    .await?;
    Ok(())
}

/// As PostgreSQL keeps it: there are fewer than 2^31.
pub(super) fn number(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// The word in a row's column `kind`.
pub(super) fn kind(row: &PgRow, key: impl std::fmt::Display) -> Result<TermKind, StoreError> {
    let kind: &str = row.try_get("kind")?;
    kind.parse().map_err(|e| StoreError::inconsistent("normalize.decisions", "kind", key, e))
}

fn decision(row: &PgRow) -> Result<Decision, StoreError> {
    let Json(value): Json<serde_json::Value> = row.try_get("body")?;
    let number: i32 = row.try_get("number")?;
    serde_json::from_value(value).map_err(|e| StoreError::inconsistent("normalize.decisions", "body", number, e))
}
