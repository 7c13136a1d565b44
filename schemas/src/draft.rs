//! What an employer said, read out of a file, a form or a message but not yet normalized.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::concept::ConceptKind;
use crate::county::CountyFips;
use crate::ids::NeedId;
use crate::need::{Openings, RequirementLevel};
use crate::wage::StatedWage;

/// One thing that a submission asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum SubmissionItem {
    /// State a need, or state it anew (same employer, same reference).
    State {
        /// The need's id: derived from employer and reference, or from submission and position.
        need: NeedId,
        /// What was said.
        draft: Box<NeedDraft>,
    },
    /// Take a need back: it is filled or was a mistake.
    Withdraw {
        /// Which.
        need: NeedId,
    },
    /// Say that a need still holds.
    Confirm {
        /// Which.
        need: NeedId,
        /// Until when it is to hold.
        valid_until: NaiveDate,
    },
    /// Say that a need that was taken back is open again, as it was stated last.
    Reopen {
        /// Which.
        need: NeedId,
        /// Until when it is to hold.
        valid_until: NaiveDate,
    },
}

/// One need in the employer's own words, checked for shape but not for meaning.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct NeedDraft {
    /// The employer's own key. The same key again replaces the need.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The job title as typed.
    pub occupation: String,
    /// An O*NET-SOC or SOC 2018 code, if the employer gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occupation_code: Option<String>,
    /// How many, by horizon; at most one entry a horizon.
    pub openings: Vec<Openings>,
    /// Where; absent when the employer named no county that we know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub county: Option<CountyFips>,
    /// The place as typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place_text: Option<String>,
    /// The wage as said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wage: Option<StatedWage>,
    /// Education in the employer's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub education: Option<String>,
    /// Experience in the employer's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experience: Option<String>,
    /// Skills, knowledge, technologies and credentials as typed.
    #[serde(default)]
    pub requirements: Vec<RequirementDraft>,
    /// What keeps people from taking or keeping the job: transport, child care, ...
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub barriers: Vec<String>,
    /// Until when the statement holds; 180 days from receipt when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<NaiveDate>,
    /// Anything else the employer wrote; shown to staff only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
}

/// One requirement as typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct RequirementDraft {
    /// The words as they came.
    pub text: String,
    /// `credential` when it came from a credential column or field; absent for anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ConceptKind>,
    /// Required or preferred.
    pub level: RequirementLevel,
    /// 1 (nice) to 5 (essential).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub importance: Option<u8>,
    /// 1 (beginner) to 5 (expert).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proficiency: Option<u8>,
}
