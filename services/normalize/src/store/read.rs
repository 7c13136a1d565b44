//! normalize.needs and normalize.terms, as pages and API read them.

use chrono::{DateTime, Utc};
use skillwire_schemas::{Need, NeedId, OrganizationId, PartnershipId};
use skillwire_store::StoreError;
use sqlx::{PgPool, Row};
use uuid::Uuid;

use super::needs::json;

/// Which needs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub employer: Option<OrganizationId>,
    pub state: Option<String>,
    pub text: Option<String>,
    pub before: Option<(DateTime<Utc>, NeedId)>,
}

/// A need and its place in the list: the time of its statement, which a confirmation does not move.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub stated_at: DateTime<Utc>,
    pub need: Need,
}

/// Newest statement first.
pub(crate) async fn list(
    pool: &PgPool,
    partnership: PartnershipId,
    filter: &Filter,
    limit: u32,
) -> Result<Vec<Listed>, StoreError> {
    let rows = sqlx::query(
        "select id, stated_at, body from normalize.needs
         where partnership = $1 and body is not null and ($2::uuid is null or employer = $2)
           and ($3::text is null or state = $3)
           and ($4::text is null or strpos(lower(body->'occupation'->>'text'), lower($4)) > 0 or reference = $4)
           and ($5::timestamptz is null or (stated_at, id) < ($5, $6::uuid))
         order by stated_at desc, id desc limit $7",
    )
    .bind(partnership.0)
    .bind(filter.employer.map(|e| e.0))
    .bind(&filter.state)
    .bind(&filter.text)
    .bind(filter.before.map(|(at, _)| at))
    .bind(filter.before.map(|(_, id)| id.0))
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    let mut needs = Vec::with_capacity(rows.len());
    for row in &rows {
        let stated_at = row.try_get("stated_at")?;
        needs.extend(json::<Need>(row, "body", row.get("id"))?.map(|need| Listed { stated_at, need }));
    }
    Ok(needs)
}

/// One need.
pub(crate) async fn get(
    pool: &PgPool,
    partnership: PartnershipId,
    employer: Option<OrganizationId>,
    id: NeedId,
) -> Result<Option<Need>, StoreError> {
    let row = sqlx::query(
        "select id, body from normalize.needs
         where id = $1 and partnership = $2 and ($3::uuid is null or employer = $3) and body is not null",
    )
    .bind(id.0)
    .bind(partnership.0)
    .bind(employer.map(|e| e.0))
    .fetch_optional(pool)
    .await?;
    match row {
        Some(row) => json(&row, "body", row.get::<Uuid, _>("id")),
        None => Ok(None),
    }
}
