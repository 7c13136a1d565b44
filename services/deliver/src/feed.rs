//! The feeder: puts stream deliveries into their subscribers' feeds.
//!
//! A batch is locked, handed to JetStream in its order, and written down when its answers are there, all in one transaction;
//! meanwhile the next batch is on its way already. What has no yes waits and is put out again with the same id.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use skillwire_bus::{Bus, BusError, FeedMessage};
use skillwire_runtime::{Clock, Fault, Ids, Progress, Wake, Work};
use skillwire_schemas::envelope::About;
use skillwire_schemas::event::SignalPublished;
use skillwire_schemas::{DeliveryId, Envelope, EventId};
use skillwire_store::{Db, Tx};

use crate::config::Config;
use crate::store::claim::{self, DueMessage};
use crate::{Deliver, NAME};

/// Batches of one step at most.
const BATCHES_MAX: usize = 16;

/// The loop.
pub(crate) struct Feeder {
    db: Db,
    bus: Bus,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    config: Arc<Config>,
    wake: Wake,
}

/// A batch that JetStream has answered, still locked: sequences where there was a yes.
struct Answered {
    tx: Tx,
    put: Vec<(DeliveryId, Option<u64>)>,
    fault: Option<BusError>,
}

impl Feeder {
    pub(crate) fn new(deliver: &Deliver) -> Self {
        Self {
            db: deliver.parts.db.clone(),
            bus: deliver.parts.bus.clone(),
            clock: Arc::clone(&deliver.parts.env.clock),
            ids: Arc::clone(&deliver.parts.env.ids),
            config: Arc::clone(&deliver.config),
            wake: deliver.feed.clone(),
        }
    }

    /// Takes a batch and hands it over; none when nothing is due.
    async fn put(&self) -> Result<Option<Answered>, Fault> {
        let mut tx = self.db.begin().await?;
        let due = claim::messages(&mut tx, self.clock.now(), self.config.feed_batch_max).await?;
        if due.is_empty() {
            return Ok(None);
        }
        let messages = due.iter().map(message).collect::<Result<Vec<_>, _>>()?;
        let (mut put, mut fault) = (Vec::with_capacity(due.len()), None);
        for (due, answer) in due.iter().zip(self.bus.feed_publish(&messages).await) {
            match answer {
                Ok(sequence) => put.push((due.id, Some(sequence))),
                Err(why) => {
                    put.push((due.id, None));
                    fault.get_or_insert(why);
                }
            }
        }
        Ok(Some(Answered { tx, put, fault }))
    }

    /// Writes down what became of a batch. Gives how many were in it.
    async fn settle(&self, answered: Option<Answered>) -> Result<usize, Fault> {
        let Some(Answered { mut tx, put, fault }) = answered else { return Ok(0) };
        claim::settle_messages(&mut tx, &*self.ids, &put, self.clock.now()).await?;
        tx.commit().await?;
        let lost = put.iter().filter(|(_, sequence)| sequence.is_none()).count();
        let count = |outcome: &'static str, n: usize| {
            metrics::counter!("deliver_attempts_total", "channel" => "stream", "outcome" => outcome)
                .increment(n as u64);
        };
        count("sent", put.len() - lost);
        count("temporary", lost);
        match fault {
            None => Ok(put.len()),
            Some(fault) => Err(Fault::retry(format!("{lost} feed messages were not taken: {fault}"))),
        }
    }
}

/// What a subscriber reads.
fn message(due: &DueMessage) -> Result<FeedMessage, Fault> {
    // The delivery's id is the message's id: a repeat is the same message, and says so.
    let about = About {
        partnership: due.signal.partnership,
        subject: due.signal.id.to_string(),
        traceparent: due.traceparent.clone(),
        causation: None,
    };
    let data = SignalPublished { signal: due.signal.clone() };
    let event = Envelope::new(EventId(due.id.0), NAME, due.created_at, about, data);
    Ok(FeedMessage {
        subject: format!("feed.{}.signal", due.subscription),
        id: due.id.to_string(),
        body: serde_json::to_vec(&event).map_err(Fault::reject)?,
    })
}

#[async_trait]
impl Work for Feeder {
    fn name(&self) -> &'static str {
        "deliver.feed"
    }

    async fn step(&self, _wait: Duration) -> Result<Progress, Fault> {
        let (mut done, mut before) = (0, None);
        for _ in 0..BATCHES_MAX {
            // Both are awaited to their ends: a batch that was put must be written down, whatever becomes of the other.
            let (put, settled) = futures::future::join(self.put(), self.settle(before.take())).await;
            let is_last = !matches!(&put, Ok(Some(answered)) if answered.fault.is_none()) || settled.is_err();
            if is_last {
                done += self.settle(put?).await? + settled?;
                return Ok(Progress::of(done));
            }
            done += settled?;
            before = put?;
        }
        done += self.settle(before).await?;
        Ok(Progress::of(done))
    }

    /// What another process has gathered rings no bell here: it is looked for, often enough for a feed.
    fn rest(&self) -> Duration {
        Duration::from_millis(50)
    }

    fn wake(&self) -> Option<Wake> {
        Some(self.wake.clone())
    }
}
