//! Pages and API: `/signals`, `/api/v1/signals`.

pub(crate) mod api;
mod pages;
mod sheet;

use skillwire_web::{Permission, Routes, Who};

use crate::Aggregate;

/// The routes and who may call them. Everybody sees the same safe numbers, staff too.
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
