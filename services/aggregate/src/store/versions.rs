//! aggregate.need_versions

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use skillwire_schemas::NeedId;
use skillwire_store::StoreError;
use sqlx::types::Json;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::group::Moment;
use crate::stage::Heard;
use crate::version::{Version, VersionKey};

/// Keeps versions.
pub(crate) async fn keep(conn: &mut PgConnection, heard: &[Heard<'_>], now: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query(
        "insert into aggregate.need_versions
             (need, stated_at, normalization, partnership, valid_until, active, body, heard_at)
         select *, $8 from unnest($1::uuid[], $2::timestamptz[], $3::int[], $4::uuid[], $5::date[], $6::bool[], $7::jsonb[])
         on conflict (need, stated_at, normalization) do nothing",
    )
    .bind(heard.iter().map(|h| h.version.need.0).collect::<Vec<Uuid>>())
    .bind(heard.iter().map(|h| h.version.stated_at).collect::<Vec<_>>())
    .bind(heard.iter().map(|h| number(h.version.normalization)).collect::<Vec<_>>())
    .bind(heard.iter().map(|h| h.partnership.0).collect::<Vec<Uuid>>())
    .bind(heard.iter().map(|h| h.version.valid_until).collect::<Vec<_>>())
    .bind(heard.iter().map(|h| h.version.active).collect::<Vec<_>>())
    .bind(heard.iter().map(|h| Json(&h.version)).collect::<Vec<_>>())
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

/// A version that holds at a moment, as much of it as tells whether it counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holding {
    pub key: VersionKey,
    pub active: bool,
    pub valid_until: NaiveDate,
}

/// Of each need and moment the version that holds: the latest one stated before the moment (none: the latest of all).
pub(crate) async fn holding(
    conn: &mut PgConnection,
    asked: &[(NeedId, Moment, Option<DateTime<Utc>>)],
) -> Result<HashMap<(NeedId, Moment), Holding>, StoreError> {
    let rows = sqlx::query(
        "select u.need, u.moment, v.stated_at, v.normalization, v.active, v.valid_until
         from unnest($1::uuid[], $2::text[], $3::timestamptz[]) as u (need, moment, before)
         cross join lateral (
             select stated_at, normalization, active, valid_until from aggregate.need_versions
             where need = u.need and stated_at < coalesce(u.before, 'infinity')
             order by stated_at desc, normalization desc limit 1) v",
    )
    .bind(asked.iter().map(|(need, ..)| need.0).collect::<Vec<Uuid>>())
    .bind(asked.iter().map(|(_, moment, _)| moment.as_str()).collect::<Vec<&str>>())
    .bind(asked.iter().map(|(.., before)| *before).collect::<Vec<_>>())
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let need = NeedId(row.get("need"));
            let word: String = row.get("moment");
            let moment = Moment::of(&word)
                .ok_or_else(|| StoreError::inconsistent("aggregate.need_versions", "moment", need, &word))?;
            let key =
                VersionKey { need, stated_at: row.get("stated_at"), normalization: count(row.get("normalization")) };
            Ok(((need, moment), Holding { key, active: row.get("active"), valid_until: row.get("valid_until") }))
        })
        .collect()
}

/// Versions by their keys.
pub(crate) async fn load(
    conn: &mut PgConnection,
    keys: &BTreeSet<VersionKey>,
) -> Result<HashMap<VersionKey, Version>, StoreError> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query(
        "select need, v.body from unnest($1::uuid[], $2::timestamptz[], $3::int[]) as u (need, stated_at, normalization)
         join aggregate.need_versions v using (need, stated_at, normalization)",
    )
    .bind(keys.iter().map(|key| key.need.0).collect::<Vec<Uuid>>())
    .bind(keys.iter().map(|key| key.stated_at).collect::<Vec<_>>())
    .bind(keys.iter().map(|key| number(key.normalization)).collect::<Vec<_>>())
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let need: Uuid = row.get("need");
            let Json(value): Json<serde_json::Value> = row.try_get("body")?;
            let version: Version = serde_json::from_value(value)
                .map_err(|e| StoreError::inconsistent("aggregate.need_versions", "body", need, e))?;
            Ok((version.key(), version))
        })
        .collect()
}

/// As the database keeps it.
pub(crate) fn number(normalization: u32) -> i32 {
    i32::try_from(normalization).unwrap_or(i32::MAX)
}

/// As we keep it.
pub(crate) fn count(normalization: i32) -> u32 {
    u32::try_from(normalization).unwrap_or_default()
}
