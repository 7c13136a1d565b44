//! The shell: what is around every route of a process.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use skillwire_runtime::supervise::Stop;
use skillwire_runtime::{Clock, Ids};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;

use crate::actor::{Actor, Actors, TokenAnswer};
use crate::config::HttpConfig;
use crate::csrf;
use crate::docs::Docs;
use crate::health::Health;
use crate::limits::{Limits, address};
use crate::page::{Page, page, problem_page};
use crate::problem::Problem;
use crate::routes::{RouteSpec, Routes, is_page};
use crate::trace::Trace;

/// How long one part may take to say that it is ready.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(2);
const STYLE: &str = include_str!("../static/style.css");

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

struct Inner {
    shell: Shell,
    table: Vec<RouteSpec>,
    limits: Limits,
    trusted: Vec<IpAddr>,
    in_flight: Semaphore,
}

/// The name of the session cookie: `__Host-` binds it to host and TLS, and browsers refuse that prefix without TLS.
#[must_use]
pub fn session_cookie_name(https: bool) -> &'static str {
    if https { "__Host-skillwire" } else { "skillwire" }
}

/// Puts the shell around the routes.
pub fn shell(routes: Routes, shell: Shell) -> Router {
    let table = routes.table().to_vec();
    let inner = Arc::new(Inner {
        table,
        limits: Limits::new(shell.config.requests_per_minute_max),
        trusted: shell.config.trusted_proxies.iter().filter_map(|ip| ip.parse().ok()).collect(),
        in_flight: Semaphore::new(shell.config.in_flight_max),
        shell,
    });
    let body_max = inner.shell.config.body_bytes_max;
    let own =
        Router::new().route("/docs", get(docs)).route("/openapi.json", get(openapi)).with_state(Arc::clone(&inner));
    let open = Router::new()
        .route("/live", get(|| async { "live" }))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics_text))
        .route("/static/style.css", get(style))
        .with_state(Arc::clone(&inner));
    routes
        .into_router()
        .merge(own)
        .fallback(|| async { Problem::not_found("page") })
        .method_not_allowed_fallback(|| async { Problem::status_only(StatusCode::METHOD_NOT_ALLOWED) })
        .layer(from_fn_with_state(Arc::clone(&inner), around))
        .merge(open)
        .layer(DefaultBodyLimit::max(body_max))
        .layer(CatchPanicLayer::custom(|_| Problem::internal("a handler panicked").into_response()))
}

/// Serves until told to stop, then finishes what is in work.
///
/// # Errors
/// When the listener fails.
pub async fn serve(router: Router, listener: TcpListener, mut stop: Stop) -> std::io::Result<()> {
    axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(async move { stop.wait().await })
        .await
}

/// Around every request: trace, limits, who asks, the guard against other sites, time, headers, one line in the log.
async fn around(State(inner): State<Arc<Inner>>, mut request: Request, next: Next) -> Response {
    let started = inner.shell.clock.instant();
    let trace = Trace::of(request.headers(), &*inner.shell.ids);
    request.extensions_mut().insert(trace);
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let route = request.extensions().get::<MatchedPath>().map_or("none", |m| m.as_str()).to_owned();
    let wants_page = is_page(&path, text(request.headers(), header::ACCEPT));

    let (response, actor) = answer(&inner, request, next).await;
    let mut response = present(response, wants_page, actor.as_ref());
    let status = response.status().as_u16();
    let took = inner.shell.clock.instant().saturating_duration_since(started);
    metrics::counter!("http_requests_total", "method" => method.to_string(), "route" => route.clone(), "status" => status.to_string())
        .increment(1);
    metrics::histogram!("http_request_seconds", "route" => route.clone()).record(took.as_secs_f64());
    // The route, not the path: an id or a token in an address is nothing for a log.
    tracing::info!(%method, route, status, took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX), trace_id = %trace.0.trace_id(), "answered");
    secure(response.headers_mut(), inner.shell.config.is_https());
    response
}

async fn answer(inner: &Inner, mut request: Request, next: Next) -> (Response, Option<Actor>) {
    let Ok(_permit) = inner.in_flight.try_acquire() else {
        return (Problem::unavailable("too much to do just now; try again in a moment").into_response(), None);
    };
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|c| c.0.ip());
    let bearer = text(request.headers(), header::AUTHORIZATION).and_then(bearer_of).map(ToOwned::to_owned);
    let caller = match &bearer {
        // The public part of a token tells whose it is; the secret part is not kept.
        Some(bearer) => bearer.chars().take(12).collect(),
        None => address(peer, request.headers(), &inner.trusted).map_or_else(String::new, |ip| ip.to_string()),
    };
    if let Err(after) = inner.limits.take(&caller, inner.shell.clock.now().timestamp()) {
        metrics::counter!("http_refused_total", "reason" => "rate").increment(1);
        return (Problem::too_many(after).into_response(), None);
    }
    let actor = match who(inner, bearer.as_deref(), request.headers()).await {
        Ok(actor) => actor,
        Err(problem) => return (problem.into_response(), None),
    };
    let elsewhere = csrf::from_elsewhere(request.headers(), &inner.shell.config.public_url);
    if bearer.is_none() && actor.is_some() && csrf::changes(request.method()) && elsewhere {
        metrics::counter!("http_refused_total", "reason" => "csrf").increment(1);
        let problem = Problem::forbidden("this was sent by another site, not by our pages").code("csrf");
        return (problem.into_response(), actor);
    }
    if let Some(actor) = actor.clone() {
        request.extensions_mut().insert(actor);
    }
    let limit = Duration::from_secs(inner.shell.config.request_timeout_s);
    let response = match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::status_only(StatusCode::GATEWAY_TIMEOUT).into_response(),
    };
    (response, actor)
}

async fn who(inner: &Inner, bearer: Option<&str>, headers: &HeaderMap) -> Result<Option<Actor>, Problem> {
    let lost = |e: crate::ActorError| {
        tracing::warn!(error = %e, "who asks cannot be told");
        Problem::unavailable("the directory does not answer just now; try again in a moment")
    };
    if let Some(bearer) = bearer {
        return match inner.shell.actors.by_token(bearer).await.map_err(lost)? {
            TokenAnswer::Actor(actor) => Ok(Some(*actor)),
            TokenAnswer::Unknown => {
                Err(Problem::token("token_unknown", "this API token is not known here; make one under /tokens"))
            }
            TokenAnswer::Expired => {
                Err(Problem::token("token_expired", "this API token has expired; make a new one under /tokens"))
            }
            TokenAnswer::Revoked => {
                Err(Problem::token("token_revoked", "this API token was revoked; make a new one under /tokens"))
            }
        };
    }
    let name = session_cookie_name(inner.shell.config.is_https());
    match cookie(headers, name) {
        Some(session) => inner.shell.actors.by_session(session).await.map_err(lost),
        None => Ok(None),
    }
}

/// A problem is shown as a page to a browser; an error without words gets some.
fn present(response: Response, wants_page: bool, actor: Option<&Actor>) -> Response {
    let status = response.status();
    let problem = match response.extensions().get::<Problem>() {
        Some(problem) => problem.clone(),
        None if status.is_client_error() || status.is_server_error() => {
            let empty =
                response.headers().get(header::CONTENT_TYPE).is_none_or(|t| t.as_bytes().starts_with(b"text/plain"));
            if !empty {
                return response;
            }
            Problem::status_only(status)
        }
        None => return response,
    };
    if wants_page { problem_page(&problem, actor) } else { problem.into_response() }
}

fn secure(headers: &mut HeaderMap, https: bool) {
    let mut set = |name: header::HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; \
         base-uri 'none'; script-src 'self'; connect-src 'self'",
    );
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "same-origin");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(header::CACHE_CONTROL, "no-store");
    if https {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
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

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name).and_then(|v| v.to_str().ok())
}

fn bearer_of(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().split_once('=').filter(|(key, _)| *key == name).map(|(_, value)| value))
}
