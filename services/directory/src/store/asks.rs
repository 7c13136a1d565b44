//! directory.sign_in_asks

use chrono::{DateTime, TimeDelta, Utc};
use skillwire_store::StoreError;
use sqlx::{PgConnection, Row};

/// Counts an attempt; false when there were `max` in the hour before. What is refused is not written: whoever goes on asking
/// fills no table, and is let in again an hour after the last time that counted.
pub(crate) async fn count(
    conn: &mut PgConnection,
    asker: &[u8],
    now: DateTime<Utc>,
    max: i64,
) -> Result<bool, StoreError> {
    let row = sqlx::query(
        "with recent as (
             select count(*) as n from directory.sign_in_asks where asker_sha256 = $1 and asked_at > $3),
         counted as (
             insert into directory.sign_in_asks (asker_sha256, asked_at) select $1, $2 from recent where n < $4 returning 1)
         select exists (select 1 from counted) as fine",
    )
    .bind(asker)
    .bind(now)
    .bind(now - TimeDelta::hours(1))
    .bind(max)
    .fetch_one(conn)
    .await?;
    Ok(row.get("fine"))
}
