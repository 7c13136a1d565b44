//! Section `normalize`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How words become concepts.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Folder with a taxonomy in the starter's format; the starter itself when not set.
    pub taxonomy: Option<String>,
    /// How long a need holds when its employer named no day, days.
    pub valid_days: u64,
    /// Rows of a page at most.
    pub page_rows_max: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { taxonomy: None, valid_days: 180, page_rows_max: 100 }
    }
}
