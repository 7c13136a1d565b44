//! Staff have decided what a text means.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::concept::{Concept, ConceptKey, ConceptKind};
use crate::decision::{Answer, Decision, Scope, TermKind};
use crate::envelope::Payload;
use crate::ids::{PartnershipId, PersonId, sample_time};

/// Staff have decided what a text means. The needs that change by it follow as events of their own, with this one as their
/// cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct DecisionMade {
    /// What was decided.
    pub decision: Decision,
}

impl Payload for DecisionMade {
    const NAME: &'static str = "decision.made";
    const VERSION: u32 = 1;

    fn sample() -> Self {
        let concept = Concept {
            key: ConceptKey { scheme: "local".to_owned(), id: "robot-tending".to_owned() },
            kind: ConceptKind::Skill,
            label: "Robot tending".to_owned(),
            broader: Vec::new(),
        };
        Self {
            decision: Decision {
                id: Decision::id(PartnershipId::derived(&["sample"]), 12),
                number: 12,
                kind: TermKind::Requirement,
                text: "Tending robots".to_owned(),
                folded: "tending robot".to_owned(),
                scope: Scope::Industry { naics: "332".to_owned() },
                answer: Answer::Map { concept },
                note: "Asked the plant: one person, four cells".to_owned(),
                person: PersonId::derived(&["sample"]),
                decided_at: sample_time(),
            },
        }
    }
}
