//! Whether a form was sent by one of our own pages: where the browser says it comes from, and the proof it carries.
//!
//! Source: Fetch Metadata (W3C), RFC 6454 for Origin; OWASP ASVS 5.0 3.5.1.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use subtle::ConstantTimeEq;

use crate::actor::{Actor, Via};
use crate::problem::Problem;

/// The field of a form that carries the proof.
pub(crate) const FIELD: &str = "csrf";

/// Whether the browser says that the request comes from elsewhere.
pub(crate) fn from_elsewhere(headers: &HeaderMap, public_url: &str) -> bool {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return !matches!(site, "same-origin" | "none");
    }
    match text("origin") {
        Some(origin) => !(origin.eq_ignore_ascii_case(public_url.trim_end_matches('/')) || same_host(origin, headers)),
        None => false,
    }
}

/// An installation may be reached by another name than its public one (localhost): the request's own host is ours too.
fn same_host(origin: &str, headers: &HeaderMap) -> bool {
    let host = headers.get("host").and_then(|v| v.to_str().ok()).unwrap_or_default();
    origin.split_once("://").is_some_and(|(_, authority)| !host.is_empty() && authority.eq_ignore_ascii_case(host))
}

/// Where the browser says that the request comes from; the shell notes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Elsewhere(pub(crate) bool);

/// The proof that no other site sent the request. The shell asks it of everybody who is signed in; a route that signs
/// somebody in asks it too, or another site could sign a person in as somebody else.
#[derive(Clone, Copy, Debug)]
pub struct OwnPage;

impl<S: Send + Sync> FromRequestParts<S> for OwnPage {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        match parts.extensions.get::<Elsewhere>() {
            Some(Elsewhere(false)) => Ok(Self),
            Some(Elsewhere(true)) => Err(refused()),
            None => Err(Problem::internal("a request that did not come through the shell")),
        }
    }
}

/// The answer to what another site sent.
pub(crate) fn refused() -> Problem {
    metrics::counter!("http_refused_total", "reason" => "csrf").increment(1);
    Problem::forbidden("this was sent by another site, not by our pages").code("csrf")
}

/// Whether the method may change something.
pub(crate) fn changes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Checks the proof that a form carries. A token's request carries none: nobody else's browser has the token.
pub(crate) fn check(actor: Option<&Actor>, given: Option<&str>) -> Result<(), Problem> {
    let Some(Actor { via: Via::Session { csrf }, .. }) = actor else { return Ok(()) };
    if given.is_some_and(|given| bool::from(given.as_bytes().ct_eq(csrf.as_bytes()))) {
        return Ok(());
    }
    metrics::counter!("http_refused_total", "reason" => "csrf").increment(1);
    Err(Problem::forbidden("the form is out of date; load the page again and send it once more").code("csrf"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| ((*k).parse().unwrap(), (*v).parse().unwrap())).collect()
    }

    fn actor(via: Via) -> Actor {
        crate::tests::actor(&[skillwire_schemas::partnership::Role::Staff], via)
    }

    #[test]
    fn a_session_needs_its_own_proof_and_a_token_none() {
        let session = actor(Via::Session { csrf: "right".to_owned() });
        assert!(check(Some(&session), Some("right")).is_ok());
        for given in [None, Some(""), Some("wrong"), Some("right ")] {
            assert_eq!(check(Some(&session), given).unwrap_err().word(), "csrf", "{given:?}");
        }
        assert!(check(Some(&actor(Via::Token { scopes: [].into() })), None).is_ok());
        assert!(check(None, None).is_ok());
    }

    #[test]
    fn what_comes_from_elsewhere_is_told_from_our_own() {
        let ours = "https://wire.example";
        for (pairs, elsewhere) in [
            (&[("sec-fetch-site", "same-origin")][..], false),
            (&[("sec-fetch-site", "cross-site")], true),
            (&[("sec-fetch-site", "same-site")], true),
            (&[("origin", "https://wire.example")], false),
            (&[("origin", "https://evil.example")], true),
            (&[("origin", "null")], true),
            (&[("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")], false),
            (&[], false),
        ] {
            assert_eq!(from_elsewhere(&headers(pairs), ours), elsewhere, "{pairs:?}");
        }
    }
}
