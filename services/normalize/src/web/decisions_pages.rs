//! `/decisions`: what staff decided, and how far the past has been read again.

use std::collections::{BTreeSet, HashMap};

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use skillwire_schemas::PersonId;
use skillwire_web::{Actor, Form, Page, Problem, Trace, page};

use super::decisions_api::{self, DecisionList, DecisionQuery};
use super::terms_pages::{address, progress};
use crate::Normalize;

#[derive(Template)]
#[template(path = "decisions.html")]
struct List {
    list: DecisionList,
    names: HashMap<PersonId, String>,
}

/// The log.
pub(crate) async fn list(
    State(normalize): State<Normalize>,
    actor: Actor,
    Query(query): Query<DecisionQuery>,
) -> Result<Response, Problem> {
    let list = decisions_api::page(&normalize, &actor, &query).await?;
    // Of people only the id is kept with a decision. They are few.
    let people: BTreeSet<PersonId> = list.decisions.iter().map(|told| told.decision.person).collect();
    let mut names = HashMap::new();
    for person in people {
        if let Some(contact) = normalize.parts.env.directory.contact(person).await? {
            names.insert(person, contact.name);
        }
    }
    let about = "What was decided about words, newest first, and how far the past has been read again.";
    page(Page { title: "Decisions", about, active: "/terms", actor: Some(&actor) }, &List { list, names })
}

/// The form that undoes.
#[derive(Debug, Deserialize)]
pub(crate) struct UndoForm {
    version: u32,
    #[serde(default)]
    note: String,
}

/// Undoes a decision.
pub(crate) async fn undo(
    State(normalize): State<Normalize>,
    actor: Actor,
    trace: Trace,
    Path(number): Path<u32>,
    Form(form): Form<UndoForm>,
) -> Result<Response, Problem> {
    let made = normalize.undo(&decisions_api::by(&actor, trace), number, form.version, &form.note).await?;
    Ok(Redirect::to(&address(&made.kind, &made.text)).into_response())
}
