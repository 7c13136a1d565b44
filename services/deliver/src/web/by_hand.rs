//! Deliveries by hand: the API of retry, skip and resend, of one or of all that a filter names.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use skillwire_schemas::DeliveryId;
use skillwire_web::{Actor, Json, Problem};
use utoipa::ToSchema;

use super::api;
use super::query::ListQuery;
use crate::Deliver;
use crate::by_hand::{Hand, allowed};
use crate::state::State as DeliveryState;
use crate::store::hands::{self, BULK_MAX, Done};
use crate::store::read::Filter;

/// Characters of a reason at most.
const REASON_CHARS_MAX: usize = 500;

/// Why something is done by hand.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct ReasonBody {
    /// For those who come after.
    pub reason: String,
}

/// An action on all deliveries that a filter names and that allow it.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct BulkBody {
    /// retry, skip or resend.
    pub action: String,
    /// Why; skip asks for it.
    #[serde(default)]
    pub reason: String,
    /// Which.
    #[serde(default)]
    pub filter: ListQuery,
    /// The number that was told when asked without it. Nothing is done without it, or when it is another by now.
    pub confirm: Option<usize>,
}

/// What an action on many does.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BulkDone {
    /// Deliveries that it takes.
    pub matching: usize,
    /// Whether it was done.
    pub done: bool,
}

/// Another try now: of what waits, failed, or may have arrived.
#[utoipa::path(post, path = "/api/v1/deliveries/{id}/retry", tag = "deliveries",
    responses((status = 204), (status = 404), (status = 409, description = "its state does not allow it")))]
pub(crate) async fn retry(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path(id): Path<DeliveryId>,
) -> Result<StatusCode, Problem> {
    one(&deliver, &actor, id, Hand::Retry, "").await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Does not send what has not left, and says why.
#[utoipa::path(post, path = "/api/v1/deliveries/{id}/skip", tag = "deliveries", request_body = ReasonBody,
    responses((status = 204), (status = 404), (status = 409, description = "its state does not allow it"),
        (status = 422, description = "without a reason")))]
pub(crate) async fn skip(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path(id): Path<DeliveryId>,
    Json(body): Json<ReasonBody>,
) -> Result<StatusCode, Problem> {
    one(&deliver, &actor, id, Hand::Skip, &body.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends once more what was sent, with the same Message-ID, webhook-id or Nats-Msg-Id.
#[utoipa::path(post, path = "/api/v1/deliveries/{id}/resend", tag = "deliveries",
    responses((status = 204), (status = 404), (status = 409, description = "its state does not allow it")))]
pub(crate) async fn resend(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path(id): Path<DeliveryId>,
) -> Result<StatusCode, Problem> {
    one(&deliver, &actor, id, Hand::Resend, "").await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Retry, skip or resend for all that a filter names: first without `confirm`, which tells the number, then with it.
#[utoipa::path(post, path = "/api/v1/deliveries/bulk", tag = "deliveries", request_body = BulkBody,
    responses((status = 200, body = BulkDone), (status = 400), (status = 409, description = "the number is another by now"),
        (status = 422, description = "too many, or without a reason")))]
pub(crate) async fn bulk(
    State(deliver): State<Deliver>,
    actor: Actor,
    Json(body): Json<BulkBody>,
) -> Result<Json<BulkDone>, Problem> {
    Ok(Json(many(&deliver, &actor, &body).await?))
}

/// Does it with one.
pub(super) async fn one(
    deliver: &Deliver,
    actor: &Actor,
    id: DeliveryId,
    hand: Hand,
    reason: &str,
) -> Result<(), Problem> {
    let view = api::one(deliver, actor, id).await?;
    let reason = checked(hand, reason)?;
    let at = deliver.parts.env.clock.now();
    let filter = Filter { id: Some(id), ..Filter::default() };
    let done = Done { hand, person: actor.person, reason, at };
    let (_, did) = hands::act(&deliver.parts.db, actor.partnership, &filter, &done, |n| n == 1).await?;
    if !did {
        let line = view.delivery;
        let state = DeliveryState::of(&line.state).ok_or_else(|| Problem::internal("a state that is none"))?;
        let may = allowed(state, line.uncertain > 0 || line.sent_at.is_some());
        let word = hand.as_str();
        let why = match (may.contains(&word), may.is_empty()) {
            (true, _) => "its subscription has ended, or its owner has unsubscribed".to_owned(),
            (false, true) => "nothing is allowed now".to_owned(),
            (false, false) => format!("allowed: {}", may.join(", ")),
        };
        let text = format!("{word} is not allowed for a delivery that is {}: {why}", line.state);
        return Err(Problem::conflict(text).code("state").with("allowed", may));
    }
    ring(deliver);
    Ok(())
}

/// Does it with many.
pub(super) async fn many(deliver: &Deliver, actor: &Actor, body: &BulkBody) -> Result<BulkDone, Problem> {
    let hand = hand_of(&body.action)?;
    let filter = Filter { before: None, ..body.filter.filter(actor)? };
    let db = &deliver.parts.db;
    let Some(confirmed) = body.confirm else {
        let matching = hands::count(db, actor.partnership, &filter, hand).await?;
        return Ok(BulkDone { matching: bounded(matching)?, done: false });
    };
    let reason = checked(hand, &body.reason)?;
    let at = deliver.parts.env.clock.now();
    let done = Done { hand, person: actor.person, reason, at };
    let (matching, did) = hands::act(db, actor.partnership, &filter, &done, |n| n == confirmed).await?;
    if bounded(matching)? != confirmed {
        let text = format!("{matching} deliveries match by now, not {confirmed}; look again, then confirm {matching}");
        return Err(Problem::conflict(text).code("count").with("matching", matching));
    }
    ring(deliver);
    Ok(BulkDone { matching, done: did })
}

fn bounded(matching: usize) -> Result<usize, Problem> {
    if matching <= BULK_MAX {
        return Ok(matching);
    }
    let text = format!("more than {BULK_MAX} deliveries match; narrow the filter (since, until, state, channel)");
    Err(Problem::unprocessable(text).code("too_many"))
}

/// An action on many: what is gathered is not sent ahead of its time by the thousand.
pub(super) fn hand_of(word: &str) -> Result<Hand, Problem> {
    Hand::of(word)
        .filter(|hand| *hand != Hand::Send)
        .ok_or_else(|| Problem::bad_request(format!("action: '{word}' is none; retry, skip or resend")).code("action"))
}

fn checked(hand: Hand, reason: &str) -> Result<Option<&str>, Problem> {
    let reason = Some(reason.trim()).filter(|reason| !reason.is_empty());
    if reason.is_some_and(|reason| reason.chars().count() > REASON_CHARS_MAX) || hand == Hand::Skip && reason.is_none()
    {
        let text = format!("reason: say why it is not sent, in {REASON_CHARS_MAX} characters at most");
        return Err(Problem::unprocessable(text).code("reason"));
    }
    Ok(reason)
}

fn ring(deliver: &Deliver) {
    deliver.due.ring();
    deliver.push.ring();
}
