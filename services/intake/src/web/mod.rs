//! Pages and API: `/submit`, `/submissions`, `/api/v1/submissions`.

pub(crate) mod api;
mod pages;
mod receipts;

use skillwire_schemas::OrganizationId;
use skillwire_web::{Actor, Permission, Routes, Who};

use crate::Intake;

/// What multipart puts around a file, bytes.
const UPLOAD_OVERHEAD_BYTES: usize = 65_536;

/// The routes and who may call them.
pub(crate) fn routes(intake: Intake) -> Routes {
    let (submit, read) = (Who::May(Permission::SubmitNeeds), Who::May(Permission::ReadNeeds));
    let body_max = intake.config.body_bytes_max;
    Routes::new()
        .post("/api/v1/submissions", submit, api::submit)
        .post("/submit/file", submit, pages::file)
        .post("/submit/text", submit, pages::text)
        .body_limit(body_max + UPLOAD_OVERHEAD_BYTES)
        .get("/api/v1/submissions", read, api::list)
        .post("/api/v1/submissions/changes", submit, api::change)
        .get("/api/v1/submissions/{id}", read, api::get)
        .get("/api/v1/submissions/{id}/raw", read, api::raw)
        .get("/submit", submit, pages::form_page)
        .get("/submit/upload", submit, pages::file_page)
        .get("/submit/paste", submit, pages::text_page)
        .post("/submit/form", submit, pages::form)
        .post("/submit/change", submit, pages::change)
        .get("/submit/template.csv", submit, pages::template_csv)
        .get("/submit/template.xlsx", submit, pages::template_xlsx)
        .get("/submissions", read, receipts::list)
        .get("/submissions/{id}", read, receipts::show)
        .with_state(intake)
}

/// Whose submissions an actor sees: staff all of the partnership, everybody else their organization's.
fn seen(actor: &Actor) -> Option<OrganizationId> {
    if actor.sees_all() { None } else { Some(actor.organization) }
}
