//! `normalize` has made a need of what was said, or made it anew.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::concept::{Concept, ConceptKey, ConceptKind};
use crate::county::CountyFips;
use crate::envelope::Payload;
use crate::horizon::Horizon;
use crate::ids::{NeedId, OrganizationId, SubmissionId, sample_time};
use crate::matching::{Match, MatchState};
use crate::need::{Need, NeedState, Openings, Requirement, RequirementLevel};
use crate::wage::{StatedWage, Wage, WageUnit};

/// `normalize` has made a need of what was said. Carries the whole need.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct NeedNormalized {
    /// The need as it now stands.
    pub need: Need,
    /// Why it was made anew although nobody said anything new, e.g. `staff decision #12`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

impl Payload for NeedNormalized {
    const NAME: &'static str = "need.normalized";
    const VERSION: u32 = 1;

    fn sample() -> Self {
        let concept = |scheme: &str, id: &str, kind, label: &str, broader: &[&str]| Concept {
            key: ConceptKey { scheme: scheme.to_owned(), id: id.to_owned() },
            kind,
            label: label.to_owned(),
            broader: broader.iter().map(|b| (*b).to_owned()).collect(),
        };
        let welder =
            concept("onet-soc", "51-4121.00", ConceptKind::Occupation, "Welders, Cutters, Solderers, and Brazers", &[]);
        let mig =
            concept("skillwire", "gas-metal-arc-welding", ConceptKind::Skill, "Gas metal arc welding", &["welding"]);
        Self {
            need: Need {
                id: NeedId::derived(&["sample"]),
                employer: OrganizationId::derived(&["sample"]),
                naics: Some("332710".to_owned()),
                submission: SubmissionId::derived(&["sample"]),
                reference: Some("WELD-1".to_owned()),
                stated_at: sample_time(),
                normalization: 0,
                state: NeedState::Active,
                occupation: Match {
                    text: "MIG Welder 2nd shift".to_owned(),
                    state: MatchState::Matched,
                    concept: Some(welder),
                    score: 0.97,
                    reason: "alias".to_owned(),
                },
                openings: vec![Openings { horizon: Horizon::Now, new: 2, replacement: 1 }],
                county: CountyFips::parse("29095").ok(),
                wage: Some(Wage::from(StatedWage { min_cents: 2_150, max_cents: 2_600, unit: WageUnit::Hour })),
                education: Some("HS diploma".to_owned()),
                experience_months: Some(12),
                requirements: vec![Requirement {
                    matched: Match {
                        text: "MIG welding".to_owned(),
                        state: MatchState::Matched,
                        concept: Some(mig),
                        score: 1.0,
                        reason: "alias".to_owned(),
                    },
                    level: RequirementLevel::Required,
                    importance: Some(5),
                    proficiency: Some(3),
                }],
                barriers: vec!["transportation".to_owned()],
                valid_until: sample_time().date_naive(),
            },
            cause: Some("staff decision #12".to_owned()),
        }
    }
}
