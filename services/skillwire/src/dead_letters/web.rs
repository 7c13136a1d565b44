//! Routes and API of dead letters. Staff see those of their own partnership; those of nobody are for the console.

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use skillwire_bus::{ReplayError, drop_letter, replay_letter};
use skillwire_store::dead::{self, LetterFilter, LetterState};
use skillwire_store::{Db, dead::Letter};
use skillwire_web::{Actor, Json, Permission, Problem, Routes, Who};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::{Letters, REASON_CHARS_MAX, pages, pretty, told};
use crate::house::House;

/// The routes. The same in every process, whatever targets it runs.
#[must_use]
pub fn routes(house: &House) -> Routes {
    let staff = Who::May(Permission::ManagePartnership);
    Routes::new()
        .get("/dead-letters", staff, pages::list)
        .get("/dead-letters.jsonl", staff, export)
        .get("/dead-letters/{service}/{number}", staff, pages::show)
        .post("/dead-letters/{service}/{number}/replay", staff, pages::replay)
        .post("/dead-letters/{service}/{number}/drop", staff, pages::drop)
        .get("/api/v1/dead-letters", staff, list)
        .get("/api/v1/dead-letters/{service}/{number}", staff, get)
        .post("/api/v1/dead-letters/{service}/{number}/replay", staff, replay)
        .post("/api/v1/dead-letters/{service}/{number}/drop", staff, drop)
        .with_state(Letters::new(house))
}

#[derive(OpenApi)]
#[openapi(paths(list, get, replay, drop))]
struct Document;

/// The document's part.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// Which letters.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(super) struct LetterQuery {
    /// Of one service.
    pub service: String,
    /// dead, replayed or dropped.
    pub state: String,
    /// Of one service, older than this number.
    pub before: Option<i64>,
}

/// Letters, newest first; 100 of a service at most. For older ones give `service` and `before`.
#[derive(Serialize, ToSchema)]
pub(super) struct LetterList {
    #[schema(value_type = Vec<Object>)]
    pub letters: Vec<serde_json::Value>,
}

/// A letter with its body.
#[derive(Serialize, ToSchema)]
pub(super) struct LetterView {
    #[schema(value_type = Object)]
    pub letter: serde_json::Value,
    /// Its body, laid out; cut when it is long.
    pub body: String,
}

/// Why a letter is not wanted.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct DropBody {
    /// For those who come after.
    pub reason: String,
}

impl LetterQuery {
    /// The service and the filter that are meant, for the actor's partnership.
    pub(super) fn filter(&self, letters: &Letters, actor: &Actor) -> Result<(Option<String>, LetterFilter), Problem> {
        let bad = |e: String| Problem::bad_request(e).code("filter");
        let service = Some(self.service.clone()).filter(|s| !s.is_empty());
        if let Some(service) = &service {
            letters.of(service).ok_or_else(|| bad(format!("service: '{service}' is none")))?;
        }
        let state = Some(self.state.as_str()).filter(|s| !s.is_empty());
        let state = state.map(str::parse::<LetterState>).transpose().map_err(|e| bad(format!("state: {e}")))?;
        let before = service.as_ref().and(self.before);
        Ok((service, LetterFilter { partnership: Some(actor.partnership), state, before }))
    }
}

/// Events that a stage could not take, with the cause.
#[utoipa::path(get, path = "/api/v1/dead-letters", tag = "dead letters", params(LetterQuery),
    responses((status = 200, body = LetterList), (status = 400)))]
pub(super) async fn list(
    State(letters): State<Letters>,
    actor: Actor,
    Query(query): Query<LetterQuery>,
) -> Result<Json<LetterList>, Problem> {
    let (service, filter) = query.filter(&letters, &actor)?;
    let found = letters.list(service.as_deref(), &filter).await?;
    Ok(Json(LetterList { letters: found.iter().map(told).collect() }))
}

/// One of them with its body.
#[utoipa::path(get, path = "/api/v1/dead-letters/{service}/{number}", tag = "dead letters",
    responses((status = 200, body = LetterView), (status = 404)))]
pub(super) async fn get(
    State(letters): State<Letters>,
    actor: Actor,
    Path((service, number)): Path<(String, i64)>,
) -> Result<Json<LetterView>, Problem> {
    let (_, letter, body) = one(&letters, &actor, &service, number).await?;
    Ok(Json(LetterView { letter: told(&letter), body: pretty(&body) }))
}

/// The letter, if it is of the actor's partnership.
pub(super) async fn one<'a>(
    letters: &'a Letters,
    actor: &Actor,
    service: &str,
    number: i64,
) -> Result<(&'a Db, Letter, Vec<u8>), Problem> {
    let none = || Problem::not_found("dead letter");
    let db = letters.of(service).ok_or_else(none)?;
    let (letter, body) = dead::get(db, number, Some(actor.partnership)).await?.ok_or_else(none)?;
    Ok((db, letter, body))
}

/// Publishes it again: the same bytes, the same event id. It is taken if its cause is mended, and dies anew if not.
#[utoipa::path(post, path = "/api/v1/dead-letters/{service}/{number}/replay", tag = "dead letters",
    responses((status = 204), (status = 404), (status = 409, description = "it was replayed or dropped before")))]
pub(super) async fn replay(
    State(letters): State<Letters>,
    actor: Actor,
    Path((service, number)): Path<(String, i64)>,
) -> Result<StatusCode, Problem> {
    replay_one(&letters, &actor, &service, number).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn replay_one(letters: &Letters, actor: &Actor, service: &str, number: i64) -> Result<(), Problem> {
    let (db, ..) = one(letters, actor, service, number).await?;
    let now = letters.env.clock.now();
    replay_letter(db, &letters.bus, number, &actor.person.to_string(), now).await.map_err(problem)
}

/// Marks it as not wanted. It is kept, with the reason.
#[utoipa::path(post, path = "/api/v1/dead-letters/{service}/{number}/drop", tag = "dead letters", request_body = DropBody,
    responses((status = 204), (status = 404), (status = 409, description = "it was replayed or dropped before"),
        (status = 422, description = "without a reason")))]
pub(super) async fn drop(
    State(letters): State<Letters>,
    actor: Actor,
    Path((service, number)): Path<(String, i64)>,
    Json(body): Json<DropBody>,
) -> Result<StatusCode, Problem> {
    drop_one(&letters, &actor, (&service, number), &body.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn drop_one(
    letters: &Letters,
    actor: &Actor,
    (service, number): (&str, i64),
    reason: &str,
) -> Result<(), Problem> {
    let (db, ..) = one(letters, actor, service, number).await?;
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > REASON_CHARS_MAX {
        let wanted = format!("reason: say why it is not wanted, in {REASON_CHARS_MAX} characters at most");
        return Err(Problem::unprocessable(wanted).code("reason"));
    }
    let now = letters.env.clock.now();
    drop_letter(db, number, (&actor.person.to_string(), reason), now).await.map_err(problem)
}

fn problem(error: ReplayError) -> Problem {
    match error {
        ReplayError::NotDead => Problem::conflict(error.to_string()),
        ReplayError::Store(error) => error.into(),
        ReplayError::Bus(error) => {
            tracing::warn!(%error, "a dead letter could not be published");
            Problem::unavailable("NATS does not take it just now; nothing was changed; try again in a moment")
        }
    }
}

/// JSON lines with the bodies.
pub(super) async fn export(
    State(letters): State<Letters>,
    actor: Actor,
    Query(query): Query<LetterQuery>,
) -> Result<Response, Problem> {
    let (service, filter) = query.filter(&letters, &actor)?;
    let headers = [
        (header::CONTENT_TYPE, "application/jsonl; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"skillwire-dead-letters.jsonl\""),
    ];
    Ok((headers, Body::from_stream(letters.export(service, filter))).into_response())
}
