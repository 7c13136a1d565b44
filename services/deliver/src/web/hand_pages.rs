//! Forms of what staff do with deliveries by hand.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::Uri;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use skillwire_schemas::DeliveryId;
use skillwire_web::{Actor, Form, Page, Problem, page};

use super::by_hand::{self, BulkBody};
use super::query::ListQuery;
use crate::Deliver;
use crate::by_hand::Hand;

/// A form that says why.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ReasonForm {
    reason: String,
}

async fn one(
    deliver: &Deliver,
    actor: &Actor,
    id: DeliveryId,
    hand: Hand,
    form: &ReasonForm,
) -> Result<Response, Problem> {
    by_hand::one(deliver, actor, id, hand, &form.reason).await?;
    Ok(Redirect::to(&format!("/deliveries/{id}")).into_response())
}

macro_rules! form {
    ($name:ident, $hand:expr, $about:literal) => {
        #[doc = $about]
        pub(super) async fn $name(
            State(deliver): State<Deliver>,
            actor: Actor,
            Path(id): Path<DeliveryId>,
            Form(form): Form<ReasonForm>,
        ) -> Result<Response, Problem> {
            one(&deliver, &actor, id, $hand, &form).await
        }
    };
}

form!(send, Hand::Send, "Sends now.");
form!(retry, Hand::Retry, "Tries again now.");
form!(skip, Hand::Skip, "Does not send it.");
form!(resend, Hand::Resend, "Sends it once more.");

/// An action and a filter, before it is confirmed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AskQuery {
    action: String,
    #[serde(flatten)]
    filter: ListQuery,
}

#[derive(Template)]
#[template(path = "deliveries_bulk.html")]
struct Ask {
    csrf: String,
    action: String,
    matching: usize,
    filter: String,
}

/// Shows how many it would take.
pub(super) async fn ask(
    State(deliver): State<Deliver>,
    actor: Actor,
    Query(query): Query<AskQuery>,
) -> Result<Response, Problem> {
    let filter = query.filter.query();
    let body = BulkBody { action: query.action.clone(), reason: String::new(), filter: query.filter, confirm: None };
    let matching = by_hand::many(&deliver, &actor, &body).await?.matching;
    let title = format!("{} {matching} deliveries?", query.action);
    let around = Page { title: &title, about: "Nothing is done yet.", active: "/deliveries", actor: Some(&actor) };
    page(around, &Ask { csrf: actor.csrf().to_owned(), action: query.action, matching, filter })
}

/// The confirmation.
#[derive(Debug, Deserialize)]
pub(super) struct BulkForm {
    action: String,
    #[serde(default)]
    reason: String,
    /// The filter as an address has it.
    #[serde(default)]
    filter: String,
    confirm: usize,
}

/// Does it.
pub(super) async fn bulk(
    State(deliver): State<Deliver>,
    actor: Actor,
    Form(form): Form<BulkForm>,
) -> Result<Response, Problem> {
    let bad = |e: String| Problem::bad_request(format!("filter: {e}")).code("filter");
    let uri: Uri = format!("/?{}", form.filter).parse().map_err(|e: axum::http::uri::InvalidUri| bad(e.to_string()))?;
    let Query(filter) = Query::<ListQuery>::try_from_uri(&uri).map_err(|e| bad(e.to_string()))?;
    let body = BulkBody { action: form.action, reason: form.reason, filter, confirm: Some(form.confirm) };
    by_hand::many(&deliver, &actor, &body).await?;
    Ok(Redirect::to(&format!("/deliveries?{}", form.filter)).into_response())
}
