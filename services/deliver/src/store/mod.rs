//! This service's SQL.

pub(crate) mod attempts;
pub(crate) mod claims;
pub(crate) mod counts;
pub(crate) mod feed;
pub(crate) mod fold;
pub(crate) mod gather;
pub(crate) mod read;
pub(crate) mod rows;
pub(crate) mod staff;
pub(crate) mod subscriptions;

use skillwire_schemas::{DeliveryId, EventId, SubscriptionId};

/// The id of a subscription's mail for the period that begins then.
pub(crate) fn mail_id(subscription: SubscriptionId, period_start: chrono::DateTime<chrono::Utc>) -> DeliveryId {
    DeliveryId::derived(&[&subscription.to_string(), "email", &period_start.timestamp_micros().to_string()])
}

/// The id of a subscription's stream message for that request.
pub(crate) fn stream_id(subscription: SubscriptionId, event: EventId) -> DeliveryId {
    DeliveryId::derived(&[&subscription.to_string(), "stream", &event.to_string()])
}
