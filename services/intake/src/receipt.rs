//! The receipt: what became of each item of a submission.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use skillwire_schemas::event::SubmissionSource;
use skillwire_schemas::{NeedId, SubmissionId};
use utoipa::ToSchema;

use crate::read::Remark;

/// What became of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ItemState {
    /// It is a need now.
    Accepted,
    /// It is not; its errors say why.
    Rejected,
}

/// One item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct ItemReceipt {
    /// Counted from 1.
    pub position: u32,
    /// Where it stands in what was sent, e.g. `row 7`.
    pub place: String,
    /// The employer's own key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Accepted or rejected.
    pub state: ItemState,
    /// The need it states.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub need: Option<NeedId>,
    /// What is wrong and what would be right.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Remark>,
    /// What was understood in a way that its writer should look at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Remark>,
}

/// A receipt: given after the submission is kept, the same for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct Receipt {
    /// The submission.
    pub submission: SubmissionId,
    /// When it was taken.
    pub received_at: DateTime<Utc>,
    /// How it came.
    pub source: SubmissionSource,
    /// Items accepted.
    pub accepted: u32,
    /// Items rejected.
    pub rejected: u32,
    /// The items in order; of the accepted ones only those with warnings when there are very many.
    pub items: Vec<ItemReceipt>,
    /// What concerns the whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Remark>,
    /// Follows the submission through every stage to the mail.
    pub trace_id: String,
}
