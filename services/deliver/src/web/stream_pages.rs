//! The pages of streams: `/streams`.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{NaiveDate, NaiveTime};
use serde::Deserialize;
use serde::de::IgnoredAny;
use skillwire_schemas::SubscriptionId;
use skillwire_web::{Actor, Form, Page, Permission, Problem, page};

use super::streams::{self, Credentials, StreamReplay, StreamView};
use crate::Deliver;

#[derive(Template)]
#[template(path = "streams.html")]
struct List {
    streams: Vec<StreamView>,
}

/// The list.
pub(crate) async fn list(State(deliver): State<Deliver>, actor: Actor) -> Result<Response, Problem> {
    let streams = streams::all(&deliver, &actor).await?;
    let about = "Feeds for programs, each with credentials of its own.";
    page(Page { title: "Streams", about, active: "/subscriptions", actor: Some(&actor) }, &List { streams })
}

#[derive(Template)]
#[template(path = "stream.html")]
struct Shown {
    csrf: String,
    may: bool,
    stream: StreamView,
    told: Option<Credentials>,
    replayed: bool,
    today: String,
}

/// One stream.
pub(crate) async fn show(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path(id): Path<SubscriptionId>,
) -> Result<Response, Problem> {
    shown(&deliver, &actor, id, None, false).await
}

async fn shown(
    deliver: &Deliver,
    actor: &Actor,
    id: SubscriptionId,
    told: Option<Credentials>,
    replayed: bool,
) -> Result<Response, Problem> {
    let stream = streams::one(deliver, actor, id).await?;
    let today = deliver.parts.env.clock.now().format("%Y-%m-%d").to_string();
    let title = format!("Stream: {}", stream.name);
    let about = "Pull, work, acknowledge. A message may come twice; its Nats-Msg-Id tells.";
    let may = actor.may(Permission::Subscribe);
    let body = Shown { csrf: actor.csrf().to_owned(), may, stream, told, replayed, today };
    page(Page { title: &title, about, active: "/subscriptions", actor: Some(actor) }, &body)
}

/// Makes new credentials and shows them, this once.
pub(crate) async fn credentials(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path(id): Path<SubscriptionId>,
    Form(_): Form<IgnoredAny>,
) -> Result<Response, Problem> {
    let told = streams::issue(&deliver, &actor, id).await?;
    shown(&deliver, &actor, id, Some(told), false).await
}

/// Revokes them.
pub(crate) async fn revoke(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path(id): Path<SubscriptionId>,
    Form(_): Form<IgnoredAny>,
) -> Result<Response, Problem> {
    streams::end(&deliver, &actor, id).await?;
    Ok(Redirect::to(&format!("/streams/{id}")).into_response())
}

/// A day, as a form sends it.
#[derive(Deserialize)]
pub(crate) struct ReplayForm {
    since: NaiveDate,
}

/// Replays since a day.
pub(crate) async fn replay(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path(id): Path<SubscriptionId>,
    Form(form): Form<ReplayForm>,
) -> Result<Response, Problem> {
    let since = Some(form.since.and_time(NaiveTime::MIN).and_utc());
    streams::again(&deliver, &actor, id, &StreamReplay { since, signal: None, revision: None }).await?;
    shown(&deliver, &actor, id, None, true).await
}
