//! `route` has made, changed, paused, resumed or ended a subscription.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::envelope::Payload;
use crate::subscription::Subscription;

/// A subscription is not what it was. `deliver` hears it: what is gathered for a paused one waits, and a channel needs to know
/// before the first signal comes where a webhook posts to, and whose feed it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct SubscriptionChanged {
    /// What it now is, or what it last was.
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
        Self { subscription: Subscription::sample(), version: 7, ended: false }
    }
}
