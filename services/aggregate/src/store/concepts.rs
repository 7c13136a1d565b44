//! aggregate.concepts: how a concept is named.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use skillwire_schemas::{Concept, NeedId, PartnershipId};
use skillwire_store::StoreError;
use sqlx::types::Json;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::versions::number;

/// A concept of a partnership, `scheme:id`.
pub(crate) type ConceptOf = (PartnershipId, String);

/// A concept as a version names it; of two the later version's stays.
#[derive(Clone, Debug)]
pub(crate) struct Named<'a> {
    pub rank: (DateTime<Utc>, u32, NeedId),
    pub concept: &'a Concept,
}

/// How these concepts are named.
pub(crate) async fn load(
    conn: &mut PgConnection,
    concepts: impl Iterator<Item = ConceptOf>,
) -> Result<HashMap<ConceptOf, Concept>, StoreError> {
    let (partnerships, keys): (Vec<Uuid>, Vec<String>) = concepts.map(|(p, c)| (p.0, c)).unzip();
    let rows = sqlx::query(
        "select partnership, concept, c.body from unnest($1::uuid[], $2::text[]) as u (partnership, concept)
         join aggregate.concepts c using (partnership, concept)",
    )
    .bind(partnerships)
    .bind(keys)
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let concept: String = row.get("concept");
            let Json(value): Json<serde_json::Value> = row.try_get("body")?;
            let named = serde_json::from_value(value)
                .map_err(|e| StoreError::inconsistent("aggregate.concepts", "body", &concept, e))?;
            Ok(((PartnershipId(row.get("partnership")), concept), named))
        })
        .collect()
}

/// Keeps the later name of each concept. In one order for all copies (the map's).
pub(crate) async fn keep(conn: &mut PgConnection, named: &BTreeMap<ConceptOf, Named<'_>>) -> Result<(), StoreError> {
    sqlx::query(
        "insert into aggregate.concepts as c (partnership, concept, stated_at, normalization, need, body)
         select * from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::int[], $5::uuid[], $6::jsonb[])
         on conflict (partnership, concept) do update set stated_at = excluded.stated_at,
             normalization = excluded.normalization, need = excluded.need, body = excluded.body
         where (c.stated_at, c.normalization, c.need) < (excluded.stated_at, excluded.normalization, excluded.need)",
    )
    .bind(named.keys().map(|(partnership, _)| partnership.0).collect::<Vec<Uuid>>())
    .bind(named.keys().map(|(_, concept)| concept.as_str()).collect::<Vec<_>>())
    .bind(named.values().map(|n| n.rank.0).collect::<Vec<_>>())
    .bind(named.values().map(|n| number(n.rank.1)).collect::<Vec<_>>())
    .bind(named.values().map(|n| n.rank.2.0).collect::<Vec<Uuid>>())
    .bind(named.values().map(|n| Json(n.concept)).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}
