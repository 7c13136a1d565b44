//! The API.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use skillwire_schemas::OrganizationId;
use skillwire_schemas::partnership::{Organization, OrganizationKind, Partnership};
use skillwire_web::{Actor, Cursor, Json, Permission, Problem, Via};
use utoipa::{IntoParams, ToSchema};

use crate::Directory;
use crate::store::{audit, members, partnerships, tokens};
use crate::token::Token;

/// Longest name of an organization or token, characters.
const NAME_CHARS_MAX: usize = 200;

/// One's partnership.
#[utoipa::path(get, path = "/api/v1/partnership", tag = "directory", responses((status = 200, body = Partnership)))]
pub(crate) async fn partnership(
    State(directory): State<Directory>,
    actor: Actor,
) -> Result<Json<Partnership>, Problem> {
    let found = partnerships::get(directory.parts.db.pool(), actor.partnership).await?;
    found.map(Json).ok_or_else(|| Problem::not_found("partnership"))
}

/// A page of organizations.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrganizationList {
    pub organizations: Vec<Organization>,
    /// Give it as `cursor` to get the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Which page.
#[derive(Debug, Default, Deserialize, IntoParams)]
pub(crate) struct PageQuery {
    /// From the page before.
    pub cursor: Option<String>,
}

/// The partnership's organizations, by name.
#[utoipa::path(get, path = "/api/v1/organizations", tag = "directory", params(PageQuery),
    responses((status = 200, body = OrganizationList)))]
pub(crate) async fn organizations(
    State(directory): State<Directory>,
    actor: Actor,
    Query(query): Query<PageQuery>,
) -> Result<Json<OrganizationList>, Problem> {
    let after = query.cursor.as_deref().map(Cursor::decode::<(String, OrganizationId)>).transpose()?;
    let limit = directory.config.page_rows_max;
    let pool = directory.parts.db.pool();
    let found = members::organizations(pool, actor.partnership, after, limit.saturating_add(1)).await?;
    let (organizations, next) = cut(found, limit, |last| Cursor::encode(&(&last.name, last.id)));
    Ok(Json(OrganizationList { organizations, next }))
}

/// An organization to be.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOrganization {
    pub name: String,
    pub kind: OrganizationKind,
    /// NAICS 2022, 2 to 6 digits.
    #[serde(default)]
    pub naics: Option<String>,
}

/// Add an organization.
#[utoipa::path(post, path = "/api/v1/organizations", tag = "directory", request_body = NewOrganization,
    responses((status = 201, body = Organization), (status = 422)))]
pub(crate) async fn add_organization(
    State(directory): State<Directory>,
    actor: Actor,
    Json(asked): Json<NewOrganization>,
) -> Result<(StatusCode, Json<Organization>), Problem> {
    Ok((StatusCode::CREATED, Json(add(&directory, &actor, asked).await?)))
}

/// Adds an organization to the actor's partnership.
pub(super) async fn add(directory: &Directory, actor: &Actor, asked: NewOrganization) -> Result<Organization, Problem> {
    let name = one_line("name", &asked.name)?;
    let naics = asked.naics.map(|n| n.trim().to_owned()).filter(|n| !n.is_empty());
    if let Some(naics) = &naics
        && (!(2..=6).contains(&naics.len()) || !naics.bytes().all(|b| b.is_ascii_digit()))
    {
        return Err(Problem::unprocessable(format!(
            "naics: '{naics}' is no NAICS code; give 2 to 6 digits, e.g. 332710"
        )));
    }
    let parts = &directory.parts;
    let now = parts.clock.now();
    let organization = Organization { id: OrganizationId(parts.ids.uuid(now)), name, kind: asked.kind, naics };
    let mut tx = parts.db.begin().await?;
    members::put_organization(tx.conn(), actor.partnership, &organization).await?;
    let detail = organization.id.to_string();
    audit::add(tx.conn(), now, Some(actor.partnership), Some(actor.person), "organization_added", &detail).await?;
    tx.commit().await?;
    Ok(organization)
}

/// A text on one line, not empty, not long.
pub(super) fn one_line(field: &str, text: &str) -> Result<String, Problem> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > NAME_CHARS_MAX || text.chars().any(char::is_control) {
        return Err(Problem::unprocessable(format!("{field}: give 1 to {NAME_CHARS_MAX} characters on one line")));
    }
    Ok(text.to_owned())
}

/// A token without its secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenView {
    /// The part that may be shown.
    pub prefix: String,
    pub name: String,
    pub scopes: Vec<String>,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<DateTime<Utc>>,
}

impl From<tokens::Kept> for TokenView {
    fn from(kept: tokens::Kept) -> Self {
        Self {
            prefix: kept.prefix,
            name: kept.name,
            scopes: kept.scopes,
            created_at: kept.created_at,
            expires_at: kept.expires_at,
            revoked_at: kept.revoked_at,
            last_used_at: kept.last_used_at,
        }
    }
}

/// A page of tokens.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenList {
    pub tokens: Vec<TokenView>,
    /// Give it as `cursor` to get the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// One's tokens, newest first.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "directory", params(PageQuery),
    responses((status = 200, body = TokenList)))]
pub(crate) async fn tokens(
    State(directory): State<Directory>,
    actor: Actor,
    Query(query): Query<PageQuery>,
) -> Result<Json<TokenList>, Problem> {
    Ok(Json(list_tokens(&directory, &actor, query.cursor.as_deref()).await?))
}

/// A page of the actor's tokens.
pub(super) async fn list_tokens(
    directory: &Directory,
    actor: &Actor,
    cursor: Option<&str>,
) -> Result<TokenList, Problem> {
    let after = cursor.map(Cursor::decode::<tokens::AfterToken>).transpose()?;
    let limit = directory.config.page_rows_max;
    let pool = directory.parts.db.pool();
    let found = tokens::list(pool, actor.partnership, actor.person, after, limit.saturating_add(1)).await?;
    let (kept, next) = cut(found, limit, |last| Cursor::encode(&(last.created_at, &last.prefix)));
    Ok(TokenList { tokens: kept.into_iter().map(Into::into).collect(), next })
}

/// A page of what was found, one more than the page holds being the sign that there is a next.
pub(super) fn cut<T>(mut found: Vec<T>, limit: u32, cursor: impl Fn(&T) -> String) -> (Vec<T>, Option<String>) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if found.len() <= limit {
        return (found, None);
    }
    found.truncate(limit);
    let next = found.last().map(cursor);
    (found, next)
}

/// A token to be.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewToken {
    /// What it is for.
    pub name: String,
    /// What it may do; no more than its maker may.
    pub scopes: Vec<Permission>,
    /// How long it works, days.
    pub days: i64,
}

/// A token with its secret: shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct MadeToken {
    pub token: String,
    pub expires_at: DateTime<Utc>,
}

/// Make a token. Its secret is in the answer and nowhere else.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "directory", request_body = NewToken,
    responses((status = 201, body = MadeToken), (status = 403), (status = 422)))]
pub(crate) async fn make_token(
    State(directory): State<Directory>,
    actor: Actor,
    Json(asked): Json<NewToken>,
) -> Result<(StatusCode, Json<MadeToken>), Problem> {
    Ok((StatusCode::CREATED, Json(issue(&directory, &actor, asked).await?)))
}

/// Makes a token for the actor.
pub(super) async fn issue(directory: &Directory, actor: &Actor, asked: NewToken) -> Result<MadeToken, Problem> {
    // A token that could make tokens would outlive its own end.
    if matches!(actor.via, Via::Token { .. }) {
        denied(directory, actor, "a token asked for another").await?;
        return Err(Problem::forbidden("sign in to make a token; a token cannot make another"));
    }
    let name = one_line("name", &asked.name)?;
    let days_max = directory.config.token_days_max;
    if !(1..=days_max).contains(&asked.days) {
        return Err(Problem::unprocessable(format!("days: give 1 to {days_max}")));
    }
    if asked.scopes.is_empty() {
        return Err(Problem::unprocessable("scopes: give at least one"));
    }
    if let Some(scope) = asked.scopes.iter().find(|scope| !actor.may(**scope)) {
        denied(directory, actor, &format!("a token that may {scope}")).await?;
        return Err(Problem::forbidden(format!("you may not {scope}, so your token may not either")));
    }
    let parts = &directory.parts;
    let now = parts.clock.now();
    let expires_at = now + TimeDelta::days(asked.days);
    let token = Token::new(&*parts.ids);
    let kept = tokens::Kept {
        prefix: token.prefix.clone(),
        secret_hash: token.hash(),
        person: actor.person,
        partnership: actor.partnership,
        organization: actor.organization,
        name,
        scopes: asked.scopes.iter().map(ToString::to_string).collect(),
        created_at: now,
        expires_at,
        revoked_at: None,
        last_used_at: None,
    };
    let mut tx = parts.db.begin().await?;
    // First, because the audit lets in one at a time: two requests at once do not both count before the other's token is there.
    audit::add(tx.conn(), now, Some(actor.partnership), Some(actor.person), "token_issued", &token.prefix).await?;
    let tokens_max = directory.config.tokens_max;
    if tokens::working(tx.conn(), actor.partnership, actor.person, now).await? >= tokens_max {
        return Err(
            Problem::conflict(format!("you have {tokens_max} tokens that work; take one back first")).code("tokens")
        );
    }
    tokens::put(tx.conn(), &kept).await?;
    tx.commit().await?;
    Ok(MadeToken { token: token.reveal(), expires_at })
}

/// Notes what somebody wanted and may not.
pub(super) async fn denied(directory: &Directory, actor: &Actor, what: &str) -> Result<(), Problem> {
    let now = directory.parts.clock.now();
    let mut tx = directory.parts.db.begin().await?;
    audit::add(tx.conn(), now, Some(actor.partnership), Some(actor.person), "denied", what).await?;
    tx.commit().await?;
    Ok(())
}

/// Take a token back; it stops working at once.
#[utoipa::path(delete, path = "/api/v1/tokens/{prefix}", tag = "directory", responses((status = 204), (status = 404)))]
pub(crate) async fn revoke_token(
    State(directory): State<Directory>,
    actor: Actor,
    Path(prefix): Path<String>,
) -> Result<StatusCode, Problem> {
    take_back(&directory, &actor, &prefix).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes one of the actor's tokens back.
pub(super) async fn take_back(directory: &Directory, actor: &Actor, prefix: &str) -> Result<(), Problem> {
    let now = directory.parts.clock.now();
    let mut tx = directory.parts.db.begin().await?;
    if !tokens::revoke(tx.conn(), actor.partnership, actor.person, prefix, now).await? {
        return Err(Problem::not_found("token"));
    }
    audit::add(tx.conn(), now, Some(actor.partnership), Some(actor.person), "token_revoked", prefix).await?;
    tx.commit().await?;
    Ok(())
}
