//! Section `database`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where PostgreSQL is and how much of it we use.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseConfig {
    /// PostgreSQL 15 or later: postgres://user:password@host:port/database.
    pub url: String,
    /// Connections of one process at most.
    pub connections_max: u32,
    /// Longest wait for a free connection, seconds.
    pub acquire_timeout_s: u64,
    /// A statement that runs longer is ended by PostgreSQL, seconds.
    pub statement_timeout_s: u64,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self {
            url: "postgres://skillwire@127.0.0.1:5432/skillwire".to_owned(),
            connections_max: 16,
            acquire_timeout_s: 5,
            statement_timeout_s: 60,
        }
    }
}
