//! A delivery's signals -> the mail's words and picture. Reads, changes nothing: a preview is made the same way.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDateTime, Utc};
use skillwire_runtime::Fault;
use skillwire_runtime::trace::trace_id;
use skillwire_schemas::{Cadence, DeliveryId, Signal, SignalId, SubscriptionId};
use skillwire_store::Db;
use skillwire_web::Secret;
use tokio::sync::Semaphore;

use crate::digest::{self, BIGGEST_MAX, Content, Links, Words};
use crate::picture::Painter;
use crate::store::{deliveries, told};

/// What a mail is about.
#[derive(Clone, Debug)]
pub(crate) struct About {
    pub id: DeliveryId,
    pub subscription: SubscriptionId,
    pub name: String,
    pub cadence: String,
    pub time_zone: String,
    /// The begin of the period, as it names it.
    pub period: String,
    pub traceparent: String,
}

/// Writes mails.
#[derive(Clone)]
pub(crate) struct Composer {
    pub db: Db,
    pub painter: Painter,
    pub secret: Secret,
    pub public_url: Arc<str>,
    writing: Arc<Semaphore>,
}

impl Composer {
    pub(crate) fn new(db: Db, secret: Secret, public_url: Arc<str>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { db, painter: Painter::new(), secret, public_url, writing: Arc::new(Semaphore::new(writers(cores))) }
    }

    /// The mail as it would be now; nothing when there is nothing to tell.
    pub(crate) async fn write(&self, about: &About, now: DateTime<Utc>) -> Result<Option<Words>, Fault> {
        let signals = deliveries::content(&self.db, about.id).await?;
        if signals.is_empty() {
            return Ok(None);
        }
        let before = told::before(&self.db, about.subscription, about.id).await?;
        let rest = told::rest(&self.db, about.subscription, about.id, BIGGEST_MAX).await?;
        let before: HashMap<_, _> = before.into_iter().chain(rest.iter().cloned()).map(|s| (s.id, s)).collect();
        let (about, links, painter) = (about.clone(), self.links(about.subscription), self.painter.clone());
        // Writing and drawing take milliseconds of a core: not on the threads that serve requests, and not on all cores.
        let _turn = self.writing.acquire().await.map_err(Fault::retry)?;
        let written =
            tokio::task::spawn_blocking(move || written(&about, &signals, &before, &rest, &links, &painter, now));
        written.await.map_err(Fault::retry)?.map(Some)
    }

    /// Where the mails of a subscription lead. The signed addresses work without a sign-in.
    pub(crate) fn links(&self, subscription: SubscriptionId) -> Links {
        let id = subscription.to_string();
        let signed =
            |path: &str, purpose: &str| format!("{}/{path}/{}", self.public_url, self.secret.signed(purpose, &id));
        Links {
            public_url: self.public_url.to_string(),
            unsubscribe: signed("unsubscribe", "unsubscribe"),
            preferences: signed("subscriptions/preferences", "preferences"),
        }
    }
}

/// The words and the picture.
fn written(
    about: &About,
    signals: &[Signal],
    before: &HashMap<SignalId, Signal>,
    rest: &[Signal],
    links: &Links,
    painter: &Painter,
    now: DateTime<Utc>,
) -> Result<Words, Fault> {
    let draft = digest::write(&Content {
        name: &about.name,
        cadence: about.cadence.parse().unwrap_or(Cadence::Daily),
        zone: about.time_zone.parse().unwrap_or(chrono_tz::UTC),
        start: start(&about.period).unwrap_or(now),
        signals,
        before,
        rest,
        links,
        trace_id: &trace_id(&about.traceparent),
        as_of: now,
    })
    .map_err(Fault::reject)?;
    let picture = draft.chart.map(|chart| painter.draw(&chart)).transpose().map_err(Fault::reject)?;
    Ok(Words { subject: draft.subject, text: draft.text, html: draft.html, picture })
}

/// How many mails are written at once on a machine of so many cores: the others are for who waits for an answer.
fn writers(cores: usize) -> usize {
    (cores / 2).max(1)
}

fn start(period: &str) -> Option<DateTime<Utc>> {
    NaiveDateTime::parse_from_str(period, "%Y-%m-%dT%H:%M:%SZ").ok().map(|at| at.and_utc())
}
