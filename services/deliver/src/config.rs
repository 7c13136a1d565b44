//! Section `deliver`.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::CreateError;
use crate::window::Rules;

/// How and when subscribers are told.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The mail relay: smtp://host:port (no TLS), starttls://user:password@host:587 or smtps://user:password@host:465.
    pub smtp_url: String,
    /// Who our mails are from, e.g. `Skillwire <wire@example.org>`. Its address is also where bounces go.
    pub from: String,
    /// The domain of Message-ID and List-Id; one that is ours.
    pub list_domain: String,
    /// How long an instant mail gathers, from its first signal, seconds.
    pub instant_window_s: u32,
    /// The hour, in the subscriber's zone, at which the digest of a day goes out the next day: 0 to 23.
    pub daily_at_hour: u32,
    /// A daily digest later than this is not sent but folded into the next, seconds.
    pub late_max_s: u32,
    /// How long after a lost answer a mail is sent once more, seconds.
    pub uncertain_retry_s: u32,
    /// How often a mail whose answer was lost is sent again.
    pub uncertain_retries_max: u32,
    /// Failures that may pass are tried again for so long, hours.
    pub retry_hours_max: u32,
    /// A delivery taken by a copy that has not finished for so long goes to another, seconds.
    pub lease_s: u32,
    /// Connections to the relay at once.
    pub mail_concurrency: usize,
    /// Mails taken at once.
    pub mail_batch_max: u32,
    /// Longest wait for connecting and for the answer to each command, seconds.
    pub smtp_timeout_s: u32,
    /// Longest wait from handing a mail's content over to its answer, seconds.
    pub handover_timeout_s: u32,
    /// Messages put into feeds at once.
    pub feed_batch_max: u32,
    /// Signals a mail shows in each part at most; the rest is counted and linked.
    pub signals_shown_max: usize,
    /// Rows of a page at most.
    pub page_rows_max: u32,
    /// Rows of an export at most.
    pub export_rows_max: u32,
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The relay's address may hold a password.
        f.write_str("Config(..)")
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            smtp_url: "smtp://127.0.0.1:1025".to_owned(),
            from: "Skillwire <skillwire@localhost>".to_owned(),
            list_domain: "localhost".to_owned(),
            instant_window_s: 60,
            daily_at_hour: 7,
            late_max_s: 14_400,
            uncertain_retry_s: 300,
            uncertain_retries_max: 1,
            retry_hours_max: 72,
            lease_s: 300,
            mail_concurrency: 4,
            mail_batch_max: 64,
            smtp_timeout_s: 30,
            handover_timeout_s: 120,
            feed_batch_max: 500,
            signals_shown_max: 40,
            page_rows_max: 100,
            export_rows_max: 50_000,
        }
    }
}

impl Config {
    /// Checks what the types cannot say.
    pub(crate) fn check(&self) -> Result<(), CreateError> {
        if self.daily_at_hour > 23 {
            return Err(CreateError::new("daily_at_hour", format!("{} is no hour; give 0 to 23", self.daily_at_hour)));
        }
        if self.lease_s <= self.handover_timeout_s.saturating_add(self.smtp_timeout_s) {
            return Err(CreateError::new(
                "lease_s",
                format!(
                    "{} s; give more than handover_timeout_s and smtp_timeout_s together, or a mail still on its way is \
                     taken by another copy",
                    self.lease_s
                ),
            ));
        }
        let at_least_one = [
            ("mail_concurrency", self.mail_concurrency > 0),
            ("mail_batch_max", self.mail_batch_max > 0),
            ("feed_batch_max", self.feed_batch_max > 0),
            ("signals_shown_max", self.signals_shown_max > 0),
            ("page_rows_max", self.page_rows_max > 0),
        ];
        if let Some((key, _)) = at_least_one.into_iter().find(|(_, fine)| !fine) {
            return Err(CreateError::new(key, "0 would send nothing; give 1 or more"));
        }
        let domain = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
        if self.list_domain.is_empty() || !self.list_domain.chars().all(domain) {
            return Err(CreateError::new("list_domain", "no domain; give one that is yours, e.g. wire.example.org"));
        }
        Ok(())
    }

    pub(crate) fn rules(&self) -> Rules {
        Rules {
            instant_window: chrono::Duration::seconds(self.instant_window_s.into()),
            daily_at_hour: self.daily_at_hour,
            late_max: chrono::Duration::seconds(self.late_max_s.into()),
        }
    }

    pub(crate) fn lease(&self) -> Duration {
        Duration::from_secs(self.lease_s.into())
    }

    pub(crate) fn retry_limit(&self) -> Duration {
        Duration::from_secs(u64::from(self.retry_hours_max) * 3_600)
    }
}
