//! Housekeeping: forgets events that were handed over, and the marks of events that were taken, when they are too old to be
//! replayed. Both have one age: what is in no outbox any more cannot come back, so its mark is not needed either.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use skillwire_runtime::{Clock, Fault, Progress, Work};
use skillwire_store::{Db, inbox, outbox};

use crate::Parts;

/// Rows forgotten at once.
const ROWS_MAX: u32 = 1_000;
/// Marks are kept longer than events by so much: an event may be on its way when its row goes.
const MARGIN_DAYS: i64 = 30;

struct Keeper {
    db: Db,
    clock: Arc<dyn Clock>,
    kept_days: i64,
}

/// The loop that forgets what is too old to be replayed.
#[must_use]
pub fn keeper(parts: &Parts) -> Arc<dyn Work> {
    Arc::new(Keeper {
        db: parts.db.clone(),
        clock: Arc::clone(&parts.env.clock),
        kept_days: parts.bus.config().replay_days.max(1),
    })
}

#[async_trait]
impl Work for Keeper {
    fn name(&self) -> &'static str {
        "housekeeping"
    }

    async fn step(&self, _wait: Duration) -> Result<Progress, Fault> {
        let now = self.clock.now();
        let said = outbox::prune(&self.db, now - TimeDelta::days(self.kept_days), ROWS_MAX).await?;
        let taken = inbox::prune(&self.db, now - TimeDelta::days(self.kept_days + MARGIN_DAYS), ROWS_MAX).await?;
        Ok(Progress::of(usize::try_from(said + taken).unwrap_or(usize::MAX)))
    }

    fn rest(&self) -> Duration {
        Duration::from_secs(600)
    }
}
