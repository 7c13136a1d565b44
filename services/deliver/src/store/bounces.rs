//! deliver.bounces and deliver.bounce_counts

use chrono::{DateTime, TimeDelta, Utc};
use skillwire_schemas::{DeliveryId, PartnershipId, PersonId};
use skillwire_store::{Db, StoreError};
use sqlx::{PgConnection, Row};

use crate::bounce::judge::SOFT_DAYS;
use crate::state::State;

/// A delivery that came back.
#[derive(Clone, Debug)]
pub(crate) struct Returned {
    pub id: DeliveryId,
    pub partnership: PartnershipId,
    pub person: PersonId,
    pub state: State,
    pub tries: i32,
    /// To which address it went; none when that was before this was kept.
    pub address: Option<Vec<u8>>,
}

/// The delivery by mail with that id; stays locked.
pub(crate) async fn delivery(conn: &mut PgConnection, id: DeliveryId) -> Result<Option<Returned>, StoreError> {
    let row = sqlx::query(
        "select partnership, person, state, tries, address from deliver.deliveries where id = $1 and channel = 'email' for update",
    )
    .bind(id.0)
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        let word: String = row.get("state");
        let state = State::of(&word);
        Ok(Returned {
            id,
            partnership: PartnershipId(row.get("partnership")),
            person: PersonId(row.get("person")),
            state: state.ok_or_else(|| StoreError::inconsistent("deliver.deliveries", "state", id, word))?,
            tries: row.get("tries"),
            address: row.get("address"),
        })
    })
    .transpose()
}

/// Keeps that it came back so; whether that is news.
pub(crate) async fn keep(
    conn: &mut PgConnection,
    returned: &Returned,
    kind: &'static str,
    status: Option<&str>,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "insert into deliver.bounces (delivery, tries, kind, status, address, received_at) values ($1, $6, $2, $3, $4, $5)
         on conflict do nothing",
    )
    .bind(returned.id.0)
    .bind(kind)
    .bind(status)
    .bind(&returned.address)
    .bind(now)
    .bind(returned.tries)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Writes on the delivery what came of it.
pub(crate) async fn mark(
    conn: &mut PgConnection,
    id: DeliveryId,
    state: Option<State>,
    reason: &str,
) -> Result<(), StoreError> {
    sqlx::query("update deliver.deliveries set state = coalesce($2, state), reason = $3 where id = $1")
        .bind(id.0)
        .bind(state.map(State::as_str))
        .bind(reason)
        .execute(conn)
        .await?;
    Ok(())
}

/// Soft bounces of an address in a partnership of late, since it was last allowed again.
pub(crate) async fn soft(conn: &mut PgConnection, returned: &Returned, now: DateTime<Utc>) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "select count(*) as n from deliver.bounces b join deliver.deliveries d on d.id = b.delivery
         where b.kind = 'soft' and b.address = $1 and d.partnership = $2 and b.received_at > $3
           and b.received_at > coalesce((select max(s.allowed_at) from deliver.suppressions s
                                         where s.partnership = $2 and s.address = $1), '-infinity')",
    )
    .bind(&returned.address)
    .bind(returned.partnership.0)
    .bind(now - TimeDelta::days(SOFT_DAYS))
    .fetch_one(conn)
    .await?;
    Ok(row.get("n"))
}

/// Counts one more of a kind.
pub(crate) async fn count(conn: &mut PgConnection, kind: &'static str) -> Result<(), StoreError> {
    sqlx::query(
        "insert into deliver.bounce_counts as c (kind, taken) values ($1, 1)
         on conflict (kind) do update set taken = c.taken + 1",
    )
    .bind(kind)
    .execute(conn)
    .await?;
    Ok(())
}

/// What was counted and not told yet: (kind, how many). It is told then.
pub(crate) async fn untold(db: &Db) -> Result<Vec<(String, u64)>, StoreError> {
    let rows = sqlx::query(
        "with news as (
             select kind, taken - told as n from deliver.bounce_counts where taken > told order by kind for update skip locked)
         update deliver.bounce_counts c set told = c.told + news.n from news where c.kind = news.kind
         returning c.kind, news.n",
    )
    .fetch_all(db.pool())
    .await?;
    Ok(rows.into_iter().map(|row| (row.get("kind"), u64::try_from(row.get::<i64, _>("n")).unwrap_or(0))).collect())
}
