//! The API of the suppression list: `/api/v1/suppressions`.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use skillwire_schemas::PersonId;
use skillwire_web::{Actor, Cursor, Json, Problem};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::Deliver;
use crate::store::suppressed::{self, Allowed, Suppression};

/// Which.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct ListQuery {
    /// Those too that were allowed again.
    pub past: bool,
    /// From the page before.
    pub cursor: String,
}

/// A page of the list.
#[derive(Serialize, ToSchema)]
pub(crate) struct SuppressionList {
    /// Newest first.
    pub suppressions: Vec<Suppression>,
    /// Give it as `cursor` to get the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Whose address gets no more mails, and why. The addresses themselves are not kept.
#[utoipa::path(get, path = "/api/v1/suppressions", tag = "deliveries", params(ListQuery),
    responses((status = 200, body = SuppressionList), (status = 400)))]
pub(crate) async fn list(
    State(deliver): State<Deliver>,
    actor: Actor,
    Query(query): Query<ListQuery>,
) -> Result<Json<SuppressionList>, Problem> {
    Ok(Json(page(&deliver, &actor, &query).await?))
}

/// A page of the list, with names.
pub(super) async fn page(deliver: &Deliver, actor: &Actor, query: &ListQuery) -> Result<SuppressionList, Problem> {
    let limit = deliver.config.page_rows_max;
    let given = Some(query.cursor.trim()).filter(|cursor| !cursor.is_empty());
    let before = given.map(Cursor::decode::<(DateTime<Utc>, Uuid)>).transpose()?;
    let pool = deliver.parts.db.pool();
    let mut suppressions = suppressed::list(pool, actor.partnership, query.past, before, limit + 1).await?;
    let mut next = None;
    if suppressions.len() > usize::try_from(limit).unwrap_or(usize::MAX) {
        suppressions.pop();
        next = suppressions.last().map(|line| Cursor::encode(&(line.since, line.id)));
    }
    let people: Vec<PersonId> = suppressions.iter().map(|line| line.person).collect();
    let names = deliver.parts.env.directory.names(&people).await.map_err(Problem::internal)?;
    for line in &mut suppressions {
        line.name = names.get(&line.person).cloned();
    }
    Ok(SuppressionList { suppressions, next })
}

/// Let an address get mails again: what was wrong is mended. Who did it and when stays in the list (`past=true`).
#[utoipa::path(post, path = "/api/v1/suppressions/{id}/allow", tag = "deliveries",
    responses((status = 204), (status = 404), (status = 409, description = "it was allowed before")))]
pub(crate) async fn allow(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    again(&deliver, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Allows an address again.
pub(super) async fn again(deliver: &Deliver, actor: &Actor, id: Uuid) -> Result<(), Problem> {
    let now = deliver.parts.env.clock.now();
    match suppressed::allow(deliver.parts.db.pool(), actor.partnership, id, actor.person, now).await? {
        Allowed::Now => {
            tracing::info!(suppression = %id, by = %actor.person, "an address may get mails again");
            Ok(())
        }
        Allowed::Before => Err(Problem::conflict("it was allowed again before")),
        Allowed::NotThere => Err(Problem::not_found("suppression")),
    }
}
