//! Around every request: trace, limits, who asks, the guard against other sites, time, headers, one line in the log.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument;

use crate::actor::{Actor, TokenAnswer};
use crate::caller::Caller;
use crate::cookie::{cookie, session_cookie_name};
use crate::csrf::{self, Elsewhere};
use crate::page::problem_page;
use crate::problem::Problem;
use crate::routes::is_page;
use crate::shell::Inner;
use crate::trace::Trace;

/// The words of an error that is no problem yet, bytes at most.
const WORDS_BYTES_MAX: usize = 4_096;
/// Characters of a token that tell whose it is; the rest is secret and not kept.
const TOKEN_PUBLIC_CHARS: usize = 15;

pub(crate) async fn around(State(inner): State<Arc<Inner>>, mut request: Request, next: Next) -> Response {
    let started = inner.shell.clock.instant();
    let trace = Trace::of(request.headers(), &*inner.shell.ids);
    request.extensions_mut().insert(trace);
    let trace_id = trace.0.trace_id();
    let method = known(request.method());
    // The route, not the path: an id or a token in an address is nothing for a log.
    let route = request.extensions().get::<MatchedPath>().map_or("none", |m| m.as_str()).to_owned();
    let wants_page = is_page(request.uri().path(), text(request.headers(), header::ACCEPT));

    let span = tracing::info_span!("request", %trace_id);
    let (response, actor) = answer(&inner, request, next).instrument(span).await;
    let mut response = present(response, wants_page, actor.as_ref()).await;
    if let Ok(value) = HeaderValue::from_str(&trace_id) {
        response.headers_mut().insert(HeaderName::from_static("x-trace-id"), value);
    }
    let status = response.status().as_u16();
    let took = inner.shell.clock.instant().saturating_duration_since(started);
    metrics::counter!("http_requests_total", "method" => method, "route" => route.clone(), "status" => status.to_string())
        .increment(1);
    metrics::histogram!("http_request_seconds", "route" => route.clone()).record(took.as_secs_f64());
    let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    tracing::info!(method, route, status, took_ms, %trace_id, "answered");
    response
}

async fn answer(inner: &Inner, mut request: Request, next: Next) -> (Response, Option<Actor>) {
    let Ok(_permit) = inner.in_flight.try_acquire() else {
        return (Problem::unavailable("too much to do just now; try again in a moment").into_response(), None);
    };
    let config = &inner.shell.config;
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|c| c.0.ip());
    let caller = Caller::of(peer, request.headers(), &config.trusted_proxies);
    let bearer = text(request.headers(), header::AUTHORIZATION).and_then(bearer_of).map(ToOwned::to_owned);
    let actor = match who(inner, bearer.as_deref(), caller, request.headers()).await {
        Ok(actor) => actor,
        Err(problem) => return (problem.into_response(), None),
    };
    let elsewhere = csrf::changes(request.method()) && csrf::from_elsewhere(request.headers(), &config.public_url);
    if bearer.is_none() && actor.is_some() && elsewhere {
        return (csrf::refused().into_response(), actor);
    }
    request.extensions_mut().insert(caller);
    request.extensions_mut().insert(Elsewhere(elsewhere));
    if let Some(actor) = actor.clone() {
        request.extensions_mut().insert(actor);
    }
    let limit = Duration::from_secs(config.request_timeout_s);
    let response = match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::status_only(StatusCode::GATEWAY_TIMEOUT).into_response(),
    };
    (response, actor)
}

/// Who asks, unless they ask too often. A token has a count of its own only after it was found to be one: what is merely
/// claimed must not open a new count, or nobody would ever be stopped.
async fn who(
    inner: &Inner,
    bearer: Option<&str>,
    caller: Caller,
    headers: &HeaderMap,
) -> Result<Option<Actor>, Problem> {
    let now_s = inner.shell.clock.now().timestamp();
    let stopped = |after_s| {
        metrics::counter!("http_refused_total", "reason" => "rate").increment(1);
        Problem::too_many(after_s)
    };
    let lost = |e: crate::ActorError| {
        tracing::warn!(error = %e, "who asks cannot be told");
        Problem::unavailable("the directory does not answer just now; try again in a moment")
    };
    let Some(bearer) = bearer else {
        inner.limits.take(&caller.place(), now_s).map_err(stopped)?;
        return match cookie(headers, session_cookie_name(inner.shell.config.is_https())) {
            Some(session) => inner.shell.actors.by_session(session).await.map_err(lost),
            None => Ok(None),
        };
    };
    let bad_tokens = format!("bad tokens of {}", caller.place());
    inner.limits.look(&bad_tokens, now_s).map_err(stopped)?;
    let refused = match inner.shell.actors.by_token(bearer).await.map_err(lost)? {
        TokenAnswer::Actor(actor) => {
            let public: String = bearer.chars().take(TOKEN_PUBLIC_CHARS).collect();
            inner.limits.take(&public, now_s).map_err(stopped)?;
            return Ok(Some(*actor));
        }
        TokenAnswer::Unknown => {
            Problem::token("token_unknown", "this API token is not known here; make one under /tokens")
        }
        TokenAnswer::Expired => {
            Problem::token("token_expired", "this API token has expired; make a new one under /tokens")
        }
        TokenAnswer::Revoked => {
            Problem::token("token_revoked", "this API token was revoked; make a new one under /tokens")
        }
    };
    metrics::counter!("http_refused_total", "reason" => "token").increment(1);
    inner.limits.take(&bad_tokens, now_s).map_err(stopped)?;
    Err(refused)
}

/// A problem is shown as a page to a browser; an error that is none yet is made one, with the words it has.
async fn present(response: Response, wants_page: bool, actor: Option<&Actor>) -> Response {
    let status = response.status();
    if let Some(problem) = response.extensions().get::<Problem>().cloned() {
        return if wants_page { carry(response.headers(), problem_page(&problem, actor)) } else { response };
    }
    let plain = response.headers().get(header::CONTENT_TYPE).is_none_or(|t| t.as_bytes().starts_with(b"text/plain"));
    if !(status.is_client_error() || status.is_server_error()) || !plain {
        return response;
    }
    let (parts, body) = response.into_parts();
    let mut problem = Problem::status_only(status);
    if status.is_client_error()
        && let Ok(words) = axum::body::to_bytes(body, WORDS_BYTES_MAX).await
        && let Ok(words) = std::str::from_utf8(&words)
        && !words.is_empty()
    {
        problem = problem.saying(words.to_owned());
    }
    let shown = if wants_page { problem_page(&problem, actor) } else { problem.into_response() };
    carry(&parts.headers, shown)
}

/// Takes over the headers that belong to the answer and not to how it is written.
fn carry(from: &HeaderMap, mut to: Response) -> Response {
    for name in
        [header::ALLOW, header::RETRY_AFTER, header::WWW_AUTHENTICATE, header::SET_COOKIE, header::REFERRER_POLICY]
    {
        for value in from.get_all(&name) {
            to.headers_mut().append(name.clone(), value.clone());
        }
    }
    to
}

/// Sets what every answer carries (OWASP ASVS 5.0, 3.4).
pub(crate) async fn secure(https: bool, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let mut set = |name: HeaderName, value: &'static str| {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
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
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    if https {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    response
}

/// The method as a label: a caller may write any word there, and each would be a new series.
fn known(method: &Method) -> &'static str {
    const KNOWN: [(Method, &str); 7] = [
        (Method::GET, "GET"),
        (Method::HEAD, "HEAD"),
        (Method::POST, "POST"),
        (Method::PUT, "PUT"),
        (Method::PATCH, "PATCH"),
        (Method::DELETE, "DELETE"),
        (Method::OPTIONS, "OPTIONS"),
    ];
    KNOWN.iter().find(|(known, _)| known == method).map_or("other", |(_, label)| *label)
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|v| v.to_str().ok())
}

fn bearer_of(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
