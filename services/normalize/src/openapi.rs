//! This service's part of the OpenAPI document.

use utoipa::OpenApi;

use crate::web::{api, decisions_api, terms_api};

#[derive(OpenApi)]
#[openapi(paths(
    api::list,
    api::get,
    api::concepts,
    terms_api::list,
    terms_api::one,
    decisions_api::list,
    decisions_api::decide,
    decisions_api::bulk,
    decisions_api::undo,
))]
struct Document;

/// The document's part.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
