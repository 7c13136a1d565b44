//! Section `aggregate`. The rules of confidentiality are no settings: see `suppress`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How needs become signals.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// A changed group is folded when it has been quiet for so long, milliseconds: one revision for a file, not one a row.
    pub settle_ms: i64,
    /// A group that is never quiet is folded after so long, milliseconds.
    pub settle_max_ms: i64,
    /// Groups folded in one transaction at most.
    pub groups_batch_max: u32,
    /// Rows of a page at most.
    pub page_rows_max: u32,
    /// Rows of an export at most.
    pub export_rows_max: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            settle_ms: 500,
            settle_max_ms: 2_000,
            groups_batch_max: 100,
            page_rows_max: 100,
            export_rows_max: 50_000,
        }
    }
}
