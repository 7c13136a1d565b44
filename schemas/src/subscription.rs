//! Who wants which signals, by which channel, how often.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::concept::{ConceptKey, ConceptKind};
use crate::county::CountyFips;
use crate::delivery::{Cadence, Channel};
use crate::horizon::Horizon;
use crate::ids::{PartnershipId, PersonId, SubscriptionId};
use crate::region::RegionLevel;

/// Which signals. Empty means any; all that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Predicate {
    /// Counties: a county signal must be one of them; a sub-region or total must hold one of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counties: Vec<CountyFips>,
    /// How wide the region is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub region_levels: Vec<RegionLevel>,
    /// NAICS 2022 prefixes, 2 to 6 digits: an industry behind the signal must begin with one of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub naics_prefixes: Vec<String>,
    /// Kinds of concept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub concept_kinds: Vec<ConceptKind>,
    /// Concepts; what is narrower than one of them matches too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub concepts: Vec<ConceptKey>,
    /// Horizons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub horizons: Vec<Horizon>,
    /// At least so many distinct employers.
    #[serde(default)]
    pub min_employers: u32,
    /// At least so many openings.
    #[serde(default)]
    pub min_openings: u32,
    /// Openings changed by at least so many percent since the subscription was last told of this signal.
    #[serde(default)]
    pub min_change_percent: u32,
}

/// Who wants which signals, by which channel, how often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct Subscription {
    /// Its id; also the name of its feed.
    pub id: SubscriptionId,
    /// The partnership whose signals it takes.
    pub partnership: PartnershipId,
    /// Who is told. The address is looked up when the mail goes, never carried in an event.
    pub person: PersonId,
    /// The name its owner gave it.
    pub name: String,
    /// Which signals.
    pub predicate: Predicate,
    /// By which ways.
    pub channels: Vec<Channel>,
    /// Where the channel `webhook` posts to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_url: Option<String>,
    /// How often mail goes.
    pub cadence: Cadence,
    /// IANA zone in which a day begins, e.g. `America/Chicago`.
    pub time_zone: String,
    /// Paused: nothing is sent, nothing new is gathered. What was gathered comes with the first mail after it.
    #[serde(default)]
    pub paused: bool,
}

impl Subscription {
    /// The sample in the contract.
    pub(crate) fn sample() -> Self {
        Self {
            id: SubscriptionId::derived(&["sample"]),
            partnership: PartnershipId::derived(&["sample"]),
            person: PersonId::derived(&["sample"]),
            name: "Welding in the metro".to_owned(),
            predicate: Predicate { min_employers: 3, ..Predicate::default() },
            channels: vec![Channel::Email, Channel::Stream, Channel::Webhook],
            webhook_url: Some("https://college.example/hooks/skillwire".to_owned()),
            cadence: Cadence::Daily,
            time_zone: "America/Chicago".to_owned(),
            paused: false,
        }
    }
}
