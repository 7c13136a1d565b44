//! Needs once more: when the taxonomy has changed, what was said is read again and what reads differently is said again.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use skillwire_runtime::Fault;
use skillwire_schemas::{NeedId, PartnershipId};
use skillwire_store::Tx;

use crate::Normalize;
use crate::kept::Kept;
use crate::lexicon::Lexicon;
use crate::need::{self, Said};
use crate::reading::Reading;
use crate::stage::say;
use crate::store::{decisions, needs};

/// Needs of one transaction.
const BATCH_NEEDS: u32 = 200;

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Renormalized {
    /// Needs read again.
    pub needs: usize,
    /// Of these, those that read differently now.
    pub changed: usize,
}

impl Normalize {
    /// Reads all statements of a partnership again with the taxonomy as it is now. May be stopped and started again at any
    /// time, and run beside the stage: batches are locked, and what reads the same is neither written nor said.
    ///
    /// # Errors
    /// When PostgreSQL does not answer; batches done before stay done.
    pub async fn renormalize(&self, partnership: PartnershipId) -> Result<Renormalized, Fault> {
        let mut done = Renormalized::default();
        let mut after: Option<NeedId> = None;
        loop {
            let mut tx = self.parts.db.begin().await?;
            decisions::lock_to_read(tx.conn(), &[partnership]).await?;
            let batch = needs::load_after(tx.conn(), partnership, after, BATCH_NEEDS).await?;
            let Some(last) = batch.last() else { return Ok(done) };
            after = Some(last.id);
            self.read_batch_again(tx, batch, &mut done).await?;
        }
    }

    /// Reads those again that mean one of these concepts, have open texts, or see one of these schemes.
    pub(crate) async fn renormalize_concepts(
        &self,
        concepts: &[String],
        progress: &mut (dyn FnMut(Renormalized) + Send),
    ) -> Result<Renormalized, Fault> {
        let mut done = Renormalized::default();
        // Needs that come from now on are read with the taxonomy as it is now.
        let mut tx = self.parts.db.begin().await?;
        let all = needs::touched(tx.conn(), concepts).await?;
        tx.commit().await?;
        for ids in all.chunks(BATCH_NEEDS as usize) {
            let mut tx = self.parts.db.begin().await?;
            let (ids, partnerships): (Vec<NeedId>, Vec<PartnershipId>) = ids.iter().copied().unzip();
            // The lock under which decisions are made, then the needs: in this order everybody locks.
            decisions::lock_to_read(tx.conn(), &partnerships).await?;
            let mut batch: Vec<Kept> = needs::load(tx.conn(), &ids).await?.into_values().collect();
            batch.sort_by_key(|kept| kept.id);
            self.read_batch_again(tx, batch, &mut done).await?;
            progress(done);
        }
        Ok(done)
    }

    /// Reads needs again that are locked, with the lock [`decisions::lock_to_read`] held.
    async fn read_batch_again(&self, mut tx: Tx, mut batch: Vec<Kept>, done: &mut Renormalized) -> Result<(), Fault> {
        let partnerships: Vec<PartnershipId> = batch.iter().map(|kept| kept.partnership).collect();
        let logs = self.known.logs(tx.conn(), &partnerships).await?;
        let mut lexicons: HashMap<PartnershipId, Arc<Lexicon>> = HashMap::new();
        for kept in &mut batch {
            tokio::task::yield_now().await;
            let lexicon = match lexicons.entry(kept.partnership) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(free) => free.insert(self.live.of(tx.conn(), kept.partnership).await?),
            };
            let log = logs.get(&kept.partnership).cloned().unwrap_or_default();
            self.read_again(kept, Reading { lexicon, rules: &log.rules });
        }
        let rows: Vec<&Kept> = batch.iter().filter(|kept| kept.changed).collect();
        let now = self.parts.env.clock.now();
        needs::save_again(tx.conn(), &rows, now).await?;
        for kept in &rows {
            say(&mut tx, kept, now)?;
        }
        done.needs += batch.len();
        done.changed += rows.len();
        tx.commit().await?;
        Ok(())
    }

    /// Reads a statement again with what holds now.
    pub(crate) fn read_again(&self, kept: &mut Kept, reading: Reading<'_>) {
        let (Some(known), Some(draft), Some(at)) = (&kept.need, &kept.draft, kept.stated_at) else { return };
        let said = Said {
            need: kept.id,
            employer: kept.employer,
            naics: known.naics.clone(),
            submission: known.submission,
            at,
        };
        let made = need::make(&said, draft, reading, self.config.valid_days);
        kept.normalize_again(made);
    }
}
