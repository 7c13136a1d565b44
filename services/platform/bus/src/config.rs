//! Section `nats`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where NATS is and how much it keeps for us.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NatsConfig {
    /// nats-server 2.11 or later with JetStream: nats://user:password@host:port, several separated by commas.
    pub url: String,
    /// How subscribers reach NATS, without name and password, e.g. tls://wire.example.org:4222. Empty: as `url` says.
    pub public_url: String,
    /// Copies of each stream: 1 for a single server, 3 in a cluster.
    pub replicas: usize,
    /// How long events between the services are kept, days. PostgreSQL keeps them longer; see `skillwire replay`.
    pub events_age_days_max: u64,
    /// How much space events between the services may take, megabytes.
    pub events_megabytes_max: i64,
    /// How long a subscriber can go back in the feed, days.
    pub feed_age_days_max: u64,
    /// How much space all feeds together may take, megabytes.
    pub feed_megabytes_max: i64,
    /// How long events stay in PostgreSQL, so that they can be replayed, days. Raw submissions stay for ever.
    pub replay_days: i64,
    /// Events that a stage takes at once.
    pub stage_batch_max: usize,
    /// How long NATS may take to answer, seconds.
    pub answer_timeout_s: u64,
}

impl Default for NatsConfig {
    fn default() -> Self {
        Self {
            url: "nats://127.0.0.1:4222".to_owned(),
            public_url: String::new(),
            replicas: 1,
            events_age_days_max: 7,
            events_megabytes_max: 4_096,
            feed_age_days_max: 90,
            feed_megabytes_max: 4_096,
            replay_days: 400,
            stage_batch_max: 64,
            answer_timeout_s: 5,
        }
    }
}
