//! The API of webhooks: `/api/v1/webhooks`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use skillwire_schemas::{DeliveryId, SubscriptionId};
use skillwire_web::{Actor, Json, Problem};
use utoipa::ToSchema;

use super::seen;
use crate::Deliver;
use crate::store::endpoints::{self, Endpoint};
use crate::store::replays;
use crate::webhook::body;
use crate::webhook::pusher::PURPOSE;
use crate::webhook::sign::SigningSecret;

/// Webhooks of a list at most.
const LIST_MAX: u32 = 500;
/// Tests of one webhook within [`TESTS_WITHIN`] at most: a test is a call that somebody else has to bear.
const TESTS_MAX: i64 = 10;
const TESTS_WITHIN: TimeDelta = TimeDelta::minutes(10);

/// Where the webhook of a subscription posts to, and how it does.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct WebhookView {
    /// The subscription whose webhook it is.
    pub subscription: SubscriptionId,
    /// The subscription's name.
    pub name: String,
    /// Where it posts to; what follows the `?` is shown to its owner only.
    pub url: String,
    /// on, or disabled.
    pub state: String,
    /// Why it is disabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When the secret in force was made; absent: nothing is posted yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_made_at: Option<DateTime<Utc>>,
    /// The former secret signs too until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_secret_until: Option<DateTime<Utc>>,
    /// closed (all is well), failing (one at a time), open (left alone), or probing (one is let through).
    pub breaker: String,
    /// It is left alone until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_until: Option<DateTime<Utc>>,
    /// Failures since the last success.
    pub failures: u32,
    /// The first failure since the last success.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<DateTime<Utc>>,
    /// Deliveries that wait for it.
    pub waiting: i64,
    /// Whether it is the asker's own.
    pub own: bool,
}

fn view(endpoint: &Endpoint, actor: &Actor, now: DateTime<Utc>) -> WebhookView {
    let own = endpoint.person == actor.person;
    let url = if own { endpoint.url.as_str() } else { endpoint.url.split('?').next().unwrap_or_default() };
    WebhookView {
        subscription: endpoint.subscription,
        name: endpoint.name.clone(),
        url: url.to_owned(),
        state: endpoint.state.clone(),
        reason: endpoint.reason.clone(),
        secret_made_at: endpoint.secret_made_at,
        previous_secret_until: endpoint.previous_until.filter(|until| *until > now),
        breaker: endpoint.health.word(now).to_owned(),
        open_until: endpoint.health.open_until.filter(|until| *until > now),
        failures: endpoint.health.failures,
        failing_since: endpoint.health.failing_since,
        waiting: endpoint.waiting,
        own,
    }
}

/// The webhooks that the actor sees.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookList {
    pub webhooks: Vec<WebhookView>,
}

/// Webhooks: one's own; staff see the partnership's. Make one by a subscription with channel `webhook`.
#[utoipa::path(get, path = "/api/v1/webhooks", tag = "webhooks", responses((status = 200, body = WebhookList)))]
pub(crate) async fn list(State(deliver): State<Deliver>, actor: Actor) -> Result<Json<WebhookList>, Problem> {
    Ok(Json(WebhookList { webhooks: all(&deliver, &actor).await? }))
}

/// Those that the actor sees.
pub(super) async fn all(deliver: &Deliver, actor: &Actor) -> Result<Vec<WebhookView>, Problem> {
    let now = deliver.parts.env.clock.now();
    let found = endpoints::list(deliver.parts.db.pool(), actor.partnership, seen(actor), LIST_MAX).await?;
    Ok(found.iter().map(|endpoint| view(endpoint, actor, now)).collect())
}

/// One webhook.
#[utoipa::path(get, path = "/api/v1/webhooks/{id}", tag = "webhooks",
    responses((status = 200, body = WebhookView), (status = 404)))]
pub(crate) async fn get(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path(id): Path<SubscriptionId>,
) -> Result<Json<WebhookView>, Problem> {
    Ok(Json(one(&deliver, &actor, id).await?))
}

/// The webhook, if the actor may see it.
pub(super) async fn one(deliver: &Deliver, actor: &Actor, id: SubscriptionId) -> Result<WebhookView, Problem> {
    let endpoint = found(deliver, actor, id).await?;
    Ok(view(&endpoint, actor, deliver.parts.env.clock.now()))
}

async fn found(deliver: &Deliver, actor: &Actor, id: SubscriptionId) -> Result<Endpoint, Problem> {
    endpoints::get(deliver.parts.db.pool(), actor.partnership, seen(actor), id)
        .await?
        .ok_or_else(|| Problem::not_found("webhook"))
}

/// A secret, told once.
#[derive(Serialize, ToSchema)]
pub(crate) struct Told {
    /// `whsec_` and base64: give it to the library that verifies (Standard Webhooks).
    pub secret: String,
    /// The former secret signs too until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_secret_until: Option<DateTime<Utc>>,
}

/// Make a new secret. It is told this once; the former one signs too for a day. With the first, posting begins.
#[utoipa::path(post, path = "/api/v1/webhooks/{id}/secret", tag = "webhooks",
    responses((status = 200, body = Told), (status = 403, description = "somebody else's"), (status = 404)))]
pub(crate) async fn secret(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path(id): Path<SubscriptionId>,
) -> Result<Json<Told>, Problem> {
    Ok(Json(rotate(&deliver, &actor, id).await?))
}

/// Makes a new secret. Only its owner: whoever holds the secret can speak in our name to the receiver.
pub(super) async fn rotate(deliver: &Deliver, actor: &Actor, id: SubscriptionId) -> Result<Told, Problem> {
    let endpoint = found(deliver, actor, id).await?;
    if endpoint.person != actor.person {
        return Err(Problem::forbidden("the secret of a webhook is told to the owner of its subscription only"));
    }
    let env = &deliver.parts.env;
    let now = env.clock.now();
    let until = now + TimeDelta::hours(deliver.config.webhook_rotation_hours);
    let secret = SigningSecret::draw(&*env.ids);
    let sealed = deliver.secret.seal(PURPOSE, &id.to_string(), secret.as_bytes(), &*env.ids);
    endpoints::rotate(&deliver.parts.db, id, &sealed, until, now).await?;
    deliver.push.ring();
    Ok(Told { secret: secret.tell(), previous_secret_until: endpoint.secret.is_some().then_some(until) })
}

/// A delivery that was begun.
#[derive(Serialize, ToSchema)]
pub(crate) struct Begun {
    /// See `/api/v1/deliveries/{id}` for what became of it.
    pub delivery: DeliveryId,
}

/// Post a test.
#[utoipa::path(post, path = "/api/v1/webhooks/{id}/test", tag = "webhooks",
    responses((status = 202, body = Begun), (status = 404), (status = 409), (status = 429)))]
pub(crate) async fn test(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path(id): Path<SubscriptionId>,
) -> Result<(StatusCode, Json<Begun>), Problem> {
    let delivery = post_test(&deliver, &actor, id).await?;
    Ok((StatusCode::ACCEPTED, Json(Begun { delivery })))
}

/// Posts a test.
pub(super) async fn post_test(deliver: &Deliver, actor: &Actor, id: SubscriptionId) -> Result<DeliveryId, Problem> {
    let endpoint = found(deliver, actor, id).await?;
    if endpoint.secret.is_none() {
        return Err(Problem::conflict(
            "there is no secret yet; fetch it first, so that the receiver can verify the test",
        ));
    }
    if endpoint.state != "on" {
        return Err(Problem::conflict("the webhook is switched off; switch it on first"));
    }
    let env = &deliver.parts.env;
    let now = env.clock.now();
    let delivery = DeliveryId(env.ids.uuid(now));
    let body = body::test(delivery, id, &endpoint.name, now).to_string();
    let bound = (now - TESTS_WITHIN, TESTS_MAX);
    if !replays::test(&deliver.parts.db, id, (delivery, &body), bound, now).await? {
        return Err(Problem::too_many(u64::try_from(TESTS_WITHIN.num_seconds()).unwrap_or(600)));
    }
    deliver.push.ring();
    Ok(delivery)
}

/// Switch a disabled webhook on again. What it missed can be replayed.
#[utoipa::path(post, path = "/api/v1/webhooks/{id}/enable", tag = "webhooks",
    responses((status = 204), (status = 404), (status = 409, description = "it is on")))]
pub(crate) async fn enable(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path(id): Path<SubscriptionId>,
) -> Result<StatusCode, Problem> {
    switch_on(&deliver, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Switches it on.
pub(super) async fn switch_on(deliver: &Deliver, actor: &Actor, id: SubscriptionId) -> Result<(), Problem> {
    found(deliver, actor, id).await?;
    if !endpoints::enable(&deliver.parts.db, id, deliver.parts.env.clock.now()).await? {
        return Err(Problem::conflict("the webhook is on already"));
    }
    deliver.push.ring();
    Ok(())
}

/// Which deliveries go again.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplayAsked {
    /// Those made since then.
    pub since: DateTime<Utc>,
    /// Also those that were taken; else only those that were not.
    #[serde(default)]
    pub all: bool,
}

/// How many go again.
#[derive(Serialize, ToSchema)]
pub(crate) struct Replayed {
    /// At most 10,000, the oldest; ask again for more.
    pub deliveries: u64,
}

/// Replay deliveries, with their ids.
#[utoipa::path(post, path = "/api/v1/webhooks/{id}/replay", tag = "webhooks", request_body = ReplayAsked,
    responses((status = 200, body = Replayed), (status = 404), (status = 409, description = "it is switched off")))]
pub(crate) async fn replay(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path(id): Path<SubscriptionId>,
    Json(asked): Json<ReplayAsked>,
) -> Result<Json<Replayed>, Problem> {
    Ok(Json(Replayed { deliveries: again(&deliver, &actor, id, &asked).await? }))
}

/// Replays.
pub(super) async fn again(
    deliver: &Deliver,
    actor: &Actor,
    id: SubscriptionId,
    asked: &ReplayAsked,
) -> Result<u64, Problem> {
    on(&found(deliver, actor, id).await?)?;
    let now = deliver.parts.env.clock.now();
    let count = replays::since(&deliver.parts.db, id, asked.since, asked.all, now).await?;
    deliver.push.ring();
    Ok(count)
}

/// Replay one delivery, with its id.
#[utoipa::path(post, path = "/api/v1/webhooks/{id}/deliveries/{delivery}/replay", tag = "webhooks",
    responses((status = 204), (status = 404), (status = 409, description = "it is on its way, or was skipped")))]
pub(crate) async fn replay_one(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path((id, delivery)): Path<(SubscriptionId, DeliveryId)>,
) -> Result<StatusCode, Problem> {
    once_more(&deliver, &actor, id, delivery).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Replays one.
pub(super) async fn once_more(
    deliver: &Deliver,
    actor: &Actor,
    id: SubscriptionId,
    delivery: DeliveryId,
) -> Result<(), Problem> {
    on(&found(deliver, actor, id).await?)?;
    super::api::one(deliver, actor, delivery).await?;
    if !replays::one(&deliver.parts.db, id, delivery, deliver.parts.env.clock.now()).await? {
        return Err(Problem::conflict("the delivery is on its way, was skipped, or is none of this webhook"));
    }
    deliver.push.ring();
    Ok(())
}

fn on(endpoint: &Endpoint) -> Result<(), Problem> {
    match endpoint.state.as_str() {
        "on" => Ok(()),
        _ => Err(Problem::conflict("the webhook is switched off; switch it on first")),
    }
}
