//! `route` has found somebody who wants a signal.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::envelope::Payload;
use crate::signal::Signal;
use crate::subscription::Subscription;

/// `route` has found a subscription that wants a signal. Carries both, so that `deliver` need not ask.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct DeliveryRequested {
    /// Who wants it.
    pub subscription: Subscription,
    /// What they want.
    pub signal: Signal,
}

impl Payload for DeliveryRequested {
    const NAME: &'static str = "delivery.requested";
    const VERSION: u32 = 1;

    fn sample() -> Self {
        Self { subscription: Subscription::sample(), signal: super::signal_published::sample_signal() }
    }
}
