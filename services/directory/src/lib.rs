//! The directory: partnerships, organizations, people, and how they prove who they are.
//!
//! Takes sign-ins, invitations and tokens; gives every other service the answer to "who is this" and "where do I reach
//! them". Promises that a link works once, in the browser that asked, for ten minutes; that of links, sessions and tokens
//! only hashes are kept; that nothing in the audit can be changed unseen. Refuses to know what people do with their rights,
//! and depends on no other service.
//!
//! Metrics: `directory_sign_ins_total{outcome}`, `directory_tokens_refused_total{reason}`.

mod address;
pub mod admin;
mod audit;
mod cache;
mod config;
mod openapi;
mod prune;
mod reader;
mod scope;
mod store;
mod token;
mod web;

use std::sync::Arc;

use skillwire_runtime::{Clock, Ids, MailOut, Work};
use skillwire_store::{Db, Migration};

pub use address::{Address, AddressError};
pub use config::Config;
pub use openapi::openapi;
pub use reader::Reader;

/// Its name, PostgreSQL schema and target.
pub const NAME: &str = "directory";

/// Its schema.
pub const MIGRATIONS: &[Migration] =
    &[Migration { version: 1, name: "people", sql: include_str!("../migrations/0001_first.sql") }];

/// What the directory is made from. It has no bus: it says and takes no events.
#[derive(Clone)]
pub struct DirectoryParts {
    /// Its view of PostgreSQL.
    pub db: Db,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Secrets come from here.
    pub ids: Arc<dyn Ids>,
    /// Sends sign-in links.
    pub mail: Arc<dyn MailOut>,
    /// How people reach us.
    pub public_url: String,
}

/// The service.
#[derive(Clone)]
pub struct Directory {
    parts: DirectoryParts,
    config: Arc<Config>,
}

impl Directory {
    /// Makes it; nothing runs yet.
    #[must_use]
    pub fn create(mut parts: DirectoryParts, config: Config) -> Self {
        // Links are written as <public_url>/path.
        parts.public_url.truncate(parts.public_url.trim_end_matches('/').len());
        Self { parts, config: Arc::new(config) }
    }

    /// Its loops.
    #[must_use]
    pub fn works(&self) -> Vec<Arc<dyn Work>> {
        vec![Arc::new(prune::Prune::new(self))]
    }

    /// Its pages and API.
    #[must_use]
    pub fn routes(&self) -> skillwire_web::Routes {
        web::routes(self.clone())
    }

    fn https(&self) -> bool {
        self.parts.public_url.starts_with("https://")
    }
}
