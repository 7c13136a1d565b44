//! `intake` has taken a submission: a part of it with at most [`SubmissionReceived::ITEMS_MAX`] needs.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::county::CountyFips;
use crate::draft::{NeedDraft, RequirementDraft, SubmissionItem};
use crate::envelope::Payload;
use crate::horizon::Horizon;
use crate::ids::{NeedId, OrganizationId, SubmissionId, sample_time};
use crate::need::{Openings, RequirementLevel};
use crate::wage::{StatedWage, WageUnit};

/// How a submission came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubmissionSource {
    /// JSON to the API.
    Json,
    /// A CSV file.
    Csv,
    /// An XLSX file.
    Xlsx,
    /// JDX JobSchema+ or schema.org JobPosting.
    JobPosting,
    /// A pasted or uploaded job description.
    Text,
    /// The form.
    Form,
}

impl SubmissionSource {
    /// The word used on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::JobPosting => "job_posting",
            Self::Text => "text",
            Self::Form => "form",
        }
    }
}

words!(SubmissionSource, "submission source", [Json, Csv, Xlsx, JobPosting, Text, Form]);

/// One accepted item and its place in the submission.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct ReceivedItem {
    /// Counted from 1.
    pub position: u32,
    /// What it asks for.
    #[serde(flatten)]
    pub item: SubmissionItem,
}

/// `intake` has taken a submission, or a part of a long one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct SubmissionReceived {
    /// Which.
    pub submission: SubmissionId,
    /// Whose needs.
    pub employer: OrganizationId,
    /// The employer's industry, NAICS 2022.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub naics: Option<String>,
    /// How it came.
    pub source: SubmissionSource,
    /// When it was taken.
    pub received_at: DateTime<Utc>,
    /// The accepted items of this part.
    pub items: Vec<ReceivedItem>,
}

impl SubmissionReceived {
    /// Items of one event at most: keeps a message far below the 1 MB that a NATS server takes.
    pub const ITEMS_MAX: usize = 50;
}

impl Payload for SubmissionReceived {
    const NAME: &'static str = "submission.received";
    const VERSION: u32 = 1;

    fn sample() -> Self {
        let need = NeedId::derived(&["sample"]);
        let draft = NeedDraft {
            reference: Some("WELD-1".to_owned()),
            occupation: "MIG Welder 2nd shift".to_owned(),
            occupation_code: Some("51-4121.00".to_owned()),
            openings: vec![Openings { horizon: Horizon::Now, new: 2, replacement: 1 }],
            county: CountyFips::parse("29095").ok(),
            place_text: Some("Jackson County, MO".to_owned()),
            wage: Some(StatedWage { min_cents: 2_150, max_cents: 2_600, unit: WageUnit::Hour }),
            education: Some("HS diploma".to_owned()),
            experience: Some("1 year".to_owned()),
            requirements: vec![RequirementDraft {
                text: "MIG welding".to_owned(),
                kind: None,
                level: RequirementLevel::Required,
                importance: Some(5),
                proficiency: Some(3),
            }],
            barriers: vec!["transportation".to_owned()],
            valid_until: Some(sample_time().date_naive()),
            notes: Some("Second shift".to_owned()),
        };
        let items = [
            SubmissionItem::State { need, draft: Box::new(draft) },
            SubmissionItem::Confirm { need, valid_until: sample_time().date_naive() },
            SubmissionItem::Withdraw { need },
            SubmissionItem::Reopen { need, valid_until: sample_time().date_naive() },
        ];
        Self {
            submission: SubmissionId::derived(&["sample"]),
            employer: OrganizationId::derived(&["sample"]),
            naics: Some("332710".to_owned()),
            source: SubmissionSource::Csv,
            received_at: sample_time(),
            items: (1..).zip(items).map(|(position, item)| ReceivedItem { position, item }).collect(),
        }
    }
}
