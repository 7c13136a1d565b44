//! Submission in, needs out.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use skillwire_bus::Stage;
use skillwire_runtime::{Clock, Fault};
use skillwire_schemas::envelope::About;
use skillwire_schemas::event::{NeedNormalized, NeedsRenormalized, SubmissionReceived};
use skillwire_schemas::{Envelope, EventId, Need, NeedId, PartnershipId, SubmissionItem};
use skillwire_store::Tx;

use crate::kept::Kept;
use crate::known::Known;
use crate::lexicon::Lexicon;
use crate::live::Live;
use crate::need::{self, Said};
use crate::reading::Reading;
use crate::store::{decisions, needs};
use crate::{NAME, Normalize};

/// The stage.
pub(crate) struct Normalizer {
    live: Arc<Live>,
    known: Known,
    clock: Arc<dyn Clock>,
    valid_days: u64,
}

impl Normalizer {
    pub(crate) fn new(normalize: &Normalize) -> Self {
        Self {
            live: Arc::clone(&normalize.live),
            known: normalize.known.clone(),
            clock: Arc::clone(&normalize.parts.env.clock),
            valid_days: normalize.config.valid_days,
        }
    }
}

#[async_trait]
impl Stage for Normalizer {
    type In = SubmissionReceived;
    const NAME: &'static str = "normalize";

    async fn handle(&self, tx: &mut Tx, events: &[Envelope<SubmissionReceived>]) -> Result<(), Fault> {
        let mut ids: Vec<NeedId> =
            events.iter().flat_map(|event| event.data.items.iter()).map(|received| need_of(&received.item)).collect();
        ids.sort_unstable();
        ids.dedup();
        let partnerships: Vec<PartnershipId> = events.iter().map(|event| event.partnership).collect();
        decisions::lock_to_read(tx.conn(), &partnerships).await?;
        let logs = self.known.logs(tx.conn(), &partnerships).await?;
        let mut known = needs::load(tx.conn(), &ids).await?;
        let ids_of_rows: Vec<NeedId> = known.keys().copied().collect();
        let mut lexicons: HashMap<PartnershipId, Arc<Lexicon>> = HashMap::new();
        for event in events {
            let lexicon = match lexicons.entry(event.partnership) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(free) => free.insert(self.live.of(tx.conn(), event.partnership).await?),
            };
            let log = logs.get(&event.partnership).cloned().unwrap_or_default();
            for received in &event.data.items {
                // Matching is work for the processor; others get their turn in between.
                tokio::task::yield_now().await;
                self.apply(event, &received.item, &mut known, Reading { lexicon, rules: &log.rules })?;
            }
        }
        let mut rows: Vec<&Kept> = known.values().filter(|kept| kept.changed).collect();
        rows.sort_by_key(|kept| kept.id);
        let now = self.clock.now();
        needs::save(tx.conn(), &rows, &ids_of_rows, now).await?;
        for kept in rows {
            say(tx, kept, now)?;
        }
        Ok(())
    }
}

impl Normalizer {
    /// Applies an item to what is known of its need.
    fn apply(
        &self,
        event: &Envelope<SubmissionReceived>,
        item: &SubmissionItem,
        known: &mut HashMap<NeedId, Kept>,
        reading: Reading<'_>,
    ) -> Result<(), Fault> {
        let id = need_of(item);
        let kept = known.entry(id).or_insert_with(|| Kept::new(id, event.partnership, event.data.employer));
        if (kept.partnership, kept.employer) != (event.partnership, event.data.employer) {
            return Err(Fault::reject(format!("need {id} is another employer's; a need keeps its employer")));
        }
        let at = event.data.received_at;
        match item {
            SubmissionItem::State { need, draft } => {
                let said = Said {
                    need: *need,
                    employer: event.data.employer,
                    naics: event.data.naics.clone(),
                    submission: event.data.submission,
                    at,
                };
                if kept.is_news(at) {
                    let made = need::make(&said, draft, reading, self.valid_days);
                    kept.state(made, (**draft).clone());
                    kept.follow(event);
                }
            }
            SubmissionItem::Withdraw { .. } => {
                if kept.withdraw(at) {
                    kept.follow(event);
                }
            }
            SubmissionItem::Confirm { valid_until, .. } => {
                if kept.confirm(at, *valid_until) {
                    kept.follow(event);
                }
            }
            SubmissionItem::Reopen { valid_until, .. } => {
                if kept.reopen(at, *valid_until) {
                    kept.follow(event);
                }
            }
        }
        Ok(())
    }
}

/// Why needs are said anew although their employers said nothing.
#[derive(Clone, Debug)]
pub(crate) struct Because {
    pub partnership: PartnershipId,
    pub cause: String,
    pub event: EventId,
    pub traceparent: String,
}

/// Says what a need has become, if that is new. A note without a need is kept and not said.
pub(crate) fn say(tx: &mut Tx, kept: &Kept, now: DateTime<Utc>) -> Result<(), Fault> {
    let Some(need) = kept.need.as_ref().filter(|_| kept.news) else { return Ok(()) };
    count(need);
    tx.emit(&said(kept, need.clone(), now))?;
    Ok(())
}

/// Says in one event what needs of one partnership have become that were read anew for one reason.
pub(crate) fn say_again(tx: &mut Tx, all: &[&Kept], now: DateTime<Utc>, because: &Because) -> Result<(), Fault> {
    let needs: Vec<Need> = all.iter().filter(|kept| kept.news).filter_map(|kept| kept.need.clone()).collect();
    if needs.is_empty() {
        return Ok(());
    }
    needs.iter().for_each(count);
    let versions: Vec<String> = needs.iter().map(version).collect();
    let parts: Vec<&str> = versions.iter().map(String::as_str).collect();
    let about = About {
        partnership: because.partnership,
        subject: because.cause.clone(),
        traceparent: because.traceparent.clone(),
        causation: Some(because.event),
    };
    let data = NeedsRenormalized { needs, cause: because.cause.clone() };
    tx.emit(&Envelope::new(EventId::derived(&parts), NAME, now, about, data))?;
    Ok(())
}

fn count(need: &Need) {
    metrics::counter!("normalize_needs_total", "state" => need.state.as_str()).increment(1);
    for matched in std::iter::once(&need.occupation).chain(need.requirements.iter().map(|r| &r.matched)) {
        metrics::counter!("normalize_terms_total", "state" => matched.state.as_str()).increment(1);
    }
}

/// The need that an item is about.
const fn need_of(item: &SubmissionItem) -> NeedId {
    match item {
        SubmissionItem::State { need, .. }
        | SubmissionItem::Withdraw { need }
        | SubmissionItem::Confirm { need, .. }
        | SubmissionItem::Reopen { need, .. } => *need,
    }
}

/// What makes a statement of a need the same statement.
fn version(need: &Need) -> String {
    format!("{} {} {} {}", need.id, need.stated_at.timestamp_micros(), need.normalization, need.state)
}

/// The id follows from the need's version (`stated_at`, `normalization`): the same version said twice is one event.
fn said(kept: &Kept, need: Need, now: DateTime<Utc>) -> Envelope<NeedNormalized> {
    let id = EventId::derived(&[
        &need.id.to_string(),
        &need.stated_at.timestamp_micros().to_string(),
        &need.normalization.to_string(),
        need.state.as_str(),
    ]);
    let about = About {
        partnership: kept.partnership,
        subject: need.id.to_string(),
        traceparent: kept.traceparent.clone(),
        causation: kept.cause,
    };
    Envelope::new(id, NAME, now, about, NeedNormalized { need, cause: None })
}
