//! aggregate.counted: which version of a need is in the sums.

use chrono::NaiveDate;
use skillwire_schemas::{NeedId, PartnershipId};
use skillwire_store::StoreError;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::versions::{count, number};
use crate::group::Moment;
use crate::version::VersionKey;

/// A need and the versions of it that are in the sums.
#[derive(Clone, Debug)]
pub(crate) struct Counted {
    pub need: NeedId,
    pub partnership: PartnershipId,
    pub now: Option<VersionKey>,
    /// Until when the one that counts now holds.
    pub now_until: Option<NaiveDate>,
    pub before: Option<VersionKey>,
}

impl Counted {
    /// The version in the sums of a moment.
    pub(crate) const fn at(&self, moment: Moment) -> Option<VersionKey> {
        match moment {
            Moment::Now => self.now,
            Moment::Before => self.before,
        }
    }
}

/// Makes rows for needs that have none; nothing of them is counted yet.
pub(crate) async fn open(conn: &mut PgConnection, needs: &[(NeedId, PartnershipId)]) -> Result<(), StoreError> {
    sqlx::query(
        "insert into aggregate.counted (need, partnership) select * from unnest($1::uuid[], $2::uuid[]) as u (n, p)
         order by n on conflict do nothing",
    )
    .bind(needs.iter().map(|(need, _)| need.0).collect::<Vec<Uuid>>())
    .bind(needs.iter().map(|(_, partnership)| partnership.0).collect::<Vec<Uuid>>())
    .execute(conn)
    .await?;
    Ok(())
}

/// Locks these needs' rows, in one order for all copies, and reads them. What is read of versions afterwards is read by a
/// later statement, and so sees what a copy that held the lock before has left.
pub(crate) async fn lock(conn: &mut PgConnection, needs: &[NeedId]) -> Result<Vec<Counted>, StoreError> {
    let rows = sqlx::query("select * from aggregate.counted where need = any($1) order by need for update")
        .bind(needs.iter().map(|need| need.0).collect::<Vec<Uuid>>())
        .fetch_all(conn)
        .await?;
    Ok(rows.iter().map(read).collect())
}

fn read(row: &PgRow) -> Counted {
    let need = NeedId(row.get("need"));
    let key = |stated_at: &str, normalization: &str| {
        let (at, normalization): (Option<_>, Option<i32>) = (row.get(stated_at), row.get(normalization));
        Some(VersionKey { need, stated_at: at?, normalization: count(normalization?) })
    };
    Counted {
        need,
        partnership: PartnershipId(row.get("partnership")),
        now: key("now_stated_at", "now_normalization"),
        now_until: row.get("now_until"),
        before: key("before_stated_at", "before_normalization"),
    }
}

/// Notes what is counted now.
pub(crate) async fn save(conn: &mut PgConnection, rows: &[Counted]) -> Result<(), StoreError> {
    sqlx::query(
        "update aggregate.counted c set now_stated_at = u.ns, now_normalization = u.nn, now_until = u.nu,
             before_stated_at = u.bs, before_normalization = u.bn
         from unnest($1::uuid[], $2::timestamptz[], $3::int[], $4::date[], $5::timestamptz[], $6::int[])
             as u (need, ns, nn, nu, bs, bn)
         where c.need = u.need",
    )
    .bind(rows.iter().map(|row| row.need.0).collect::<Vec<Uuid>>())
    .bind(rows.iter().map(|row| row.now.map(|key| key.stated_at)).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.now.map(|key| number(key.normalization))).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.now_until).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.before.map(|key| key.stated_at)).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.before.map(|key| number(key.normalization))).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

/// Needs of a partnership, in order of their ids, after one.
pub(crate) async fn after(
    conn: &mut PgConnection,
    partnership: PartnershipId,
    after: NeedId,
    limit: i64,
) -> Result<Vec<NeedId>, StoreError> {
    let rows =
        sqlx::query("select need from aggregate.counted where partnership = $1 and need > $2 order by need limit $3")
            .bind(partnership.0)
            .bind(after.0)
            .bind(limit)
            .fetch_all(conn)
            .await?;
    Ok(rows.into_iter().map(|row| NeedId(row.get("need"))).collect())
}

/// Needs that count and hold no longer on a day.
pub(crate) async fn expired(
    conn: &mut PgConnection,
    partnership: PartnershipId,
    today: NaiveDate,
    limit: i64,
) -> Result<Vec<NeedId>, StoreError> {
    let rows = sqlx::query(
        "select need from aggregate.counted where partnership = $1 and now_until < $2 order by now_until limit $3",
    )
    .bind(partnership.0)
    .bind(today)
    .bind(limit)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| NeedId(row.get("need"))).collect())
}

/// Forgets what is counted of a partnership, the sums included: they are made again from the versions.
pub(crate) async fn forget(conn: &mut PgConnection, partnership: PartnershipId) -> Result<(), StoreError> {
    for sql in [
        "update aggregate.counted set now_stated_at = null, now_normalization = null, now_until = null,
             before_stated_at = null, before_normalization = null where partnership = $1",
        "delete from aggregate.shares where partnership = $1",
        "delete from aggregate.wages where partnership = $1",
    ] {
        sqlx::query(sql).bind(partnership.0).execute(&mut *conn).await?;
    }
    Ok(())
}
