//! The gauges: how deliveries stand, looked up from time to time. Of PostgreSQL, not of the process: of several copies take
//! the largest.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use skillwire_runtime::{Clock, Fault, Progress, Work};
use skillwire_schemas::Channel;
use skillwire_store::Db;

use crate::Deliver;
use crate::by_hand::Hand;
use crate::state::Outcome;
use crate::store::figures;

/// How often it is looked.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// A mail of a period that has not been tried so long after its time is late, minutes.
const LATE_AFTER_MIN: i64 = 15;

/// The loop.
pub(crate) struct Gauges {
    db: Db,
    clock: Arc<dyn Clock>,
}

impl Gauges {
    pub(crate) fn new(deliver: &Deliver) -> Self {
        begin_at_zero();
        Self { db: deliver.parts.db.clone(), clock: Arc::clone(&deliver.parts.env.clock) }
    }
}

/// Counters of which alerts ask how they grew: a series that begins at one has not grown.
fn begin_at_zero() {
    for channel in Channel::ALL.iter().map(|channel| channel.as_str()) {
        for outcome in [Outcome::Sent, Outcome::Temporary, Outcome::Permanent, Outcome::Uncertain] {
            metrics::counter!("deliver_attempts_total", "channel" => channel, "outcome" => outcome.as_str())
                .increment(0);
        }
    }
    for hand in Hand::ALL {
        metrics::counter!("deliver_by_hand_total", "action" => hand.as_str()).increment(0);
    }
    metrics::counter!("deliver_breakers_opened_total").increment(0);
    metrics::counter!("deliver_webhooks_disabled_total").increment(0);
}

#[async_trait]
impl Work for Gauges {
    fn name(&self) -> &'static str {
        "deliver.gauges"
    }

    #[expect(clippy::cast_precision_loss, reason = "gauges: beyond 2^53 the last digits do not matter")]
    async fn step(&self, _wait: Duration) -> Result<Progress, Fault> {
        let now = self.clock.now();
        let stand = figures::stand(&self.db, now, TimeDelta::minutes(LATE_AFTER_MIN)).await?;
        for channel in Channel::ALL.iter().map(|channel| channel.as_str()) {
            let of = stand.channels.get(channel).copied().unwrap_or_default();
            let age = of.oldest.and_then(|at| (now - at).to_std().ok()).unwrap_or_default();
            metrics::gauge!("deliver_overdue_deliveries", "channel" => channel).set(of.overdue as f64);
            metrics::gauge!("deliver_overdue_seconds", "channel" => channel).set(age.as_secs_f64());
            metrics::gauge!("deliver_uncertain_deliveries", "channel" => channel).set(of.uncertain as f64);
        }
        metrics::gauge!("deliver_late_digests").set(stand.late_digests as f64);
        metrics::gauge!("deliver_open_breakers").set(stand.open_breakers as f64);
        metrics::gauge!("deliver_disabled_webhooks").set(stand.disabled_webhooks as f64);
        Ok(Progress::Idle)
    }

    fn rest(&self) -> Duration {
        LOOK_EVERY
    }
}
