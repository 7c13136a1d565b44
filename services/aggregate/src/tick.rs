//! Time passes: needs expire and months begin without anybody saying so.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use skillwire_runtime::{Clock, DirectoryRead, Fault, Progress, Wake, Work};
use skillwire_schemas::NeedId;
use skillwire_schemas::partnership::Partnership;
use skillwire_store::{Db, StoreError, Tx};
use uuid::Uuid;

use crate::Aggregate;
use crate::calendar::Calendar;
use crate::recount::recount;
use crate::store::ticks::Ticked;
use crate::store::{counted, dirty, ticks};

/// Needs recounted in one transaction at most.
const NEEDS_BATCH_MAX: i64 = 1_000;

/// The loop.
pub(crate) struct Tick {
    db: Db,
    clock: Arc<dyn Clock>,
    directory: Arc<dyn DirectoryRead>,
    dirty: Wake,
    uncounted: Wake,
}

impl Tick {
    pub(crate) fn new(aggregate: &Aggregate) -> Self {
        Self {
            db: aggregate.parts.db.clone(),
            clock: Arc::clone(&aggregate.parts.env.clock),
            directory: Arc::clone(&aggregate.parts.env.directory),
            dirty: aggregate.dirty.clone(),
            uncounted: aggregate.uncounted.clone(),
        }
    }

    /// Turns the days if they are over, and recounts some of the needs that this changes. Gives how much was done.
    async fn turn(&self, partnership: &Partnership, now: DateTime<Utc>) -> Result<usize, Fault> {
        let calendar = Calendar::at(partnership, now);
        let mut tx = self.db.begin().await?;
        // Most steps find nothing to do: they lock nothing.
        if let Some(known) = ticks::look(tx.conn(), partnership.id).await?
            && known.calendar.today >= calendar.today
            && known.counted_to.is_none()
            && counted::expired(tx.conn(), partnership.id, known.calendar.today, 1).await?.is_empty()
        {
            return Ok(0);
        }
        let known = ticks::lock(tx.conn(), partnership.id).await?;
        let mut ticked = match known {
            Some(known) if known.calendar.today >= calendar.today => known,
            // In another month (or for the first time) another day is "before": all needs are counted again.
            Some(known) if known.calendar.before_at == calendar.before_at => Ticked { calendar, ..known },
            _ => Ticked { calendar, counted_to: Some(NeedId(Uuid::nil())) },
        };
        let done = count_some(&mut tx, partnership, &mut ticked, now).await?;
        ticks::turn(tx.conn(), partnership.id, ticked).await?;
        tx.commit().await?;
        Ok(done)
    }
}

/// Recounts the next needs; notes in `ticked` how far it came.
async fn count_some(
    tx: &mut Tx,
    partnership: &Partnership,
    ticked: &mut Ticked,
    now: DateTime<Utc>,
) -> Result<usize, StoreError> {
    let needs = match ticked.counted_to {
        Some(after) => counted::after(tx.conn(), partnership.id, after, NEEDS_BATCH_MAX).await?,
        None => counted::expired(tx.conn(), partnership.id, ticked.calendar.today, NEEDS_BATCH_MAX).await?,
    };
    if ticked.counted_to.is_some() {
        ticked.counted_to = needs.last().copied();
    }
    let days = HashMap::from([(partnership.id, *ticked)]);
    let touched = recount(tx.conn(), &needs, &days, &HashMap::new()).await?;
    let marks: BTreeMap<_, _> = touched.into_keys().map(|group| (group, (dirty::NO_TRACE.to_owned(), None))).collect();
    dirty::mark(tx.conn(), &marks, &BTreeMap::new(), now).await?;
    Ok(needs.len().max(1))
}

#[async_trait]
impl Work for Tick {
    fn name(&self) -> &'static str {
        "aggregate.tick"
    }

    async fn step(&self, _wait: Duration) -> Result<Progress, Fault> {
        let now = self.clock.now();
        let mut done = 0;
        for partnership in self.directory.partnerships().await? {
            done += self.turn(&partnership, now).await?;
        }
        if done > 0 {
            self.dirty.ring();
        }
        Ok(Progress::of(done))
    }

    fn rest(&self) -> Duration {
        Duration::from_secs(30)
    }

    fn wake(&self) -> Option<Wake> {
        Some(self.uncounted.clone())
    }
}
