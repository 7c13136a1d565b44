//! `/` and `/partnerships`

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use skillwire_schemas::partnership::Partnership;
use skillwire_schemas::{OrganizationId, PartnershipId};
use skillwire_web::{Actor, Form, MaybeActor, Page, Permission, Problem, page};

use super::api::one_line;
use crate::store::members::Membership;
use crate::store::{audit, members, partnerships, proofs};
use crate::{Directory, scope};

/// Something an actor can do.
struct Door {
    path: &'static str,
    title: &'static str,
    about: &'static str,
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    doors: Vec<Door>,
}

#[derive(Template)]
#[template(path = "welcome.html")]
struct Welcome;

const DOORS: [(Permission, Door); 6] = [
    (
        Permission::SubmitNeeds,
        Door { path: "/submit", title: "Say what you need", about: "By form, file or a pasted job description." },
    ),
    (
        Permission::ReadNeeds,
        Door { path: "/needs", title: "Needs", about: "What was said, and what each word became." },
    ),
    (
        Permission::ReadSignals,
        Door { path: "/signals", title: "Signals", about: "Demand added up, with nobody given away." },
    ),
    (
        Permission::Subscribe,
        Door { path: "/subscriptions", title: "Subscriptions", about: "What you are told, how and how often." },
    ),
    (
        Permission::ReadDeliveries,
        Door { path: "/deliveries", title: "Deliveries", about: "Who got what, who did not, and why." },
    ),
    (
        Permission::ManagePartnership,
        Door { path: "/people", title: "People", about: "Members of the partnership and their roles." },
    ),
];

/// The first page.
pub(crate) async fn home(MaybeActor(actor): MaybeActor) -> Result<Response, Problem> {
    match &actor {
        None => page(
            Page {
                title: "The wire service for workforce demand",
                about: "Employers say once which skills and credentials they need. Skillwire adds it up without giving \
                        anyone away, and tells colleges, community organizations and boards.",
                active: "/",
                actor: None,
            },
            &Welcome,
        ),
        Some(known) => {
            let doors = DOORS.into_iter().filter(|(p, _)| known.may(*p)).map(|(_, door)| door).collect();
            let title = format!("Welcome, {}", known.name);
            let about = "What you can do here.";
            page(Page { title: &title, about, active: "/", actor: actor.as_ref() }, &Home { doors })
        }
    }
}

#[derive(Template)]
#[template(path = "partnerships.html")]
struct Partnerships {
    csrf: String,
    here: Partnership,
    memberships: Vec<Membership>,
    at: (PartnershipId, OrganizationId),
    /// The counties as staff write them; none for those who may not.
    counties: Option<String>,
}

/// One's partnership, and the others one is in.
pub(crate) async fn partnerships(State(directory): State<Directory>, actor: Actor) -> Result<Response, Problem> {
    let pool = directory.parts.db.pool();
    let here = partnerships::get(pool, actor.partnership).await?.ok_or_else(|| Problem::not_found("partnership"))?;
    let memberships = members::memberships_of(pool, actor.person).await?;
    let counties = actor.may(Permission::ManagePartnership).then(|| scope::written(&here.counties));
    let at = (actor.partnership, actor.organization);
    let body = Partnerships { csrf: actor.csrf().to_owned(), here, memberships, at, counties };
    let about = "Its industries and its region; and where else you are a member.";
    page(Page { title: "Partnership", about, active: "/partnerships", actor: Some(&actor) }, &body)
}

/// The form for the partnership itself.
#[derive(Debug, Deserialize)]
pub(crate) struct ScopeFields {
    name: String,
    industries: String,
    time_zone: String,
    counties: String,
}

/// Writes name, industries and region of one's own partnership.
pub(crate) async fn write(
    State(directory): State<Directory>,
    actor: Actor,
    Form(fields): Form<ScopeFields>,
) -> Result<Response, Problem> {
    let name = one_line("name", &fields.name)?;
    let (industries, region, zone) =
        (scope::prefixes(&fields.industries), scope::counties(&fields.counties), scope::time_zone(&fields.time_zone));
    let partnership = match (industries, region, zone) {
        (Ok(naics_prefixes), Ok(counties), Ok(time_zone)) => {
            Partnership { id: actor.partnership, name, naics_prefixes, counties, time_zone }
        }
        (industries, region, zone) => {
            let wrong: Vec<String> =
                [industries.err(), region.err(), zone.err()].into_iter().flatten().flatten().collect();
            return Err(Problem::unprocessable(wrong.join("; ")).code("scope").with("errors", wrong));
        }
    };
    let now = directory.parts.clock.now();
    let mut tx = directory.parts.db.begin().await?;
    partnerships::put(tx.conn(), &partnership).await?;
    let (here, who) = (Some(actor.partnership), Some(actor.person));
    audit::add(tx.conn(), now, here, who, "partnership_written", "by its staff").await?;
    tx.commit().await?;
    Ok(Redirect::to("/partnerships").into_response())
}

/// The form.
#[derive(Debug, Deserialize)]
pub(crate) struct SwitchFields {
    partnership: PartnershipId,
    organization: OrganizationId,
}

/// Acts for another membership of the same person.
pub(crate) async fn switch(
    State(directory): State<Directory>,
    actor: Actor,
    Form(to): Form<SwitchFields>,
) -> Result<Response, Problem> {
    let pool = directory.parts.db.pool();
    if members::membership_at(pool, actor.person, to.partnership, to.organization).await?.is_none() {
        return Err(Problem::not_found("membership"));
    }
    let mut tx = directory.parts.db.begin().await?;
    proofs::switch(tx.conn(), actor.csrf(), actor.person, to.partnership, to.organization).await?;
    let now = directory.parts.clock.now();
    audit::add(tx.conn(), now, Some(to.partnership), Some(actor.person), "switched", "").await?;
    tx.commit().await?;
    Ok(Redirect::to("/").into_response())
}
