//! The decisions of partnerships, remembered: of each partnership only what is new is loaded, by the last number known. What
//! is remembered can only be short of the newest ones, because the log only grows and numbers are given under a lock.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use skillwire_schemas::{Decision, PartnershipId};
use skillwire_store::StoreError;
use sqlx::PgConnection;

use crate::review::Rules;
use crate::store::decisions;

/// Partnerships remembered at most; when there are more, all are forgotten and loaded again.
const PARTNERSHIPS_MAX: usize = 1_000;

/// A partnership's log and what holds by it.
#[derive(Debug, Default)]
pub(crate) struct Log {
    decisions: Vec<Decision>,
    pub rules: Rules,
}

impl Log {
    /// The last number.
    pub(crate) fn last(&self) -> u32 {
        self.decisions.last().map_or(0, |decision| decision.number)
    }

    /// With what was decided since.
    fn with(&self, new: Vec<Decision>) -> Self {
        let mut decisions = self.decisions.clone();
        decisions.extend(new);
        let rules = Rules::of(&decisions);
        Self { decisions, rules }
    }
}

/// The logs remembered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known(Arc<Mutex<HashMap<PartnershipId, Arc<Log>>>>);

impl Known {
    /// The logs of these partnerships as the transaction sees them, with one query. Whoever goes on to write what was read by
    /// them holds the lock [`decisions::lock_to_read`].
    pub(crate) async fn logs(
        &self,
        conn: &mut PgConnection,
        partnerships: &[PartnershipId],
    ) -> Result<HashMap<PartnershipId, Arc<Log>>, StoreError> {
        let mut logs: HashMap<PartnershipId, Arc<Log>> = {
            let remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            partnerships.iter().map(|id| (*id, remembered.get(id).cloned().unwrap_or_default())).collect()
        };
        let asked: Vec<(PartnershipId, u32)> = logs.iter().map(|(id, log)| (*id, log.last())).collect();
        let mut new: HashMap<PartnershipId, Vec<Decision>> = HashMap::new();
        for (partnership, decision) in decisions::since(conn, &asked).await? {
            new.entry(partnership).or_default().push(decision);
        }
        for (partnership, decisions) in new {
            let log = logs.entry(partnership).or_default();
            *log = Arc::new(log.with(decisions));
            self.remember(partnership, log);
        }
        Ok(logs)
    }

    /// The log of one partnership.
    pub(crate) async fn log(
        &self,
        conn: &mut PgConnection,
        partnership: PartnershipId,
    ) -> Result<Arc<Log>, StoreError> {
        Ok(self.logs(conn, &[partnership]).await?.remove(&partnership).unwrap_or_default())
    }

    /// A log that another has meanwhile replaced by a longer one is not put back.
    fn remember(&self, partnership: PartnershipId, log: &Arc<Log>) {
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= PARTNERSHIPS_MAX && !remembered.contains_key(&partnership) {
            remembered.clear();
        }
        let known = remembered.entry(partnership).or_default();
        if known.last() < log.last() {
            *known = Arc::clone(log);
        }
    }
}
