//! The API.

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use skillwire_schemas::{OrganizationId, SubmissionId};
use skillwire_web::{Actor, Cursor, Json, Problem, Trace};
use utoipa::{IntoParams, ToSchema};

use super::seen;
use crate::Intake;
use crate::change::{self, Changes};
use crate::read::Format;
use crate::receipt::Receipt;
use crate::store::submissions::{self, Line};
use crate::take::{Around, Input, Taken};

/// For whom and how.
#[derive(Debug, Default, Deserialize, IntoParams)]
pub(crate) struct SubmitQuery {
    /// Staff: the employer whose needs these are.
    pub employer: Option<OrganizationId>,
    /// Refuse everything when one item is wrong.
    #[serde(default)]
    pub all_or_nothing: bool,
    /// The file's name; tells the format when the content type does not.
    pub file_name: Option<String>,
}

/// Send needs. The body is JSON (`{"needs": [..]}`), CSV, XLSX, a JobPosting as JSON-LD or HTML, or a job description as
/// text or DOCX. The same Idempotency-Key with the same body gives the same receipt.
#[utoipa::path(post, path = "/api/v1/submissions", tag = "submissions", params(SubmitQuery),
    request_body(content = crate::read::JsonNeeds),
    responses(
        (status = 201, description = "kept; what became of each item", body = Receipt),
        (status = 200, description = "kept before under this key; the same receipt", body = Receipt),
        (status = 409, description = "this key was used for something else"),
        (status = 413, description = "too large"),
        (status = 422, description = "nothing could be accepted; nothing was stored"),
    ))]
pub(crate) async fn submit(
    State(intake): State<Intake>,
    actor: Actor,
    Trace(trace): Trace,
    Query(query): Query<SubmitQuery>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    if body.len() > intake.config.body_bytes_max {
        return Err(Problem::too_large(format!("{} bytes; at most {}", body.len(), intake.config.body_bytes_max)));
    }
    let text =
        |name: header::HeaderName| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let media_type = text(header::CONTENT_TYPE);
    let format = Format::of(&media_type, query.file_name.as_deref())
        .map_err(|e| Problem::unsupported(e.message).code(e.code))?;
    let around = Around { intake: &intake, actor: &actor, employer: query.employer, trace };
    let mut sent = around.sent(key(&headers), media_type, query.file_name.clone(), body).await?;
    sent.all_or_nothing = query.all_or_nothing;
    Ok(answer(intake.take(sent, Input::File(format)).await?))
}

/// The idempotency key of a request.
fn key(headers: &HeaderMap) -> String {
    headers.get("idempotency-key").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned()
}

fn answer(taken: Taken) -> Response {
    let status = if taken.repeated { StatusCode::OK } else { StatusCode::CREATED };
    let location = format!("/api/v1/submissions/{}", taken.receipt.submission);
    let mut response = (status, Json(taken.receipt)).into_response();
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    if taken.repeated {
        response.headers_mut().insert("idempotent-replay", HeaderValue::from_static("true"));
    }
    response
}

/// Take needs back, or say that they still hold. Also kept and receipted; all or nothing.
#[utoipa::path(post, path = "/api/v1/submissions/changes", tag = "submissions", request_body = Changes,
    params(SubmitQuery), responses((status = 201, body = Receipt), (status = 404), (status = 422)))]
pub(crate) async fn change(
    State(intake): State<Intake>,
    actor: Actor,
    Trace(trace): Trace,
    Query(query): Query<SubmitQuery>,
    headers: HeaderMap,
    Json(changes): Json<Changes>,
) -> Result<Response, Problem> {
    let around = Around { intake: &intake, actor: &actor, employer: query.employer, trace };
    Ok(answer(change::take(&around, key(&headers), changes).await?))
}

/// A line of the list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SubmissionLine {
    pub id: SubmissionId,
    pub received_at: DateTime<Utc>,
    pub source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    pub accepted: i32,
    pub rejected: i32,
}

impl From<Line> for SubmissionLine {
    fn from(line: Line) -> Self {
        Self {
            id: line.id,
            received_at: line.received_at,
            source: line.source.as_str().to_owned(),
            file_name: line.file_name,
            accepted: line.accepted,
            rejected: line.rejected,
        }
    }
}

/// A page of submissions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SubmissionList {
    /// Newest first.
    pub submissions: Vec<SubmissionLine>,
    /// Give it as `cursor` to get the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Which page.
#[derive(Debug, Default, Deserialize, IntoParams)]
pub(crate) struct PageQuery {
    /// From the page before.
    pub cursor: Option<String>,
}

/// Submissions: one's own; staff see the partnership's.
#[utoipa::path(get, path = "/api/v1/submissions", tag = "submissions", params(PageQuery),
    responses((status = 200, body = SubmissionList)))]
pub(crate) async fn list(
    State(intake): State<Intake>,
    actor: Actor,
    Query(query): Query<PageQuery>,
) -> Result<Json<SubmissionList>, Problem> {
    Ok(Json(page(&intake, &actor, query.cursor.as_deref()).await?))
}

/// A page of what the actor sees.
pub(super) async fn page(intake: &Intake, actor: &Actor, cursor: Option<&str>) -> Result<SubmissionList, Problem> {
    let before = cursor.map(Cursor::decode::<(DateTime<Utc>, SubmissionId)>).transpose()?;
    let limit = intake.config.page_rows_max;
    let mut lines =
        submissions::list(intake.parts.db.pool(), actor.partnership, seen(actor), before, limit + 1).await?;
    let mut next = None;
    if lines.len() > usize::try_from(limit).unwrap_or(usize::MAX) {
        lines.pop();
        next = lines.last().map(|line| Cursor::encode(&(line.received_at, line.id)));
    }
    Ok(SubmissionList { submissions: lines.into_iter().map(Into::into).collect(), next })
}

/// A receipt.
#[utoipa::path(get, path = "/api/v1/submissions/{id}", tag = "submissions",
    responses((status = 200, body = Receipt), (status = 404)))]
pub(crate) async fn get(
    State(intake): State<Intake>,
    actor: Actor,
    Path(id): Path<SubmissionId>,
) -> Result<Json<Receipt>, Problem> {
    Ok(Json(receipt(&intake, &actor, id).await?))
}

/// The receipt, if the actor may see it.
pub(super) async fn receipt(intake: &Intake, actor: &Actor, id: SubmissionId) -> Result<Receipt, Problem> {
    let found = submissions::get(intake.parts.db.pool(), actor.partnership, seen(actor), id).await?;
    found.ok_or_else(|| Problem::not_found("submission"))
}

/// What was sent, byte for byte.
#[utoipa::path(get, path = "/api/v1/submissions/{id}/raw", tag = "submissions",
    responses((status = 200, description = "the bytes as they came"), (status = 404)))]
pub(crate) async fn raw(
    State(intake): State<Intake>,
    actor: Actor,
    Path(id): Path<SubmissionId>,
) -> Result<Response, Problem> {
    let found = submissions::raw(intake.parts.db.pool(), actor.partnership, seen(&actor), id).await?;
    let (body, media_type) = found.ok_or_else(|| Problem::not_found("submission"))?;
    // Never shown in place: what somebody sent may be a page with scripts.
    let disposition = format!("attachment; filename=\"submission-{id}\"");
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
        (header::HeaderName::from_static("x-submitted-content-type"), media_type),
    ];
    Ok((headers, body).into_response())
}
