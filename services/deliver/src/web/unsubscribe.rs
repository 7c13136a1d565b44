//! `/unsubscribe/{token}`: GET shows a button, POST stops the mails (RFC 8058). The token is signed; no sign-in is needed,
//! and no form proof: what it does is what its holder was sent it for.

use askama::Template;
use axum::extract::{self, Path};
use axum::response::Response;
use skillwire_schemas::SubscriptionId;
use skillwire_web::{Page, Problem, page};

use crate::Deliver;
use crate::store::subscriptions;

/// What the page says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Asked,
    Stopped,
    Started,
}

#[derive(Template)]
#[template(path = "unsubscribe.html")]
struct Body {
    token: String,
    state: State,
}

fn read(deliver: &Deliver, token: &str) -> Result<SubscriptionId, Problem> {
    let bad = || Problem::not_found("subscription");
    let id = deliver.secret.opened("unsubscribe", token).ok_or_else(bad)?;
    id.parse().map_err(|_| bad())
}

fn show(token: String, state: State) -> Result<Response, Problem> {
    let about = "Stop the mails of one subscription.";
    page(Page { title: "Unsubscribe", about, active: "", actor: None }, &Body { token, state })
}

/// The page; changes nothing, since mail programs open links by themselves.
pub(crate) async fn ask(
    extract::State(deliver): extract::State<Deliver>,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let id = read(&deliver, &token)?;
    let stopped = subscriptions::is_stopped(&deliver.parts.db, id).await?;
    show(token, if stopped { State::Stopped } else { State::Asked })
}

/// Stops.
pub(crate) async fn stop(
    extract::State(deliver): extract::State<Deliver>,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let id = read(&deliver, &token)?;
    subscriptions::stop(&deliver.parts.db, id, deliver.parts.env.clock.now()).await?;
    show(token, State::Stopped)
}

/// Starts them again: what comes from now on. Only who holds the link may, never staff on somebody's behalf.
pub(crate) async fn start(
    extract::State(deliver): extract::State<Deliver>,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let id = read(&deliver, &token)?;
    subscriptions::start(&deliver.parts.db, id).await?;
    show(token, State::Started)
}
