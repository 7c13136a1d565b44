//! `aggregate` has a new revision of a signal.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::concept::{Concept, ConceptKey, ConceptKind};
use crate::county::CountyFips;
use crate::envelope::Payload;
use crate::horizon::Horizon;
use crate::ids::{PartnershipId, sample_time};
use crate::region::{Region, RegionLevel};
use crate::signal::{Figures, Numbers, Signal, SignalKey, Trend};

/// `aggregate` has a new revision of a signal. Carries the whole signal, safe to tell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct SignalPublished {
    /// The signal as it now stands.
    pub signal: Signal,
}

/// The signal of the samples.
pub(super) fn sample_signal() -> Signal {
    let key = ConceptKey { scheme: "skillwire".to_owned(), id: "gas-metal-arc-welding".to_owned() };
    let partnership = PartnershipId::derived(&["sample"]);
    Signal {
        id: SignalKey {
            partnership,
            level: RegionLevel::County,
            region: "29095".to_owned(),
            concept: key.to_string(),
            horizon: Horizon::Now,
        }
        .id(),
        partnership,
        region: Region {
            level: RegionLevel::County,
            code: "29095".to_owned(),
            name: "Jackson County, MO".to_owned(),
            counties: CountyFips::parse("29095").into_iter().collect(),
        },
        concept: Concept {
            key,
            kind: ConceptKind::Skill,
            label: "Gas metal arc welding".to_owned(),
            broader: vec!["welding".to_owned()],
        },
        horizon: Horizon::Now,
        revision: 3,
        figures: Figures::Published(Numbers {
            employers: 5,
            openings_new: 9,
            openings_replacement: 4,
            median_hourly_cents: Some(2_375),
            required_percent: Some(85),
            unmatched_percent: Some(10),
            trend: Some(Trend { previous_openings: 10, previous_employers: 4, change: 3 }),
        }),
        industries: vec!["332".to_owned()],
        as_of: sample_time(),
        causes: vec!["staff decision #12".to_owned()],
    }
}

impl Payload for SignalPublished {
    const NAME: &'static str = "signal.published";
    const VERSION: u32 = 1;

    fn sample() -> Self {
        Self { signal: sample_signal() }
    }
}
