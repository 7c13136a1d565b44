//! What is wrong: RFC 9457 problem details for programs, a page for people.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};
use skillwire_runtime::DirectoryError;
use skillwire_store::StoreError;

/// What went wrong with a request.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    extra: Map<String, Value>,
    retry_after_s: Option<u64>,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), extra: Map::new(), retry_after_s: None }
    }

    /// 400: cannot be read.
    #[must_use]
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", detail)
    }

    /// 401: nobody known asks.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "not_signed_in",
            "sign in, or send an API token as `Authorization: Bearer sw_...`",
        )
    }

    /// 401 with its own reason.
    #[must_use]
    pub fn token(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, detail)
    }

    /// 403: known, and may not.
    #[must_use]
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    /// 404: not there, or not this actor's.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("there is no such {what} here"))
    }

    /// 409: not in this state.
    #[must_use]
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", detail)
    }

    /// 413: too much.
    #[must_use]
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
    }

    /// 415: a kind we do not take.
    #[must_use]
    pub fn unsupported(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported", detail)
    }

    /// 422: readable, and wrong.
    #[must_use]
    pub fn unprocessable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "unprocessable", detail)
    }

    /// 429: too often.
    #[must_use]
    pub fn too_many(retry_after_s: u64) -> Self {
        let mut problem = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_requests",
            format!("too many requests; again in {retry_after_s} seconds"),
        );
        problem.retry_after_s = Some(retry_after_s);
        problem
    }

    /// 503: not now.
    #[must_use]
    pub fn unavailable(detail: impl Into<String>) -> Self {
        let mut problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail);
        problem.retry_after_s = Some(5);
        problem
    }

    /// 500: our mistake. The cause goes to the log, not to the one who asked.
    #[must_use]
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(%cause, "a request failed by our mistake");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "something is wrong on our side; it has been noted")
    }

    pub(crate) fn status_only(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::not_found("page"),
            StatusCode::METHOD_NOT_ALLOWED => {
                Self::new(status, "method_not_allowed", "this address does not take this method")
            }
            StatusCode::PAYLOAD_TOO_LARGE => Self::too_large("the request is larger than this address takes"),
            StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT => {
                Self::new(status, "timeout", "the request took too long")
            }
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::unsupported("this address does not take this content type"),
            other => Self::new(other, "refused", other.canonical_reason().unwrap_or("refused")),
        }
    }

    /// The same with other words for people.
    #[must_use]
    pub fn saying(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// A stable word for programs.
    #[must_use]
    pub fn code(mut self, code: &'static str) -> Self {
        self.code = code;
        self
    }

    /// A member more (RFC 9457, extension members).
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Serialize) -> Self {
        self.extra.insert(key.to_owned(), serde_json::to_value(value).unwrap_or_default());
        self
    }

    /// Its status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// What is wrong, for people.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The word for programs.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        self.code
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = Map::new();
        body.insert("type".to_owned(), format!("/docs#{}", self.code).into());
        body.insert("title".to_owned(), self.status.canonical_reason().unwrap_or("Problem").into());
        body.insert("status".to_owned(), self.status.as_u16().into());
        body.insert("code".to_owned(), self.code.into());
        body.insert("detail".to_owned(), self.detail.clone().into());
        body.extend(self.extra.clone());
        let mut response = (self.status, Value::Object(body).to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::UNAUTHORIZED {
            // RFC 6750, 3: a token that was sent and is no good is told apart from one that was not sent.
            let challenge = match self.code {
                "not_signed_in" => "Bearer realm=\"skillwire\"",
                _ => "Bearer realm=\"skillwire\", error=\"invalid_token\"",
            };
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        // The shell shows it as a page when a browser asked.
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(cause) => {
                tracing::warn!(%cause, "the database does not answer");
                Self::unavailable("the database does not answer just now; nothing was changed; try again in a moment")
            }
            other => Self::internal(other),
        }
    }
}

impl From<DirectoryError> for Problem {
    fn from(error: DirectoryError) -> Self {
        tracing::warn!(%error, "the directory does not answer");
        Self::unavailable("the directory does not answer just now; try again in a moment")
    }
}

impl From<askama::Error> for Problem {
    fn from(error: askama::Error) -> Self {
        Self::internal(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn body(problem: Problem) -> Value {
        let bytes = axum::body::to_bytes(problem.into_response().into_body(), 10_000).await.unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[tokio::test]
    async fn a_problem_is_written_as_rfc_9457_wants() {
        let problem = Problem::unprocessable("row 3, column wage: $7 a year").code("rows").with("errors", [3]);
        let wanted = serde_json::json!({
            "type": "/docs#rows", "title": "Unprocessable Entity", "status": 422, "code": "rows",
            "detail": "row 3, column wage: $7 a year", "errors": [3],
        });
        assert_eq!(problem.clone().into_response().headers()[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(body(problem).await, wanted);
    }

    #[tokio::test]
    async fn a_cause_of_ours_is_not_told() {
        let said = body(Problem::internal("relation directory.people does not exist")).await.to_string();
        assert!(!said.contains("directory.people"), "{said}");
    }

    #[test]
    fn too_many_says_when_to_come_again() {
        assert_eq!(Problem::too_many(17).into_response().headers()[header::RETRY_AFTER], "17");
    }
}
