//! Changes of needs that are stated already: a submission too, so that it is kept, receipted and follows the same way.

use axum::body::Bytes;
use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use skillwire_schemas::{NeedId, SubmissionItem};
use skillwire_web::Problem;
use utoipa::ToSchema;

use crate::store::submissions;
use crate::take::{Around, Input, Taken};

/// Changes of one request at most.
const CHANGES_MAX: usize = 1_000;
/// How long a confirmed or reopened need holds when no day is given, days.
const CONFIRM_DAYS: u64 = 180;

/// What is to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// It is filled or was a mistake.
    Withdraw,
    /// It still holds. A need that was taken back stays so.
    Confirm,
    /// It was taken back and is open again, as it was stated last; one that was never taken back is confirmed.
    Reopen,
}

/// A change of one need.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    /// Which.
    pub need: NeedId,
    /// What.
    pub action: Action,
    /// For `confirm` and `reopen`: until when; 180 days when absent.
    #[serde(default)]
    pub valid_until: Option<NaiveDate>,
}

/// Changes.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Changes {
    /// In order.
    pub changes: Vec<Change>,
}

/// Takes changes. All or nothing: a need that is not the employer's refuses the whole.
pub(crate) async fn take(around: &Around<'_>, key: String, changes: Changes) -> Result<Taken, Problem> {
    let count = changes.changes.len();
    if !(1..=CHANGES_MAX).contains(&count) {
        return Err(Problem::unprocessable(format!("changes: {count} given; give 1 to {CHANGES_MAX}")));
    }
    let body = serde_json::to_vec(&changes).map(Bytes::from).map_err(Problem::internal)?;
    let sent = around.sent(key, "application/json".to_owned(), None, body).await?;
    let needs: Vec<NeedId> = changes.changes.iter().map(|change| change.need).collect();
    let mut tx = around.intake.parts.db.begin().await?;
    let own = submissions::own_needs(tx.conn(), sent.partnership.id, sent.employer.id, &needs).await?;
    drop(tx);
    if let Some(change) = changes.changes.iter().find(|change| !own.contains(&change.need)) {
        return Err(Problem::not_found("need").with("need", change.need));
    }
    let today = around.intake.parts.env.clock.now().date_naive();
    let items = changes
        .changes
        .into_iter()
        .map(|change| {
            let need = change.need;
            Ok(match change.action {
                Action::Withdraw => SubmissionItem::Withdraw { need },
                Action::Confirm => SubmissionItem::Confirm { need, valid_until: until(&change, today)? },
                Action::Reopen => SubmissionItem::Reopen { need, valid_until: until(&change, today)? },
            })
        })
        .collect::<Result<Vec<_>, Problem>>()?;
    around.intake.take(sent, Input::Items(items)).await
}

/// Until when a change lets its need hold.
fn until(change: &Change, today: NaiveDate) -> Result<NaiveDate, Problem> {
    let usual = today.checked_add_days(chrono::Days::new(CONFIRM_DAYS)).unwrap_or(NaiveDate::MAX);
    let valid_until = change.valid_until.unwrap_or(usual);
    if valid_until < today {
        let detail = format!("valid_until: {valid_until} is past; give a day from {today} on");
        return Err(Problem::unprocessable(detail).code("date_past"));
    }
    Ok(valid_until)
}
