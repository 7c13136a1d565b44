//! This service's part of the OpenAPI document.

use utoipa::OpenApi;

use crate::web::{api, by_hand, feeds, mail, streams, suppressed, webhooks};

#[derive(OpenApi)]
#[openapi(paths(
    api::list,
    api::get,
    api::send,
    mail::test_api,
    api::summary,
    api::signal,
    by_hand::retry,
    by_hand::skip,
    by_hand::resend,
    by_hand::bulk,
    webhooks::list,
    webhooks::get,
    webhooks::secret,
    webhooks::test,
    webhooks::enable,
    webhooks::replay,
    webhooks::replay_one,
    streams::list,
    streams::get,
    streams::credentials,
    streams::revoke,
    streams::replay,
    suppressed::list,
    suppressed::allow,
    feeds::list,
    feeds::get,
    feeds::rotate,
    feeds::revoke
))]
struct Document;

/// The document's part.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
