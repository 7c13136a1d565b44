//! Pages and API: `/subscriptions` and `/api/v1/subscriptions`.

pub(crate) mod api;
mod asked;
mod pages;
mod preferences;

use skillwire_schemas::PersonId;
use skillwire_web::{Actor, Permission, Routes, Who};

use crate::Route;

/// The routes and who may call them.
pub(crate) fn routes(route: Route) -> Routes {
    let subscribe = Who::May(Permission::Subscribe);
    Routes::new()
        .get("/subscriptions", subscribe, pages::list)
        .get("/subscriptions/new", subscribe, pages::new)
        .post("/subscriptions", subscribe, pages::create)
        // The token in the address is the proof: it stands in each mail.
        .get("/subscriptions/preferences/{token}", Who::Anyone, preferences::show)
        .post("/subscriptions/preferences/{token}", Who::Anyone, preferences::save)
        .get("/subscriptions/{id}", subscribe, pages::edit)
        .post("/subscriptions/{id}", subscribe, pages::replace)
        .post("/subscriptions/{id}/remove", subscribe, pages::remove)
        .get("/api/v1/subscriptions", subscribe, api::list)
        .post("/api/v1/subscriptions", subscribe, api::create)
        .post("/api/v1/subscriptions/preview", subscribe, api::preview)
        .get("/api/v1/subscriptions/{id}", subscribe, api::get)
        .put("/api/v1/subscriptions/{id}", subscribe, api::replace)
        .delete("/api/v1/subscriptions/{id}", subscribe, api::remove)
        .with_state(route)
}

/// Whose subscriptions an actor sees: staff all of the partnership, everybody else their own.
fn seen(actor: &Actor) -> Option<PersonId> {
    if actor.sees_all() { None } else { Some(actor.person) }
}
