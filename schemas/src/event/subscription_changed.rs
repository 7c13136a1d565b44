//! `route` has a subscription made, changed or ended.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::envelope::Payload;
use crate::subscription::Subscription;

/// A subscription was made, changed or ended. `deliver` keeps from it what a channel needs before the first signal comes: where
/// a webhook posts to, whose feed it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct SubscriptionChanged {
    /// As it now is, or as it last was.
    pub subscription: Subscription,
    /// Grows with every change: of two that come in the wrong order the higher holds.
    pub version: i64,
    /// It is no more.
    pub ended: bool,
}

impl Payload for SubscriptionChanged {
    const NAME: &'static str = "subscription.changed";
    const VERSION: u32 = 1;

    fn sample() -> Self {
        Self { subscription: Subscription::sample(), version: 7, ended: false }
    }
}
