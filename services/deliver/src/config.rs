//! Section `deliver`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How signals get to people.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Mail server: smtp://host:25, smtp+starttls://user:password@host:587 or smtps://user:password@host:465.
    pub smtp_url: String,
    /// Whom mails come from.
    pub from: String,
    /// Domain of Message-IDs and List-IDs.
    pub mail_domain: String,
    /// Signals for an instant mail are gathered for so long, seconds.
    pub instant_window_s: i64,
    /// Hour of the subscriber's day at which the mail of the day before goes, 0 to 23.
    pub daily_at_hour: u32,
    /// A mail that could not go for so long is folded into the next instead, hours.
    pub late_hours_max: i64,
    /// After an outcome that could not be known: the wait before the one more try, seconds.
    pub uncertain_retry_s: i64,
    /// How long an attempt may take before another process takes the delivery over, seconds.
    pub lease_s: i64,
    /// Longest wait for the mail server's answer to a command, seconds.
    pub smtp_timeout_s: u64,
    /// Longest wait for its answer to a mail's content, seconds; below lease_s, so that nobody else takes the mail over meanwhile.
    pub smtp_answer_timeout_s: u64,
    /// Mails over one connection at most; mail servers close those that they find too long.
    pub smtp_mails_per_connection_max: u32,
    /// A connection that nothing was sent over for so long is closed, seconds; below the mail server's own limit (Postfix: 300).
    pub smtp_idle_s: i64,
    /// Domain that signs mails (DKIM), e.g. wire.example; with dkim_selector and dkim_key_file, or none of them.
    pub dkim_domain: Option<String>,
    /// Under which name the public key stands in DNS: <selector>._domainkey.<domain>; `skillwire dkim-record` prints it.
    pub dkim_selector: Option<String>,
    /// The private key, PEM, RSA (PKCS#1 or PKCS#8) or Ed25519 (PKCS#8); `skillwire dkim-key --out FILE` makes one.
    pub dkim_key_file: Option<PathBuf>,
    /// Where mails that cannot be delivered come back to, e.g. bounces@wire.example: bounces+<anything>@wire.example must reach
    /// `skillwire bounce` or bounce_maildir. The part before the @ has at most 19 characters. Not set: they go to deliver.from.
    pub bounce_address: Option<String>,
    /// A Maildir into which the mail server puts what comes back; read by the service. Not set: by `skillwire bounce` alone.
    pub bounce_maildir: Option<PathBuf>,
    /// Mails sent at once by one process.
    pub mails_at_once_max: usize,
    /// Feed messages put out at once.
    pub feed_batch_max: u32,
    /// Webhooks on their way at once, of one process.
    pub webhooks_at_once_max: u32,
    /// Of these, to one endpoint.
    pub webhooks_per_endpoint_max: u32,
    /// Longest a webhook may take, seconds: its receiver should take it in and work later.
    pub webhook_timeout_s: u64,
    /// After a rotation the former secret of a webhook signs too for so long, hours.
    pub webhook_rotation_hours: i64,
    /// Listeners of one feed at once (server-sent events), in one process.
    pub feed_listeners_per_feed_max: usize,
    /// Listeners of all feeds at once, in one process.
    pub feed_listeners_max: usize,
    /// A listener hears a heartbeat when nothing was told for so long, seconds.
    pub feed_heartbeat_s: u64,
    /// Rows of a page at most.
    pub page_rows_max: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            smtp_url: "smtp://127.0.0.1:2525".to_owned(),
            from: "Skillwire <skillwire@localhost>".to_owned(),
            mail_domain: "skillwire.localhost".to_owned(),
            instant_window_s: 60,
            daily_at_hour: 7,
            late_hours_max: 6,
            uncertain_retry_s: 600,
            lease_s: 300,
            smtp_timeout_s: 30,
            smtp_answer_timeout_s: 120,
            smtp_mails_per_connection_max: 100,
            smtp_idle_s: 60,
            dkim_domain: None,
            dkim_selector: None,
            dkim_key_file: None,
            bounce_address: None,
            bounce_maildir: None,
            mails_at_once_max: 8,
            feed_batch_max: 256,
            webhooks_at_once_max: 512,
            webhooks_per_endpoint_max: 64,
            webhook_timeout_s: 15,
            webhook_rotation_hours: 24,
            feed_listeners_per_feed_max: 8,
            feed_listeners_max: 1_000,
            feed_heartbeat_s: 15,
            page_rows_max: 100,
        }
    }
}
