//! Pages and API: `/needs`, `/api/v1/needs`.

pub(crate) mod api;
mod pages;

use skillwire_schemas::OrganizationId;
use skillwire_web::{Actor, Permission, Routes, Who};

use crate::Normalize;

/// The routes and who may call them.
pub(crate) fn routes(normalize: Normalize) -> Routes {
    let (read, staff) = (Who::May(Permission::ReadNeeds), Who::May(Permission::ManagePartnership));
    Routes::new()
        .get("/needs", read, pages::list)
        .get("/needs/terms", staff, pages::terms)
        .get("/needs/{id}", read, pages::show)
        .get("/api/v1/needs", read, api::list)
        .get("/api/v1/needs/terms", staff, api::terms)
        .get("/api/v1/needs/concepts", Who::SignedIn, api::concepts)
        .get("/api/v1/needs/{id}", read, api::get)
        .with_state(normalize)
}

/// Whose needs an actor sees: staff all of the partnership, everybody else their organization's.
fn seen(actor: &Actor) -> Option<OrganizationId> {
    if actor.sees_all() { None } else { Some(actor.organization) }
}
