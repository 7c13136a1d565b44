//! The viewer: what was caught, for people and for tests.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use mailparse::{MailHeaderMap, ParsedMail};
use serde::Deserialize;

use super::fault::{Fault, Faults};
use super::store::{Caught, Mailbox};

/// Mails of the list at most.
const LIST_MAX: usize = 200;

type Shared = (Mailbox, Faults);

/// The pages and the small API.
pub(super) fn router(mailbox: Mailbox, faults: Faults) -> Router {
    Router::new()
        .route("/", get(list))
        .route("/messages/{id}", get(show))
        .route("/messages/{id}/html", get(html))
        .route("/api/messages", get(api_list))
        .route("/api/messages/{id}/raw", get(raw))
        .route("/api/faults", post(plan))
        .with_state((mailbox, faults))
}

#[derive(Template)]
#[template(path = "catcher_list.html")]
struct List {
    mails: Vec<Caught>,
}

#[derive(Template)]
#[template(path = "catcher_mail.html")]
struct Mail {
    id: u64,
    headers: Vec<(String, String)>,
    text: String,
    has_html: bool,
}

async fn list(State((mailbox, _)): State<Shared>) -> Response {
    let mails: Vec<Caught> = mailbox.list().into_iter().rev().take(LIST_MAX).collect();
    page(&List { mails })
}

async fn show(State((mailbox, _)): State<Shared>, Path(id): Path<u64>) -> Response {
    let Some(raw) = mailbox.raw(id) else { return StatusCode::NOT_FOUND.into_response() };
    let Ok(mail) = mailparse::parse_mail(&raw) else { return StatusCode::UNPROCESSABLE_ENTITY.into_response() };
    let wanted = [
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "List-Id",
        "List-Unsubscribe",
        "List-Unsubscribe-Post",
        "Auto-Submitted",
    ];
    let headers =
        wanted.iter().filter_map(|name| Some(((*name).to_owned(), mail.headers.get_first_value(name)?))).collect();
    let text = part(&mail, "text/plain").unwrap_or_default();
    page(&Mail { id, headers, text, has_html: part(&mail, "text/html").is_some() })
}

/// The HTML part, where no script runs and nothing is loaded.
async fn html(State((mailbox, _)): State<Shared>, Path(id): Path<u64>) -> Response {
    let Some(raw) = mailbox.raw(id) else { return StatusCode::NOT_FOUND.into_response() };
    let mail = mailparse::parse_mail(&raw).ok();
    let found = mail.as_ref().and_then(|mail| Some(with_pictures(mail, part(mail, "text/html")?)));
    let Some(html) = found else { return StatusCode::NOT_FOUND.into_response() };
    let policy = "sandbox allow-popups allow-top-navigation-by-user-activation; default-src 'none'; style-src 'unsafe-inline'; img-src data:";
    ([(header::CONTENT_SECURITY_POLICY, policy)], Html(html)).into_response()
}

async fn api_list(State((mailbox, _)): State<Shared>) -> Json<Vec<Caught>> {
    Json(mailbox.list())
}

async fn raw(State((mailbox, _)): State<Shared>, Path(id): Path<u64>) -> Response {
    match mailbox.raw(id) {
        Some(raw) => ([(header::CONTENT_TYPE, "message/rfc822")], raw).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

#[derive(Deserialize)]
struct Plan {
    fault: Fault,
    #[serde(default = "once")]
    times: usize,
}

const fn once() -> usize {
    1
}

async fn plan(State((_, faults)): State<Shared>, Json(plan): Json<Plan>) -> StatusCode {
    faults.plan(plan.fault, plan.times);
    StatusCode::NO_CONTENT
}

fn page(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => {
            let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'";
            ([(header::CONTENT_SECURITY_POLICY, policy)], Html(html)).into_response()
        }
        Err(e) => (StatusCode::INTERNAL_SERVER_ERROR, e.to_string()).into_response(),
    }
}

/// Puts the pictures that come with the mail where its HTML names them.
fn with_pictures(mail: &ParsedMail<'_>, html: String) -> String {
    let id = mail.headers.get_first_value("Content-ID").filter(|_| mail.ctype.mimetype.starts_with("image/"));
    let html = match (id, mail.get_body_raw()) {
        (Some(id), Ok(bytes)) => {
            let data = base64::engine::general_purpose::STANDARD.encode(bytes);
            let named = format!("cid:{}", id.trim_matches(['<', '>']));
            html.replace(&named, &format!("data:{};base64,{data}", mail.ctype.mimetype))
        }
        _ => html,
    };
    mail.subparts.iter().fold(html, |html, inner| with_pictures(inner, html))
}

fn part(mail: &ParsedMail<'_>, kind: &str) -> Option<String> {
    if mail.subparts.is_empty() {
        return (mail.ctype.mimetype == kind).then(|| mail.get_body().ok()).flatten();
    }
    mail.subparts.iter().find_map(|inner| part(inner, kind))
}
