//! `/people`: who is in the partnership.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use chrono::TimeDelta;
use serde::Deserialize;
use skillwire_runtime::Contact;
use skillwire_schemas::partnership::{Organization, OrganizationKind, Role};
use skillwire_schemas::{OrganizationId, PersonId};
use skillwire_web::{Actor, Cursor, Form, Page, Problem, page};

use super::api::{self, NewOrganization, one_line};
use crate::store::audit;
use crate::store::members::{self, AfterMember, Membership};
use crate::store::proofs::{self, NewLink};
use crate::token::{hash, secret};
use crate::{Address, Directory};

/// How long an invitation works, days.
const INVITATION_DAYS: i64 = 7;

/// Organizations offered in the form.
const ORGANIZATIONS_MAX: u32 = 1_000;

#[derive(Template)]
#[template(path = "people.html")]
struct Body {
    csrf: String,
    members: Vec<Membership>,
    organizations: Vec<Organization>,
    kinds: Vec<&'static str>,
    roles: Vec<&'static str>,
    next: Option<String>,
    me: PersonId,
    invited: bool,
}

/// Which page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ListQuery {
    cursor: Option<String>,
    invited: Option<String>,
}

/// The page.
pub(crate) async fn list(
    State(directory): State<Directory>,
    actor: Actor,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let pool = directory.parts.db.pool();
    let limit = directory.config.page_rows_max;
    let after = query.cursor.as_deref().map(Cursor::decode::<AfterMember>).transpose()?;
    let found = members::members(pool, actor.partnership, after, limit.saturating_add(1)).await?;
    let cursor = |last: &Membership| Cursor::encode(&(&last.person_name, last.person, last.organization.id));
    let (members, next) = api::cut(found, limit, cursor);
    let organizations = members::organizations(pool, actor.partnership, None, ORGANIZATIONS_MAX).await?;
    let kinds = OrganizationKind::ALL.iter().map(|kind| kind.as_str()).collect();
    // Operators are made at the console only.
    let roles = Role::ALL.iter().filter(|role| **role != Role::Operator).map(|role| role.as_str()).collect();
    let body = Body {
        csrf: actor.csrf().to_owned(),
        members,
        organizations,
        kinds,
        roles,
        next,
        me: actor.person,
        invited: query.invited.is_some(),
    };
    let about = "Who is in the partnership, for which organization, as what.";
    page(Page { title: "People", about, active: "/people", actor: Some(&actor) }, &body)
}

/// The form for a person.
#[derive(Debug, Deserialize)]
pub(crate) struct NewPerson {
    name: String,
    address: String,
    organization: OrganizationId,
    role: Role,
}

/// Adds a person and invites them.
pub(crate) async fn add(
    State(directory): State<Directory>,
    actor: Actor,
    Form(asked): Form<NewPerson>,
) -> Result<Response, Problem> {
    let parts = &directory.parts;
    let name = one_line("name", &asked.name)?;
    let address: Address = asked.address.parse().map_err(|e| Problem::unprocessable(format!("address: {e}")))?;
    if asked.role == Role::Operator {
        api::denied(&directory, &actor, "to make an operator").await?;
        return Err(Problem::forbidden("an operator is made at the console, not here"));
    }
    if members::organization(parts.db.pool(), actor.partnership, asked.organization).await?.is_none() {
        return Err(Problem::not_found("organization"));
    }
    let now = parts.clock.now();
    let secret = secret(&*parts.ids);
    let mut tx = parts.db.begin().await?;
    let person = PersonId(parts.ids.uuid(now));
    let person = members::put_person(tx.conn(), person, &name, address.as_str()).await?;
    members::grant(tx.conn(), person, actor.partnership, asked.organization, asked.role).await?;
    let link = NewLink {
        secret_hash: hash(&secret),
        person,
        partnership: Some(actor.partnership),
        // An invitation is asked for by staff, so it cannot be bound to the guest's browser.
        browser_hash: None,
        next_path: None,
        expires_at: now + TimeDelta::days(INVITATION_DAYS),
    };
    proofs::put_link(tx.conn(), &link).await?;
    let detail = format!("{person} as {}", asked.role.as_str());
    audit::add(tx.conn(), now, Some(actor.partnership), Some(actor.person), "person_invited", &detail).await?;
    tx.commit().await?;
    let contact = Contact { name, address: address.as_str().to_owned() };
    let url = format!("{}/sign-in/{secret}", parts.public_url);
    if let Err(fault) = parts.mail.sign_in_link(&contact, &url).await {
        tracing::warn!(%fault, "an invitation was not sent");
        return Err(Problem::unavailable(
            "the person was added, but the invitation mail was not sent; add them again to send it once more",
        ));
    }
    Ok(Redirect::to("/people?invited=1").into_response())
}

/// The form that takes somebody out.
#[derive(Debug, Deserialize)]
pub(crate) struct Leaving {
    person: PersonId,
    organization: OrganizationId,
}

/// Takes a person's roles in an organization away; their sessions and tokens for it end at once.
pub(crate) async fn remove(
    State(directory): State<Directory>,
    actor: Actor,
    Form(leaving): Form<Leaving>,
) -> Result<Response, Problem> {
    if leaving.person == actor.person {
        return Err(Problem::conflict("you cannot take yourself out; ask another of the staff"));
    }
    let now = directory.parts.clock.now();
    let mut tx = directory.parts.db.begin().await?;
    if !members::take_away(tx.conn(), leaving.person, actor.partnership, leaving.organization, now).await? {
        return Err(Problem::not_found("member"));
    }
    let detail = format!("{} from {}", leaving.person, leaving.organization);
    audit::add(tx.conn(), now, Some(actor.partnership), Some(actor.person), "person_removed", &detail).await?;
    tx.commit().await?;
    Ok(Redirect::to("/people").into_response())
}

/// The form for an organization.
#[derive(Debug, Deserialize)]
pub(crate) struct OrganizationFields {
    name: String,
    kind: OrganizationKind,
    naics: String,
}

/// Adds an organization.
pub(crate) async fn add_organization(
    State(directory): State<Directory>,
    actor: Actor,
    Form(fields): Form<OrganizationFields>,
) -> Result<Response, Problem> {
    let asked = NewOrganization { name: fields.name, kind: fields.kind, naics: Some(fields.naics) };
    api::add(&directory, &actor, asked).await?;
    Ok(Redirect::to("/people").into_response())
}
