//! Pages and API: `/needs`, `/terms`, `/decisions`, and the same below `/api/v1`.

pub(crate) mod api;
pub(crate) mod decisions_api;
mod decisions_pages;
mod pages;
pub(crate) mod terms_api;
mod terms_pages;

use skillwire_runtime::Fault;
use skillwire_schemas::OrganizationId;
use skillwire_web::{Actor, Permission, Problem, Routes, Who};

use crate::Normalize;

/// The routes and who may call them.
pub(crate) fn routes(normalize: Normalize) -> Routes {
    let (read, staff) = (Who::May(Permission::ReadNeeds), Who::May(Permission::ManagePartnership));
    Routes::new()
        .get("/needs", read, pages::list)
        .get("/needs/{id}", read, pages::show)
        .get("/api/v1/needs", read, api::list)
        .get("/api/v1/needs/concepts", Who::SignedIn, api::concepts)
        .get("/api/v1/needs/{id}", read, api::get)
        .get("/terms", staff, terms_pages::list)
        .post("/terms", staff, terms_pages::decide_all)
        .get("/terms/term", staff, terms_pages::show)
        .post("/terms/term", staff, terms_pages::decide)
        .get("/decisions", staff, decisions_pages::list)
        .post("/decisions/{number}/undo", staff, decisions_pages::undo)
        .get("/api/v1/terms", staff, terms_api::list)
        .get("/api/v1/terms/one", staff, terms_api::one)
        .get("/api/v1/decisions", staff, decisions_api::list)
        .post("/api/v1/decisions", staff, decisions_api::decide)
        .post("/api/v1/decisions/bulk", staff, decisions_api::bulk)
        .post("/api/v1/decisions/{number}/undo", staff, decisions_api::undo)
        .with_state(normalize)
}

/// Whose needs an actor sees: staff all of the partnership, everybody else their organization's.
fn seen(actor: &Actor) -> Option<OrganizationId> {
    if actor.sees_all() { None } else { Some(actor.organization) }
}

/// What is said to who asks while the taxonomy, or PostgreSQL, is not there.
fn not_ready(fault: Fault) -> Problem {
    tracing::warn!(%fault, "the taxonomy is not ready");
    Problem::unavailable("the taxonomy is not ready just now; try again in a moment")
}
