//! `/deliveries`

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use skillwire_schemas::DeliveryId;
use skillwire_web::{Actor, Form, Page, Permission, Problem, csv_row, page};

use super::api::{self, DeliveryList, DeliveryView, ListQuery};
use crate::Deliver;

/// Rows of an export at most.
const EXPORT_ROWS_MAX: u32 = 50_000;

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
    query: ListQuery,
    states: [&'static str; 10],
}

/// The list.
pub(crate) async fn list(
    State(deliver): State<Deliver>,
    actor: Actor,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let list = api::page(&deliver, &actor, &query, deliver.config.page_rows_max).await?;
    let states = [
        "gathering",
        "held",
        "waiting",
        "sending",
        "handing_over",
        "sent",
        "bounced",
        "uncertain",
        "failed",
        "skipped",
    ];
    let about = "Who got it, who did not, why, and what happens next.";
    let around = Page { title: "Deliveries", about, active: "/deliveries", actor: Some(&actor) };
    page(around, &List { list, query, states })
}

#[derive(Template)]
#[template(path = "delivery.html")]
struct Shown {
    csrf: String,
    may_send: bool,
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
    let may_send = actor.may(Permission::ManagePartnership)
        && ["gathering", "waiting", "failed", "uncertain", "bounced"].contains(&view.delivery.state.as_str());
    let may_replay = actor.may(Permission::Subscribe)
        && ["waiting", "sent", "failed", "uncertain"].contains(&view.delivery.state.as_str());
    let title = view.delivery.name.clone();
    let about = "One delivery: what it says and every attempt.";
    let around = Page { title: &title, about, active: "/deliveries", actor: Some(&actor) };
    page(around, &Shown { csrf: actor.csrf().to_owned(), may_send, may_replay, view })
}

/// Sends now.
pub(crate) async fn send(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path(id): Path<DeliveryId>,
    Form(_): Form<serde::de::IgnoredAny>,
) -> Result<Response, Problem> {
    api::now(&deliver, &actor, id).await?;
    Ok(Redirect::to(&format!("/deliveries/{id}")).into_response())
}

/// The list as CSV.
pub(crate) async fn csv(
    State(deliver): State<Deliver>,
    actor: Actor,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let list = api::page(&deliver, &actor, &query, EXPORT_ROWS_MAX).await?;
    let mut out =
        "delivery,subscription,name,channel,period,state,reason,tries,uncertain,signals,created_at,sent_at\r\n"
            .to_owned();
    for d in &list.deliveries {
        let cells = [
            d.id.to_string(),
            d.subscription.to_string(),
            d.name.clone(),
            d.channel.clone(),
            d.period.clone(),
            d.state.clone(),
            d.reason.clone().unwrap_or_default(),
            d.tries.to_string(),
            d.uncertain.to_string(),
            d.signals.to_string(),
            d.created_at.to_rfc3339(),
            d.sent_at.map(|at| at.to_rfc3339()).unwrap_or_default(),
        ];
        out.push_str(&csv_row(&cells));
    }
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"skillwire-deliveries.csv\""),
    ];
    Ok((headers, out).into_response())
}
