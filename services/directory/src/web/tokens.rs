//! `/tokens`

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use skillwire_web::{Actor, Form, Page, Permission, Problem, page};

use super::api::{self, NewToken, PageQuery, TokenView};
use crate::Directory;

#[derive(Template)]
#[template(path = "tokens.html")]
struct Body {
    csrf: String,
    scopes: Vec<Permission>,
    tokens: Vec<TokenView>,
    next: Option<String>,
    made: Option<String>,
}

/// The page.
pub(crate) async fn list(
    State(directory): State<Directory>,
    actor: Actor,
    Query(query): Query<PageQuery>,
) -> Result<Response, Problem> {
    show(&directory, &actor, query.cursor.as_deref(), None).await
}

async fn show(
    directory: &Directory,
    actor: &Actor,
    cursor: Option<&str>,
    made: Option<String>,
) -> Result<Response, Problem> {
    let scopes = Permission::ALL.into_iter().filter(|p| actor.may(*p)).collect();
    let list = api::list_tokens(directory, actor, cursor).await?;
    let about = "Keys for your own programs. Each does what you allow it and ends on a day.";
    let around = Page { title: "Tokens", about, active: "/tokens", actor: Some(actor) };
    page(around, &Body { csrf: actor.csrf().to_owned(), scopes, tokens: list.tokens, next: list.next, made })
}

/// The form.
#[derive(Debug, Deserialize)]
pub(crate) struct Fields {
    name: String,
    #[serde(default)]
    scopes: Vec<Permission>,
    days: i64,
}

/// Makes one and shows its secret.
pub(crate) async fn make(
    State(directory): State<Directory>,
    actor: Actor,
    Form(fields): Form<Fields>,
) -> Result<Response, Problem> {
    let asked = NewToken { name: fields.name, scopes: fields.scopes, days: fields.days };
    let made = api::issue(&directory, &actor, asked).await?;
    show(&directory, &actor, None, Some(made.token)).await
}

/// Takes one back.
pub(crate) async fn revoke(
    State(directory): State<Directory>,
    actor: Actor,
    Path(prefix): Path<String>,
    Form(_): Form<serde::de::IgnoredAny>,
) -> Result<Response, Problem> {
    api::take_back(&directory, &actor, &prefix).await?;
    Ok(Redirect::to("/tokens").into_response())
}
