//! Pages and API: `/deliveries`, `/unsubscribe`, `/api/v1/deliveries`.

pub(crate) mod api;
mod pages;
mod unsubscribe;

use skillwire_schemas::PersonId;
use skillwire_web::{Actor, Permission, Routes, Who};

use crate::Deliver;

/// The routes and who may call them.
pub(crate) fn routes(deliver: Deliver) -> Routes {
    let (read, staff) = (Who::May(Permission::ReadDeliveries), Who::May(Permission::ManagePartnership));
    Routes::new()
        .get("/deliveries", read, pages::list)
        .get("/deliveries.csv", read, pages::csv)
        .get("/deliveries/{id}", read, pages::show)
        .post("/deliveries/{id}/send", staff, pages::send)
        // The token in the address is the proof: RFC 8058 asks for one click without a sign-in.
        .get("/unsubscribe/{token}", Who::Anyone, unsubscribe::ask)
        .post("/unsubscribe/{token}", Who::Anyone, unsubscribe::stop)
        .get("/api/v1/deliveries", read, api::list)
        .get("/api/v1/deliveries/{id}", read, api::get)
        .post("/api/v1/deliveries/{id}/send", staff, api::send)
        .with_state(deliver)
}

/// Whose deliveries an actor sees: staff all of the partnership, everybody else their own.
fn seen(actor: &Actor) -> Option<PersonId> {
    if actor.sees_all() { None } else { Some(actor.person) }
}
