//! How and how often a subscriber is told.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The way to a subscriber.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Mail to the subscriber's address.
    Email,
    /// The subscriber's own JetStream feed, subject `feed.<subscription>.signal`.
    Stream,
    /// A POST to the subscriber's own address, by Standard Webhooks 1.0.0.
    Webhook,
    /// A feed read from a private address: Atom, JSON Feed, server-sent events, JSON, CSV and XLSX.
    Feed,
}

impl Channel {
    /// The word used on the wire, in the database and in addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Stream => "stream",
            Self::Webhook => "webhook",
            Self::Feed => "feed",
        }
    }
}

words!(Channel, "channel", [Email, Stream, Webhook, Feed]);

/// How often mail goes. Stream, webhook and feed have no cadence: every signal goes at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cadence {
    /// As it happens, gathered over a short window so that two events in a second make one mail.
    Instant,
    /// Once a day.
    Daily,
    /// Once a week, from Monday to Sunday.
    Weekly,
    /// Once a month.
    Monthly,
    /// Once a quarter of the year.
    Quarterly,
}

impl Cadence {
    /// The word used on the wire, in the database and in addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Instant => "instant",
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
            Self::Quarterly => "quarterly",
        }
    }
}

words!(Cadence, "cadence", [Instant, Daily, Weekly, Monthly, Quarterly]);
