//! Identifiers. Each noun has a type of its own, so that one partnership's id can never stand where a person's should.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl $name {
            /// The id that these parts always give (UUID version 5, RFC 9562). Doing a thing twice names it once.
            #[must_use]
            pub fn derived(parts: &[&str]) -> Self {
                Self(derived(stringify!($name), parts))
            }
        }
    )+};
}

ids! {
    /// The tenant.
    PartnershipId,
    /// An employer, college, board, ...
    OrganizationId,
    /// Somebody acting for an organization.
    PersonId,
    /// What somebody sent, kept verbatim.
    SubmissionId,
    /// One normalized statement of demand.
    NeedId,
    /// One cell (region x concept x horizon) of a partnership; the same cell keeps its id over all revisions.
    SignalId,
    /// Who wants which signals, how and how often.
    SubscriptionId,
    /// One signal set for one subscription.
    DeliveryId,
    /// One try at a delivery.
    AttemptId,
    /// One event on the wire.
    EventId,
    /// A staff answer in the review queue.
    DecisionId,
}

/// Names Skillwire's own id space under RFC 9562 version 5.
const NAMESPACE: Uuid = Uuid::from_u128(0x6b1f_3a52_0d5e_4c0e_9a55_5d1c_77a1_e0b4);

fn derived(kind: &str, parts: &[&str]) -> Uuid {
    // Lengths before contents: ("ab","c") and ("a","bc") must not meet.
    let mut text = String::from(kind);
    for part in parts {
        text.push_str(&format!("|{}:{part}", part.len()));
    }
    Uuid::new_v5(&NAMESPACE, text.as_bytes())
}

/// A fixed instant for samples and documentation.
#[must_use]
pub fn sample_time() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_ids_are_stable_and_do_not_collide_over_borders() {
        assert_eq!(NeedId::derived(&["a", "b"]), NeedId::derived(&["a", "b"]));
        assert_ne!(NeedId::derived(&["ab", "c"]), NeedId::derived(&["a", "bc"]));
        assert_ne!(NeedId::derived(&["a"]).0, SignalId::derived(&["a"]).0);
    }
}
