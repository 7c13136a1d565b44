//! `/submissions`: what was sent and what became of it.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use skillwire_schemas::SubmissionId;
use skillwire_web::{Actor, Page, Problem, page};

use super::api::{self, PageQuery, SubmissionList};
use crate::Intake;
use crate::receipt::{ItemState, Receipt};

#[derive(Template)]
#[template(path = "submissions.html")]
struct List {
    list: SubmissionList,
}

/// The list.
pub(crate) async fn list(
    State(intake): State<Intake>,
    actor: Actor,
    Query(query): Query<PageQuery>,
) -> Result<Response, Problem> {
    let list = api::page(&intake, &actor, query.cursor.as_deref()).await?;
    let about = "What was sent, kept as it came.";
    page(Page { title: "Submissions", about, active: "/submit", actor: Some(&actor) }, &List { list })
}

#[derive(Template)]
#[template(path = "receipt.html")]
struct Shown {
    receipt: Receipt,
}

/// A receipt.
pub(crate) async fn show(
    State(intake): State<Intake>,
    actor: Actor,
    Path(id): Path<SubmissionId>,
) -> Result<Response, Problem> {
    let receipt = api::receipt(&intake, &actor, id).await?;
    let about = "What became of each item. Mend the rejected ones and send them again; the accepted ones are in work.";
    page(Page { title: "Receipt", about, active: "/submit", actor: Some(&actor) }, &Shown { receipt })
}
