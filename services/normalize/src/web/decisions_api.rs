//! Decisions over the API.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use skillwire_schemas::Decision;
use skillwire_web::{Actor, Cursor, Json, Problem, Trace};
use utoipa::{IntoParams, ToSchema};

use crate::Normalize;
use crate::decide::{By, NotDecided};
use crate::review::Asked;
use crate::store::decisions::{self, Filter};
use crate::store::renormalizations::{self, RenormalizationProgress, Which};

/// Decisions of one request at most.
pub(super) const BULK_MAX: usize = 100;

/// A decision and what came of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ToldDecision {
    /// What was decided.
    #[serde(flatten)]
    pub decision: Decision,
    /// By which decision it was undone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undone_by: Option<u32>,
    /// How far the past has been read again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renormalization: Option<RenormalizationProgress>,
}

/// Which decisions.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(crate) struct DecisionQuery {
    /// From the page before.
    pub cursor: String,
}

/// A page of decisions.
#[derive(Serialize, ToSchema)]
pub(crate) struct DecisionList {
    /// Newest first.
    pub decisions: Vec<ToldDecision>,
    /// Give it as `cursor` to get the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// What the staff decided, with how far the past has been read again.
#[utoipa::path(get, path = "/api/v1/decisions", tag = "terms", params(DecisionQuery),
    responses((status = 200, body = DecisionList), (status = 400)))]
pub(crate) async fn list(
    State(normalize): State<Normalize>,
    actor: Actor,
    Query(query): Query<DecisionQuery>,
) -> Result<Json<DecisionList>, Problem> {
    Ok(Json(page(&normalize, &actor, &query).await?))
}

/// A page of the actor's partnership.
pub(super) async fn page(normalize: &Normalize, actor: &Actor, query: &DecisionQuery) -> Result<DecisionList, Problem> {
    let before = match query.cursor.as_str() {
        "" => None,
        cursor => Some(Cursor::decode::<u32>(cursor)?),
    };
    let limit = normalize.config.page_rows_max;
    let mut decisions = told(normalize, actor, Filter { before, ..Filter::default() }, limit + 1).await?;
    let mut next = None;
    if decisions.len() > usize::try_from(limit).unwrap_or(usize::MAX) {
        decisions.pop();
        next = decisions.last().map(|told| Cursor::encode(&told.decision.number));
    }
    Ok(DecisionList { decisions, next })
}

/// Decisions of the actor's partnership with what came of them.
pub(super) async fn told(
    normalize: &Normalize,
    actor: &Actor,
    filter: Filter<'_>,
    limit: u32,
) -> Result<Vec<ToldDecision>, Problem> {
    let pool = normalize.parts.db.pool();
    let mut tx = normalize.parts.db.begin().await?;
    let found = decisions::list(tx.conn(), actor.partnership, filter, limit).await?;
    let log = normalize.known.log(tx.conn(), actor.partnership).await?;
    drop(tx);
    let numbers: Vec<u32> = found.iter().map(|decision| decision.number).collect();
    let progress = renormalizations::progress(pool, actor.partnership, Which::Of(&numbers)).await?;
    Ok(found
        .into_iter()
        .map(|decision| ToldDecision {
            undone_by: log.rules.undone_by(decision.number),
            renormalization: progress.iter().find(|p| p.decision == decision.number).cloned(),
            decision,
        })
        .collect())
}

/// Who decides.
pub(super) fn by(actor: &Actor, trace: Trace) -> By {
    By { partnership: actor.partnership, person: actor.person, traceparent: trace.0.to_string() }
}

impl From<NotDecided> for Problem {
    fn from(why: NotDecided) -> Self {
        match why {
            NotDecided::Refused(refused) => {
                Self::unprocessable(refused.to_string()).code("decision").with("field", refused.field)
            }
            NotDecided::Meanwhile(decisions) => {
                let said: Vec<String> = decisions.iter().map(in_words).collect();
                let detail = format!(
                    "nothing was written: others have decided about this text since you looked. {}. Look at it again and decide then",
                    said.join(". ")
                );
                Self::conflict(detail).code("decided_meanwhile").with("decisions", decisions)
            }
            NotDecided::Unknown(_) => Self::not_found("decision"),
            NotDecided::Store(error) => error.into(),
            NotDecided::NotReady(fault) => super::not_ready(fault),
        }
    }
}

/// A decision in one line.
pub(super) fn in_words(decision: &Decision) -> String {
    let note = if decision.note.is_empty() { String::new() } else { format!(" ({})", decision.note) };
    format!("#{}: '{}' {}, {}{note}", decision.number, decision.text, decision.answer, decision.scope)
}

/// Decides about a text. The past is read again in the background; `renormalization` of the decision tells how far it is.
#[utoipa::path(post, path = "/api/v1/decisions", tag = "terms", request_body = Asked,
    responses((status = 201, body = Decision), (status = 409), (status = 422)))]
pub(crate) async fn decide(
    State(normalize): State<Normalize>,
    actor: Actor,
    trace: Trace,
    Json(asked): Json<Asked>,
) -> Result<(StatusCode, Json<Decision>), Problem> {
    let made = normalize.decide(&by(&actor, trace), &asked).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Several decisions at once.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bulk {
    /// At most 100; each stands for itself.
    pub decisions: Vec<Asked>,
}

/// What became of one of several.
#[derive(Serialize, ToSchema)]
pub(crate) struct BulkOutcome {
    /// The text.
    pub text: String,
    /// As a request of its own would have been answered: 201, 409, 422, 503.
    pub status: u16,
    /// What was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// Why nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// Decides about several texts, each for itself: one that others decided meanwhile does not hold up the rest.
#[utoipa::path(post, path = "/api/v1/decisions/bulk", tag = "terms", request_body = Bulk,
    responses((status = 200, body = [BulkOutcome]), (status = 413)))]
pub(crate) async fn bulk(
    State(normalize): State<Normalize>,
    actor: Actor,
    trace: Trace,
    Json(bulk): Json<Bulk>,
) -> Result<Json<Vec<BulkOutcome>>, Problem> {
    Ok(Json(each(&normalize, &by(&actor, trace), &bulk.decisions).await?))
}

/// Decides one after the other.
pub(super) async fn each(normalize: &Normalize, by: &By, all: &[Asked]) -> Result<Vec<BulkOutcome>, Problem> {
    if all.len() > BULK_MAX {
        return Err(Problem::too_large(format!("{} decisions in one request; at most {BULK_MAX}", all.len())));
    }
    let mut outcomes = Vec::with_capacity(all.len());
    for asked in all {
        let text = asked.text.clone();
        outcomes.push(match normalize.decide(by, asked).await {
            Ok(made) => BulkOutcome { text, status: 201, decision: Some(made), detail: None },
            Err(why) => {
                let problem = Problem::from(why);
                let detail = Some(problem.detail().to_owned());
                BulkOutcome { text, status: problem.status().as_u16(), decision: None, detail }
            }
        });
    }
    Ok(outcomes)
}

/// Takes a decision back.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UndoAsked {
    /// The number of the last decision about the text that was seen.
    pub version: u32,
    /// Why.
    #[serde(default)]
    pub note: String,
}

/// Undoes a decision: what held before it holds again. An undo may be undone too.
#[utoipa::path(post, path = "/api/v1/decisions/{number}/undo", tag = "terms", request_body = UndoAsked,
    params(("number" = u32, Path, description = "The decision's number.")),
    responses((status = 201, body = Decision), (status = 404), (status = 409), (status = 422)))]
pub(crate) async fn undo(
    State(normalize): State<Normalize>,
    actor: Actor,
    trace: Trace,
    Path(number): Path<u32>,
    Json(asked): Json<UndoAsked>,
) -> Result<(StatusCode, Json<Decision>), Problem> {
    let made = normalize.undo(&by(&actor, trace), number, asked.version, &asked.note).await?;
    Ok((StatusCode::CREATED, Json(made)))
}
