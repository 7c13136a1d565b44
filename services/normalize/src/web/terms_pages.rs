//! `/terms`: the review queue. Forms only, in the order of the keyboard; works without JavaScript.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use skillwire_schemas::{Concept, ConceptKind, TermKind};
use skillwire_web::{Actor, Form, Page, Problem, Trace, page};

use super::decisions_api::{self, BulkOutcome, ToldDecision};
use super::not_ready;
use super::terms_api::{self, OneQuery, TermHistory, TermList, TermQuery};
use crate::Normalize;
use crate::queue::QueuedTerm;
use crate::review::{Asked, AskedAnswer, AskedPart, AskedScope, NewConcept};
use crate::store::renormalizations::RenormalizationProgress;

/// Concepts of a search at most.
const FOUND_MAX: usize = 20;

/// What stands beside a state.
fn badge(state: &str) -> &'static str {
    if state == "ambiguous" { "badge-warn" } else { "badge-quiet" }
}

fn two_digits(score: &f64) -> String {
    format!("{score:.2}")
}

#[derive(Template)]
#[template(path = "terms.html")]
struct List {
    csrf: String,
    list: TermList,
    query: TermQuery,
}

/// The queue.
pub(crate) async fn list(
    State(normalize): State<Normalize>,
    actor: Actor,
    Query(query): Query<TermQuery>,
) -> Result<Response, Problem> {
    let list = terms_api::page(&normalize, &actor, &query).await?;
    let about = "Words that have found no concept, or several; those of most employers first. What you decide holds for the \
                 needs to come and for the past.";
    let body = List { csrf: actor.csrf().to_owned(), list, query };
    page(Page { title: "Terms", about, active: "/terms", actor: Some(&actor) }, &body)
}

/// The form of the queue: one entry a row in each list, and which rows are meant.
#[derive(Debug, Deserialize)]
pub(crate) struct BulkForm {
    action: String,
    #[serde(default)]
    pick: Vec<usize>,
    #[serde(default)]
    kind: Vec<TermKind>,
    #[serde(default)]
    text: Vec<String>,
    #[serde(default)]
    version: Vec<u32>,
    #[serde(default)]
    concept: Vec<String>,
    #[serde(default)]
    note: String,
}

#[derive(Template)]
#[template(path = "decided.html")]
struct Decided {
    outcomes: Vec<BulkOutcome>,
}

/// Decides about the rows that were chosen, each for itself.
pub(crate) async fn decide_all(
    State(normalize): State<Normalize>,
    actor: Actor,
    trace: Trace,
    Form(form): Form<BulkForm>,
) -> Result<Response, Problem> {
    if form.pick.is_empty() {
        return Err(Problem::unprocessable("no term is chosen: tick those that you mean").code("decision"));
    }
    let asked: Vec<Asked> = form.pick.iter().map(|at| form.row(*at)).collect::<Result<_, Problem>>()?;
    let outcomes = decisions_api::each(&normalize, &decisions_api::by(&actor, trace), &asked).await?;
    let about = "What became of each. The past is read again in the background.";
    page(Page { title: "Decided", about, active: "/terms", actor: Some(&actor) }, &Decided { outcomes })
}

impl BulkForm {
    fn row(&self, at: usize) -> Result<Asked, Problem> {
        let broken = || Problem::bad_request(format!("row {at} is not whole; load the page again")).code("form");
        let (Some(kind), Some(text), Some(version)) = (self.kind.get(at), self.text.get(at), self.version.get(at))
        else {
            return Err(broken());
        };
        let answer = match self.action.as_str() {
            "map" => AskedAnswer::Map { concept: self.concept.get(at).cloned().ok_or_else(broken)? },
            "ignore" => AskedAnswer::Ignore,
            other => return Err(Problem::bad_request(format!("action: '{other}'; one of map, ignore")).code("form")),
        };
        let (kind, text, version) = (*kind, text.clone(), *version);
        Ok(Asked { kind, text, version, scope: AskedScope::Anywhere, answer, note: self.note.clone() })
    }
}

#[derive(Template)]
#[template(path = "term.html")]
struct Shown {
    csrf: String,
    query: OneQuery,
    kind: TermKind,
    term: Option<QueuedTerm>,
    version: u32,
    decisions: Vec<ToldDecision>,
    found: Vec<Concept>,
    kinds: Vec<&'static str>,
    local: Vec<Concept>,
}

/// How far the past has been read again, in words.
pub(super) fn progress(of: &RenormalizationProgress) -> String {
    let changed = format!("{} read again, {} changed", of.needs, of.changed);
    match (of.finished_at, of.carriers) {
        (Some(_), _) => changed,
        (None, Some(carriers)) => format!("{changed}, of {carriers}"),
        (None, None) => "waiting".to_owned(),
    }
}

/// One text with the forms to decide about it.
pub(crate) async fn show(
    State(normalize): State<Normalize>,
    actor: Actor,
    Query(query): Query<OneQuery>,
) -> Result<Response, Problem> {
    let (kind, TermHistory { term, version, decisions }) = terms_api::history(&normalize, &actor, &query).await?;
    let kinds: Vec<ConceptKind> = ConceptKind::ALL.iter().copied().filter(|k| is_of(*k, kind)).collect();
    let local = normalize.local(actor.partnership, &kinds).await?;
    let found = match query.find.trim() {
        "" => Vec::new(),
        find => normalize.search(actor.partnership, find, &kinds, FOUND_MAX).await.map_err(not_ready)?,
    };
    let title = term.as_ref().map_or_else(|| query.text.clone(), |term| term.text.clone());
    let kinds = kinds.iter().map(|kind| kind.as_str()).collect();
    let csrf = actor.csrf().to_owned();
    let body = Shown { csrf, query, kind, term, version, decisions, found, kinds, local };
    let about = "What it may mean, where it was seen, and what was decided about it.";
    page(Page { title: &title, about, active: "/terms", actor: Some(&actor) }, &body)
}

fn is_of(concept: ConceptKind, term: TermKind) -> bool {
    match term {
        TermKind::Occupation => concept == ConceptKind::Occupation,
        TermKind::Requirement => concept.is_requirement(),
    }
}

/// The form of one text.
#[derive(Debug, Deserialize)]
pub(crate) struct OneForm {
    action: String,
    kind: TermKind,
    text: String,
    version: u32,
    /// The candidate chosen.
    #[serde(default)]
    concept: String,
    /// Another concept, typed: wins over the one chosen.
    #[serde(default)]
    other: String,
    #[serde(default)]
    label: String,
    #[serde(default)]
    concept_kind: String,
    #[serde(default)]
    broader: String,
    /// One a line: a text, or `text = scheme:id`.
    #[serde(default)]
    parts: String,
    #[serde(default)]
    within: String,
    #[serde(default)]
    naics: String,
    #[serde(default)]
    occupation: String,
    #[serde(default)]
    note: String,
}

/// Decides about one text.
pub(crate) async fn decide(
    State(normalize): State<Normalize>,
    actor: Actor,
    trace: Trace,
    Form(form): Form<OneForm>,
) -> Result<Response, Problem> {
    let asked = form.asked()?;
    let made = normalize.decide(&decisions_api::by(&actor, trace), &asked).await?;
    Ok(Redirect::to(&address(&made.kind, &made.text)).into_response())
}

/// Where a text is shown.
pub(super) fn address(kind: &TermKind, text: &str) -> String {
    let query = serde_html_form::to_string([("kind", kind.as_str()), ("text", text)]).unwrap_or_default();
    format!("/terms/term?{query}")
}

impl OneForm {
    fn asked(self) -> Result<Asked, Problem> {
        let wrong = |field: &str, text: &str, right: &str| {
            Problem::bad_request(format!("{field}: '{text}'; one of {right}")).code("form")
        };
        let answer = match self.action.as_str() {
            "map" => {
                let typed = self.other.trim();
                AskedAnswer::Map { concept: if typed.is_empty() { self.concept } else { typed.to_owned() } }
            }
            "create" => {
                let kind = self.concept_kind.parse().map_err(|e| Problem::bad_request(format!("kind: {e}")))?;
                let broader = Some(self.broader).filter(|id| !id.is_empty()).into_iter().collect();
                AskedAnswer::Create { concept: NewConcept { label: self.label, kind, broader } }
            }
            "split" => AskedAnswer::Split { parts: parts(&self.parts) },
            "ignore" => AskedAnswer::Ignore,
            other => return Err(wrong("action", other, "map, create, split, ignore")),
        };
        let scope = match self.within.as_str() {
            "" | "anywhere" => AskedScope::Anywhere,
            "industry" => AskedScope::Industry { naics: self.naics },
            "occupation" => AskedScope::Occupation { concept: self.occupation },
            other => return Err(wrong("within", other, "anywhere, industry, occupation")),
        };
        Ok(Asked { kind: self.kind, text: self.text, version: self.version, scope, answer, note: self.note })
    }
}

fn parts(lines: &str) -> Vec<AskedPart> {
    let lines = lines.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| match line.split_once('=') {
            Some((text, concept)) => {
                AskedPart { text: text.trim().to_owned(), concept: Some(concept.trim().to_owned()) }
            }
            None => AskedPart { text: line.to_owned(), concept: None },
        })
        .collect()
}
