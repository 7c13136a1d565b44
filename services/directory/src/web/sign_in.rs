//! Sign-in by a link: asked for by address, used once, in the browser that asked, confirmed by a button (mail scanners
//! follow links, they do not press buttons). Source: OWASP ASVS 5.0 6.5.1, 6.5.5, 6.6.3, 7.2.3.

use std::net::SocketAddr;

use askama::Template;
use axum::extract::{ConnectInfo, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use chrono::TimeDelta;
use serde::Deserialize;
use skillwire_runtime::Contact;
use skillwire_web::{Actor, Form, Page, Problem, page, session_cookie_name};

use crate::store::proofs::{NewLink, Session};
use crate::store::{audit, members, proofs};
use crate::token::{hash, secret};
use crate::{Address, Directory};

/// Binds a link to the browser that asked for it.
const BROWSER_COOKIE: &str = "skillwire-asked";

#[derive(Template)]
#[template(path = "sign_in.html")]
struct Ask {
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
    Query(query): Query<AskQuery>,
) -> Result<Response, Problem> {
    show_ask(&directory, query.next, false)
}

fn show_ask(directory: &Directory, next: String, sent: bool) -> Result<Response, Problem> {
    let about = "No password: we send you a link.";
    let around = Page { title: "Sign in", about, active: "/sign-in", actor: None };
    page(around, &Ask { next, sent, minutes: directory.config.link_minutes })
}

/// The form.
#[derive(Debug, Deserialize)]
pub(crate) struct AskFields {
    address: String,
    #[serde(default)]
    next: String,
}

/// `POST /sign-in`: the same answer whether the address is known or not.
pub(crate) async fn ask(
    State(directory): State<Directory>,
    connection: Option<axum::Extension<ConnectInfo<SocketAddr>>>,
    Form(fields): Form<AskFields>,
) -> Result<Response, Problem> {
    let address: Address = fields.address.parse().map_err(|e| Problem::unprocessable(format!("address: {e}")))?;
    let parts = &directory.parts;
    let now = parts.clock.now();
    let mut tx = parts.db.begin().await?;
    let mut asks = members::count_ask(tx.conn(), &hash(address.as_str()), now).await?;
    if let Some(axum::Extension(ConnectInfo(peer))) = connection {
        // People behind one network address share it, hence the wider bound.
        asks = asks.max(members::count_ask(tx.conn(), &hash(&peer.ip().to_string()), now).await? / 10);
    }
    tx.commit().await?;
    if asks > directory.config.links_per_hour_max {
        metrics::counter!("directory_sign_ins_total", "outcome" => "too_many").increment(1);
        return Err(Problem::too_many(3_600));
    }
    let browser = secret(&*parts.ids);
    if let Some(person) = members::person_by_address(parts.db.pool(), address.as_str()).await? {
        let link_secret = secret(&*parts.ids);
        let next_path = inner_path(&fields.next);
        let link = NewLink {
            secret_hash: hash(&link_secret),
            person,
            partnership: None,
            browser_hash: Some(hash(&browser)),
            next_path: next_path.as_deref(),
            expires_at: now + TimeDelta::minutes(directory.config.link_minutes),
        };
        let mut tx = parts.db.begin().await?;
        proofs::put_link(tx.conn(), &link).await?;
        tx.commit().await?;
        let name = members::contact(parts.db.pool(), person).await?.map(|(name, _)| name).unwrap_or_default();
        let contact = Contact { name, address: address.as_str().to_owned() };
        let url = format!("{}/sign-in/{link_secret}", parts.public_url);
        let mail = std::sync::Arc::clone(&parts.mail);
        // In the background: how long the answer takes must not tell whether the address is known.
        tokio::spawn(async move {
            if let Err(fault) = mail.sign_in_link(&contact, &url).await {
                tracing::warn!(%fault, "a sign-in link was not sent");
            }
        });
    }
    let mut response = show_ask(&directory, String::new(), true)?;
    set_cookie(&mut response, BROWSER_COOKIE, &browser, directory.config.link_minutes * 60, directory.https());
    Ok(response)
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
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let parts = &directory.parts;
    let now = parts.clock.now();
    let browser = cookie(&headers, BROWSER_COOKIE).map(hash);
    let mut tx = parts.db.begin().await?;
    let Some(used) = proofs::use_link(tx.conn(), &hash(&link_secret), browser.as_deref(), now).await? else {
        audit::add(tx.conn(), now, None, None, "sign_in_denied", "link unknown, used, expired or of another browser")
            .await?;
        tx.commit().await?;
        metrics::counter!("directory_sign_ins_total", "outcome" => "denied").increment(1);
        return Err(Problem::forbidden(
            "this link is used up, too old, or was asked for in another browser; ask for a new one here",
        )
        .code("link"));
    };
    let memberships = members::memberships_of(parts.db.pool(), used.person).await?;
    let wanted = memberships.iter().find(|m| used.partnership.is_none_or(|p| p == m.partnership));
    let Some(membership) = wanted else {
        return Err(Problem::forbidden("you are in no partnership any more; ask its staff"));
    };
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
    let to = used.next_path.as_deref().unwrap_or("/");
    let mut response = Redirect::to(to).into_response();
    let https = directory.https();
    set_cookie(&mut response, session_cookie_name(https), &session_secret, hours * 3_600, https);
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

fn set_cookie(response: &mut Response, name: &str, value: &str, seconds: i64, https: bool) {
    let secure = if https { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok());
    lines
        .flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().split_once('=').filter(|(key, _)| *key == name).map(|(_, value)| value))
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
