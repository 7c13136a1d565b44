//! `/signals`

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use skillwire_schemas::{ConceptKind, Figures, Horizon, Signal, SignalId, Suppression};
use skillwire_web::{Actor, Page, Problem, page};

use super::api::{self, NOTE, SeenSignal, SignalHistory, SignalList, SignalQuery};
use super::sight;
use crate::Aggregate;
use crate::store::list::Sight;

/// Why a number is kept back, in words.
fn why(reason: &Suppression) -> &'static str {
    match reason {
        Suppression::FewEmployers => "fewer than 3 employers",
        Suppression::Dominated => "one employer holds most of it",
        Suppression::Complementary => "kept back to protect another number",
    }
}

fn when(horizon: &Horizon) -> &'static str {
    match horizon {
        Horizon::Now => "now",
        Horizon::Year => "within a year",
        Horizon::ThreeYears => "within three years",
    }
}

fn dollars(cents: &i64) -> String {
    format!("${}.{:02}", cents / 100, cents % 100)
}

/// A place to choose.
struct Place {
    code: String,
    name: String,
}

#[derive(Template)]
#[template(path = "signals.html")]
struct List {
    list: SignalList,
    query: SignalQuery,
    kinds: Vec<&'static str>,
    places: Vec<Place>,
    /// The filters as a query, for links.
    filters: String,
    /// Whether they see what is kept back.
    is_staff: bool,
}

/// The list.
pub(crate) async fn list(
    State(aggregate): State<Aggregate>,
    actor: Actor,
    Query(query): Query<SignalQuery>,
) -> Result<Response, Problem> {
    let list = api::page(&aggregate, &actor, &query).await?;
    let partnership = aggregate.parts.env.directory.partnership(actor.partnership).await?;
    let regions = partnership.map(|p| p.regions()).unwrap_or_default();
    let places = regions.into_iter().map(|r| Place { code: r.code, name: r.name }).collect();
    let kinds = ConceptKind::ALL
        .iter()
        .filter(|k| k.is_requirement() || **k == ConceptKind::Occupation)
        .map(|k| k.as_str())
        .collect();
    let without_cursor = SignalQuery { cursor: String::new(), ..query.clone() };
    let filters = serde_html_form::to_string(&without_cursor).map_err(Problem::internal)?;
    let about = "Demand added up, as employers state it. Numbers that would give somebody away are kept back.";
    let around = Page { title: "Signals", about, active: "/signals", actor: Some(&actor) };
    let is_staff = sight(&actor) == Sight::Staff;
    page(around, &List { list, query, kinds, places, filters, is_staff })
}

#[derive(Template)]
#[template(path = "signal.html")]
struct Shown {
    seen: SeenSignal,
    revisions: Vec<Signal>,
}

/// One signal.
pub(crate) async fn show(
    State(aggregate): State<Aggregate>,
    actor: Actor,
    Path(id): Path<SignalId>,
) -> Result<Response, Problem> {
    let SignalHistory { signal: seen, revisions } = api::one(&aggregate, &actor, id).await?;
    let title = format!("{}, {}", seen.signal.concept.label, seen.signal.region.name);
    let about = "What, how many, by when, compared with before.";
    page(Page { title: &title, about, active: "/signals", actor: Some(&actor) }, &Shown { seen, revisions })
}
