//! This service's SQL.

pub(crate) mod decisions;
pub(crate) mod needs;
pub(crate) mod queue;
pub(crate) mod read;
pub(crate) mod renormalizations;
mod rows;
pub(crate) mod taxonomies;
pub(crate) mod terms;

use skillwire_schemas::PartnershipId;
use skillwire_store::{Db, StoreError};
use sqlx::Row;

/// What a partnership's words became.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Needs in force.
    pub active: i64,
    /// Needs taken back.
    pub withdrawn: i64,
    /// Terms of needs in force: (kind, state, how many).
    pub terms: Vec<(String, String, i64)>,
}

/// Counts for summaries.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn counts(db: &Db, partnership: PartnershipId) -> Result<Counts, StoreError> {
    let row = sqlx::query(
        "select count(*) filter (where state = 'active') as active, count(*) filter (where state = 'withdrawn') as withdrawn
         from normalize.needs where partnership = $1 and body is not null",
    )
    .bind(partnership.0)
    .fetch_one(db.pool())
    .await?;
    let terms = terms::counts(db.pool(), partnership).await?;
    Ok(Counts { active: row.get("active"), withdrawn: row.get("withdrawn"), terms })
}

/// How far the re-readings after decisions are, newest first; at most `limit`.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn renormalizations_newest(
    db: &Db,
    partnership: PartnershipId,
    limit: u32,
) -> Result<Vec<renormalizations::RenormalizationProgress>, StoreError> {
    renormalizations::progress(db.pool(), partnership, renormalizations::Which::Newest(limit)).await
}
