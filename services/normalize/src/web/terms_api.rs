//! The review queue over the API.

use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use skillwire_schemas::TermKind;
use skillwire_web::{Actor, Cursor, Json, Problem};
use utoipa::{IntoParams, ToSchema};

use super::decisions_api::{self, ToldDecision};
use super::not_ready;
use crate::Normalize;
use crate::queue::QueuedTerm;
use crate::review::term_key;
use crate::store::decisions;
use crate::store::queue::{Filter, Place};

/// Texts of a page at most: each comes with its candidates.
const ROWS_MAX: u32 = 50;
/// Decisions shown of one text at most.
const DECISIONS_MAX: u32 = 50;

/// Which texts.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct TermQuery {
    /// occupation or requirement.
    pub kind: String,
    /// ambiguous or unmatched.
    pub state: String,
    /// Part of the text.
    pub q: String,
    /// From the page before.
    pub cursor: String,
}

/// A page of the queue.
#[derive(Serialize, ToSchema)]
pub(crate) struct TermList {
    /// Those of most employers first, then of most needs, then of most openings.
    pub terms: Vec<QueuedTerm>,
    /// Give it as `cursor` to get the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Texts that have found no concept or several, by weight, with where they were seen and what they may mean.
#[utoipa::path(get, path = "/api/v1/terms", tag = "terms", params(TermQuery),
    responses((status = 200, body = TermList), (status = 400)))]
pub(crate) async fn list(
    State(normalize): State<Normalize>,
    actor: Actor,
    Query(query): Query<TermQuery>,
) -> Result<Json<TermList>, Problem> {
    Ok(Json(page(&normalize, &actor, &query).await?))
}

/// A page of the actor's partnership.
pub(super) async fn page(normalize: &Normalize, actor: &Actor, query: &TermQuery) -> Result<TermList, Problem> {
    let is_ambiguous = match query.state.trim() {
        "" => None,
        "ambiguous" => Some(true),
        "unmatched" => Some(false),
        other => return Err(Problem::bad_request(format!("state: '{other}'; one of ambiguous, unmatched"))),
    };
    let after = match query.cursor.as_str() {
        "" => None,
        cursor => Some(Cursor::decode::<Place>(cursor)?),
    };
    let filter = Filter {
        kind: Some(query.kind.trim()).filter(|k| !k.is_empty()).map(kind).transpose()?,
        is_ambiguous,
        part: Some(term_key(&query.q)).filter(|part| !part.is_empty()),
        after,
    };
    let limit = normalize.config.page_rows_max.min(ROWS_MAX);
    let mut terms = normalize.queue(actor.partnership, &filter, limit + 1).await.map_err(not_ready)?;
    let mut next = None;
    if terms.len() > usize::try_from(limit).unwrap_or(usize::MAX) {
        terms.pop();
        next = terms.last().map(|t| Cursor::encode(&(t.employers, t.needs, t.openings, t.kind, &t.folded)));
    }
    Ok(TermList { terms, next })
}

fn kind(text: &str) -> Result<TermKind, Problem> {
    text.parse().map_err(|e| Problem::bad_request(format!("kind: {e}")))
}

/// Which text.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub(crate) struct OneQuery {
    /// occupation or requirement.
    pub kind: String,
    /// The text, however it is written.
    pub text: String,
    /// On the page: part of the name of a concept to choose from.
    #[serde(default)]
    pub find: String,
}

/// A text and what was decided about it.
#[derive(Serialize, ToSchema)]
pub(crate) struct TermHistory {
    /// The text; absent when no need in force carries it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub term: Option<QueuedTerm>,
    /// The last decision about it, 0 for none: give it with a decision.
    pub version: u32,
    /// What was decided about it, newest first; at most 50.
    pub decisions: Vec<ToldDecision>,
}

/// One text, open or decided.
#[utoipa::path(get, path = "/api/v1/terms/one", tag = "terms", params(OneQuery),
    responses((status = 200, body = TermHistory), (status = 400)))]
pub(crate) async fn one(
    State(normalize): State<Normalize>,
    actor: Actor,
    Query(query): Query<OneQuery>,
) -> Result<Json<TermHistory>, Problem> {
    Ok(Json(history(&normalize, &actor, &query).await?.1))
}

/// A text of the actor's partnership.
pub(super) async fn history(
    normalize: &Normalize,
    actor: &Actor,
    query: &OneQuery,
) -> Result<(TermKind, TermHistory), Problem> {
    let kind = kind(query.kind.trim())?;
    let folded = term_key(&query.text);
    if folded.is_empty() {
        return Err(Problem::bad_request("text: is empty; give the words"));
    }
    let term = normalize.queued(actor.partnership, (kind, &folded)).await.map_err(not_ready)?;
    let filter = decisions::Filter { term: Some((kind, &folded)), after: 0, before: None };
    let decisions = decisions_api::told(normalize, actor, filter, DECISIONS_MAX).await?;
    let version = decisions.first().map_or(0, |told| told.decision.number);
    Ok((kind, TermHistory { term, version, decisions }))
}
