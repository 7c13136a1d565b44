//! Routes that say who may call them. The guard is here and nowhere else.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::handler::Handler;
use axum::http::{Method, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{MethodFilter, MethodRouter, on};

use crate::actor::Actor;
use crate::permission::Permission;
use crate::problem::Problem;

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Anybody. The route itself checks what it must (a signed link, a sign-in).
    Anyone,
    /// Anybody who is known.
    SignedIn,
    /// Who has that permission.
    May(Permission),
}

/// A line of the table: a route and who may call it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteSpec {
    /// The method.
    pub method: Method,
    /// The path with its `{parameters}`.
    pub path: &'static str,
    /// Who.
    pub who: Who,
}

/// Routes, each with who may call it.
#[derive(Debug)]
pub struct Routes<S = ()> {
    router: Router<S>,
    table: Vec<RouteSpec>,
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// None.
    #[must_use]
    pub fn new() -> Self {
        Self { router: Router::new(), table: Vec::new() }
    }

    /// Adds a GET (and HEAD).
    #[must_use]
    pub fn get<H: Handler<T, S>, T: 'static>(self, path: &'static str, who: Who, handler: H) -> Self {
        self.add(Method::GET, MethodFilter::GET, path, who, handler)
    }

    /// Adds a POST.
    #[must_use]
    pub fn post<H: Handler<T, S>, T: 'static>(self, path: &'static str, who: Who, handler: H) -> Self {
        self.add(Method::POST, MethodFilter::POST, path, who, handler)
    }

    /// Adds a PUT.
    #[must_use]
    pub fn put<H: Handler<T, S>, T: 'static>(self, path: &'static str, who: Who, handler: H) -> Self {
        self.add(Method::PUT, MethodFilter::PUT, path, who, handler)
    }

    /// Adds a PATCH.
    #[must_use]
    pub fn patch<H: Handler<T, S>, T: 'static>(self, path: &'static str, who: Who, handler: H) -> Self {
        self.add(Method::PATCH, MethodFilter::PATCH, path, who, handler)
    }

    /// Adds a DELETE.
    #[must_use]
    pub fn delete<H: Handler<T, S>, T: 'static>(self, path: &'static str, who: Who, handler: H) -> Self {
        self.add(Method::DELETE, MethodFilter::DELETE, path, who, handler)
    }

    fn add<H: Handler<T, S>, T: 'static>(
        mut self,
        method: Method,
        filter: MethodFilter,
        path: &'static str,
        who: Who,
        handler: H,
    ) -> Self {
        let guarded: MethodRouter<S> =
            on(filter, handler).route_layer(from_fn(move |request, next| guard(who, request, next)));
        self.router = self.router.route(path, guarded);
        self.table.push(RouteSpec { method, path, who });
        self
    }

    /// Bounds the bodies of the routes added so far, bytes.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.router = self.router.layer(DefaultBodyLimit::max(bytes));
        self
    }

    /// Both.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.table.extend(other.table);
        self
    }

    /// Gives the handlers their state.
    #[must_use]
    pub fn with_state(self, state: S) -> Routes<()> {
        Routes { router: self.router.with_state(state), table: self.table }
    }

    /// The table.
    #[must_use]
    pub fn table(&self) -> &[RouteSpec] {
        &self.table
    }

    pub(crate) fn into_router(self) -> Router<S> {
        self.router
    }
}

/// Whether a request comes from a person's browser looking at pages, not from a program.
pub(crate) fn is_page(path: &str, accept: Option<&str>) -> bool {
    !path.starts_with("/api/") && accept.is_some_and(|accept| accept.contains("text/html"))
}

async fn guard(who: Who, request: Request, next: Next) -> Response {
    let actor = request.extensions().get::<Actor>();
    match (who, actor) {
        (Who::Anyone, _) | (Who::SignedIn, Some(_)) => next.run(request).await,
        (Who::May(permission), Some(actor)) if actor.may(permission) => next.run(request).await,
        (Who::May(permission), Some(_)) => {
            metrics::counter!("http_refused_total", "reason" => "forbidden").increment(1);
            Problem::forbidden(format!("this needs the permission {permission}, which you do not have here"))
                .into_response()
        }
        (Who::SignedIn | Who::May(_), None) => {
            metrics::counter!("http_refused_total", "reason" => "not_signed_in").increment(1);
            let accept = request.headers().get(header::ACCEPT).and_then(|v| v.to_str().ok());
            let path = request.uri().path();
            if request.method() == Method::GET && is_page(path, accept) {
                let next = request.uri().path_and_query().map_or(path, axum::http::uri::PathAndQuery::as_str);
                return Redirect::to(&format!("/sign-in?next={}", encode(next))).into_response();
            }
            Problem::unauthorized().into_response()
        }
    }
}

/// A path with its query as a query value.
fn encode(path: &str) -> String {
    path.bytes()
        .map(|b| match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' => char::from(b).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}
