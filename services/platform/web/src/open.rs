//! What every process answers whatever its services are: health, metrics, the stylesheet, the API's document.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};

use crate::actor::Actor;
use crate::docs::Docs;
use crate::page::{Page, page};
use crate::problem::Problem;
use crate::shell::Inner;

/// How long one part may take to say that it is ready.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(2);
const STYLE: &str = include_str!("../static/style.css");

/// For people and programs: counted and bounded like every other route.
pub(crate) fn counted(inner: &Arc<Inner>) -> Router {
    Router::new().route("/docs", get(docs)).route("/openapi.json", get(openapi)).with_state(Arc::clone(inner))
}

/// For machines that look after us, who must get an answer when everybody else is told to wait.
pub(crate) fn uncounted(inner: &Arc<Inner>) -> Router {
    Router::new()
        .route("/live", get(|| async { "live" }))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics_text))
        .route("/static/style.css", get(style))
        .with_state(Arc::clone(inner))
}

async fn docs(State(inner): State<Arc<Inner>>, actor: Option<Actor>) -> Result<Response, Problem> {
    let body = Docs::new(&inner.shell.openapi, &inner.table);
    let about = "Every address for programs: what it takes, what it gives, who may call it.";
    page(Page { title: "API", about, active: "/docs", actor: actor.as_ref() }, &body)
}

async fn openapi(State(inner): State<Arc<Inner>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], inner.shell.openapi.to_string())
}

async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "public, max-age=3600")], STYLE)
}

async fn metrics_text(State(inner): State<Arc<Inner>>) -> Response {
    match &inner.shell.metrics {
        Some(render) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], render()).into_response(),
        None => Problem::not_found("metrics").into_response(),
    }
}

async fn ready(State(inner): State<Arc<Inner>>) -> Response {
    let checks = inner.shell.health.iter().map(|part| async move {
        let answer = tokio::time::timeout(HEALTH_TIMEOUT, part.check()).await;
        (part.name(), answer.unwrap_or_else(|_| Err(format!("no answer in {} s", HEALTH_TIMEOUT.as_secs()))))
    });
    let answers = futures::future::join_all(checks).await;
    let ready = answers.iter().all(|(_, answer)| answer.is_ok());
    let parts: Vec<Value> = answers
        .into_iter()
        .map(|(name, answer)| json!({"name": name, "ready": answer.is_ok(), "why": answer.err()}))
        .collect();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({"ready": ready, "parts": parts}).to_string();
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
