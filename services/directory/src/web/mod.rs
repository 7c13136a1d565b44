//! Pages and API of the directory.

pub(crate) mod api;
mod home;
mod people;
mod sign_in;
mod tokens;

use skillwire_web::{Permission, Routes, Who};

use crate::Directory;

/// The routes and who may call them.
pub(crate) fn routes(directory: Directory) -> Routes {
    let staff = Who::May(Permission::ManagePartnership);
    Routes::new()
        .get("/", Who::Anyone, home::home)
        .get("/sign-in", Who::Anyone, sign_in::ask_page)
        .post("/sign-in", Who::Anyone, sign_in::ask)
        .get("/sign-in/{secret}", Who::Anyone, sign_in::confirm_page)
        .post("/sign-in/{secret}", Who::Anyone, sign_in::confirm)
        .post("/sign-out", Who::SignedIn, sign_in::out)
        .get("/partnerships", Who::SignedIn, home::partnerships)
        .post("/partnerships", staff, home::write)
        .post("/partnerships/switch", Who::SignedIn, home::switch)
        .get("/people", staff, people::list)
        .post("/people", staff, people::add)
        .post("/people/remove", staff, people::remove)
        .post("/people/organizations", staff, people::add_organization)
        .get("/tokens", Who::SignedIn, tokens::list)
        .post("/tokens", Who::SignedIn, tokens::make)
        .post("/tokens/{prefix}/revoke", Who::SignedIn, tokens::revoke)
        .get("/api/v1/partnership", Who::SignedIn, api::partnership)
        .get("/api/v1/organizations", staff, api::organizations)
        .post("/api/v1/organizations", staff, api::add_organization)
        .get("/api/v1/tokens", Who::SignedIn, api::tokens)
        .post("/api/v1/tokens", Who::SignedIn, api::make_token)
        .delete("/api/v1/tokens/{prefix}", Who::SignedIn, api::revoke_token)
        .with_state(directory)
}
