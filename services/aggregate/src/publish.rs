//! The publisher: folds marked groups and says what changed.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use skillwire_runtime::{Clock, DirectoryRead, Fault, Progress, Wake, Work};
use skillwire_schemas::envelope::About;
use skillwire_schemas::event::SignalPublished;
use skillwire_schemas::partnership::Partnership;
use skillwire_schemas::{Concept, Envelope, EventId, PartnershipId, Signal, SignalId, SignalKey};
use skillwire_store::{Db, Tx};

use crate::figures::figures;
use crate::fold::Sums;
use crate::group::Moment;
use crate::revise::revise;
use crate::store::dirty::{self, Marked};
use crate::store::signals::{Folded, Known};
use crate::store::{concepts, signals, sums, ticks};
use crate::{Aggregate, Config, NAME};

/// The loop.
pub(crate) struct Publisher {
    db: Db,
    clock: Arc<dyn Clock>,
    directory: Arc<dyn DirectoryRead>,
    config: Arc<Config>,
    wake: Wake,
}

impl Publisher {
    pub(crate) fn new(aggregate: &Aggregate) -> Self {
        Self {
            db: aggregate.parts.db.clone(),
            clock: Arc::clone(&aggregate.parts.env.clock),
            directory: Arc::clone(&aggregate.parts.env.directory),
            config: Arc::clone(&aggregate.config),
            wake: aggregate.dirty.clone(),
        }
    }

    /// The partnerships of the waiting groups, asked before any row is locked.
    async fn partnerships(&self) -> Result<HashMap<PartnershipId, Partnership>, Fault> {
        let mut found = HashMap::new();
        for id in dirty::partnerships(self.db.pool()).await? {
            // A partnership that is not there (yet) leaves its groups waiting; the others go on.
            if let Some(partnership) = self.directory.partnership(id).await? {
                found.insert(id, partnership);
            }
        }
        Ok(found)
    }

    async fn fold(
        &self,
        tx: &mut Tx,
        marked: &[Marked],
        partnerships: &HashMap<PartnershipId, Partnership>,
        now: DateTime<Utc>,
    ) -> Result<Folded, Fault> {
        let groups: Vec<_> = marked.iter().map(|m| m.group.clone()).collect();
        let sums = sums::of_groups(tx.conn(), &groups).await?;
        let known = signals::of_groups(tx.conn(), &groups).await?;
        let keys = groups.iter().map(|group| (group.partnership, group.concept.clone()));
        let named = concepts::load(tx.conn(), keys).await?;
        let (nothing, none) = (Sums::default(), BTreeMap::new());
        let mut folded = Folded::default();
        for mark in marked {
            let group = &mark.group;
            let concept = named.get(&(group.partnership, group.concept.clone()));
            let (Some(partnership), Some(concept)) = (partnerships.get(&group.partnership), concept) else { continue };
            let at = |moment| sums.get(&(group.clone(), moment)).unwrap_or(&nothing);
            let group_sums = (at(Moment::Now), at(Moment::Before));
            fold_group(mark, (partnership, concept), group_sums, known.get(group).unwrap_or(&none), now, &mut folded);
            // Folding is work for the processor; others get their turn in between.
            tokio::task::yield_now().await;
        }
        Ok(folded)
    }
}

/// The new revisions of a group's signals, and what staff see otherwise. Regions that the partnership no longer has end
/// theirs.
fn fold_group(
    mark: &Marked,
    (partnership, concept): (&Partnership, &Concept),
    (now_sums, before_sums): (&Sums, &Sums),
    known: &BTreeMap<SignalId, Known>,
    now: DateTime<Utc>,
    folded: &mut Folded,
) {
    let regions = partnership.regions();
    let told = figures(&regions, now_sums, before_sums);
    let because = |signal| Signal { causes: mark.causes.clone(), ..signal };
    let mut left: BTreeMap<SignalId, &Known> = known.iter().map(|(id, known)| (*id, known)).collect();
    for (region, told) in regions.iter().zip(&told) {
        let key = SignalKey {
            partnership: partnership.id,
            level: region.level,
            region: region.code.clone(),
            concept: mark.group.concept.clone(),
            horizon: mark.group.horizon,
        };
        let before = left.remove(&key.id());
        let staff = told.as_ref().and_then(|told| told.staff);
        let place = (partnership.id, region, concept, mark.group.horizon);
        if let Some(signal) = revise(before.map(|b| &b.signal), told.as_ref(), place, now) {
            folded.revised.push((because(signal), staff, mark.clone()));
        } else if let Some(before) = before
            && before.staff != staff
        {
            folded.restated.push((before.signal.id, staff));
        }
    }
    for gone in left.into_values() {
        let signal = &gone.signal;
        let place = (partnership.id, &signal.region, &signal.concept, signal.horizon);
        folded
            .revised
            .extend(revise(Some(signal), None, place, now).map(|signal| (because(signal), None, mark.clone())));
    }
}

#[async_trait]
impl Work for Publisher {
    fn name(&self) -> &'static str {
        "aggregate.publish"
    }

    async fn step(&self, _wait: Duration) -> Result<Progress, Fault> {
        let partnerships = self.partnerships().await?;
        if partnerships.is_empty() {
            return Ok(Progress::Idle);
        }
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        // While a new month is counted, sums of two days stand side by side: nothing is told of them.
        let days = ticks::hold(tx.conn(), &partnerships.keys().copied().collect()).await?;
        let ids: Vec<PartnershipId> =
            days.iter().filter(|(_, ticked)| ticked.counted_to.is_none()).map(|(id, _)| *id).collect();
        let quiet = now - TimeDelta::milliseconds(self.config.settle_ms);
        let oldest = now - TimeDelta::milliseconds(self.config.settle_max_ms);
        let marked = dirty::take(tx.conn(), &ids, quiet, oldest, self.config.groups_batch_max).await?;
        if marked.is_empty() {
            return Ok(Progress::Idle);
        }
        let folded = self.fold(&mut tx, &marked, &partnerships, now).await?;
        signals::save(tx.conn(), &folded).await?;
        for (signal, _, mark) in &folded.revised {
            metrics::counter!("aggregate_signals_total", "state" => signals::state_of(&signal.figures).0).increment(1);
            let id = EventId::derived(&[&signal.id.to_string(), &signal.revision.to_string()]);
            let about = About {
                partnership: signal.partnership,
                subject: signal.id.to_string(),
                traceparent: mark.traceparent.clone(),
                causation: mark.cause,
            };
            tx.emit(&Envelope::new(id, NAME, now, about, SignalPublished { signal: signal.clone() }))?;
        }
        tx.commit().await?;
        metrics::counter!("aggregate_groups_folded_total").increment(marked.len() as u64);
        Ok(Progress::Did(marked.len()))
    }

    fn rest(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.config.settle_ms.clamp(50, 1_000)).unwrap_or(250) / 2)
    }

    fn wake(&self) -> Option<Wake> {
        Some(self.wake.clone())
    }
}
