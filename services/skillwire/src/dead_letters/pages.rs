//! `/dead-letters`

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use skillwire_store::dead::{Letter, LetterState};
use skillwire_web::{Actor, Form, Page, Problem, page};

use super::web::{self, LetterQuery};
use super::{LIST_MAX, Letters, pretty};
use crate::targets::TARGETS;

fn badge(state: &str) -> &'static str {
    match state {
        "dead" => "badge-bad",
        "replayed" => "badge-ok",
        _ => "badge-quiet",
    }
}

#[derive(Template)]
#[template(path = "dead_letters.html")]
struct List {
    letters: Vec<Letter>,
    query: LetterQuery,
    services: Vec<&'static str>,
    states: [&'static str; 3],
    /// Number before which the next page of the chosen service begins.
    older: Option<i64>,
}

/// The list.
pub(super) async fn list(
    State(letters): State<Letters>,
    actor: Actor,
    Query(query): Query<LetterQuery>,
) -> Result<Response, Problem> {
    let (service, filter) = query.filter(&letters, &actor)?;
    let found = letters.list(service.as_deref(), &filter).await?;
    let full = found.len() >= usize::try_from(LIST_MAX).unwrap_or(usize::MAX);
    let older = found.last().filter(|_| service.is_some() && full).map(|letter| letter.number);
    let services = TARGETS.iter().map(|target| target.name).collect();
    let states = LetterState::ALL.map(LetterState::as_str);
    let about = "Events that a stage could not take, why, and what was done about them.";
    let around = Page { title: "Dead letters", about, active: "/deliveries", actor: Some(&actor) };
    page(around, &List { letters: found, query, services, states, older })
}

#[derive(Template)]
#[template(path = "dead_letter.html")]
struct Shown {
    csrf: String,
    letter: Letter,
    body: String,
}

/// One letter.
pub(super) async fn show(
    State(letters): State<Letters>,
    actor: Actor,
    Path((service, number)): Path<(String, i64)>,
) -> Result<Response, Problem> {
    let (_, letter, body) = web::one(&letters, &actor, &service, number).await?;
    let title = format!("Dead letter {service}/{number}");
    let around = Page {
        title: &title,
        about: "An event that a stage could not take.",
        active: "/deliveries",
        actor: Some(&actor),
    };
    page(around, &Shown { csrf: actor.csrf().to_owned(), letter, body: pretty(&body) })
}

/// Publishes it again.
pub(super) async fn replay(
    State(letters): State<Letters>,
    actor: Actor,
    Path((service, number)): Path<(String, i64)>,
    Form(_): Form<serde::de::IgnoredAny>,
) -> Result<Response, Problem> {
    web::replay_one(&letters, &actor, &service, number).await?;
    Ok(Redirect::to(&format!("/dead-letters/{service}/{number}")).into_response())
}

/// The form that drops.
#[derive(Debug, Deserialize)]
pub(super) struct DropForm {
    #[serde(default)]
    reason: String,
}

/// Marks it as not wanted.
pub(super) async fn drop(
    State(letters): State<Letters>,
    actor: Actor,
    Path((service, number)): Path<(String, i64)>,
    Form(form): Form<DropForm>,
) -> Result<Response, Problem> {
    web::drop_one(&letters, &actor, (&service, number), &form.reason).await?;
    Ok(Redirect::to(&format!("/dead-letters/{service}/{number}")).into_response())
}
