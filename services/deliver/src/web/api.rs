//! The API.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use skillwire_schemas::{Channel, DeliveryId, SubscriptionId};
use skillwire_web::{Actor, Cursor, Json, Problem};
use utoipa::{IntoParams, ToSchema};

use super::seen;
use crate::Deliver;
use crate::next_step::next_step;
use crate::state::State as DeliveryState;
use crate::store::read::{self, AttemptLine, DeliveryLine, Filter};

/// Which deliveries.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct ListQuery {
    /// email, stream, webhook or feed.
    pub channel: String,
    /// gathering, held, waiting, sending, handing_over, sent, bounced, uncertain, failed or skipped.
    pub state: String,
    /// Of one subscription.
    pub subscription: Option<SubscriptionId>,
    /// From the page before.
    pub cursor: String,
}

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
    let given = |text: &str| Some(text.trim().to_owned()).filter(|t| !t.is_empty());
    let channel = given(&query.channel);
    if let Some(channel) = &channel {
        channel.parse::<Channel>().map_err(|e| Problem::bad_request(format!("channel: {e}")).code("filter"))?;
    }
    let state = given(&query.state);
    if let Some(state) = &state
        && DeliveryState::of(state).is_none()
    {
        return Err(Problem::bad_request(format!("state: '{state}' is no state of a delivery")).code("filter"));
    }
    let before = given(&query.cursor).map(|c| Cursor::decode::<(DateTime<Utc>, DeliveryId)>(&c)).transpose()?;
    let filter = Filter { person: seen(actor), subscription: query.subscription, channel, state, before };
    let mut deliveries = read::list(deliver.parts.db.pool(), actor.partnership, &filter, limit + 1).await?;
    let mut next = None;
    if deliveries.len() > usize::try_from(limit).unwrap_or(usize::MAX) {
        deliveries.pop();
        next = deliveries.last().map(|line| Cursor::encode(&(line.created_at, line.id)));
    }
    Ok(DeliveryList { deliveries, next })
}

/// A delivery with its text and its attempts.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeliveryView {
    #[serde(flatten)]
    pub delivery: DeliveryLine,
    /// What happens next.
    pub next: String,
    /// What the mail said, or will say; of a test, what was posted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Newest first.
    pub attempts: Vec<AttemptLine>,
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
    let channel = delivery.channel.parse::<Channel>().map_err(Problem::internal)?;
    let next = next_step(state, channel, delivery.due_at);
    Ok(DeliveryView { delivery, next, text, attempts })
}

/// Send now: what is being gathered goes at once, what failed is tried again.
#[utoipa::path(post, path = "/api/v1/deliveries/{id}/send", tag = "deliveries",
    responses((status = 204), (status = 404), (status = 409, description = "it is sent, skipped or in hand")))]
pub(crate) async fn send(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path(id): Path<DeliveryId>,
) -> Result<StatusCode, Problem> {
    now(&deliver, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends now.
pub(super) async fn now(deliver: &Deliver, actor: &Actor, id: DeliveryId) -> Result<(), Problem> {
    one(deliver, actor, id).await?;
    let now = deliver.parts.env.clock.now();
    if !read::send_now(deliver.parts.db.pool(), actor.partnership, id, now).await? {
        return Err(Problem::conflict("it is sent, skipped or in hand already"));
    }
    deliver.due.ring();
    Ok(())
}
