//! Pages and API: `/signals`, `/api/v1/signals`.

pub(crate) mod api;
mod pages;
mod sheet;

use skillwire_web::{Actor, Permission, Routes, Who};

use crate::Aggregate;
use crate::store::list::Sight;

/// The routes and who may call them. Everybody sees the same safe numbers; staff see, set apart, those kept back too.
pub(crate) fn routes(aggregate: Aggregate) -> Routes {
    let read = Who::May(Permission::ReadSignals);
    Routes::new()
        .get("/signals", read, pages::list)
        .get("/signals.csv", read, sheet::csv)
        .get("/signals/{id}", read, pages::show)
        .get("/api/v1/signals", read, api::list)
        .get("/api/v1/signals/{id}", read, api::get)
        .with_state(aggregate)
}

/// How an actor looks at signals: as staff only who is staff of the partnership, and by a token only when it may manage the
/// partnership. A token that may just read signals gets what everybody gets, so that it can feed a page for everybody.
fn sight(actor: &Actor) -> Sight {
    if actor.sees_all() && actor.may(Permission::ManagePartnership) { Sight::Staff } else { Sight::Public }
}
