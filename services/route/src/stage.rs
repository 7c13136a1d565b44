//! Signal in, requests for delivery out.

use std::sync::Arc;

use async_trait::async_trait;
use skillwire_bus::Stage;
use skillwire_runtime::{Clock, Fault};
use skillwire_schemas::event::{DeliveryRequested, SignalPublished};
use skillwire_schemas::{Envelope, EventId, Signal, SignalId, Subscription};
use skillwire_store::Tx;

use crate::live::LiveIndex;
use crate::store::told::{self, Telling};
use crate::store::{signals, subscriptions};
use crate::{NAME, Route};

/// The stage.
pub(crate) struct Router {
    live: Arc<LiveIndex>,
    clock: Arc<dyn Clock>,
}

impl Router {
    pub(crate) fn new(route: &Route) -> Self {
        Self { live: Arc::clone(&route.live), clock: Arc::clone(&route.parts.env.clock) }
    }
}

/// A signal and what led to it.
pub(crate) struct Heard {
    pub signal: Signal,
    pub traceparent: String,
    pub cause: EventId,
}

#[async_trait]
impl Stage for Router {
    type In = SignalPublished;
    const NAME: &'static str = "route";

    async fn handle(&self, tx: &mut Tx, events: &[Envelope<SignalPublished>]) -> Result<(), Fault> {
        // The version's row stays locked (shared) until the commit: a subscription made meanwhile waits for it, so that its
        // start sees the signals of this batch. Without it a signal could fall between the two.
        let version = subscriptions::version_held(tx.conn()).await?;
        self.live.catch_up(tx.conn(), version).await?;

        let mut heard: Vec<Heard> = events
            .iter()
            .map(|event| Heard {
                signal: event.data.signal.clone(),
                traceparent: event.traceparent.clone(),
                cause: event.id,
            })
            .collect();
        heard.sort_by_key(|one| (one.signal.id, one.signal.revision));
        let ids: Vec<SignalId> = heard.iter().map(|one| one.signal.id).collect();
        let known = signals::revisions(tx.conn(), &ids).await?;
        // A revision that comes after its successor (a redelivery) has nothing to say any more.
        heard.retain(|one| known.get(&one.signal.id).is_none_or(|known| *known < one.signal.revision));
        signals::keep(tx.conn(), &heard).await?;

        let wanted: Vec<(Arc<Subscription>, &Heard)> = heard
            .iter()
            .flat_map(|one| self.live.matching(&one.signal).into_iter().map(move |subscription| (subscription, one)))
            .collect();
        request(tx, &*self.clock, &wanted).await
    }
}

/// Requests the deliveries that are news, and notes that they were told.
pub(crate) async fn request(
    tx: &mut Tx,
    clock: &dyn Clock,
    wanted: &[(Arc<Subscription>, &Heard)],
) -> Result<(), Fault> {
    if wanted.is_empty() {
        return Ok(());
    }
    let pairs: Vec<Telling> = wanted.iter().map(|(s, heard)| Telling::new(s.id, &heard.signal)).collect();
    let mut before = told::before(tx.conn(), &pairs).await?;
    let now = clock.now();
    let mut tellings = Vec::new();
    for ((subscription, heard), telling) in wanted.iter().zip(pairs) {
        let key = telling.key();
        let min_change = subscription.predicate.min_change_percent;
        if !crate::told::is_news(before.get(&key).copied(), &heard.signal, min_change) {
            continue;
        }
        before.insert(key, telling.told);
        let data = DeliveryRequested { subscription: (**subscription).clone(), signal: heard.signal.clone() };
        tx.emit(&envelope(heard, now, data))?;
        tellings.push(telling);
    }
    metrics::counter!("route_deliveries_requested_total").increment(tellings.len() as u64);
    told::keep(tx.conn(), tellings, now).await?;
    Ok(())
}

/// The id is the same whether the signal came by the stage or by a subscription's start.
fn envelope(heard: &Heard, now: chrono::DateTime<chrono::Utc>, data: DeliveryRequested) -> Envelope<DeliveryRequested> {
    let id = EventId::derived(&[
        &data.subscription.id.to_string(),
        &data.signal.id.to_string(),
        &data.signal.revision.to_string(),
    ]);
    let about = skillwire_schemas::envelope::About {
        partnership: data.signal.partnership,
        subject: data.subscription.id.to_string(),
        traceparent: heard.traceparent.clone(),
        causation: Some(heard.cause),
    };
    Envelope::new(id, NAME, now, about, data)
}
