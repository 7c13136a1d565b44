//! The past read again: after a decision, the needs that carry its text are read with what holds now, slice by slice. Any
//! number of copies work on it; a slice is taken for one batch, and what a batch did and how far the slice came are one
//! transaction: a copy that is killed leaves the slice where it was.

use std::time::Duration;

use async_trait::async_trait;
use skillwire_runtime::{Fault, Progress, Wake, Work};
use skillwire_schemas::Decision;
use skillwire_store::{Db, Tx};
use uuid::Uuid;

use crate::Normalize;
use crate::chunks::chunks;
use crate::kept::Kept;
use crate::reading::Reading;
use crate::stage::{Because, say_again};
use crate::store::renormalizations::{self, Slice, Stepped};
use crate::store::{decisions, needs, terms};

/// Needs of one transaction.
const BATCH_NEEDS: u32 = 500;
/// A re-reading is cut into so many slices, so that several copies and processors share it.
const SLICES: u8 = 8;

/// The loop.
pub(crate) struct Again {
    normalize: Normalize,
}

impl Again {
    pub(crate) fn new(normalize: &Normalize) -> Self {
        Self { normalize: normalize.clone() }
    }

    /// Takes what a batch needs: the lock, and the first time how many needs there are.
    async fn read(&self, tx: &mut Tx, slice: &Slice) -> Result<Stepped, Fault> {
        decisions::lock_to_read(tx.conn(), &[slice.partnership]).await?;
        if slice.is_uncounted {
            let term = (slice.partnership, slice.kind, slice.folded.as_str());
            let carriers = terms::count_carriers(tx.conn(), term).await?;
            renormalizations::counted(tx.conn(), slice, carriers).await?;
        }
        self.batch(tx, slice).await
    }

    /// Reads a batch of a slice.
    async fn batch(&self, tx: &mut Tx, slice: &Slice) -> Result<Stepped, Fault> {
        let term = (slice.partnership, slice.kind, slice.folded.as_str());
        let place = (slice.done_to, slice.begins_at, slice.ends_at);
        let ids = terms::carriers(tx.conn(), term, place, BATCH_NEEDS).await?;
        let mut done = Stepped {
            needs: ids.len(),
            done_to: ids.last().map(|id| id.0),
            is_last: ids.len() < usize::try_from(BATCH_NEEDS).unwrap_or(usize::MAX),
            changed: 0,
        };
        let mut batch: Vec<Kept> = needs::load(tx.conn(), &ids).await?.into_values().collect();
        batch.sort_by_key(|kept| kept.id);
        let log = self.normalize.known.log(tx.conn(), slice.partnership).await?;
        let lexicon = self.normalize.live.of(tx.conn(), slice.partnership).await?;
        let reading = Reading { lexicon: &lexicon, rules: &log.rules };
        for kept in &mut batch {
            self.normalize.read_again(kept, reading);
            // Reading is work for the processor; others get their turn in between.
            tokio::task::yield_now().await;
        }
        let rows: Vec<&Kept> = batch.iter().filter(|kept| kept.changed).collect();
        done.changed = rows.len();
        let now = self.normalize.parts.env.clock.now();
        let sizes = needs::save_again(tx.conn(), &rows, now).await?;
        let because = Because {
            partnership: slice.partnership,
            cause: Decision::name(slice.number),
            event: slice.event,
            traceparent: slice.traceparent.clone(),
        };
        for chunk in chunks(&sizes) {
            say_again(tx, &rows[chunk], now, &because)?;
        }
        Ok(done)
    }
}

#[async_trait]
impl Work for Again {
    fn name(&self) -> &'static str {
        "normalize.again"
    }

    async fn step(&self, _wait: Duration) -> Result<Progress, Fault> {
        let parts = &self.normalize.parts;
        let mut tx = parts.db.begin().await?;
        let Some(slice) = renormalizations::take(tx.conn()).await? else { return Ok(Progress::Idle) };
        let done = match self.read(&mut tx, &slice).await {
            Ok(done) => done,
            Err(fault) => {
                drop(tx);
                renormalizations::put_back(parts.db.pool(), &slice, parts.env.clock.now()).await?;
                return Err(fault);
            }
        };
        renormalizations::stepped(tx.conn(), &slice, done, parts.env.clock.now()).await?;
        tx.commit().await?;
        metrics::counter!("normalize_needs_read_again_total").increment(done.needs as u64);
        Ok(Progress::Did(1 + done.needs))
    }

    fn rest(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn wake(&self) -> Option<Wake> {
        Some(self.normalize.decided.clone())
    }
}

/// The slices of all ids: the first bits tell. Ids of needs are hashes, so that slices are of one size.
pub(crate) fn slices() -> Vec<(Uuid, Uuid)> {
    let width = u128::MAX / u128::from(SLICES);
    (0..SLICES)
        .map(|at| {
            let begins = u128::from(at) * width + u128::from(at.min(1));
            let ends = if at + 1 == SLICES { u128::MAX } else { u128::from(at + 1) * width };
            (Uuid::from_u128(begins), Uuid::from_u128(ends))
        })
        .collect()
}

/// Rows of the version before that a step folds.
const FOLD_ROWS: u32 = 2_000;

/// Fills in what rows of the version before lack.
pub(crate) struct Folder(pub(crate) Db);

#[async_trait]
impl Work for Folder {
    fn name(&self) -> &'static str {
        "normalize.fold"
    }

    async fn step(&self, _wait: Duration) -> Result<Progress, Fault> {
        let mut tx = self.0.begin().await?;
        let folded = terms::fold(tx.conn(), FOLD_ROWS).await?;
        tx.commit().await?;
        Ok(Progress::of(folded))
    }

    fn rest(&self) -> Duration {
        Duration::from_secs(10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_hold_every_id_once() {
        let slices = slices();
        assert_eq!((slices[0].0, slices[slices.len() - 1].1), (Uuid::nil(), Uuid::max()));
        for pair in slices.windows(2) {
            assert_eq!(pair[0].1.as_u128() + 1, pair[1].0.as_u128());
        }
    }
}
