//! A stage: takes events of one type, once each, and does its work in one transaction.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::AckKind;
use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::message::Message;
use async_trait::async_trait;
use futures::StreamExt;
use skillwire_runtime::{Clock, Fault, Progress, Work};
use skillwire_schemas::{Envelope, EventId, Payload};
use skillwire_store::dead::{self, DeadLetter};
use skillwire_store::{Db, Tx, inbox};
use tokio::sync::Mutex;

use crate::Parts;
use crate::bus::{Bus, BusError};
use crate::taking::{Verdict, verdict};

/// How often an idle stage looks whether its consumer still exists.
const CONSUMER_CHECK: Duration = Duration::from_secs(5);

/// The work of a stage.
#[async_trait]
pub trait Stage: Send + Sync + 'static {
    /// The one event type it takes.
    type In: Payload;
    /// Its name: durable consumer, inbox, logs.
    const NAME: &'static str;
    /// Events of one transaction at most; the setting `stage_batch_max` if that is less. For events that hold much.
    const EVENTS_MAX: usize = usize::MAX;

    /// Does the work for new events, in the transaction that also marks them as taken. May be called again with the same
    /// events when the commit's answer was lost: ids must be derived, not drawn.
    ///
    /// # Errors
    /// [`Fault::Retry`] for what may work later, [`Fault::Reject`] for what never will.
    async fn handle(&self, tx: &mut Tx, events: &[Envelope<Self::In>]) -> Result<(), Fault>;

    /// Called after a commit.
    fn committed(&self) {}
}

struct Runner<S> {
    stage: S,
    db: Db,
    bus: Bus,
    clock: Arc<dyn Clock>,
    consumer: Mutex<Option<(PullConsumer, std::time::Instant)>>,
}

/// The loop that feeds a stage. Any number of copies may run: they share the durable consumer.
#[must_use]
pub fn stage<S: Stage>(parts: &Parts, stage: S) -> Arc<dyn Work> {
    for outcome in ["done", "repeated", "returned", "dead"] {
        count::<S>(outcome, 0);
    }
    Arc::new(Runner {
        stage,
        db: parts.db.clone(),
        bus: parts.bus.clone(),
        clock: Arc::clone(&parts.env.clock),
        consumer: Mutex::new(None),
    })
}

/// A message with the event it carries.
type Taken<P> = (Message, Envelope<P>);

#[async_trait]
impl<S: Stage> Work for Runner<S> {
    fn name(&self) -> &'static str {
        S::NAME
    }

    async fn step(&self, wait: Duration) -> Result<Progress, Fault> {
        let consumer = self.consumer(wait).await?;
        let messages = match self.fetch(&consumer, wait).await {
            Ok(messages) => messages,
            Err(e) => {
                // The consumer or its stream may be gone: made again at the next step.
                *self.consumer.lock().await = None;
                return Err(e.into());
            }
        };
        let count = messages.len();
        let taken = self.decode(messages).await?;
        self.take_all(taken).await?;
        Ok(Progress::of(count))
    }

    fn rest(&self) -> Duration {
        // The step itself has waited for messages.
        Duration::from_millis(1)
    }
}

impl<S: Stage> Runner<S> {
    /// The consumer, made if there is none, looked after from time to time: one that was deleted behind our back gives no
    /// message and, depending on when, no error either.
    async fn consumer(&self, wait: Duration) -> Result<PullConsumer, BusError> {
        let mut slot = self.consumer.lock().await;
        let now = self.clock.instant();
        if let Some((consumer, checked)) = slot.as_ref()
            && !wait.is_zero()
            && now.saturating_duration_since(*checked) < CONSUMER_CHECK
        {
            return Ok(consumer.clone());
        }
        *slot = None;
        let consumer = self.bus.ensure_consumer(S::NAME, S::In::subject_filter()).await?;
        *slot = Some((consumer.clone(), now));
        Ok(consumer)
    }

    /// What is there, at once; if nothing is, waits for the first message. (A pull for many messages would hold the first
    /// back until all are there or the wait is over.)
    async fn fetch(&self, consumer: &PullConsumer, wait: Duration) -> Result<Vec<Message>, BusError> {
        let limit = self.bus.config().stage_batch_max.min(S::EVENTS_MAX);
        let there = consumer.fetch().max_messages(limit).messages();
        let messages = self.collect(there, Duration::ZERO).await?;
        if !messages.is_empty() || wait.is_zero() {
            return Ok(messages);
        }
        self.collect(consumer.batch().max_messages(1).expires(wait).messages(), wait).await
    }

    async fn collect<F, B, E>(&self, asking: F, wait: Duration) -> Result<Vec<Message>, BusError>
    where
        F: Future<Output = Result<B, E>>,
        B: futures::Stream<Item = Result<Message, async_nats::Error>> + Unpin,
        E: std::fmt::Display,
    {
        let collecting = async {
            let mut batch = asking.await.map_err(BusError::unavailable)?;
            let mut messages = Vec::new();
            while let Some(message) = batch.next().await {
                messages.push(message.map_err(BusError::unavailable)?);
            }
            Ok(messages)
        };
        // A connection that falls in between never answers.
        tokio::time::timeout(wait + self.bus.answer_timeout(), collecting)
            .await
            .unwrap_or_else(|_| Err(BusError::unavailable("no answer to a pull")))
    }

    /// Reads the events; what is none is buried.
    async fn decode(&self, messages: Vec<Message>) -> Result<Vec<Taken<S::In>>, Fault> {
        let mut taken = Vec::with_capacity(messages.len());
        for message in messages {
            match Envelope::from_json(&message.payload) {
                Ok(event) => taken.push((message, event)),
                Err(e) => self.bury(&message, e.to_string()).await?,
            }
        }
        Ok(taken)
    }

    /// All in one transaction; when that fails, one by one, so that a bad event does not keep the others.
    async fn take_all(&self, taken: Vec<Taken<S::In>>) -> Result<(), Fault> {
        if taken.is_empty() {
            return Ok(());
        }
        let (messages, events): (Vec<_>, Vec<_>) = taken.into_iter().unzip();
        match self.take(&events).await {
            Ok(()) => {
                for message in &messages {
                    ack(message, AckKind::Ack).await;
                }
                return Ok(());
            }
            Err(fault) if messages.len() == 1 => return self.settle(&messages[0], &fault).await,
            Err(fault) => {
                tracing::warn!(stage = S::NAME, events = events.len(), %fault, "a batch failed; taking its events one by one")
            }
        }
        for (message, event) in messages.iter().zip(events) {
            match self.take(std::slice::from_ref(&event)).await {
                Ok(()) => ack(message, AckKind::Ack).await,
                Err(fault) => self.settle(message, &fault).await?,
            }
        }
        Ok(())
    }

    async fn take(&self, events: &[Envelope<S::In>]) -> Result<(), Fault> {
        let mut tx = self.db.begin().await?;
        let ids: Vec<EventId> = events.iter().map(|e| e.id).collect();
        let mut new = inbox::take(&mut tx, S::NAME, &ids, self.clock.now()).await?;
        // `remove`: the same event twice in one batch is taken once too.
        let fresh: Vec<Envelope<S::In>> = events.iter().filter(|e| new.remove(&e.id)).cloned().collect();
        if !fresh.is_empty() {
            self.stage.handle(&mut tx, &fresh).await?;
        }
        tx.commit().await?;
        self.stage.committed();
        count::<S>("done", fresh.len());
        count::<S>("repeated", events.len() - fresh.len());
        log_traces::<S>(&fresh);
        Ok(())
    }

    async fn settle(&self, message: &Message, fault: &Fault) -> Result<(), Fault> {
        let deliveries = message.info().map_or(1, |info| info.delivered);
        match verdict(fault, deliveries) {
            Verdict::Return(after) => {
                tracing::warn!(stage = S::NAME, deliveries, %fault, "an event goes back");
                count::<S>("returned", 1);
                ack(message, AckKind::Nak(Some(after))).await;
                // Told to the supervisor as well: a database that is away is met with a pause, not with the next event.
                Err(Fault::retry(fault))
            }
            Verdict::Dead(why) => self.bury(message, why).await,
        }
    }

    /// Written to PostgreSQL before the message is given up: advisories are gone when nobody listens.
    async fn bury(&self, message: &Message, why: String) -> Result<(), Fault> {
        tracing::error!(stage = S::NAME, subject = %message.subject, %why, "a dead letter");
        let message_id = message.headers.as_ref().and_then(|h| h.get("Nats-Msg-Id")).map(ToString::to_string);
        let letter = DeadLetter {
            stage: S::NAME,
            subject: message.subject.to_string(),
            message_id,
            body: message.payload.to_vec(),
            why,
            tries: message.info().map_or(1, |info| info.delivered),
        };
        dead::bury(&self.db, &letter, self.clock.now()).await?;
        count::<S>("dead", 1);
        ack(message, AckKind::Term).await;
        Ok(())
    }
}

/// An answer that is lost only means that the message comes again and the inbox refuses it.
async fn ack(message: &Message, kind: AckKind) {
    if let Err(e) = message.ack_with(kind).await {
        tracing::debug!(%e, "an acknowledgement was not sent");
    }
}

fn count<S: Stage>(outcome: &'static str, n: usize) {
    metrics::counter!("stage_events_total", "stage" => S::NAME, "outcome" => outcome).increment(n as u64);
}

/// One line for each trace of a batch, so that a submission can be followed through every stage.
fn log_traces<S: Stage>(events: &[Envelope<S::In>]) {
    let mut traces: BTreeMap<&str, usize> = BTreeMap::new();
    for event in events {
        *traces.entry(event.traceparent.as_str()).or_default() += 1;
    }
    for (traceparent, events) in traces {
        let trace_id = skillwire_runtime::trace::trace_id(traceparent);
        tracing::info!(stage = S::NAME, events, trace_id, "took");
    }
}
