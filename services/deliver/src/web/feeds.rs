//! The API of feeds: `/api/v1/feeds`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::Serialize;
use skillwire_schemas::SubscriptionId;
use skillwire_web::{Actor, Json, Problem};
use utoipa::ToSchema;

use super::seen;
use crate::Deliver;
use crate::feeds::asked::Format;
use crate::feeds::hub::Pulse;
use crate::feeds::token;
use crate::store::feeds::{self, Owned};

/// Feeds of a list at most.
const LIST_MAX: u32 = 500;

/// The feed of a subscription.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct FeedView {
    /// The subscription whose feed it is.
    pub subscription: SubscriptionId,
    /// The subscription's name.
    pub name: String,
    /// When the address in force was made; absent: there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made_at: Option<DateTime<Utc>>,
    /// What its token begins with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub begins: Option<String>,
    /// When the last one was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<DateTime<Utc>>,
    /// When somebody last read by it, to the minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<DateTime<Utc>>,
    /// The number of its last entry; 0 when it has none.
    pub last: i64,
    /// When that came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_at: Option<DateTime<Utc>>,
    /// Whether it is the asker's own.
    pub own: bool,
}

fn view(feed: Owned, actor: &Actor) -> FeedView {
    FeedView {
        subscription: feed.subscription,
        name: feed.name,
        made_at: feed.made_at.filter(|_| feed.revoked_at.is_none()),
        begins: feed.prefix,
        revoked_at: feed.revoked_at,
        last_used_at: feed.last_used_at,
        last: feed.last,
        last_at: feed.last_at,
        own: feed.person == actor.person,
    }
}

/// The feeds that the actor sees.
#[derive(Serialize, ToSchema)]
pub(crate) struct FeedList {
    pub feeds: Vec<FeedView>,
}

/// Feeds: one's own; staff see the partnership's. Make one by a subscription with channel `feed`.
#[utoipa::path(get, path = "/api/v1/feeds", tag = "feeds", responses((status = 200, body = FeedList)))]
pub(crate) async fn list(State(deliver): State<Deliver>, actor: Actor) -> Result<Json<FeedList>, Problem> {
    Ok(Json(FeedList { feeds: all(&deliver, &actor).await? }))
}

/// Those that the actor sees.
pub(super) async fn all(deliver: &Deliver, actor: &Actor) -> Result<Vec<FeedView>, Problem> {
    let found = feeds::list(deliver.parts.db.pool(), actor.partnership, seen(actor), LIST_MAX).await?;
    Ok(found.into_iter().map(|feed| view(feed, actor)).collect())
}

/// One feed.
#[utoipa::path(get, path = "/api/v1/feeds/{id}", tag = "feeds",
    responses((status = 200, body = FeedView), (status = 404)))]
pub(crate) async fn get(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path(id): Path<SubscriptionId>,
) -> Result<Json<FeedView>, Problem> {
    Ok(Json(one(&deliver, &actor, id).await?))
}

/// The feed, if the actor may see it.
pub(super) async fn one(deliver: &Deliver, actor: &Actor, id: SubscriptionId) -> Result<FeedView, Problem> {
    let found = feeds::get(deliver.parts.db.pool(), actor.partnership, seen(actor), id).await?;
    Ok(view(found.ok_or_else(|| Problem::not_found("feed"))?, actor))
}

/// The private addresses of a feed, told once. Whoever has one reads the feed: keep them like a password.
#[derive(Serialize, ToSchema)]
pub(crate) struct FeedAddresses {
    /// Atom (RFC 4287), newest first.
    pub atom: String,
    /// JSON Feed 1.1, newest first.
    pub json_feed: String,
    /// Server-sent events; `Last-Event-ID` or `?after=` resumes, `?after=0` tells all.
    pub events: String,
    /// JSON with a cursor: every revision in order; `?view=state`: the newest revision of each signal.
    pub signals: String,
    /// The newest revision of each signal as CSV.
    pub csv: String,
    /// The newest revision of each signal as XLSX.
    pub xlsx: String,
}

/// Make a new address. It is told this once; the one before opens nothing from now on, and who listens by it is let go.
#[utoipa::path(post, path = "/api/v1/feeds/{id}/address", tag = "feeds",
    responses((status = 200, body = FeedAddresses), (status = 403, description = "somebody else's"), (status = 404)))]
pub(crate) async fn rotate(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path(id): Path<SubscriptionId>,
) -> Result<Json<FeedAddresses>, Problem> {
    Ok(Json(issue(&deliver, &actor, id).await?))
}

/// Makes a new address: for the owner only, who alone may read what they subscribed to.
pub(super) async fn issue(deliver: &Deliver, actor: &Actor, id: SubscriptionId) -> Result<FeedAddresses, Problem> {
    if !one(deliver, actor, id).await?.own {
        return Err(Problem::forbidden("the address of a feed is told to the owner of its subscription only"));
    }
    let env = &deliver.parts.env;
    let (token, kept) = token::draw(&*env.ids);
    feeds::issue(&deliver.parts.db, id, &kept, env.clock.now()).await?;
    deliver.hub.set(id, Pulse { last: 0, hash: Some(kept.hash) });
    let base = format!("{}/feeds/{token}", deliver.public_url.trim_end_matches('/'));
    let of = |format: Format| format!("{base}/{}", format.file());
    Ok(FeedAddresses {
        atom: of(Format::Atom),
        json_feed: of(Format::JsonFeed),
        events: format!("{base}/events"),
        signals: of(Format::Pull),
        csv: of(Format::Csv),
        xlsx: of(Format::Xlsx),
    })
}

/// Revoke the address: at once it opens nothing. The feed's entries stay, and a new address reads on.
#[utoipa::path(delete, path = "/api/v1/feeds/{id}/address", tag = "feeds",
    responses((status = 204), (status = 404), (status = 409, description = "there is none")))]
pub(crate) async fn revoke(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path(id): Path<SubscriptionId>,
) -> Result<StatusCode, Problem> {
    end(&deliver, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Revokes.
pub(super) async fn end(deliver: &Deliver, actor: &Actor, id: SubscriptionId) -> Result<(), Problem> {
    one(deliver, actor, id).await?;
    let mut tx = deliver.parts.db.begin().await?;
    let was = feeds::revoke(tx.conn(), id, deliver.parts.env.clock.now()).await?;
    tx.commit().await?;
    deliver.hub.set(id, Pulse { last: 0, hash: None });
    if was { Ok(()) } else { Err(Problem::conflict("there is no address in force")) }
}
