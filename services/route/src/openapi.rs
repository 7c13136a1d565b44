//! This service's part of the OpenAPI document.

use utoipa::OpenApi;

use crate::web::api;

#[derive(OpenApi)]
#[openapi(paths(api::list, api::create, api::get, api::replace, api::remove, api::preview))]
struct Document;

/// The document's part.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
