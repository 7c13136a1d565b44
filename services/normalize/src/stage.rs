//! Submission in, needs out.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use skillwire_bus::Stage;
use skillwire_runtime::{Clock, Fault};
use skillwire_schemas::envelope::About;
use skillwire_schemas::event::{NeedNormalized, SubmissionReceived};
use skillwire_schemas::{Envelope, EventId, NeedId, NeedState, SubmissionItem};
use skillwire_store::Tx;

use crate::matcher::Matcher;
use crate::need::{self, Said};
use crate::store::needs::{self, Kept};
use crate::{NAME, Normalize};

/// The stage.
pub(crate) struct Normalizer {
    matcher: Arc<Matcher>,
    clock: Arc<dyn Clock>,
    valid_days: u64,
}

impl Normalizer {
    pub(crate) fn new(normalize: &Normalize) -> Self {
        Self {
            matcher: Arc::clone(&normalize.matcher),
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
        let mut known = needs::load(tx.conn(), &ids).await?;
        let mut changed: HashMap<NeedId, usize> = HashMap::new();
        for event in events {
            for received in &event.data.items {
                // Matching is work for the processor; others get their turn in between.
                tokio::task::yield_now().await;
                if let Some(kept) = self.apply(event, &received.item, &mut known) {
                    *changed.entry(kept).or_default() += 1;
                }
            }
        }
        let now = self.clock.now();
        let mut rows: Vec<&Kept> = changed.keys().filter_map(|id| known.get(id)).collect();
        rows.sort_by_key(|kept| kept.id);
        needs::save(tx.conn(), &rows, now).await?;
        for kept in rows {
            let Some(need) = &kept.need else { continue };
            let state = need.state.as_str();
            metrics::counter!("normalize_needs_total", "state" => state).increment(1);
            for matched in std::iter::once(&need.occupation).chain(need.requirements.iter().map(|r| &r.matched)) {
                metrics::counter!("normalize_terms_total", "state" => matched.state.as_str()).increment(1);
            }
            tx.emit(&said(kept, need.clone(), now))?;
        }
        Ok(())
    }
}

impl Normalizer {
    /// Applies an item to what is known; gives the need that changed.
    fn apply(
        &self,
        event: &Envelope<SubmissionReceived>,
        item: &SubmissionItem,
        known: &mut HashMap<NeedId, Kept>,
    ) -> Option<NeedId> {
        let at = event.data.received_at;
        let fresh = |need: NeedId| Kept::new(need, event.partnership, event.data.employer);
        let changed = match item {
            SubmissionItem::State { need, draft } => {
                let kept = known.entry(*need).or_insert_with(|| fresh(*need));
                let said = Said {
                    need: *need,
                    employer: event.data.employer,
                    naics: event.data.naics.clone(),
                    submission: event.data.submission,
                    at,
                };
                kept.state(need::make(&said, draft, &self.matcher, self.valid_days), (**draft).clone(), event)
            }
            SubmissionItem::Withdraw { need } => known.entry(*need).or_insert_with(|| fresh(*need)).withdraw(at, event),
            SubmissionItem::Confirm { need, valid_until } => {
                known.entry(*need).or_insert_with(|| fresh(*need)).confirm(at, *valid_until, event)
            }
        };
        changed.then_some(need_of(item))
    }
}

/// The need that an item is about.
const fn need_of(item: &SubmissionItem) -> NeedId {
    match item {
        SubmissionItem::State { need, .. }
        | SubmissionItem::Withdraw { need }
        | SubmissionItem::Confirm { need, .. } => *need,
    }
}

/// The id follows from what the need has become: the same change said twice is one event.
fn said(kept: &Kept, need: skillwire_schemas::Need, now: chrono::DateTime<chrono::Utc>) -> Envelope<NeedNormalized> {
    let id = EventId::derived(&[
        &need.id.to_string(),
        &need.stated_at.timestamp_micros().to_string(),
        &need.normalization.to_string(),
        if need.state == NeedState::Active { "active" } else { "withdrawn" },
    ]);
    let about = About {
        partnership: kept.partnership,
        subject: need.id.to_string(),
        traceparent: kept.traceparent.clone(),
        causation: kept.cause,
    };
    Envelope::new(id, NAME, now, about, NeedNormalized { need })
}
