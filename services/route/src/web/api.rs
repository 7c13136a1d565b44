//! The API.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use skillwire_runtime::Traceparent;
use skillwire_schemas::envelope::About;
use skillwire_schemas::event::SubscriptionChanged;
use skillwire_schemas::partnership::Partnership;
use skillwire_schemas::{Envelope, EventId, PartnershipId, Payload, Signal, Subscription, SubscriptionId};
use skillwire_web::{Actor, Cursor, Json, Problem, Trace};
use utoipa::{IntoParams, ToSchema};

use super::asked::Asked;
use super::seen;
use crate::error::SubscriptionError;
use crate::holds::holds;
use crate::store::subscriptions::Kept;
use crate::store::{signals, subscriptions};
use crate::{NAME, Route};

/// Signals a preview looks through at most.
const PREVIEW_SIGNALS_MAX: u32 = 5_000;
/// Signals a preview shows at most.
const PREVIEW_SHOWN_MAX: usize = 20;

/// A subscription and where its feed is.
#[derive(Debug, Serialize, JsonSchema, ToSchema)]
pub(crate) struct SubscriptionView {
    #[serde(flatten)]
    pub subscription: Subscription,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// The NATS subject of its feed.
    pub feed_subject: String,
}

impl From<Kept> for SubscriptionView {
    fn from(kept: Kept) -> Self {
        let feed_subject = format!("feed.{}.signal", kept.subscription.id);
        Self { subscription: kept.subscription, created_at: kept.created_at, feed_subject }
    }
}

/// A page of subscriptions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SubscriptionList {
    /// Oldest first.
    pub subscriptions: Vec<SubscriptionView>,
    /// Give it as `cursor` to get the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Which page.
#[derive(Debug, Default, Deserialize, IntoParams)]
pub(crate) struct PageQuery {
    /// From the page before.
    pub cursor: Option<String>,
}

/// What a subscription would bring now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Preview {
    /// How many of the signals known now it wants.
    pub matching: usize,
    /// The first of them.
    pub first: Vec<Signal>,
}

/// Subscriptions: one's own; staff see the partnership's.
#[utoipa::path(get, path = "/api/v1/subscriptions", tag = "subscriptions", params(PageQuery),
    responses((status = 200, body = SubscriptionList)))]
pub(crate) async fn list(
    State(route): State<Route>,
    actor: Actor,
    Query(query): Query<PageQuery>,
) -> Result<Json<SubscriptionList>, Problem> {
    Ok(Json(page(&route, &actor, query.cursor.as_deref()).await?))
}

/// A page of what the actor sees.
pub(super) async fn page(route: &Route, actor: &Actor, cursor: Option<&str>) -> Result<SubscriptionList, Problem> {
    let after = cursor.map(Cursor::decode::<(DateTime<Utc>, SubscriptionId)>).transpose()?;
    let limit = route.config.page_rows_max;
    let mut tx = route.parts.db.begin().await?;
    let kept = subscriptions::list(tx.conn(), actor.partnership, seen(actor), after, limit + 1).await?;
    let full = kept.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    let mut subscriptions: Vec<SubscriptionView> = kept.into_iter().map(Into::into).collect();
    let mut next = None;
    if full {
        subscriptions.pop();
        next = subscriptions.last().map(|view| Cursor::encode(&(view.created_at, view.subscription.id)));
    }
    Ok(SubscriptionList { subscriptions, next })
}

/// Make a subscription. It is told at once what is known already.
#[utoipa::path(post, path = "/api/v1/subscriptions", tag = "subscriptions", request_body = Asked,
    responses((status = 201, body = SubscriptionView), (status = 422, description = "what is wrong, by field")))]
pub(crate) async fn create(
    State(route): State<Route>,
    actor: Actor,
    Trace(trace): Trace,
    Json(asked): Json<Asked>,
) -> Result<(StatusCode, Json<SubscriptionView>), Problem> {
    let view = make(&route, &actor, asked, trace).await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// Makes a subscription for the actor.
pub(super) async fn make(
    route: &Route,
    actor: &Actor,
    asked: Asked,
    trace: Traceparent,
) -> Result<SubscriptionView, Problem> {
    let env = &route.parts.env;
    let now = env.clock.now();
    let id = SubscriptionId(env.ids.uuid(now));
    let subscription = asked
        .check(id, actor.person, &partnership(route, actor.partnership).await?, &route.outbound)
        .map_err(|e| wrong(&e))?;
    let mut tx = route.parts.db.begin().await?;
    let max = route.config.subscriptions_per_person_max;
    if subscriptions::of_person(tx.conn(), actor.partnership, actor.person).await? >= i64::from(max) {
        return Err(Problem::unprocessable(format!("you have {max} subscriptions, the most there may be; remove one"))
            .code("too_many_subscriptions"));
    }
    let version = subscriptions::put(tx.conn(), actor.organization, &subscription, now).await?;
    tx.emit(&changed(&subscription, version, false, trace, now))?;
    tx.commit().await?;
    route.started.ring();
    Ok(Kept { subscription, created_at: now }.into())
}

/// One subscription.
#[utoipa::path(get, path = "/api/v1/subscriptions/{id}", tag = "subscriptions",
    responses((status = 200, body = SubscriptionView), (status = 404)))]
pub(crate) async fn get(
    State(route): State<Route>,
    actor: Actor,
    Path(id): Path<SubscriptionId>,
) -> Result<Json<SubscriptionView>, Problem> {
    Ok(Json(one(&route, &actor, id).await?.into()))
}

/// The subscription, if the actor may see it.
pub(super) async fn one(route: &Route, actor: &Actor, id: SubscriptionId) -> Result<Kept, Problem> {
    let mut tx = route.parts.db.begin().await?;
    subscriptions::get(tx.conn(), actor.partnership, seen(actor), id)
        .await?
        .ok_or_else(|| Problem::not_found("subscription"))
}

/// State a subscription anew.
#[utoipa::path(put, path = "/api/v1/subscriptions/{id}", tag = "subscriptions", request_body = Asked,
    responses((status = 200, body = SubscriptionView), (status = 404), (status = 422)))]
pub(crate) async fn replace(
    State(route): State<Route>,
    actor: Actor,
    Path(id): Path<SubscriptionId>,
    Trace(trace): Trace,
    Json(asked): Json<Asked>,
) -> Result<Json<SubscriptionView>, Problem> {
    Ok(Json(change(&route, &actor, id, asked, trace).await?))
}

/// Changes a subscription that the actor may see.
pub(super) async fn change(
    route: &Route,
    actor: &Actor,
    id: SubscriptionId,
    asked: Asked,
    trace: Traceparent,
) -> Result<SubscriptionView, Problem> {
    let kept = one(route, actor, id).await?;
    let partnership = partnership(route, actor.partnership).await?;
    // Its person stays: staff may mend a subscription, not take it over.
    let subscription =
        asked.check(id, kept.subscription.person, &partnership, &route.outbound).map_err(|e| wrong(&e))?;
    let mut tx = route.parts.db.begin().await?;
    let now = route.parts.env.clock.now();
    let version = subscriptions::put(tx.conn(), actor.organization, &subscription, now).await?;
    tx.emit(&changed(&subscription, version, false, trace, now))?;
    tx.commit().await?;
    route.started.ring();
    Ok(Kept { subscription, created_at: kept.created_at }.into())
}

/// End a subscription.
#[utoipa::path(delete, path = "/api/v1/subscriptions/{id}", tag = "subscriptions",
    responses((status = 204), (status = 404)))]
pub(crate) async fn remove(
    State(route): State<Route>,
    actor: Actor,
    Path(id): Path<SubscriptionId>,
    Trace(trace): Trace,
) -> Result<StatusCode, Problem> {
    end(&route, &actor, id, trace).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a subscription that the actor may see.
pub(super) async fn end(route: &Route, actor: &Actor, id: SubscriptionId, trace: Traceparent) -> Result<(), Problem> {
    let Kept { subscription, .. } = one(route, actor, id).await?;
    let mut tx = route.parts.db.begin().await?;
    let now = route.parts.env.clock.now();
    let version = subscriptions::remove(tx.conn(), id, now).await?;
    tx.emit(&changed(&subscription, version, true, trace, now))?;
    tx.commit().await?;
    Ok(())
}

/// What the others hear of a change.
pub(super) fn changed(
    subscription: &Subscription,
    version: i64,
    ended: bool,
    trace: Traceparent,
    now: DateTime<Utc>,
) -> Envelope<SubscriptionChanged> {
    let id =
        EventId::derived(&[&subscription.id.to_string(), &SubscriptionChanged::event_type(), &version.to_string()]);
    let about = About {
        partnership: subscription.partnership,
        subject: subscription.id.to_string(),
        traceparent: trace.to_string(),
        causation: None,
    };
    Envelope::new(id, NAME, now, about, SubscriptionChanged { subscription: subscription.clone(), version, ended })
}

/// What a subscription would bring now, without making it.
#[utoipa::path(post, path = "/api/v1/subscriptions/preview", tag = "subscriptions", request_body = Asked,
    responses((status = 200, body = Preview), (status = 422)))]
pub(crate) async fn preview(
    State(route): State<Route>,
    actor: Actor,
    Json(asked): Json<Asked>,
) -> Result<Json<Preview>, Problem> {
    let partnership = partnership(&route, actor.partnership).await?;
    let nobody = SubscriptionId::derived(&["preview"]);
    let subscription = asked.check(nobody, actor.person, &partnership, &route.outbound).map_err(|e| wrong(&e))?;
    Ok(Json(would_bring(&route, &subscription).await?))
}

/// The signals known now that a subscription wants.
pub(super) async fn would_bring(route: &Route, subscription: &Subscription) -> Result<Preview, Problem> {
    let mut tx = route.parts.db.begin().await?;
    let known = signals::page(tx.conn(), subscription.partnership, None, PREVIEW_SIGNALS_MAX).await?;
    let mut first: Vec<Signal> = known
        .into_iter()
        .map(|heard| heard.signal)
        .filter(|signal| signal.figures.numbers().is_some() && holds(&subscription.predicate, signal))
        .collect();
    first.sort_by_key(|signal| std::cmp::Reverse(signal.figures.numbers().map(|n| n.openings())));
    let matching = first.len();
    first.truncate(PREVIEW_SHOWN_MAX);
    Ok(Preview { matching, first })
}

/// The actor's partnership.
pub(super) async fn partnership(route: &Route, id: PartnershipId) -> Result<Partnership, Problem> {
    route.parts.env.directory.partnership(id).await?.ok_or_else(|| Problem::not_found("partnership"))
}

/// All that is wrong, by field.
fn wrong(errors: &[SubscriptionError]) -> Problem {
    let all: Vec<String> = errors.iter().map(ToString::to_string).collect();
    Problem::unprocessable(all.join("; ")).code("subscription_refused").with("errors", errors)
}
