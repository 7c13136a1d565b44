//! The gauges: how a service stands, looked up from time to time. Every process of the service shows the same numbers, since
//! they are of PostgreSQL and JetStream, not of the process: take the largest, not the sum.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use skillwire_runtime::{Clock, Fault, Progress, Work};
use skillwire_store::{Db, dead, outbox};

use crate::Parts;
use crate::bus::Bus;

/// How often it is looked: well below the shortest wait of an alert.
const LOOK_EVERY: Duration = Duration::from_secs(10);

struct Gauges {
    db: Db,
    bus: Bus,
    clock: Arc<dyn Clock>,
    stages: &'static [&'static str],
}

/// The loop that shows how a service's outbox, its stages and its dead letters stand.
#[must_use]
pub fn gauges(parts: &Parts, stages: &'static [&'static str]) -> Arc<dyn Work> {
    Arc::new(Gauges { db: parts.db.clone(), bus: parts.bus.clone(), clock: Arc::clone(&parts.env.clock), stages })
}

#[async_trait]
impl Work for Gauges {
    fn name(&self) -> &'static str {
        "gauges"
    }

    async fn step(&self, _wait: Duration) -> Result<Progress, Fault> {
        let service = self.db.service();
        let (waiting, since) = outbox::waiting(&self.db).await?;
        set("relay_waiting_events", "service", service, count(waiting));
        set("relay_waiting_seconds", "service", service, self.age(since));
        set("dead_letters", "service", service, count(dead::dead(&self.db).await?));
        for stage in self.stages {
            // No consumer yet: the stage has not begun, and its first step makes one.
            let lag = self.bus.stage_lag(stage).await?.unwrap_or_default();
            let events = i64::try_from(lag.events).unwrap_or(i64::MAX);
            set("stage_waiting_events", "stage", stage, count(events));
            set("stage_waiting_seconds", "stage", stage, self.age(lag.since));
        }
        Ok(Progress::Idle)
    }

    fn rest(&self) -> Duration {
        LOOK_EVERY
    }
}

impl Gauges {
    /// Seconds since then.
    fn age(&self, since: Option<DateTime<Utc>>) -> f64 {
        let age = since.and_then(|since| (self.clock.now() - since).to_std().ok());
        age.unwrap_or_default().as_secs_f64()
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge: beyond 2^53 events the last digits do not matter")]
fn count(n: i64) -> f64 {
    n as f64
}

fn set(name: &'static str, label: &'static str, of: &'static str, value: f64) {
    metrics::gauge!(name, label => of).set(value);
}
