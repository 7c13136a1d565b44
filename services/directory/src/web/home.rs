//! `/` and `/partnerships`

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use skillwire_schemas::partnership::Partnership;
use skillwire_schemas::{OrganizationId, PartnershipId};
use skillwire_web::{Actor, Form, MaybeActor, Page, Permission, Problem, page};

use crate::Directory;
use crate::store::members::Membership;
use crate::store::{members, partnerships, proofs};

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
}

/// One's partnership, and the others one is in.
pub(crate) async fn partnerships(State(directory): State<Directory>, actor: Actor) -> Result<Response, Problem> {
    let pool = directory.parts.db.pool();
    let here = partnerships::get(pool, actor.partnership).await?.ok_or_else(|| Problem::not_found("partnership"))?;
    let memberships = members::memberships_of(pool, actor.person).await?;
    let body =
        Partnerships { csrf: actor.csrf().to_owned(), here, memberships, at: (actor.partnership, actor.organization) };
    let about = "Its industries and its region; and where else you are a member.";
    page(Page { title: "Partnership", about, active: "/partnerships", actor: Some(&actor) }, &body)
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
    let memberships = members::memberships_of(directory.parts.db.pool(), actor.person).await?;
    if !memberships.iter().any(|m| m.partnership == to.partnership && m.organization.id == to.organization) {
        return Err(Problem::not_found("membership"));
    }
    let mut tx = directory.parts.db.begin().await?;
    proofs::switch(tx.conn(), actor.csrf(), actor.person, to.partnership, to.organization).await?;
    tx.commit().await?;
    Ok(Redirect::to("/").into_response())
}
