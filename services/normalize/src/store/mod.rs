//! This service's SQL.

pub(crate) mod needs;
pub(crate) mod read;
mod rows;
pub(crate) mod taxonomies;

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
    let terms = sqlx::query(
        "select kind, state, count(*) as n from normalize.terms where partnership = $1 group by 1, 2 order by 1, 2",
    )
    .bind(partnership.0)
    .fetch_all(db.pool())
    .await?;
    Ok(Counts {
        active: row.get("active"),
        withdrawn: row.get("withdrawn"),
        terms: terms.into_iter().map(|row| (row.get("kind"), row.get("state"), row.get("n"))).collect(),
    })
}
