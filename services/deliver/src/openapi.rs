//! This service's part of the OpenAPI document.

use utoipa::OpenApi;

use crate::web::api;

#[derive(OpenApi)]
#[openapi(paths(api::list, api::get, api::send))]
struct Document;

/// The document's part.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
