//! The API.

use axum::extract::{Path, Query, State};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use skillwire_schemas::{Concept, ConceptKind, Need, NeedId, NeedState};
use skillwire_web::{Actor, Cursor, Json, Problem};
use utoipa::{IntoParams, ToSchema};

use super::{not_ready, seen};
use crate::Normalize;
use crate::store::read::{self, Filter};

/// Concepts of one search at most.
const CONCEPTS_MAX: usize = 20;

/// Which needs.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct ListQuery {
    /// active or withdrawn.
    pub state: String,
    /// Part of the job's name, or the whole reference.
    pub q: String,
    /// From the page before.
    pub cursor: Option<String>,
}

/// A page of needs.
#[derive(Serialize, ToSchema)]
pub(crate) struct NeedList {
    /// Newest first.
    pub needs: Vec<Need>,
    /// Give it as `cursor` to get the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Needs with what their words became: one's own; staff see the partnership's.
#[utoipa::path(get, path = "/api/v1/needs", tag = "needs", params(ListQuery), responses((status = 200, body = NeedList)))]
pub(crate) async fn list(
    State(normalize): State<Normalize>,
    actor: Actor,
    Query(query): Query<ListQuery>,
) -> Result<Json<NeedList>, Problem> {
    Ok(Json(page(&normalize, &actor, &query).await?))
}

/// A page of what the actor sees.
pub(super) async fn page(normalize: &Normalize, actor: &Actor, query: &ListQuery) -> Result<NeedList, Problem> {
    let state = Some(query.state.trim()).filter(|s| !s.is_empty());
    let state =
        state.map(|s| s.parse::<NeedState>().map_err(|e| Problem::bad_request(format!("state: {e}")))).transpose()?;
    let filter = Filter {
        employer: seen(actor),
        state: state.map(|s| s.as_str().to_owned()),
        text: Some(query.q.trim().to_owned()).filter(|q| !q.is_empty()),
        before: query.cursor.as_deref().map(Cursor::decode::<(DateTime<Utc>, NeedId)>).transpose()?,
    };
    let limit = normalize.config.page_rows_max;
    let mut needs = read::list(normalize.parts.db.pool(), actor.partnership, &filter, limit + 1).await?;
    let mut next = None;
    if needs.len() > usize::try_from(limit).unwrap_or(usize::MAX) {
        needs.pop();
        next = needs.last().map(|listed| Cursor::encode(&(listed.stated_at, listed.need.id)));
    }
    Ok(NeedList { needs: needs.into_iter().map(|listed| listed.need).collect(), next })
}

/// One need.
#[utoipa::path(get, path = "/api/v1/needs/{id}", tag = "needs", responses((status = 200, body = Need), (status = 404)))]
pub(crate) async fn get(
    State(normalize): State<Normalize>,
    actor: Actor,
    Path(id): Path<NeedId>,
) -> Result<Json<Need>, Problem> {
    Ok(Json(one(&normalize, &actor, id).await?))
}

/// The need, if the actor may see it.
pub(super) async fn one(normalize: &Normalize, actor: &Actor, id: NeedId) -> Result<Need, Problem> {
    let found = read::get(normalize.parts.db.pool(), actor.partnership, seen(actor), id).await?;
    found.ok_or_else(|| Problem::not_found("need"))
}

/// What to look for.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct ConceptQuery {
    /// Part of a name.
    pub q: String,
    /// Only this kind.
    pub kind: Option<String>,
}

/// Concepts by part of their name; those that the partnership made itself go first.
#[utoipa::path(get, path = "/api/v1/needs/concepts", tag = "needs", params(ConceptQuery),
    responses((status = 200, body = [Concept])))]
pub(crate) async fn concepts(
    State(normalize): State<Normalize>,
    actor: Actor,
    Query(query): Query<ConceptQuery>,
) -> Result<Json<Vec<Concept>>, Problem> {
    let kinds: Vec<ConceptKind> = match &query.kind {
        Some(kind) => vec![kind.parse().map_err(|e| Problem::bad_request(format!("kind: {e}")))?],
        None => ConceptKind::ALL.to_vec(),
    };
    let found = normalize.search(actor.partnership, &query.q, &kinds, CONCEPTS_MAX).await;
    Ok(Json(found.map_err(not_ready)?))
}
