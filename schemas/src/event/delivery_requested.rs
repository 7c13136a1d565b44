//! `route` has found somebody who wants a signal.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::delivery::{Cadence, Channel};
use crate::envelope::Payload;
use crate::ids::{PartnershipId, PersonId, SubscriptionId};
use crate::signal::Signal;
use crate::subscription::{Predicate, Subscription};

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
        Self {
            subscription: Subscription {
                id: SubscriptionId::derived(&["sample"]),
                partnership: PartnershipId::derived(&["sample"]),
                person: PersonId::derived(&["sample"]),
                name: "Welding in the metro".to_owned(),
                predicate: Predicate { min_employers: 3, ..Predicate::default() },
                channels: vec![Channel::Email, Channel::Stream],
                cadence: Cadence::Daily,
                time_zone: "America/Chicago".to_owned(),
                paused: false,
            },
            signal: super::signal_published::sample_signal(),
        }
    }
}
