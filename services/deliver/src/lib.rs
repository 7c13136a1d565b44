//! Delivery: gets signals to people and programs, and knows what became of each.
//!
//! Who does what: the *stage* puts each requested signal into the delivery of its subscription, channel and period; the
//! *listener* keeps what subscriptions are: it holds what is gathered for one that is paused until it is resumed, skips it for
//! one that ends, and keeps the webhook's endpoint and the stream's credentials in step; the *mailer* sends mail deliveries that
//! are due, over SMTP; the *reader* of what comes back finds out which of them did not arrive (`bounce/`); the *feeder* puts
//! stream deliveries into the subscriber's feed; the *pusher* posts webhook deliveries to the subscriber's own address
//! (`webhook/`); the *numberer* gives feed deliveries their place in a feed that is read from a private address (`feeds/`); the
//! *gate* and the *tender* let each subscriber read their own feed and no other
//! (`stream/`).
//! Every attempt is a row of its own, written before anything leaves, and before the content of a mail leaves it is written
//! that it is leaving.
//!
//! When something fails: a mail server that says "later", or does not answer before the content, is tried again for three
//! days; one that says "no" is not; a connection that falls after the content and before the yes leaves the delivery
//! `uncertain`: tried once more with the same Message-ID, and counted. Nothing is guessed. Refuses to know why a
//! subscription wants a signal, and to keep or log an address.
//!
//! Metrics: `deliver_attempts_total{channel,outcome}`, `deliver_bounces_total{kind}`, `deliver_requested_total{channel}`, `deliver_breakers_opened_total`,
//! `deliver_webhooks_disabled_total`, `deliver_by_hand_total{action}`; how it stands (`gauges.rs`):
//! `deliver_overdue_deliveries{channel}`, `deliver_overdue_seconds{channel}`, `deliver_late_digests`,
//! `deliver_uncertain_deliveries{channel}`, `deliver_open_breakers`, `deliver_disabled_webhooks`.

pub mod bounce;
mod by_hand;
pub mod catcher;
mod compose;
mod config;
mod digest;
mod feed;
mod feeds;
mod gauges;
pub mod mail;
mod mailer;
mod next_step;
mod openapi;
mod picture;
mod retry;
mod stage;
mod state;
mod store;
mod stream;
mod subscribed;
mod web;
mod webhook;
mod window;

use std::sync::Arc;
use std::time::Duration;

use skillwire_bus::{DoorKeyError, Issuer, Parts, door, keeper, stage};
use skillwire_runtime::{Wake, Work};
use skillwire_store::Migration;
use skillwire_web::{Outbound, Secret};
use tokio::sync::Semaphore;

use bounce::verp::Verp;
use compose::Composer;
use feeds::follower::Follower;
use feeds::hub::Hub;
use feeds::numberer::Numberer;
use stream::gate::Gate;
use stream::tender::Tender;
use webhook::call::{Caller, SystemLookup};
use webhook::pusher::Pusher;

pub use config::Config;
pub use mail::{Smtp, SmtpError};
pub use openapi::openapi;
pub use store::{Counts, counts, flush, replay_since};

/// Its name, PostgreSQL schema and target.
pub const NAME: &str = "deliver";

/// Its schema.
pub const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "deliveries", sql: include_str!("../migrations/0001_first.sql") },
    Migration { version: 2, name: "subscriptions", sql: include_str!("../migrations/0002_subscriptions.sql") },
    Migration { version: 3, name: "webhooks", sql: include_str!("../migrations/0003_webhooks.sql") },
    Migration { version: 4, name: "streams", sql: include_str!("../migrations/0004_streams.sql") },
    Migration { version: 5, name: "feeds", sql: include_str!("../migrations/0005_feeds.sql") },
    Migration { version: 6, name: "by hand", sql: include_str!("../migrations/0006_by_hand.sql") },
    Migration { version: 7, name: "told", sql: include_str!("../migrations/0007_told.sql") },
    Migration { version: 8, name: "bounces", sql: include_str!("../migrations/0008_bounces.sql") },
];

/// Sheets of feeds (CSV, XLSX) written at once by one process.
const SHEETS_AT_ONCE_MAX: usize = 4;

/// It cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// The mail settings.
    #[error(transparent)]
    Smtp(#[from] SmtpError),
    /// The client for webhooks: no root certificates on this machine, most likely.
    #[error("webhooks cannot be sent from here: {0}; are root certificates installed (ca-certificates)?")]
    Client(#[from] reqwest::Error),
    /// The key of the door.
    #[error("no key for the door of NATS: {0}")]
    Door(#[from] DoorKeyError),
}

/// Who answers the NATS servers' question who may come in. Its public key stands in the servers' configuration; it follows from
/// the installation's secret, so that there is no other secret to keep.
///
/// # Errors
/// When no key can be made of it.
pub fn issuer(secret: &Secret) -> Result<Issuer, DoorKeyError> {
    Issuer::new(secret.derive("nats door"))
}

/// The service.
#[derive(Clone)]
pub struct Deliver {
    parts: Parts,
    config: Arc<Config>,
    smtp: Smtp,
    verp: Option<Verp>,
    secret: Secret,
    public_url: Arc<str>,
    caller: Caller,
    composer: Composer,
    due: Wake,
    feed: Wake,
    push: Wake,
    readers: Wake,
    feeds: Wake,
    hub: Hub,
    sheets: Arc<Semaphore>,
}

impl Deliver {
    /// Makes it; nothing runs yet.
    ///
    /// # Errors
    /// [`CreateError`] when the settings of a channel cannot be used.
    pub fn create(
        parts: Parts,
        config: Config,
        secret: Secret,
        public_url: &str,
        outbound: Outbound,
    ) -> Result<Self, CreateError> {
        let smtp = Smtp::new(&config)?;
        let verp = Verp::new(&config, &secret)?;
        if config.bounce_maildir.is_some() && verp.is_none() {
            let why = "deliver.bounce_maildir is set and deliver.bounce_address is not: give the address that fills it";
            return Err(SmtpError::Settings(why.to_owned()).into());
        }
        let caller = Caller::new(outbound, Arc::new(SystemLookup), Duration::from_secs(config.webhook_timeout_s))?;
        let hub = Hub::new(config.feed_listeners_per_feed_max, config.feed_listeners_max);
        let sheets = Arc::new(Semaphore::new(SHEETS_AT_ONCE_MAX));
        let config = Arc::new(config);
        let public_url: Arc<str> = public_url.into();
        let composer = Composer::new(parts.db.clone(), secret.clone(), Arc::clone(&public_url));
        let [due, feed, push, readers, feeds] = std::array::from_fn(|_| Wake::default());
        Ok(Self {
            parts,
            config,
            smtp,
            verp,
            secret,
            public_url,
            caller,
            composer,
            due,
            feed,
            push,
            readers,
            feeds,
            hub,
            sheets,
        })
    }

    /// Its loops.
    ///
    /// # Errors
    /// [`CreateError::Door`] when there is no key for the door.
    pub fn works(&self) -> Result<Vec<Arc<dyn Work>>, CreateError> {
        Ok(vec![
            keeper(&self.parts),
            stage(&self.parts, stage::Gatherer::new(self)),
            stage(&self.parts, subscribed::Listener::new(self)),
            Arc::new(mailer::Mailer::new(self)),
            Arc::new(self.bounces()?),
            Arc::new(feed::Feeder::new(self)),
            Arc::new(Pusher::new(self)),
            Arc::new(Numberer::new(self)),
            Arc::new(Follower::new(self)),
            door("deliver.door", &self.parts, issuer(&self.secret)?, Arc::new(Gate::new(self))),
            Arc::new(Tender::new(self)),
            Arc::new(gauges::Gauges::new(self)),
        ])
    }

    /// What reads the mail that comes back.
    fn bounces(&self) -> Result<bounce::Reader, CreateError> {
        let env = &self.parts.env;
        let db = self.parts.db.clone();
        let maildir = match &self.config.bounce_maildir {
            Some(path) => {
                let (clock, ids) = (Arc::clone(&env.clock), Arc::clone(&env.ids));
                let returns = bounce::Returns::new(db.clone(), clock, ids, &self.config, &self.secret)?;
                Some((path.as_path(), returns))
            }
            None => None,
        };
        Ok(bounce::Reader::new(db, maildir))
    }

    /// Its pages and API.
    #[must_use]
    pub fn routes(&self) -> skillwire_web::Routes {
        web::routes(self.clone())
    }
}
