//! aggregate.signals and aggregate.revisions, as pages and API read them

use skillwire_schemas::{Numbers, PartnershipId, Signal, SignalId};
use skillwire_store::StoreError;
use sqlx::PgPool;

use super::signals::{Known, known, signal, staff};

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
    /// published, suppressed or ended; any of these.
    pub states: Vec<String>,
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

/// Who looks. Everybody but the partnership's staff looks as `Public`: filters and orders know only what may be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    Public,
    Staff,
}

/// A page of signals, as everybody sees them.
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
    let known = list_seen(pool, partnership, (filter, Sight::Public), offset, limit).await?;
    Ok(known.into_iter().map(|known| known.signal).collect())
}

/// A page of signals; with all numbers for staff, without for others.
pub(crate) async fn list_seen(
    pool: &PgPool,
    partnership: PartnershipId,
    (filter, sight): (&Filter, Sight),
    offset: u32,
    limit: u32,
) -> Result<Vec<Known>, StoreError> {
    let (staff_numbers, employers, openings) = match sight {
        Sight::Public => ("null::jsonb", "employers", "openings"),
        Sight::Staff => ("staff_numbers", "staff_employers", "staff_openings"),
    };
    let order = match filter.order {
        Order::Openings => format!("{openings} desc, id"),
        Order::Employers => format!("{employers} desc, id"),
        Order::Label => "lower(label), id".to_owned(),
    };
    let sql = format!(
        "select id, body, {staff_numbers} as staff_numbers from aggregate.signals
         where partnership = $1 and (cardinality($2::text[]) = 0 or state = any($2)) and ($3::text is null or kind = $3)
           and ($4::text is null or level = $4) and ($5::text is null or region = $5)
           and ($6::text is null or horizon = $6) and ($7::text is null or strpos(lower(label), lower($7)) > 0)
           and {employers} >= $8
         order by {order} offset $9 limit $10"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(partnership.0)
        .bind(&filter.states)
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
    rows.iter().map(known).collect()
}

/// A signal with its revisions, newest first (at most 100); for staff with all its numbers as they are now.
pub(crate) async fn history(
    pool: &PgPool,
    partnership: PartnershipId,
    id: SignalId,
    sight: Sight,
) -> Result<(Vec<Signal>, Option<Numbers>), StoreError> {
    let rows = sqlx::query(
        "select r.signal as id, r.body, case when $3 then s.staff_numbers end as staff_numbers
         from aggregate.revisions r join aggregate.signals s on s.id = r.signal
         where r.signal = $1 and s.partnership = $2 order by r.revision desc limit 100",
    )
    .bind(id.0)
    .bind(partnership.0)
    .bind(sight == Sight::Staff)
    .fetch_all(pool)
    .await?;
    let staff = rows.first().map(staff).transpose()?.flatten();
    Ok((rows.iter().map(signal).collect::<Result<_, _>>()?, staff))
}
