//! The pages of webhooks: `/webhooks`.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{NaiveDate, NaiveTime};
use serde::Deserialize;
use serde::de::IgnoredAny;
use skillwire_schemas::{DeliveryId, SubscriptionId};
use skillwire_web::{Actor, Form, Page, Permission, Problem, page};

use super::api::{self, DeliveryList};
use super::pages::badge;
use super::query::ListQuery;
use super::webhooks::{self, ReplayAsked, Told, WebhookView};
use crate::Deliver;

/// Deliveries shown on the page of a webhook; the others are under Deliveries.
const SHOWN_MAX: u32 = 25;

#[derive(Template)]
#[template(path = "webhooks.html")]
struct List {
    webhooks: Vec<WebhookView>,
}

/// The list.
pub(crate) async fn list(State(deliver): State<Deliver>, actor: Actor) -> Result<Response, Problem> {
    let webhooks = webhooks::all(&deliver, &actor).await?;
    let about = "Where signals are posted to, and how that goes.";
    page(Page { title: "Webhooks", about, active: "/subscriptions", actor: Some(&actor) }, &List { webhooks })
}

#[derive(Template)]
#[template(path = "webhook.html")]
struct Shown {
    csrf: String,
    may: bool,
    webhook: WebhookView,
    told: Option<Told>,
    replayed: Option<u64>,
    deliveries: DeliveryList,
    today: String,
}

/// One webhook.
pub(crate) async fn show(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path(id): Path<SubscriptionId>,
) -> Result<Response, Problem> {
    shown(&deliver, &actor, id, None, None).await
}

async fn shown(
    deliver: &Deliver,
    actor: &Actor,
    id: SubscriptionId,
    told: Option<Told>,
    replayed: Option<u64>,
) -> Result<Response, Problem> {
    let webhook = webhooks::one(deliver, actor, id).await?;
    let query = ListQuery { channel: "webhook".to_owned(), subscription: id.to_string(), ..ListQuery::default() };
    let deliveries = api::page(deliver, actor, &query, SHOWN_MAX).await?;
    let today = deliver.parts.env.clock.now().format("%Y-%m-%d").to_string();
    let title = format!("Webhook: {}", webhook.name);
    let about = "Standard Webhooks: verify each post with the secret before you believe it.";
    let may = actor.may(Permission::Subscribe);
    let body = Shown { csrf: actor.csrf().to_owned(), may, webhook, told, replayed, deliveries, today };
    page(Page { title: &title, about, active: "/subscriptions", actor: Some(actor) }, &body)
}

/// Makes a new secret and shows it, this once.
pub(crate) async fn secret(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path(id): Path<SubscriptionId>,
    Form(_): Form<IgnoredAny>,
) -> Result<Response, Problem> {
    let told = webhooks::rotate(&deliver, &actor, id).await?;
    shown(&deliver, &actor, id, Some(told), None).await
}

/// Posts a test and goes to where its attempts are.
pub(crate) async fn test(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path(id): Path<SubscriptionId>,
    Form(_): Form<IgnoredAny>,
) -> Result<Response, Problem> {
    webhooks::post_test(&deliver, &actor, id).await?;
    Ok(Redirect::to(&format!("/webhooks/{id}")).into_response())
}

/// Switches it on.
pub(crate) async fn enable(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path(id): Path<SubscriptionId>,
    Form(_): Form<IgnoredAny>,
) -> Result<Response, Problem> {
    webhooks::switch_on(&deliver, &actor, id).await?;
    Ok(Redirect::to(&format!("/webhooks/{id}")).into_response())
}

/// A day, as a form sends it.
#[derive(Deserialize)]
pub(crate) struct ReplayForm {
    since: NaiveDate,
    all: Option<String>,
}

/// Replays since a day.
pub(crate) async fn replay(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path(id): Path<SubscriptionId>,
    Form(form): Form<ReplayForm>,
) -> Result<Response, Problem> {
    let asked = ReplayAsked { since: form.since.and_time(NaiveTime::MIN).and_utc(), all: form.all.is_some() };
    let count = webhooks::again(&deliver, &actor, id, &asked).await?;
    shown(&deliver, &actor, id, None, Some(count)).await
}

/// Replays one delivery.
pub(crate) async fn replay_one(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path((id, delivery)): Path<(SubscriptionId, DeliveryId)>,
    Form(_): Form<IgnoredAny>,
) -> Result<Response, Problem> {
    webhooks::once_more(&deliver, &actor, id, delivery).await?;
    Ok(Redirect::to(&format!("/deliveries/{delivery}")).into_response())
}
