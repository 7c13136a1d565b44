//! The streams, as data. Whoever finds one missing makes it again from here.

use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::stream::{Config as StreamConfig, DiscardPolicy, RetentionPolicy, StorageType};

use crate::config::NatsConfig;

/// Events between the services.
pub const EVENTS: &str = "SKILLWIRE";
/// What the subjects of events begin with.
pub(crate) const EVENT_SUBJECTS: &str = "skillwire.";
/// What subscribers read.
pub const FEED: &str = "FEED";

/// How long JetStream remembers message ids. Protects against a repeated publish only; the inbox does the rest.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(120);
/// A stage that has not answered for so long is taken for dead and its events go to another copy.
pub(crate) const ACK_WAIT: Duration = Duration::from_secs(30);
/// Events of one stage in flight at most, over all its copies.
const ACK_PENDING_MAX: i64 = 2_000;

const DAY_S: u64 = 24 * 60 * 60;
const MEGABYTE: i64 = 1024 * 1024;

/// All streams.
pub(crate) fn streams(config: &NatsConfig) -> [StreamConfig; 2] {
    let stream = |name: &str, subject: &str, days: u64, megabytes: i64, description: &str| StreamConfig {
        name: name.to_owned(),
        description: Some(description.to_owned()),
        subjects: vec![subject.to_owned()],
        retention: RetentionPolicy::Limits,
        storage: StorageType::File,
        // Old ones go first: what is lost here is still in PostgreSQL, and a full stream must not stop the pipeline.
        discard: DiscardPolicy::Old,
        max_age: Duration::from_secs(days * DAY_S),
        max_bytes: megabytes.saturating_mul(MEGABYTE),
        num_replicas: config.replicas,
        duplicate_window: DUPLICATE_WINDOW,
        allow_direct: true,
        ..StreamConfig::default()
    };
    [
        stream(
            EVENTS,
            "skillwire.>",
            config.events_age_days_max,
            config.events_megabytes_max,
            "Skillwire: events between the services",
        ),
        stream(
            FEED,
            "feed.>",
            config.feed_age_days_max,
            config.feed_megabytes_max,
            "Skillwire: feeds, one subject a subscription",
        ),
    ]
}

/// The durable consumer of a stage; all copies of the stage share it.
pub(crate) fn consumer(stage: &str, filter: String) -> pull::Config {
    pull::Config {
        durable_name: Some(stage.to_owned()),
        // From the beginning: a consumer made again after a loss meets old events, which the inbox forgives; one that began
        // at "new" would miss what was published in between.
        deliver_policy: DeliverPolicy::All,
        ack_policy: AckPolicy::Explicit,
        ack_wait: ACK_WAIT,
        // The stage itself bounds redelivery, because it must write the dead letter before it gives a message up.
        max_deliver: -1,
        max_ack_pending: ACK_PENDING_MAX,
        filter_subject: filter,
        ..pull::Config::default()
    }
}
