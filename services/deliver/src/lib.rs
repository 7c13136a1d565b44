//! Delivery: gets signals to people and programs, and knows what became of each.
//!
//! Who does what: the *stage* puts each requested signal into the delivery of its subscription, channel and period; the
//! *listener* holds what is gathered for a subscription that is paused, until it is resumed, and skips it for one that ends;
//! the *mailer* sends mail deliveries that are due, over SMTP; the *feeder* puts stream deliveries into the subscriber's feed.
//! Every attempt is a row of its own, written before anything leaves, and before the content of a mail leaves it is written
//! that it is leaving.
//!
//! When something fails: a mail server that says "later", or does not answer before the content, is tried again for three
//! days; one that says "no" is not; a connection that falls after the content and before the yes leaves the delivery
//! `uncertain`: tried once more with the same Message-ID, and counted. Nothing is guessed. Refuses to know why a
//! subscription wants a signal, and to keep or log an address.
//!
//! Metrics: `deliver_attempts_total{channel,outcome}`, `deliver_requested_total{channel}`.

pub mod catcher;
mod config;
mod digest;
mod feed;
pub mod mail;
mod mailer;
mod openapi;
mod retry;
mod stage;
mod state;
mod store;
mod subscribed;
mod web;
mod window;

use std::sync::Arc;

use skillwire_bus::{Parts, keeper, stage};
use skillwire_runtime::{Wake, Work};
use skillwire_store::Migration;
use skillwire_web::Secret;

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
];

/// The service.
#[derive(Clone)]
pub struct Deliver {
    parts: Parts,
    config: Arc<Config>,
    smtp: Smtp,
    secret: Secret,
    public_url: Arc<str>,
    due: Wake,
}

impl Deliver {
    /// Makes it; nothing runs yet.
    ///
    /// # Errors
    /// [`SmtpError`] when the mail settings cannot be used.
    pub fn create(parts: Parts, config: Config, secret: Secret, public_url: &str) -> Result<Self, SmtpError> {
        let smtp = Smtp::new(&config)?;
        Ok(Self { parts, config: Arc::new(config), smtp, secret, public_url: public_url.into(), due: Wake::default() })
    }

    /// Its loops.
    #[must_use]
    pub fn works(&self) -> Vec<Arc<dyn Work>> {
        vec![
            keeper(&self.parts),
            stage(&self.parts, stage::Gatherer::new(self)),
            stage(&self.parts, subscribed::Listener::new(self)),
            Arc::new(mailer::Mailer::new(self)),
            Arc::new(feed::Feeder::new(self)),
        ]
    }

    /// Its pages and API.
    #[must_use]
    pub fn routes(&self) -> skillwire_web::Routes {
        web::routes(self.clone())
    }
}
