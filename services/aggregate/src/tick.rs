//! Time passes: needs expire and periods begin without anybody saying so.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::Datelike;
use skillwire_runtime::{Clock, DirectoryRead, Fault, Progress, Wake, Work};
use skillwire_store::Db;

use crate::Aggregate;
use crate::publish::local_day;
use crate::store::dirty;

/// The loop.
pub(crate) struct Tick {
    db: Db,
    clock: Arc<dyn Clock>,
    directory: Arc<dyn DirectoryRead>,
    dirty: Wake,
}

impl Tick {
    pub(crate) fn new(aggregate: &Aggregate) -> Self {
        Self {
            db: aggregate.parts.db.clone(),
            clock: Arc::clone(&aggregate.parts.env.clock),
            directory: Arc::clone(&aggregate.parts.env.directory),
            dirty: aggregate.dirty.clone(),
        }
    }
}

#[async_trait]
impl Work for Tick {
    fn name(&self) -> &'static str {
        "aggregate.tick"
    }

    async fn step(&self, _wait: Duration) -> Result<Progress, Fault> {
        let now = self.clock.now();
        let mut turned = 0;
        for partnership in self.directory.partnerships().await? {
            let today = local_day(&partnership, now);
            let mut tx = self.db.begin().await?;
            let Some(before) = dirty::turn_day(tx.conn(), partnership.id, today).await? else { continue };
            // A new month has another month before it: every trend changes.
            if before.is_some_and(|day| (day.year(), day.month()) != (today.year(), today.month())) {
                dirty::mark_all(tx.conn(), partnership.id, now).await?;
            } else if let Some(before) = before {
                dirty::mark_expired(tx.conn(), partnership.id, before, today, now).await?;
            }
            tx.commit().await?;
            turned += 1;
        }
        if turned > 0 {
            self.dirty.ring();
        }
        Ok(Progress::of(turned))
    }

    fn rest(&self) -> Duration {
        Duration::from_secs(30)
    }
}
