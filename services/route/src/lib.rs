//! Routing: who wants a signal.
//!
//! Takes SignalPublished and the subscriptions that people make on its pages; gives one DeliveryRequested for each signal
//! revision and subscription that wants it, and a SubscriptionChanged for each subscription made, changed or ended. Promises that a subscription gets every matching revision, that one told of
//! numbers is also told when they are kept back or end, and that a new subscription starts with what is known already.
//! Refuses to know addresses, channels' ways and times: that is `deliver`.
//!
//! Metrics: `route_deliveries_requested_total`, `route_subscriptions` (in the index of this process).

mod bits;
mod config;
mod error;
mod holds;
mod index;
mod live;
mod openapi;
mod stage;
mod start;
mod store;
mod told;
mod web;

use std::sync::Arc;

use skillwire_bus::{Parts, keeper, relay, stage};
use skillwire_runtime::Work;
use skillwire_store::Migration;
use skillwire_web::{Outbound, Secret};

pub use config::Config;
pub use holds::holds;
pub use index::Index;
pub use openapi::openapi;
pub use store::{Counts, counts, first_stream};

/// Its name, PostgreSQL schema and target.
pub const NAME: &str = "route";

/// Its schema.
pub const MIGRATIONS: &[Migration] =
    &[Migration { version: 1, name: "subscriptions", sql: include_str!("../migrations/0001_first.sql") }];

/// The service.
#[derive(Clone)]
pub struct Route {
    parts: Parts,
    config: Arc<Config>,
    outbound: Outbound,
    secret: Secret,
    live: Arc<live::LiveIndex>,
    started: skillwire_runtime::Wake,
}

impl Route {
    /// Makes it; nothing runs yet.
    #[must_use]
    pub fn create(parts: Parts, config: Config, outbound: Outbound, secret: Secret) -> Self {
        let started = skillwire_runtime::Wake::default();
        Self { parts, config: Arc::new(config), outbound, secret, live: Arc::default(), started }
    }

    /// Its loops.
    #[must_use]
    pub fn works(&self) -> Vec<Arc<dyn Work>> {
        vec![
            keeper(&self.parts),
            relay(&self.parts),
            stage(&self.parts, stage::Router::new(self)),
            Arc::new(start::Starter::new(self)),
        ]
    }

    /// Its pages and API.
    #[must_use]
    pub fn routes(&self) -> skillwire_web::Routes {
        web::routes(self.clone())
    }
}
