//! The feeder: puts stream deliveries into their subscribers' feeds.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use futures::StreamExt;
use skillwire_bus::Bus;
use skillwire_runtime::{Clock, Fault, Ids, Progress, Work};
use skillwire_schemas::envelope::About;
use skillwire_schemas::event::SignalPublished;
use skillwire_schemas::{DeliveryId, Envelope, EventId};
use skillwire_store::Db;

use crate::config::Config;
use crate::store::claim::{self, DueMessage};
use crate::{Deliver, NAME};

/// Messages put out at once.
const AT_ONCE_MAX: usize = 64;

/// The loop.
pub(crate) struct Feeder {
    db: Db,
    bus: Bus,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    config: Arc<Config>,
}

impl Feeder {
    pub(crate) fn new(deliver: &Deliver) -> Self {
        Self {
            db: deliver.parts.db.clone(),
            bus: deliver.parts.bus.clone(),
            clock: Arc::clone(&deliver.parts.env.clock),
            ids: Arc::clone(&deliver.parts.env.ids),
            config: Arc::clone(&deliver.config),
        }
    }

    async fn put(&self, due: DueMessage) -> Result<(DeliveryId, u64), (DeliveryId, Fault)> {
        let failed = |fault| (due.id, fault);
        let id = due.id.to_string();
        // The delivery's id is the message's id: a repeat is the same message, and says so.
        let about = About {
            partnership: due.signal.partnership,
            subject: due.signal.id.to_string(),
            traceparent: due.traceparent.clone(),
            causation: None,
        };
        let data = SignalPublished { signal: due.signal.clone() };
        let event = Envelope::new(EventId(due.id.0), NAME, due.created_at, about, data);
        let body = serde_json::to_vec(&event).map_err(|e| failed(Fault::reject(e)))?;
        let subject = format!("feed.{}.signal", due.subscription);
        let sequence = self.bus.feed_publish(&subject, &id, body).await.map_err(failed)?;
        Ok((due.id, sequence))
    }
}

#[async_trait]
impl Work for Feeder {
    fn name(&self) -> &'static str {
        "deliver.feed"
    }

    async fn step(&self, _wait: Duration) -> Result<Progress, Fault> {
        let now = self.clock.now();
        let lease = TimeDelta::seconds(self.config.lease_s);
        let due = claim::messages(&self.db, now, lease, self.config.feed_batch_max).await?;
        if due.is_empty() {
            return Ok(Progress::Idle);
        }
        let count_due = due.len();
        let putting = futures::stream::iter(due).map(|one| self.put(one)).buffer_unordered(AT_ONCE_MAX);
        let results: Vec<_> = putting.collect().await;
        let (mut sent, mut lost, mut first) = (Vec::new(), Vec::new(), None);
        for result in results {
            match result {
                Ok(put) => sent.push(put),
                Err((id, fault)) => {
                    lost.push(id);
                    first.get_or_insert(fault);
                }
            }
        }
        claim::settle_messages(&self.db, &*self.ids, &sent, &lost, self.clock.now()).await?;
        let count = |outcome: &'static str, n: usize| {
            metrics::counter!("deliver_attempts_total", "channel" => "stream", "outcome" => outcome)
                .increment(n as u64);
        };
        count("sent", sent.len());
        count("temporary", lost.len());
        match first {
            None => Ok(Progress::Did(count_due)),
            Some(fault) => Err(Fault::retry(format!("{} feed messages were not taken: {fault}", lost.len()))),
        }
    }

    /// The stage's bell wakes the mailer; this loop looks by itself, often enough for a feed.
    fn rest(&self) -> Duration {
        Duration::from_millis(50)
    }
}
