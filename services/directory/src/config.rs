//! Section `directory`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who is who: sign-in, people, tokens.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How long a sign-in link works, minutes (ASVS 5.0 6.5.5: 10).
    pub link_minutes: i64,
    /// How long a session lasts, hours.
    pub session_hours: i64,
    /// Sign-in links that one address, may ask for in an hour; one network address ten times as many.
    pub links_per_hour_max: i64,
    /// Longest life of an API token, days.
    pub token_days_max: i64,
    /// API tokens that one person may have working at once in a partnership.
    pub tokens_max: i64,
    /// Rows of a page at most.
    pub page_rows_max: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            link_minutes: 10,
            session_hours: 12,
            links_per_hour_max: 10,
            token_days_max: 366,
            tokens_max: 50,
            page_rows_max: 100,
        }
    }
}
