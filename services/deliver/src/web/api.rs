//! The API.

use std::collections::BTreeSet;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Serialize;
use skillwire_schemas::{DeliveryId, PersonId, SignalId};
use skillwire_web::{Actor, Cursor, Json, Problem};
use utoipa::ToSchema;

use super::query::ListQuery;
use super::seen;
use crate::Deliver;
use crate::by_hand::{self, Hand};
use crate::state::State as DeliveryState;
use crate::store::hands::{self, ActionLine};
use crate::store::read::{self, AttemptLine, Cell, DeliveryLine, Filter, RevisionLine};

/// A page of deliveries.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeliveryList {
    /// Newest first.
    pub deliveries: Vec<DeliveryLine>,
    /// Give it as `cursor` to get the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Who got it, who did not, and why: one's own deliveries; staff see the partnership's.
#[utoipa::path(get, path = "/api/v1/deliveries", tag = "deliveries", params(ListQuery),
    responses((status = 200, body = DeliveryList), (status = 400)))]
pub(crate) async fn list(
    State(deliver): State<Deliver>,
    actor: Actor,
    Query(query): Query<ListQuery>,
) -> Result<Json<DeliveryList>, Problem> {
    Ok(Json(page(&deliver, &actor, &query, deliver.config.page_rows_max).await?))
}

/// A page of what the actor sees.
pub(super) async fn page(
    deliver: &Deliver,
    actor: &Actor,
    query: &ListQuery,
    limit: u32,
) -> Result<DeliveryList, Problem> {
    let filter = query.filter(actor)?;
    let mut deliveries = lines(deliver, actor, &filter, limit + 1).await?;
    let mut next = None;
    if deliveries.len() > usize::try_from(limit).unwrap_or(usize::MAX) {
        deliveries.pop();
        next = deliveries.last().map(|line| Cursor::encode(&(line.created_at, line.id)));
    }
    Ok(DeliveryList { deliveries, next })
}

/// Deliveries, for staff with the names of their people.
pub(super) async fn lines(
    deliver: &Deliver,
    actor: &Actor,
    filter: &Filter,
    limit: u32,
) -> Result<Vec<DeliveryLine>, Problem> {
    let mut lines = read::list(deliver.parts.db.pool(), actor.partnership, filter, limit).await?;
    if actor.sees_all() {
        let people: BTreeSet<PersonId> = lines.iter().map(|line| line.person).collect();
        let names = deliver.parts.env.directory.names(&people.into_iter().collect::<Vec<_>>()).await?;
        lines.iter_mut().for_each(|line| line.who = names.get(&line.person).cloned());
    }
    Ok(lines)
}

/// Counts over a filter.
#[derive(Serialize, ToSchema)]
pub(crate) struct Summary {
    /// By channel and state.
    pub cells: Vec<Cell>,
    /// All of them.
    pub deliveries: i64,
    /// Not sent yet: gathering, held and waiting.
    pub waiting: i64,
    /// With an attempt whose outcome could not be known.
    pub uncertain: i64,
    /// Sent again by hand.
    pub resent: i64,
}

/// How many of each channel are in each state. The filter is that of the list.
#[utoipa::path(get, path = "/api/v1/deliveries/summary", tag = "deliveries", params(ListQuery),
    responses((status = 200, body = Summary), (status = 400)))]
pub(crate) async fn summary(
    State(deliver): State<Deliver>,
    actor: Actor,
    Query(query): Query<ListQuery>,
) -> Result<Json<Summary>, Problem> {
    Ok(Json(counts(&deliver, &actor, &query).await?))
}

/// The counts.
pub(super) async fn counts(deliver: &Deliver, actor: &Actor, query: &ListQuery) -> Result<Summary, Problem> {
    let filter = Filter { before: None, ..query.filter(actor)? };
    let cells = read::summary(deliver.parts.db.pool(), actor.partnership, &filter).await?;
    let of = |count: fn(&Cell) -> i64| cells.iter().map(count).sum();
    let open = |cell: &Cell| matches!(cell.state.as_str(), "gathering" | "held" | "waiting");
    let waiting = cells.iter().filter(|cell| open(cell)).map(|cell| cell.deliveries).sum();
    let (deliveries, uncertain, resent) = (of(|c| c.deliveries), of(|c| c.uncertain), of(|c| c.resent));
    Ok(Summary { deliveries, waiting, uncertain, resent, cells })
}

/// Who got a signal.
#[derive(Serialize, ToSchema)]
pub(crate) struct SignalTold {
    /// Its revisions that were told or will be, newest first.
    pub revisions: Vec<RevisionLine>,
}

/// Which revisions of a signal went out how often; `GET /api/v1/deliveries?signal=` says to whom.
#[utoipa::path(get, path = "/api/v1/deliveries/signals/{id}", tag = "deliveries",
    responses((status = 200, body = SignalTold), (status = 404)))]
pub(crate) async fn signal(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path(id): Path<SignalId>,
) -> Result<Json<SignalTold>, Problem> {
    Ok(Json(told(&deliver, &actor, id).await?))
}

/// The revisions, if the actor sees one.
pub(super) async fn told(deliver: &Deliver, actor: &Actor, id: SignalId) -> Result<SignalTold, Problem> {
    let revisions = read::revisions(deliver.parts.db.pool(), actor.partnership, seen(actor), id).await?;
    if revisions.is_empty() {
        return Err(Problem::not_found("signal among the deliveries"));
    }
    Ok(SignalTold { revisions })
}

/// A delivery with its text and its attempts.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeliveryView {
    #[serde(flatten)]
    pub delivery: DeliveryLine,
    /// What may be done with it by hand: send, retry, skip, resend.
    pub allowed: Vec<&'static str>,
    /// What the mail said, or will say; of a test, what was posted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Newest first.
    pub attempts: Vec<AttemptLine>,
    /// What was done with it by hand, newest first; only staff are told.
    pub actions: Vec<ActionLine>,
}

/// One delivery.
#[utoipa::path(get, path = "/api/v1/deliveries/{id}", tag = "deliveries",
    responses((status = 200, body = DeliveryView), (status = 404)))]
pub(crate) async fn get(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path(id): Path<DeliveryId>,
) -> Result<Json<DeliveryView>, Problem> {
    Ok(Json(one(&deliver, &actor, id).await?))
}

/// The delivery, if the actor may see it.
pub(super) async fn one(deliver: &Deliver, actor: &Actor, id: DeliveryId) -> Result<DeliveryView, Problem> {
    let found = read::get(deliver.parts.db.pool(), actor.partnership, seen(actor), id).await?;
    let (delivery, text, attempts) = found.ok_or_else(|| Problem::not_found("delivery"))?;
    let state = DeliveryState::of(&delivery.state).ok_or_else(|| Problem::internal("a state that is none"))?;
    let allowed = by_hand::allowed(state, delivery.uncertain > 0 || delivery.sent_at.is_some());
    let actions = if actor.sees_all() { hands::list(deliver.parts.db.pool(), id).await? } else { Vec::new() };
    Ok(DeliveryView { delivery, allowed, text, attempts, actions })
}

/// Send now: what is being gathered goes at once, what failed is tried again.
#[utoipa::path(post, path = "/api/v1/deliveries/{id}/send", tag = "deliveries",
    responses((status = 204), (status = 404), (status = 409, description = "it is sent, skipped or in hand")))]
pub(crate) async fn send(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path(id): Path<DeliveryId>,
) -> Result<StatusCode, Problem> {
    super::by_hand::one(&deliver, &actor, id, Hand::Send, "").await?;
    Ok(StatusCode::NO_CONTENT)
}
