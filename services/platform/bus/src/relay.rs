//! The relay: a service's outbox -> JetStream.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use skillwire_runtime::{Clock, Fault, Progress, Wake, Work};
use skillwire_schemas::EventId;
use skillwire_store::{Db, OutboxRow, outbox};

use crate::Parts;
use crate::bus::Bus;

/// Events handed over at once.
const BATCH_MAX: u32 = 500;
/// A relay that has not settled its claim for so long is taken for dead.
const LEASE: Duration = Duration::from_secs(30);

struct Relay {
    name: &'static str,
    db: Db,
    bus: Bus,
    clock: Arc<dyn Clock>,
}

/// The loop that hands a service's outbox to JetStream. Any number of copies may run: each claims other rows.
#[must_use]
pub fn relay(parts: &Parts) -> Arc<dyn Work> {
    Arc::new(Relay {
        name: relay_name(parts.db.service()),
        db: parts.db.clone(),
        bus: parts.bus.clone(),
        clock: Arc::clone(&parts.env.clock),
    })
}

/// The name of a service's relay in logs and metrics.
fn relay_name(service: &'static str) -> &'static str {
    match service {
        "intake" => "intake.relay",
        "normalize" => "normalize.relay",
        "aggregate" => "aggregate.relay",
        "route" => "route.relay",
        "deliver" => "deliver.relay",
        _ => "relay",
    }
}

#[async_trait]
impl Work for Relay {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn step(&self, _wait: Duration) -> Result<Progress, Fault> {
        let rows = outbox::claim(&self.db, self.clock.now(), LEASE, BATCH_MAX).await?;
        if rows.is_empty() {
            return Ok(Progress::Idle);
        }
        let (sent, failed) = self.hand_over(&rows).await;
        outbox::settle(&self.db, self.clock.now(), &sent, &failed.iter().map(|(id, _)| *id).collect::<Vec<_>>())
            .await?;
        metrics::counter!("relay_events_total", "service" => self.db.service()).increment(sent.len() as u64);
        match failed.into_iter().next() {
            None => Ok(Progress::Did(rows.len())),
            Some((id, why)) => {
                // Perhaps the stream is gone. If it is only the connection, this fails too and the supervisor backs off.
                self.bus.ensure_streams().await?;
                Err(Fault::retry(format!("event {id} was not taken by JetStream: {why}")))
            }
        }
    }

    fn wake(&self) -> Option<Wake> {
        Some(self.db.wake())
    }
}

impl Relay {
    /// Publishes all, then waits for each yes. What has no yes stays in the outbox.
    async fn hand_over(&self, rows: &[OutboxRow]) -> (Vec<EventId>, Vec<(EventId, String)>) {
        let (mut sent, mut failed) = (Vec::with_capacity(rows.len()), Vec::new());
        let mut answers = FuturesUnordered::new();
        for row in rows {
            let id = row.id;
            match self.bus.publish(&row.subject, &id.to_string(), row.body.clone().into_bytes()).await {
                Ok(answer) => answers.push(async move { (id, answer.await) }),
                Err(e) => failed.push((id, e.to_string())),
            }
        }
        while let Some((id, answer)) = answers.next().await {
            match answer {
                Ok(_) => sent.push(id),
                Err(e) => failed.push((id, e.to_string())),
            }
        }
        (sent, failed)
    }
}
