//! `/subscriptions/preferences/{token}`: how often the mails of a person go, without a sign-in. The token stands in each of their
//! mails, signed; it shows and changes how often and whether mail goes, nothing else, and opens no other page.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use skillwire_schemas::{Cadence, Channel, Subscription, SubscriptionId};
use skillwire_web::{Page, Problem, Trace, page};

use super::api::changed;
use crate::Route;
use crate::store::subscriptions::{self, Owner};

/// What the signature is for.
const PURPOSE: &str = "preferences";

/// How often mail may go, in the words of the page.
const CADENCES: [(Cadence, &str); 5] = [
    (Cadence::Instant, "as it happens"),
    (Cadence::Daily, "once a day"),
    (Cadence::Weekly, "once a week, on Monday"),
    (Cadence::Monthly, "once a month"),
    (Cadence::Quarterly, "once a quarter"),
];

struct Shown {
    subscription: Subscription,
    stop: String,
}

#[derive(Template)]
#[template(path = "preferences.html")]
struct Body {
    token: String,
    shown: Vec<Shown>,
    cadences: [(Cadence, &'static str); 5],
}

/// Whose mails a token is about; it must be one that we signed.
async fn read(route: &Route, token: &str) -> Result<Owner, Problem> {
    let none = || Problem::not_found("subscription");
    let id = route.secret.opened(PURPOSE, token).ok_or_else(none)?;
    let id: SubscriptionId = id.parse().map_err(|_| none())?;
    let mut tx = route.parts.db.begin().await?;
    subscriptions::owner(tx.conn(), id).await?.ok_or_else(none)
}

/// The mails of a person; those that go to programs only are not here.
async fn of(route: &Route, owner: &Owner) -> Result<Vec<Subscription>, Problem> {
    let limit = route.config.subscriptions_per_person_max;
    let mut tx = route.parts.db.begin().await?;
    let kept = subscriptions::list(tx.conn(), owner.partnership, Some(owner.person), None, limit).await?;
    Ok(kept.into_iter().map(|k| k.subscription).filter(|s| s.channels.contains(&Channel::Email)).collect())
}

/// The page; changes nothing, since mail programs open links by themselves.
pub(crate) async fn show(State(route): State<Route>, Path(token): Path<String>) -> Result<Response, Problem> {
    let owner = read(&route, &token).await?;
    let stop = |s: &Subscription| format!("/unsubscribe/{}", route.secret.signed("unsubscribe", &s.id.to_string()));
    let shown = of(&route, &owner).await?;
    let shown = shown.into_iter().map(|subscription| Shown { stop: stop(&subscription), subscription }).collect();
    let about = "How often your mails go.";
    let around = Page { title: "Your mails", about, active: "", actor: None };
    page(around, &Body { token, shown, cadences: CADENCES })
}

/// Saves what differs. No proof of a form: the token is one, and nobody needs to be signed in.
pub(crate) async fn save(
    State(route): State<Route>,
    Path(token): Path<String>,
    Trace(trace): Trace,
    axum::Form(fields): axum::Form<BTreeMap<String, String>>,
) -> Result<Response, Problem> {
    let owner = read(&route, &token).await?;
    let now = route.parts.env.clock.now();
    let all = of(&route, &owner).await?;
    let mut tx = route.parts.db.begin().await?;
    // One by one: a person has few, and changes fewer.
    for old in all {
        let Some(cadence) = fields.get(&format!("cadence.{}", old.id)) else { continue };
        let cadence = cadence.parse::<Cadence>().map_err(|e| Problem::unprocessable(format!("{}: {e}", old.name)))?;
        let paused = fields.contains_key(&format!("paused.{}", old.id));
        if (cadence, paused) == (old.cadence, old.paused) {
            continue;
        }
        let new = Subscription { cadence, paused, ..old };
        let version = subscriptions::put(tx.conn(), owner.organization, &new, now).await?;
        tx.emit(&changed(&new, version, false, trace, now))?;
    }
    tx.commit().await?;
    route.started.ring();
    Ok(Redirect::to(&format!("/subscriptions/preferences/{token}")).into_response())
}
