//! The numberer: gives feed deliveries their place. A feed is read, not sent, so a delivery that has a place is sent.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use skillwire_runtime::{Clock, Fault, Progress, Wake, Work};
use skillwire_store::Db;

use super::hub::Hub;
use crate::Deliver;
use crate::store::feeds;

/// Deliveries numbered in one transaction. When each is of another feed, the work grows with the square of this.
const BATCH_MAX: i64 = 500;

/// The loop.
pub(crate) struct Numberer {
    db: Db,
    clock: Arc<dyn Clock>,
    hub: Hub,
    wake: Wake,
}

impl Numberer {
    pub(crate) fn new(deliver: &Deliver) -> Self {
        Self {
            db: deliver.parts.db.clone(),
            clock: Arc::clone(&deliver.parts.env.clock),
            hub: deliver.hub.clone(),
            wake: deliver.feeds.clone(),
        }
    }
}

#[async_trait]
impl Work for Numberer {
    fn name(&self) -> &'static str {
        "deliver.feeds"
    }

    async fn step(&self, _wait: Duration) -> Result<Progress, Fault> {
        let now = self.clock.now();
        if !feeds::any_waits(&self.db, now).await? {
            return Ok(Progress::Idle);
        }
        let mut count = 0;
        for numbered in feeds::number(&self.db, now, BATCH_MAX).await? {
            self.hub.advance(numbered.subscription, numbered.last);
            count += numbered.count;
        }
        metrics::counter!("deliver_attempts_total", "channel" => "feed", "outcome" => "sent").increment(count);
        Ok(Progress::of(usize::try_from(count).unwrap_or(usize::MAX)))
    }

    async fn finish(&self) {
        self.hub.stop();
    }

    fn wake(&self) -> Option<Wake> {
        Some(self.wake.clone())
    }
}
