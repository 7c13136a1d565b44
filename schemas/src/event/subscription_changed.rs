//! `route` has made, changed, paused, resumed or ended a subscription.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::envelope::Payload;
use crate::event::DeliveryRequested;
use crate::subscription::Subscription;

/// A subscription is not what it was. `deliver` hears it, so that what is gathered for a paused one waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct SubscriptionChanged {
    /// What it now is.
    pub subscription: Subscription,
    /// Grows with every change of any subscription: of two changes of one the greater holds.
    pub version: i64,
    /// It is no more.
    pub ended: bool,
}

impl Payload for SubscriptionChanged {
    const NAME: &'static str = "subscription.changed";
    const VERSION: u32 = 1;

    fn sample() -> Self {
        Self { subscription: DeliveryRequested::sample().subscription, version: 7, ended: false }
    }
}
