//! The bus: NATS JetStream behind three loops and one call. The only crate that names async-nats.
//!
//! Who does what: a *relay* hands a service's outbox to JetStream; a *stage* takes events of one type from JetStream, once
//! each, and does its work in one transaction; the *feed* is what a subscriber reads. PostgreSQL is the truth and JetStream
//! is transport: streams and consumers are made again whenever they are missing, an event may be published and delivered
//! many times, and is taken once (inbox). The *door* lets subscribers in, each to their own feed only.
//!
//! When something fails: what can be done later stays in the outbox, or goes back to JetStream with a delay; what can never
//! be done is kept as a dead letter in PostgreSQL before the message is given up. Refuses to know any service.
//!
//! Metrics: `relay_events_total{service}`, `stage_events_total{stage,outcome}` with outcome `done`, `repeated`, `returned`
//! or `dead`, `stream_admissions_total{outcome}` with outcome `admitted` or `refused`; how it stands (`gauges.rs`):
//! `relay_waiting_events{service}`, `relay_waiting_seconds{service}`, `stage_waiting_events{stage}`,
//! `stage_waiting_seconds{stage}`, `dead_letters{service}`.

mod bus;
mod config;
mod door;
mod gauges;
mod jwt;
mod keep;
mod readers;
mod relay;
mod replay;
mod stage;
mod stages;
mod taking;
pub mod topology;

pub use bus::{Bus, BusError, FeedMessage};
pub use config::NatsConfig;
pub use door::{Admission, door};
pub use gauges::gauges;
pub use jwt::{ACCOUNT, DoorKeyError, Issuer};
pub use keep::keeper;
pub use readers::{Reader, Start};
pub use relay::relay;
pub use replay::{ReplayError, drop_letter, replay_letter};
pub use stage::{Stage, stage};

use skillwire_runtime::Env;
use skillwire_store::Db;

/// What a service is made from.
#[derive(Clone)]
pub struct Parts {
    /// Time, randomness, who is who.
    pub env: Env,
    /// Its view of PostgreSQL.
    pub db: Db,
    /// The bus.
    pub bus: Bus,
}
