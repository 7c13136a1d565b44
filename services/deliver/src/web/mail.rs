//! `/deliveries/{id}/mail`: a mail as it went or as it would go now, and `test`: a copy of it to who asks.

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{Html, IntoResponse, Redirect, Response};
use base64::Engine;
use serde::Serialize;
use skillwire_schemas::DeliveryId;
use skillwire_web::{Actor, Form, Json, Problem};
use utoipa::ToSchema;

use super::seen;
use crate::Deliver;
use crate::compose::About;
use crate::digest::{CHART, Words};
use crate::store::mails;

/// A mail's own page must do nothing: no script, nothing loaded, no form; its styles are within it, as mail programs want them.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox";

/// The mail: as it was frozen, or as it would be now.
async fn words(deliver: &Deliver, actor: &Actor, id: DeliveryId) -> Result<(About, Words), Problem> {
    let found = mails::get(&deliver.parts.db, actor.partnership, seen(actor), id).await?;
    let (about, frozen) = found.ok_or_else(|| Problem::not_found("mail"))?;
    if let Some(words) = frozen {
        return Ok((about, words));
    }
    let now = deliver.parts.env.clock.now();
    let written = deliver.composer.write(&about, now).await.map_err(Problem::internal)?;
    let words = written.ok_or_else(|| Problem::conflict("there is nothing in this mail yet"))?;
    Ok((about, words))
}

/// Shows it.
pub(crate) async fn show(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path(id): Path<DeliveryId>,
) -> Result<Response, Problem> {
    let (_, words) = words(&deliver, &actor, id).await?;
    let headers = [(header::CONTENT_SECURITY_POLICY, POLICY)];
    if words.html.is_empty() {
        return Ok((headers, words.text).into_response());
    }
    let html = match words.picture {
        None => words.html,
        Some(picture) => {
            let data = base64::engine::general_purpose::STANDARD.encode(&picture.png);
            words.html.replace(&format!("cid:{CHART}"), &format!("data:image/png;base64,{data}"))
        }
    };
    Ok((headers, Html(html)).into_response())
}

/// A copy that is on its way.
#[derive(Serialize, ToSchema)]
pub(crate) struct TestMail {
    /// Its delivery.
    pub delivery: DeliveryId,
}

/// Send me this mail as it went, or as it would go now. It goes to the address of who asks, marked as a test.
#[utoipa::path(post, path = "/api/v1/deliveries/{id}/test", tag = "deliveries",
    responses((status = 200, body = TestMail), (status = 404), (status = 409, description = "nothing is in it yet"),
        (status = 429, description = "asked too often")))]
pub(crate) async fn test_api(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path(id): Path<DeliveryId>,
) -> Result<Json<TestMail>, Problem> {
    Ok(Json(TestMail { delivery: send(&deliver, &actor, id).await? }))
}

/// The same from the page.
pub(crate) async fn test(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path(id): Path<DeliveryId>,
    Form(_): Form<serde::de::IgnoredAny>,
) -> Result<Response, Problem> {
    let copy = send(&deliver, &actor, id).await?;
    Ok(Redirect::to(&format!("/deliveries/{copy}")).into_response())
}

async fn send(deliver: &Deliver, actor: &Actor, id: DeliveryId) -> Result<DeliveryId, Problem> {
    let (about, words) = words(deliver, actor, id).await?;
    let now = deliver.parts.env.clock.now();
    let copy = DeliveryId(deliver.parts.env.ids.uuid(now));
    let made = mails::copy(&deliver.parts.db, about.id, actor.person, copy, &words, now).await?;
    let made = made.ok_or_else(|| Problem::too_many(3600))?;
    deliver.due.ring();
    Ok(made)
}
