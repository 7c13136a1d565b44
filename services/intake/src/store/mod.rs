//! This service's SQL.

pub(crate) mod submissions;

use skillwire_schemas::PartnershipId;
use skillwire_store::{Db, StoreError};
use sqlx::Row;

/// What a partnership has sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Submissions.
    pub submissions: i64,
    /// Employers that sent any.
    pub employers: i64,
    /// Items accepted.
    pub accepted: i64,
    /// Items rejected.
    pub rejected: i64,
    /// Needs stated, restatements counted once.
    pub needs: i64,
}

/// Counts for summaries, with submissions by source.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn counts(db: &Db, partnership: PartnershipId) -> Result<(Counts, Vec<(String, i64)>), StoreError> {
    let row = sqlx::query(
        "select count(*) as submissions, count(distinct employer) as employers, coalesce(sum(accepted), 0) as accepted,
             coalesce(sum(rejected), 0) as rejected,
             (select count(*) from intake.stated_needs n where n.partnership = $1) as needs
         from intake.submissions where partnership = $1",
    )
    .bind(partnership.0)
    .fetch_one(db.pool())
    .await?;
    let sources = sqlx::query(
        "select source, count(*) as n from intake.submissions where partnership = $1 group by 1 order by 1",
    )
    .bind(partnership.0)
    .fetch_all(db.pool())
    .await?;
    let counts = Counts {
        submissions: row.get("submissions"),
        employers: row.get("employers"),
        accepted: row.get("accepted"),
        rejected: row.get("rejected"),
        needs: row.get("needs"),
    };
    Ok((counts, sources.into_iter().map(|row| (row.get("source"), row.get("n"))).collect()))
}
