//! Sign-in by a link: asked for by address, used once, in the browser that asked, confirmed by a button (mail scanners
//! follow links, they do not press buttons). Source: OWASP ASVS 5.0 6.5.1, 6.5.5, 6.6.3, 7.2.3.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use skillwire_runtime::{Contact, Fault};
use skillwire_web::{
    Actor, Caller, Form, MaybeActor, OwnPage, Page, Problem, cookie, page, session_cookie_name, set_cookie,
};

use crate::store::proofs::{NewLink, Session};
use crate::store::{asks, audit, members, proofs};
use crate::token::{hash, secret};
use crate::{Address, Directory};

/// People behind one network address share its bound, hence the wider one.
const NEIGHBOURS: i64 = 10;
/// Refused links that one network address may bring in an hour before they are no longer written down.
const DENIALS_PER_HOUR_MAX: i64 = 60;
/// Characters of a secret.
const SECRET_CHARS: usize = 43;

/// The cookie that binds a link to the browser that asked for it.
fn browser_cookie(https: bool) -> &'static str {
    if https { "__Host-skillwire-asked" } else { "skillwire-asked" }
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct Ask<'a> {
    csrf: &'a str,
    next: String,
    sent: bool,
    minutes: i64,
}

#[derive(Template)]
#[template(path = "confirm.html")]
struct Confirm {
    secret: String,
}

/// Where one wants to go.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct AskQuery {
    next: String,
}

/// `GET /sign-in`
pub(crate) async fn ask_page(
    State(directory): State<Directory>,
    MaybeActor(actor): MaybeActor,
    Query(query): Query<AskQuery>,
) -> Result<Response, Problem> {
    show_ask(&directory, actor.as_ref(), query.next, false)
}

/// Somebody who is signed in may sign in as another: the form then carries their proof like every form.
fn show_ask(directory: &Directory, actor: Option<&Actor>, next: String, sent: bool) -> Result<Response, Problem> {
    let about = "No password: we send you a link.";
    let around = Page { title: "Sign in", about, active: "/sign-in", actor };
    let csrf = actor.map_or("", Actor::csrf);
    page(around, &Ask { csrf, next, sent, minutes: directory.config.link_minutes })
}

/// The form.
#[derive(Debug, Deserialize)]
pub(crate) struct AskFields {
    address: String,
    #[serde(default)]
    next: String,
}

/// `POST /sign-in`: the same answer, after the same work, whether the address is known or not.
pub(crate) async fn ask(
    State(directory): State<Directory>,
    caller: Caller,
    MaybeActor(actor): MaybeActor,
    headers: HeaderMap,
    _: OwnPage,
    Form(fields): Form<AskFields>,
) -> Result<Response, Problem> {
    let address: Address = fields.address.parse().map_err(|e| Problem::unprocessable(format!("address: {e}")))?;
    let now = directory.parts.clock.now();
    let max = directory.config.links_per_hour_max;
    let mut tx = directory.parts.db.begin().await?;
    let place = hash(&format!("asks of {}", caller.place()));
    let fine = asks::count(tx.conn(), &place, now, max.saturating_mul(NEIGHBOURS)).await?
        && asks::count(tx.conn(), &hash(address.as_str()), now, max).await?;
    tx.commit().await?;
    if !fine {
        metrics::counter!("directory_sign_ins_total", "outcome" => "too_many").increment(1);
        return Err(Problem::too_many(3_600));
    }
    let https = directory.https();
    // A browser that asks twice keeps its mark: the first mail's link works as well as the second's.
    let known = cookie(&headers, browser_cookie(https)).filter(|mark| mark.len() == SECRET_CHARS);
    let browser = known.map_or_else(|| secret(&*directory.parts.ids), ToOwned::to_owned);
    let mut response = show_ask(&directory, actor.as_ref(), String::new(), true)?;
    set_cookie(&mut response, browser_cookie(https), &browser, directory.config.link_minutes * 60, https);
    // In the background: how long the answer takes must not tell whether the address is known.
    tokio::spawn(async move {
        if let Err(fault) = send(&directory, &address, &browser, inner_path(&fields.next), now).await {
            tracing::warn!(%fault, "a sign-in link was not sent");
        }
    });
    Ok(response)
}

/// Sends a link to the person of that address, if there is one.
async fn send(
    directory: &Directory,
    address: &Address,
    browser: &str,
    next_path: Option<String>,
    now: DateTime<Utc>,
) -> Result<(), Fault> {
    let parts = &directory.parts;
    let Some(person) = members::person_by_address(parts.db.pool(), address.as_str()).await? else {
        metrics::counter!("directory_sign_ins_total", "outcome" => "unknown").increment(1);
        return Ok(());
    };
    let Some((name, address)) = members::contact(parts.db.pool(), person).await? else { return Ok(()) };
    let link_secret = secret(&*parts.ids);
    let link = NewLink {
        secret_hash: hash(&link_secret),
        person,
        partnership: None,
        browser_hash: Some(hash(browser)),
        next_path: next_path.as_deref(),
        expires_at: now + TimeDelta::minutes(directory.config.link_minutes),
    };
    let mut tx = parts.db.begin().await?;
    proofs::put_link(tx.conn(), &link).await?;
    tx.commit().await?;
    let url = format!("{}/sign-in/{link_secret}", parts.public_url);
    parts.mail.sign_in_link(&Contact { name, address }, &url).await
}

/// `GET /sign-in/{secret}`: changes nothing.
pub(crate) async fn confirm_page(Path(secret): Path<String>) -> Result<Response, Problem> {
    let around = Page { title: "Sign in", about: "One press and you are in.", active: "/sign-in", actor: None };
    page(around, &Confirm { secret })
}

/// `POST /sign-in/{secret}`: uses the link up.
pub(crate) async fn confirm(
    State(directory): State<Directory>,
    Path(link_secret): Path<String>,
    caller: Caller,
    MaybeActor(before): MaybeActor,
    headers: HeaderMap,
    _: OwnPage,
) -> Result<Response, Problem> {
    let parts = &directory.parts;
    let (now, https) = (parts.clock.now(), directory.https());
    let browser = cookie(&headers, browser_cookie(https)).map(hash);
    let mut tx = parts.db.begin().await?;
    let Some(used) = proofs::use_link(tx.conn(), &hash(&link_secret), browser.as_deref(), now).await? else {
        let place = hash(&format!("denials of {}", caller.place()));
        if asks::count(tx.conn(), &place, now, DENIALS_PER_HOUR_MAX).await? {
            let why = "link unknown, used, expired or of another browser";
            audit::add(tx.conn(), now, None, None, "sign_in_denied", why).await?;
        }
        tx.commit().await?;
        metrics::counter!("directory_sign_ins_total", "outcome" => "denied").increment(1);
        let detail = "this link is used up, too old, or was asked for in another browser; ask for a new one here";
        return Err(Problem::forbidden(detail).code("link"));
    };
    let memberships = members::memberships_of(parts.db.pool(), used.person).await?;
    let wanted = memberships.iter().find(|m| used.partnership.is_none_or(|p| p == m.partnership));
    let Some(membership) = wanted else {
        return Err(Problem::forbidden("you are in no partnership any more; ask its staff"));
    };
    // A session is never taken over by the next one to sign in with this browser.
    if let Some(before) = before {
        proofs::end_session(tx.conn(), before.csrf(), before.person).await?;
    }
    let session_secret = secret(&*parts.ids);
    let session = Session {
        person: used.person,
        partnership: membership.partnership,
        organization: membership.organization.id,
        csrf: secret(&*parts.ids),
    };
    let hours = directory.config.session_hours;
    proofs::put_session(tx.conn(), &hash(&session_secret), &session, now, now + TimeDelta::hours(hours)).await?;
    audit::add(tx.conn(), now, Some(session.partnership), Some(session.person), "signed_in", "").await?;
    tx.commit().await?;
    metrics::counter!("directory_sign_ins_total", "outcome" => "done").increment(1);
    let mut response = Redirect::to(used.next_path.as_deref().unwrap_or("/")).into_response();
    set_cookie(&mut response, session_cookie_name(https), &session_secret, hours * 3_600, https);
    set_cookie(&mut response, browser_cookie(https), "", 0, https);
    Ok(response)
}

/// `POST /sign-out`
pub(crate) async fn out(
    State(directory): State<Directory>,
    actor: Actor,
    Form(_): Form<serde::de::IgnoredAny>,
) -> Result<Response, Problem> {
    let mut tx = directory.parts.db.begin().await?;
    proofs::end_session(tx.conn(), actor.csrf(), actor.person).await?;
    tx.commit().await?;
    let mut response = Redirect::to("/").into_response();
    let https = directory.https();
    set_cookie(&mut response, session_cookie_name(https), "", 0, https);
    Ok(response)
}

/// A path of our own, or none: a link must not send people elsewhere.
fn inner_path(path: &str) -> Option<String> {
    let fine = path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains('\\')
        && path.len() <= 300
        && !path.chars().any(char::is_control);
    fine.then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_paths_are_gone_to() {
        assert_eq!(inner_path("/needs").as_deref(), Some("/needs"));
        for bad in ["", "https://evil.example", "//evil.example", "/\\evil.example", "needs", "/a\r\nb"] {
            assert_eq!(inner_path(bad), None, "{bad:?}");
        }
    }
}
