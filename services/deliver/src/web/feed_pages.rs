//! The pages of feeds: `/feeds`.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::de::IgnoredAny;
use skillwire_schemas::SubscriptionId;
use skillwire_web::{Actor, Form, Page, Permission, Problem, page};

use super::feed_read::private;
use super::feeds::{self, FeedAddresses, FeedView};
use crate::Deliver;
use crate::feeds::entry::Entry;
use crate::store::feeds::{Way, log};

/// Entries that the page shows.
const RECENT_MAX: i64 = 20;

#[derive(Template)]
#[template(path = "feeds.html")]
struct List {
    feeds: Vec<FeedView>,
}

/// The list.
pub(crate) async fn list(State(deliver): State<Deliver>, actor: Actor) -> Result<Response, Problem> {
    let feeds = feeds::all(&deliver, &actor).await?;
    let about = "What you are told, to be read from a private address.";
    page(Page { title: "Feeds", about, active: "/subscriptions", actor: Some(&actor) }, &List { feeds })
}

#[derive(Template)]
#[template(path = "feed.html")]
struct Shown {
    csrf: String,
    may: bool,
    feed: FeedView,
    told: Option<FeedAddresses>,
    recent: Vec<Entry>,
    /// How an address looks, for the examples.
    base: String,
}

/// One feed.
pub(crate) async fn show(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path(id): Path<SubscriptionId>,
) -> Result<Response, Problem> {
    shown(&deliver, &actor, id, None).await
}

async fn shown(
    deliver: &Deliver,
    actor: &Actor,
    id: SubscriptionId,
    told: Option<FeedAddresses>,
) -> Result<Response, Problem> {
    let feed = feeds::one(deliver, actor, id).await?;
    let recent = log(deliver.parts.db.pool(), id, Way::Before(i64::MAX), RECENT_MAX).await?;
    let title = format!("Feed: {}", feed.name);
    let about = "Read it in a feed reader, a program or a spreadsheet.";
    let may = actor.may(Permission::Subscribe);
    let base = match &told {
        Some(told) => told.atom.trim_end_matches("/atom.xml").to_owned(),
        None => format!("{}/feeds/…", deliver.public_url.trim_end_matches('/')),
    };
    let body = Shown { csrf: actor.csrf().to_owned(), may, feed, told, recent, base };
    page(Page { title: &title, about, active: "/subscriptions", actor: Some(actor) }, &body)
}

/// Makes a new address and shows it, this once.
pub(crate) async fn rotate(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path(id): Path<SubscriptionId>,
    Form(_): Form<IgnoredAny>,
) -> Result<Response, Problem> {
    let told = feeds::issue(&deliver, &actor, id).await?;
    Ok(private(shown(&deliver, &actor, id, Some(told)).await))
}

/// Revokes it.
pub(crate) async fn revoke(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path(id): Path<SubscriptionId>,
    Form(_): Form<IgnoredAny>,
) -> Result<Response, Problem> {
    feeds::end(&deliver, &actor, id).await?;
    Ok(Redirect::to(&format!("/feeds/{id}")).into_response())
}
