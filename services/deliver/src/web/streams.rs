//! The API of streams: `/api/v1/streams`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use skillwire_bus::{Reader, Start};
use skillwire_runtime::Fault;
use skillwire_schemas::{SignalId, SubscriptionId};
use skillwire_web::{Actor, Json, Problem};
use utoipa::ToSchema;

use super::seen;
use crate::Deliver;
use crate::store::streams::{self, Stream};
use crate::stream::{password, tender};

/// Streams of a list at most.
const LIST_MAX: u32 = 500;
/// The JetStream stream that all feeds are in.
const STREAM: &str = skillwire_bus::topology::FEED;

/// The stream of a subscription: where it is and with what it is read.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct StreamView {
    /// The subscription whose stream it is; also the user in NATS.
    pub subscription: SubscriptionId,
    /// The subscription's name.
    pub name: String,
    /// Where NATS is.
    pub server: String,
    /// The JetStream stream.
    pub stream: String,
    /// The durable pull consumer, made by us.
    pub consumer: String,
    /// What the client's inbox must begin with.
    pub inbox_prefix: String,
    /// The subject of the messages.
    pub subject: String,
    /// When the credentials in force were made; absent: there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made_at: Option<DateTime<Utc>>,
    /// When the last ones were revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<DateTime<Utc>>,
    /// When somebody last came in with them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<DateTime<Utc>>,
    /// Messages not yet acknowledged; absent when NATS does not tell just now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unread: Option<u64>,
    /// Whether it is the asker's own.
    pub own: bool,
}

fn view(deliver: &Deliver, stream: &Stream, actor: &Actor, unread: Option<u64>) -> StreamView {
    let reader = Reader::new(stream.subscription.to_string());
    StreamView {
        subscription: stream.subscription,
        name: stream.name.clone(),
        server: deliver.parts.bus.public_url(),
        stream: STREAM.to_owned(),
        consumer: reader.name().to_owned(),
        inbox_prefix: reader.inbox_prefix(),
        subject: format!("feed.{}.signal", stream.subscription),
        made_at: stream.made_at.filter(|_| stream.revoked_at.is_none()),
        revoked_at: stream.revoked_at,
        last_used_at: stream.last_used_at,
        unread,
        own: stream.person == actor.person,
    }
}

/// The streams that the actor sees.
#[derive(Serialize, ToSchema)]
pub(crate) struct StreamList {
    pub streams: Vec<StreamView>,
}

/// Streams: one's own; staff see the partnership's. Make one by a subscription with channel `stream`.
#[utoipa::path(get, path = "/api/v1/streams", tag = "streams", responses((status = 200, body = StreamList)))]
pub(crate) async fn list(State(deliver): State<Deliver>, actor: Actor) -> Result<Json<StreamList>, Problem> {
    Ok(Json(StreamList { streams: all(&deliver, &actor).await? }))
}

/// Those that the actor sees.
pub(super) async fn all(deliver: &Deliver, actor: &Actor) -> Result<Vec<StreamView>, Problem> {
    let found = streams::list(deliver.parts.db.pool(), actor.partnership, seen(actor), LIST_MAX).await?;
    Ok(found.iter().map(|stream| view(deliver, stream, actor, None)).collect())
}

/// One stream.
#[utoipa::path(get, path = "/api/v1/streams/{id}", tag = "streams",
    responses((status = 200, body = StreamView), (status = 404)))]
pub(crate) async fn get(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path(id): Path<SubscriptionId>,
) -> Result<Json<StreamView>, Problem> {
    Ok(Json(one(&deliver, &actor, id).await?))
}

/// The stream, if the actor may see it.
pub(super) async fn one(deliver: &Deliver, actor: &Actor, id: SubscriptionId) -> Result<StreamView, Problem> {
    let stream = found(deliver, actor, id).await?;
    let unread = deliver.parts.bus.unread(&Reader::new(id.to_string())).await.ok().flatten();
    Ok(view(deliver, &stream, actor, unread))
}

async fn found(deliver: &Deliver, actor: &Actor, id: SubscriptionId) -> Result<Stream, Problem> {
    streams::get(deliver.parts.db.pool(), actor.partnership, seen(actor), id)
        .await?
        .ok_or_else(|| Problem::not_found("stream"))
}

/// Credentials, told once.
#[derive(Serialize, ToSchema)]
pub(crate) struct Credentials {
    /// Where NATS is.
    pub server: String,
    /// The user.
    pub user: String,
    /// The password: told this once.
    pub password: String,
    /// The JetStream stream.
    pub stream: String,
    /// The durable pull consumer.
    pub consumer: String,
    /// What the client's inbox must begin with.
    pub inbox_prefix: String,
}

/// Make new credentials. They are told this once; former ones end at once, and who came in with them is put out.
#[utoipa::path(post, path = "/api/v1/streams/{id}/credentials", tag = "streams",
    responses((status = 200, body = Credentials), (status = 403, description = "somebody else's"), (status = 404)))]
pub(crate) async fn credentials(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path(id): Path<SubscriptionId>,
) -> Result<Json<Credentials>, Problem> {
    Ok(Json(issue(&deliver, &actor, id).await?))
}

/// Makes new credentials: for the owner only, who alone may read what they subscribed to.
pub(super) async fn issue(deliver: &Deliver, actor: &Actor, id: SubscriptionId) -> Result<Credentials, Problem> {
    let stream = found(deliver, actor, id).await?;
    if stream.person != actor.person {
        return Err(Problem::forbidden("the credentials of a stream are told to the owner of its subscription only"));
    }
    let env = &deliver.parts.env;
    let (password, hash) = password::draw(&*env.ids);
    streams::issue(&deliver.parts.db, id, &hash, env.clock.now()).await?;
    let (db, bus) = (&deliver.parts.db, &deliver.parts.bus);
    let settled = async {
        tender::make(db, bus, id).await?;
        tender::put_out(bus, id).await
    };
    later(settled.await, deliver);
    let view = view(deliver, &stream, actor, None);
    Ok(Credentials {
        server: view.server,
        user: id.to_string(),
        password,
        stream: view.stream,
        consumer: view.consumer,
        inbox_prefix: view.inbox_prefix,
    })
}

/// What could not be done now is done by the loop; the rows say what.
fn later(result: Result<(), Fault>, deliver: &Deliver) {
    if let Err(fault) = result {
        tracing::warn!(%fault, "NATS could not be told of changed credentials; it is told again");
    }
    deliver.readers.ring();
}

/// Revoke the credentials: at once nobody gets in, and who is in is put out. The stream's place is forgotten.
#[utoipa::path(delete, path = "/api/v1/streams/{id}/credentials", tag = "streams",
    responses((status = 204), (status = 404), (status = 409, description = "there are none")))]
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
    found(deliver, actor, id).await?;
    let (db, bus) = (&deliver.parts.db, &deliver.parts.bus);
    let mut tx = db.begin().await?;
    let was = streams::revoke(tx.conn(), id, deliver.parts.env.clock.now()).await?;
    tx.commit().await?;
    if !was {
        return Err(Problem::conflict("there are no credentials in force"));
    }
    later(tender::shut(db, bus, id).await, deliver);
    Ok(())
}

/// From where a stream is read again: a moment, or a revision of a signal.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StreamReplay {
    /// From the first message since then.
    #[serde(default)]
    pub since: Option<DateTime<Utc>>,
    /// From the message of this signal ...
    #[serde(default)]
    pub signal: Option<SignalId>,
    /// ... in this revision.
    #[serde(default)]
    pub revision: Option<u32>,
}

/// How much is to be read.
#[derive(Serialize, ToSchema)]
pub(crate) struct StreamReplayed {
    /// Messages from there on; messages older than the feed keeps (`nats.feed_age_days_max`) are not among them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unread: Option<u64>,
}

/// Read a stream again from a moment or a revision: the consumer begins there. Messages have the ids they had.
#[utoipa::path(post, path = "/api/v1/streams/{id}/replay", tag = "streams", request_body = StreamReplay,
    responses((status = 200, body = StreamReplayed), (status = 404), (status = 409, description = "no credentials"),
        (status = 422)))]
pub(crate) async fn replay(
    State(deliver): State<Deliver>,
    actor: Actor,
    Path(id): Path<SubscriptionId>,
    Json(asked): Json<StreamReplay>,
) -> Result<Json<StreamReplayed>, Problem> {
    Ok(Json(StreamReplayed { unread: again(&deliver, &actor, id, &asked).await? }))
}

/// Lets the reader begin elsewhere; gives how much it has before it.
pub(super) async fn again(
    deliver: &Deliver,
    actor: &Actor,
    id: SubscriptionId,
    asked: &StreamReplay,
) -> Result<Option<u64>, Problem> {
    let stream = found(deliver, actor, id).await?;
    if stream.made_at.is_none() || stream.revoked_at.is_some() {
        return Err(Problem::conflict("there are no credentials in force; make some first"));
    }
    let pool = deliver.parts.db.pool();
    let sequence = match (asked.since, asked.signal, asked.revision) {
        (Some(since), None, None) => streams::sequence_since(pool, id, since).await?,
        (None, Some(signal), Some(revision)) => {
            let found = streams::sequence_of(pool, id, signal, revision).await?;
            Some(found.ok_or_else(|| Problem::not_found("revision in this stream"))?)
        }
        _ => {
            return Err(Problem::unprocessable("give since, or signal and revision").code("replay"));
        }
    };
    let start = match sequence {
        Some(sequence) => Start::Sequence(u64::try_from(sequence).unwrap_or(1)),
        None => Start::New,
    };
    let (db, bus) = (&deliver.parts.db, &deliver.parts.bus);
    tender::restart(db, bus, id, start)
        .await
        .map_err(|fault| Problem::unavailable(format!("the stream could not be set back ({fault}); try again")))?;
    Ok(bus.unread(&Reader::new(id.to_string())).await.ok().flatten())
}
