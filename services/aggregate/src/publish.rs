//! The publisher: folds marked groups and says what changed.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use skillwire_runtime::{Clock, DirectoryRead, Fault, Progress, Wake, Work};
use skillwire_schemas::envelope::About;
use skillwire_schemas::event::SignalPublished;
use skillwire_schemas::partnership::Partnership;
use skillwire_schemas::{Envelope, EventId, PartnershipId, Signal, SignalId};
use skillwire_store::{Db, Tx};

use crate::figures::figures;
use crate::group::{AsOf, concept, facts};
use crate::revise::revise;
use crate::store::dirty::{self, Marked};
use crate::store::{signals, versions};
use crate::version::Version;
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
    ) -> Result<Vec<(Signal, Marked)>, Fault> {
        let groups: Vec<_> = marked.iter().map(|m| m.group.clone()).collect();
        let versions = versions::of_groups(tx.conn(), &groups).await?;
        let known = signals::of_groups(tx.conn(), &groups).await?;
        let mut revised = Vec::new();
        for mark in marked {
            let Some(partnership) = partnerships.get(&mark.group.partnership) else { continue };
            let versions = versions.get(&mark.group).map_or(&[][..], Vec::as_slice);
            let before = known.get(&mark.group);
            let because = |signal| Signal { causes: mark.causes.clone(), ..signal };
            let revisions = revise_group(mark, partnership, versions, before, now).into_iter();
            revised.extend(revisions.map(|signal| (because(signal), mark.clone())));
            // Folding is work for the processor; others get their turn in between.
            tokio::task::yield_now().await;
        }
        Ok(revised)
    }
}

/// The new revisions of a group's signals. Regions that the partnership no longer has end theirs.
fn revise_group(
    mark: &Marked,
    partnership: &Partnership,
    versions: &[Version],
    before: Option<&BTreeMap<SignalId, Signal>>,
    now: DateTime<Utc>,
) -> Vec<Signal> {
    let (today, period) = (local_day(partnership, now), period_begin(partnership, now));
    let current = facts(&mark.group, versions, AsOf { stated_before: None, day: today });
    let last_day = period.0.pred_opt().unwrap_or(period.0);
    let earlier = facts(&mark.group, versions, AsOf { stated_before: Some(period.1), day: last_day });
    let named =
        concept(&mark.group, versions).or_else(|| before.and_then(|b| b.values().next()).map(|s| s.concept.clone()));
    let Some(concept) = named else { return Vec::new() };
    let regions = partnership.regions();
    let told = figures(&regions, &current, &earlier);
    let mut left: BTreeMap<SignalId, &Signal> =
        before.into_iter().flatten().map(|(id, signal)| (*id, signal)).collect();
    let mut revised = Vec::new();
    for (region, told) in regions.iter().zip(told) {
        let key = skillwire_schemas::SignalKey {
            partnership: partnership.id,
            level: region.level,
            region: region.code.clone(),
            concept: mark.group.concept.clone(),
            horizon: mark.group.horizon,
        };
        let place = (partnership.id, region, &concept, mark.group.horizon);
        revised.extend(revise(left.remove(&key.id()), told, place, now));
    }
    for gone in left.into_values() {
        let place = (partnership.id, &gone.region, &gone.concept, gone.horizon);
        revised.extend(revise(Some(gone), None, place, now));
    }
    revised
}

fn zone(partnership: &Partnership) -> Tz {
    partnership.time_zone.parse().unwrap_or(chrono_tz::UTC)
}

/// The day in the partnership's zone.
pub(crate) fn local_day(partnership: &Partnership, now: DateTime<Utc>) -> NaiveDate {
    now.with_timezone(&zone(partnership)).date_naive()
}

/// The first day of the partnership's month, and when it began.
fn period_begin(partnership: &Partnership, now: DateTime<Utc>) -> (NaiveDate, DateTime<Utc>) {
    let today = local_day(partnership, now);
    let first = today.with_day(1).unwrap_or(today);
    let midnight = first.and_time(NaiveTime::MIN);
    // A zone whose clocks skip midnight on that day begins it later.
    let begin = zone(partnership)
        .from_local_datetime(&midnight)
        .earliest()
        .or_else(|| zone(partnership).from_local_datetime(&(midnight + TimeDelta::hours(1))).earliest())
        .map_or_else(|| midnight.and_utc(), |at| at.with_timezone(&Utc));
    (first, begin)
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
        let ids: Vec<PartnershipId> = partnerships.keys().copied().collect();
        let mut tx = self.db.begin().await?;
        let quiet = now - TimeDelta::milliseconds(self.config.settle_ms);
        let oldest = now - TimeDelta::milliseconds(self.config.settle_max_ms);
        let marked = dirty::take(tx.conn(), &ids, quiet, oldest, self.config.groups_batch_max).await?;
        if marked.is_empty() {
            return Ok(Progress::Idle);
        }
        let revised = self.fold(&mut tx, &marked, &partnerships, now).await?;
        signals::save(tx.conn(), &revised).await?;
        for (signal, mark) in &revised {
            metrics::counter!("aggregate_signals_total", "state" => signals::state_of(&signal.figures).0).increment(1);
            tx.emit(&said(signal, mark, now))?;
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

fn said(signal: &Signal, mark: &Marked, now: DateTime<Utc>) -> Envelope<SignalPublished> {
    let id = EventId::derived(&[&signal.id.to_string(), &signal.revision.to_string()]);
    let about = About {
        partnership: signal.partnership,
        subject: signal.id.to_string(),
        traceparent: mark.traceparent.clone(),
        causation: mark.cause,
    };
    Envelope::new(id, NAME, now, about, SignalPublished { signal: signal.clone() })
}
