//! Whether a form was sent by one of our own pages: where the browser says it comes from, and the proof it carries.
//!
//! Source: Fetch Metadata (W3C), RFC 6454 for Origin; OWASP ASVS 5.0 3.5.1.

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
