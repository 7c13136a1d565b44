//! Dead letters by hand: published again once their cause is mended, or dropped.

use chrono::{DateTime, Utc};
use skillwire_store::dead::{self, LetterState};
use skillwire_store::{Db, StoreError};

use crate::bus::{Bus, BusError};

/// A dead letter could not be replayed or dropped.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// There is none of that number, or it was replayed or dropped before.
    #[error("it is not dead: it was replayed or dropped before, or there is none of that number")]
    NotDead,
    /// PostgreSQL.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// NATS did not say yes. The letter stays dead.
    #[error(transparent)]
    Bus(#[from] BusError),
}

/// Publishes a letter's bytes again and marks it, in one transaction that is committed after JetStream's yes: when the commit
/// is lost, the letter is dead still and may be replayed once more, which the stage's inbox forgives. It has died before its
/// stage's transaction was committed, so no inbox knows it.
///
/// # Errors
/// [`ReplayError`]; then the letter is what it was.
pub async fn replay_letter(db: &Db, bus: &Bus, number: i64, by: &str, now: DateTime<Utc>) -> Result<(), ReplayError> {
    let mut tx = db.begin().await?;
    let (subject, body) = dead::take(&mut tx, number).await?.ok_or(ReplayError::NotDead)?;
    // The same letter has the same message id: replayed twice at once, it is one message.
    let message_id = format!("dead-letter/{}/{number}", db.service());
    bus.republish(&subject, &message_id, body).await?;
    dead::settle(&mut tx, number, LetterState::Replayed, (by, None), now).await?;
    tx.commit().await?;
    tracing::info!(service = db.service(), number, by, "a dead letter was replayed");
    Ok(())
}

/// Marks a letter as not wanted. It is kept.
///
/// # Errors
/// [`ReplayError`]; then the letter is what it was.
pub async fn drop_letter(
    db: &Db,
    number: i64,
    (by, reason): (&str, &str),
    now: DateTime<Utc>,
) -> Result<(), ReplayError> {
    let mut tx = db.begin().await?;
    if !dead::settle(&mut tx, number, LetterState::Dropped, (by, Some(reason)), now).await? {
        return Err(ReplayError::NotDead);
    }
    tx.commit().await?;
    tracing::info!(service = db.service(), number, by, "a dead letter was dropped");
    Ok(())
}
