//! The shell: what is around every route of a process.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::IntoResponse;
use serde_json::Value;
use skillwire_runtime::supervise::Stop;
use skillwire_runtime::{Clock, Ids};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;

use crate::actor::Actors;
use crate::around::{around, secure};
use crate::config::HttpConfig;
use crate::health::Health;
use crate::limits::Limits;
use crate::open;
use crate::problem::Problem;
use crate::routes::{RouteSpec, Routes};

/// How long requests in work may still take after we were told to stop: more than any request may take by default.
const DRAIN_MAX: Duration = Duration::from_secs(35);

/// Renders what Prometheus reads.
pub type MetricsText = Arc<dyn Fn() -> String + Send + Sync>;

/// What the shell needs.
pub struct Shell {
    /// Settings.
    pub config: HttpConfig,
    /// Who is who.
    pub actors: Arc<dyn Actors>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// For new traces.
    pub ids: Arc<dyn Ids>,
    /// What must answer before we are ready.
    pub health: Vec<Arc<dyn Health>>,
    /// The API's document.
    pub openapi: Value,
    /// Metrics, if they are kept.
    pub metrics: Option<MetricsText>,
}

/// The shell at work.
pub(crate) struct Inner {
    pub(crate) shell: Shell,
    pub(crate) table: Vec<RouteSpec>,
    pub(crate) limits: Limits,
    pub(crate) in_flight: Semaphore,
}

/// Puts the shell around the routes.
pub fn shell(routes: Routes, shell: Shell) -> Router {
    let inner = Arc::new(Inner {
        table: routes.table().to_vec(),
        limits: Limits::new(shell.config.requests_per_minute_max),
        in_flight: Semaphore::new(shell.config.in_flight_max),
        shell,
    });
    let body_max = inner.shell.config.body_bytes_max;
    let https = inner.shell.config.is_https();
    let panicked = || CatchPanicLayer::custom(|_| Problem::internal("a handler panicked").into_response());
    routes
        .into_router()
        .merge(open::counted(&inner))
        .fallback(|| async { Problem::not_found("page") })
        .method_not_allowed_fallback(|| async { Problem::status_only(StatusCode::METHOD_NOT_ALLOWED) })
        // Inside of `around`, so that a panic has its line in the log and its count like any other answer.
        .layer(panicked())
        .layer(from_fn_with_state(Arc::clone(&inner), around))
        .merge(open::uncounted(&inner))
        .layer(DefaultBodyLimit::max(body_max))
        .layer(panicked())
        .layer(from_fn(move |request, next| secure(https, request, next)))
}

/// Serves until told to stop, then finishes what is in work, but waits for no caller for ever.
///
/// # Errors
/// When the listener fails.
pub async fn serve(router: Router, listener: TcpListener, mut stop: Stop) -> std::io::Result<()> {
    let mut told = stop.clone();
    let serving = axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(async move { told.wait().await });
    tokio::select! {
        done = serving.into_future() => done,
        () = async { stop.wait().await; tokio::time::sleep(DRAIN_MAX).await } => {
            tracing::warn!(seconds = DRAIN_MAX.as_secs(), "connections were still open when we stopped");
            Ok(())
        }
    }
}
