//! aggregate.ticks: the days for which the sums of a partnership hold.

use std::collections::{BTreeSet, HashMap};

use skillwire_schemas::{NeedId, PartnershipId};
use skillwire_store::StoreError;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::calendar::Calendar;

/// A partnership's row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticked {
    pub calendar: Calendar,
    /// Needs up to this id are counted for these days; none: all are.
    pub counted_to: Option<NeedId>,
}

fn read(row: &PgRow) -> Option<Ticked> {
    let calendar = Calendar {
        today: row.get::<Option<_>, _>("day")?,
        before_at: row.get::<Option<_>, _>("before_at")?,
        before_day: row.get::<Option<_>, _>("before_day")?,
    };
    Some(Ticked { calendar, counted_to: row.get::<Option<Uuid>, _>("counted_to").map(NeedId) })
}

/// The days of these partnerships, held still until the transaction ends. A partnership whose days are not known yet is not
/// among them: nothing of it is counted, and its first tick counts all.
pub(crate) async fn hold(
    conn: &mut PgConnection,
    partnerships: &BTreeSet<PartnershipId>,
) -> Result<HashMap<PartnershipId, Ticked>, StoreError> {
    let ids: Vec<Uuid> = partnerships.iter().map(|p| p.0).collect();
    let mut rows = select(conn, &ids).await?;
    if rows.len() < ids.len() {
        // A row to hold, so that the first tick does not pass by what this transaction leaves.
        sqlx::query(
            "insert into aggregate.ticks (partnership) select * from unnest($1::uuid[]) on conflict do nothing",
        )
        .bind(&ids)
        .execute(&mut *conn)
        .await?;
        rows = select(conn, &ids).await?;
    }
    Ok(rows.iter().filter_map(|row| Some((PartnershipId(row.get("partnership")), read(row)?))).collect())
}

async fn select(conn: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<PgRow>, StoreError> {
    let sql = "select * from aggregate.ticks where partnership = any($1) order by partnership for share";
    Ok(sqlx::query(sql).bind(ids).fetch_all(conn).await?)
}

/// A partnership's days, for turning them: nobody counts or publishes for the partnership until the transaction ends.
pub(crate) async fn lock(conn: &mut PgConnection, partnership: PartnershipId) -> Result<Option<Ticked>, StoreError> {
    sqlx::query("insert into aggregate.ticks (partnership) values ($1) on conflict do nothing")
        .bind(partnership.0)
        .execute(&mut *conn)
        .await?;
    let row = sqlx::query("select * from aggregate.ticks where partnership = $1 for update")
        .bind(partnership.0)
        .fetch_one(conn)
        .await?;
    Ok(read(&row))
}

/// The days as they are, without holding them.
pub(crate) async fn look(conn: &mut PgConnection, partnership: PartnershipId) -> Result<Option<Ticked>, StoreError> {
    let row = sqlx::query("select * from aggregate.ticks where partnership = $1")
        .bind(partnership.0)
        .fetch_optional(conn)
        .await?;
    Ok(row.as_ref().and_then(read))
}

/// Turns the days.
pub(crate) async fn turn(
    conn: &mut PgConnection,
    partnership: PartnershipId,
    ticked: Ticked,
) -> Result<(), StoreError> {
    sqlx::query(
        "update aggregate.ticks set day = $2, before_at = $3, before_day = $4, counted_to = $5 where partnership = $1",
    )
    .bind(partnership.0)
    .bind(ticked.calendar.today)
    .bind(ticked.calendar.before_at)
    .bind(ticked.calendar.before_day)
    .bind(ticked.counted_to.map(|need| need.0))
    .execute(conn)
    .await?;
    Ok(())
}
