//! aggregate.need_versions and aggregate.need_groups

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use skillwire_schemas::event::NeedNormalized;
use skillwire_schemas::{Envelope, NeedId, PartnershipId};
use skillwire_store::StoreError;
use sqlx::types::Json;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::group::Group;
use crate::version::Version;

/// Keeps versions and the groups they are in, in two statements.
pub(crate) async fn keep(
    conn: &mut PgConnection,
    heard: &[(&Envelope<NeedNormalized>, Version)],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into aggregate.need_versions
             (need, stated_at, normalization, partnership, valid_until, active, body, heard_at)
         select *, $8 from unnest($1::uuid[], $2::timestamptz[], $3::int[], $4::uuid[], $5::date[], $6::bool[], $7::jsonb[])
         on conflict (need, stated_at, normalization) do nothing",
    )
    .bind(heard.iter().map(|(_, v)| v.need.0).collect::<Vec<Uuid>>())
    .bind(heard.iter().map(|(_, v)| v.stated_at).collect::<Vec<_>>())
    .bind(heard.iter().map(|(_, v)| i32::try_from(v.normalization).unwrap_or(i32::MAX)).collect::<Vec<_>>())
    .bind(heard.iter().map(|(e, _)| e.partnership.0).collect::<Vec<Uuid>>())
    .bind(heard.iter().map(|(_, v)| v.valid_until).collect::<Vec<_>>())
    .bind(heard.iter().map(|(_, v)| v.active).collect::<Vec<_>>())
    .bind(heard.iter().map(|(_, v)| Json(v)).collect::<Vec<_>>())
    .bind(now)
    .execute(&mut *conn)
    .await?;
    let groups: BTreeSet<(Uuid, String, &str, Uuid)> = heard
        .iter()
        .flat_map(|(event, version)| {
            version.asked.iter().flat_map(move |asked| {
                let concept = asked.concept.key.to_string();
                version
                    .openings
                    .iter()
                    .map(move |o| (event.partnership.0, concept.clone(), o.horizon.as_str(), version.need.0))
            })
        })
        .collect();
    sqlx::query(
        "insert into aggregate.need_groups (partnership, concept, horizon, need)
         select * from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[]) on conflict do nothing",
    )
    .bind(groups.iter().map(|(p, ..)| *p).collect::<Vec<Uuid>>())
    .bind(groups.iter().map(|(_, c, ..)| c.clone()).collect::<Vec<String>>())
    .bind(groups.iter().map(|(.., h, _)| *h).collect::<Vec<&str>>())
    .bind(groups.iter().map(|(.., n)| *n).collect::<Vec<Uuid>>())
    .execute(conn)
    .await?;
    Ok(())
}

/// All groups that these needs have ever been in.
pub(crate) async fn groups_of(conn: &mut PgConnection, needs: &[NeedId]) -> Result<Vec<Group>, StoreError> {
    let rows =
        sqlx::query("select distinct partnership, concept, horizon from aggregate.need_groups where need = any($1)")
            .bind(needs.iter().map(|n| n.0).collect::<Vec<Uuid>>())
            .fetch_all(conn)
            .await?;
    rows.into_iter()
        .map(|row| {
            let concept: String = row.get("concept");
            let horizon: String = row.get("horizon");
            let horizon = horizon
                .parse()
                .map_err(|e| StoreError::inconsistent("aggregate.need_groups", "horizon", &concept, e))?;
            Ok(Group { partnership: PartnershipId(row.get("partnership")), concept, horizon })
        })
        .collect()
}

/// All versions of all needs that have ever been in these groups, by group.
pub(crate) async fn of_groups(
    conn: &mut PgConnection,
    groups: &[Group],
) -> Result<HashMap<Group, Vec<Version>>, StoreError> {
    let rows = sqlx::query(
        "select u.at, v.need, v.body
         from unnest($1::uuid[], $2::text[], $3::text[]) with ordinality as u (partnership, concept, horizon, at)
         join aggregate.need_groups g using (partnership, concept, horizon)
         join aggregate.need_versions v on v.need = g.need",
    )
    .bind(groups.iter().map(|g| g.partnership.0).collect::<Vec<Uuid>>())
    .bind(groups.iter().map(|g| g.concept.clone()).collect::<Vec<String>>())
    .bind(groups.iter().map(|g| g.horizon.as_str()).collect::<Vec<&str>>())
    .fetch_all(conn)
    .await?;
    let mut found: HashMap<Group, Vec<Version>> = HashMap::new();
    for row in rows {
        let at: i64 = row.get("at");
        let need: Uuid = row.get("need");
        let Json(value): Json<serde_json::Value> = row.try_get("body")?;
        let version = serde_json::from_value(value)
            .map_err(|e| StoreError::inconsistent("aggregate.need_versions", "body", need, e))?;
        let group = usize::try_from(at - 1).ok().and_then(|at| groups.get(at));
        let group =
            group.ok_or_else(|| StoreError::inconsistent("aggregate.need_groups", "ordinality", at, "out of range"))?;
        found.entry(group.clone()).or_default().push(version);
    }
    Ok(found)
}
