//! The trace of a request.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use skillwire_runtime::{Ids, Traceparent};

/// The request's trace: the caller's if it sent one, else a new one.
#[derive(Clone, Copy, Debug)]
pub struct Trace(pub Traceparent);

impl Trace {
    /// From a request's headers.
    pub(crate) fn of(headers: &axum::http::HeaderMap, ids: &dyn Ids) -> Self {
        let given = headers.get("traceparent").and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok());
        Self(given.unwrap_or_else(|| Traceparent::new(ids)))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Trace {
    type Rejection = crate::Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        // The shell puts it there before anything else.
        parts.extensions.get::<Self>().copied().ok_or_else(|| crate::Problem::internal("a request without a trace"))
    }
}
