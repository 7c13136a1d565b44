//! All needs once more: when the taxonomy has changed, what was said is read again and what reads differently is said again.

use skillwire_runtime::Fault;
use skillwire_schemas::{NeedId, PartnershipId};

use crate::Normalize;
use crate::kept::Kept;
use crate::need::{self, Said};
use crate::reading::{Memo, Reading};
use crate::review::Rules;
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
        let mut memo = Memo::default();
        loop {
            let mut tx = self.parts.db.begin().await?;
            decisions::lock_to_read(tx.conn(), &[partnership]).await?;
            let log = self.known.log(tx.conn(), partnership).await?;
            let mut batch = needs::load_after(tx.conn(), partnership, after, BATCH_NEEDS).await?;
            let Some(last) = batch.last() else { return Ok(done) };
            after = Some(last.id);
            for kept in &mut batch {
                tokio::task::yield_now().await;
                self.read_again(kept, &log.rules, &mut memo);
            }
            let rows: Vec<&Kept> = batch.iter().filter(|kept| kept.changed).collect();
            let now = self.parts.env.clock.now();
            needs::save_again(tx.conn(), &rows, now).await?;
            for kept in &rows {
                say(&mut tx, kept, now, None)?;
            }
            done.needs += batch.len();
            done.changed += rows.len();
            tx.commit().await?;
        }
    }

    /// Reads a statement again with what holds now.
    pub(crate) fn read_again(&self, kept: &mut Kept, rules: &Rules, memo: &mut Memo) {
        let (Some(known), Some(draft), Some(at)) = (&kept.need, &kept.draft, kept.stated_at) else { return };
        let said = Said {
            need: kept.id,
            employer: kept.employer,
            naics: known.naics.clone(),
            submission: known.submission,
            at,
        };
        let mut reading = Reading { matcher: &self.matcher, rules, memo };
        let made = need::make(&said, draft, &mut reading, self.config.valid_days);
        kept.normalize_again(made);
    }
}
