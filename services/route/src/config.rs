//! Section `route`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Bounds of routing.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Subscriptions of one person at most.
    pub subscriptions_per_person_max: u32,
    /// Rows of a page at most.
    pub page_rows_max: u32,
    /// Signals looked through at once when a new subscription is given what is known already.
    pub start_batch_max: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { subscriptions_per_person_max: 50, page_rows_max: 100, start_batch_max: 500 }
    }
}
