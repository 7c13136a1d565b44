//! PostgreSQL for every service: a pool, migrations of the service's own schema, and the transaction that changes state and
//! says so in one (outbox) and takes an event once (inbox).
//!
//! Promises: a state change and the event it causes are committed together or not at all; an event is taken once however
//! often it is delivered. Refuses to read or write any service's tables.

pub mod config;
pub mod db;
pub mod dead;
pub mod error;
pub mod inbox;
pub mod migrate;
pub mod outbox;

pub use config::DatabaseConfig;
pub use db::{Db, Tx};
pub use error::StoreError;
pub use migrate::Migration;
pub use outbox::OutboxRow;
