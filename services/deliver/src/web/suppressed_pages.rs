//! The page of the suppression list: `/suppressions`.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::de::IgnoredAny;
use skillwire_web::{Actor, Form, Page, Problem, page};
use uuid::Uuid;

use super::suppressed::{self, ListQuery, SuppressionList};
use crate::Deliver;

#[derive(Template)]
#[template(path = "suppressions.html")]
struct List {
    csrf: String,
    past: bool,
    list: SuppressionList,
}

/// The list.
pub(crate) async fn list(
    State(deliver): State<Deliver>,
    actor: Actor,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let list = suppressed::page(&deliver, &actor, &query).await?;
    let about =
        "Addresses that get no more mails, and why. A person whose address was changed gets them again by itself.";
    let around = Page { title: "Suppressed addresses", about, active: "/deliveries", actor: Some(&actor) };
    page(around, &List { csrf: actor.csrf().to_owned(), past: query.past, list })
}

/// Lets one get mails again.
pub(crate) async fn allow(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path(id): Path<Uuid>,
    Form(_): Form<IgnoredAny>,
) -> Result<Response, Problem> {
    suppressed::again(&deliver, &actor, id).await?;
    Ok(Redirect::to("/suppressions").into_response())
}
