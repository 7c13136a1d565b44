//! Intake: takes what employers send, in the form they have it.
//!
//! Takes JSON, CSV, XLSX, job postings, pasted or uploaded job descriptions and the form; gives a receipt that says of every
//! item whether it was accepted and, if not, what would be right; says SubmissionReceived. Promises that the bytes are kept
//! for ever as they came, that a receipt is given only after they are, and that the same key gives the same receipt. Refuses
//! to judge meaning: that is `normalize`.
//!
//! Metrics: `intake_submissions_total{source,outcome}` with outcome `taken`, `repeated` or `refused`;
//! `intake_items_total{outcome}` with outcome `accepted` or `rejected`; `intake_bytes_total`.

mod change;
mod config;
mod openapi;
pub mod read;
mod receipt;
mod store;
mod take;
mod template;
mod web;

use std::sync::Arc;

use skillwire_bus::{Parts, keeper, relay};
use skillwire_runtime::Work;
use skillwire_store::Migration;
use tokio::sync::Semaphore;

pub use config::Config;
pub use openapi::openapi;
pub use read::{Outline, file_text, outline};
pub use receipt::{ItemReceipt, ItemState, Receipt};
pub use store::counts;

/// Its name, PostgreSQL schema and target.
pub const NAME: &str = "intake";

/// Its schema.
pub const MIGRATIONS: &[Migration] =
    &[Migration { version: 1, name: "submissions", sql: include_str!("../migrations/0001_first.sql") }];

/// The service.
#[derive(Clone)]
pub struct Intake {
    parts: Parts,
    config: Arc<Config>,
    readers: Arc<Semaphore>,
}

impl Intake {
    /// Makes it; nothing runs yet.
    #[must_use]
    pub fn create(parts: Parts, config: Config) -> Self {
        let readers = Arc::new(Semaphore::new(config.readers_max.max(1)));
        Self { parts, config: Arc::new(config), readers }
    }

    /// Its loops.
    #[must_use]
    pub fn works(&self) -> Vec<Arc<dyn Work>> {
        vec![keeper(&self.parts), relay(&self.parts)]
    }

    /// Its pages and API.
    #[must_use]
    pub fn routes(&self) -> skillwire_web::Routes {
        web::routes(self.clone())
    }
}
