//! `/deliveries`: who got it, who did not, why, and what happens next.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use skillwire_schemas::{DeliveryId, SignalId};
use skillwire_web::{Actor, Page, Permission, Problem, page};

use super::api::{self, DeliveryList, DeliveryView, SignalTold, Summary};
use super::query::ListQuery;
use crate::Deliver;
use crate::state::State as DeliveryState;

/// What stands beside a state.
pub(super) fn badge(state: &str) -> &'static str {
    match state {
        "sent" => "badge-ok",
        "uncertain" => "badge-warn",
        "failed" | "bounced" => "badge-bad",
        _ => "badge-quiet",
    }
}

#[derive(Template)]
#[template(path = "deliveries.html")]
struct List {
    list: DeliveryList,
    summary: Summary,
    query: ListQuery,
    states: &'static [DeliveryState],
    staff: bool,
    /// On the page of a signal: its revisions.
    signal: Option<SignalTold>,
}

/// The list.
pub(crate) async fn list(
    State(deliver): State<Deliver>,
    actor: Actor,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let about = "Who got it, who did not, why, and what happens next.";
    shown(&deliver, &actor, query, ("Deliveries", about), None).await
}

/// Who got a signal, by its revisions.
pub(crate) async fn signal(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path(id): Path<SignalId>,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let told = api::told(&deliver, &actor, id).await?;
    let query = ListQuery { signal: id.to_string(), ..query };
    let title = format!("Who got {}", told.revisions.first().map_or("it", |revision| revision.label.as_str()));
    let about = "Every delivery of this signal, on every channel. A mail says the newest revision of its period.";
    shown(&deliver, &actor, query, (&title, about), Some(told)).await
}

async fn shown(
    deliver: &Deliver,
    actor: &Actor,
    query: ListQuery,
    (title, about): (&str, &str),
    signal: Option<SignalTold>,
) -> Result<Response, Problem> {
    let list = api::page(deliver, actor, &query, deliver.config.page_rows_max).await?;
    let summary = api::counts(deliver, actor, &query).await?;
    let staff = actor.may(Permission::ManagePartnership);
    let around = Page { title, about, active: "/deliveries", actor: Some(actor) };
    page(around, &List { list, summary, query, states: DeliveryState::ALL, staff, signal })
}

#[derive(Template)]
#[template(path = "delivery.html")]
struct Shown {
    csrf: String,
    staff: bool,
    may_replay: bool,
    view: DeliveryView,
}

/// One delivery.
pub(crate) async fn show(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path(id): Path<DeliveryId>,
) -> Result<Response, Problem> {
    let view = api::one(&deliver, &actor, id).await?;
    let staff = actor.may(Permission::ManagePartnership);
    let may_replay = !staff
        && actor.may(Permission::Subscribe)
        && ["waiting", "sent", "failed", "uncertain"].contains(&view.delivery.state.as_str());
    let title = view.delivery.name.clone();
    let about = "One delivery: what it says and every attempt.";
    let around = Page { title: &title, about, active: "/deliveries", actor: Some(&actor) };
    page(around, &Shown { csrf: actor.csrf().to_owned(), staff, may_replay, view })
}
