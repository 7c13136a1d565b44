//! Runs works for ever: backs off on failure, starts again after a panic, stops when told.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::fault::Fault;
use crate::work::{Progress, Work};

/// How long a step may wait for work to appear.
const STEP_WAIT: Duration = Duration::from_secs(2);
/// The first and the longest rest after a failure; doubled in between, so that a broker that is away is never spun at.
const BACKOFF_MIN: Duration = Duration::from_millis(100);
const BACKOFF_MAX: Duration = Duration::from_secs(10);

/// Tells every loop to stop.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// A switch and what it switches.
    #[must_use]
    pub fn new() -> (watch::Sender<bool>, Self) {
        let (sender, receiver) = watch::channel(false);
        (sender, Self(receiver))
    }

    /// Waits until told to stop.
    pub async fn wait(&mut self) {
        // A sender that is gone can never say "go on": that is a stop too.
        let _ = self.0.wait_for(|stopped| *stopped).await;
    }

    fn is_set(&self) -> bool {
        *self.0.borrow()
    }
}

/// Runs the works until `stop` is set, then lets each finish the step it is in.
pub async fn supervise(works: Vec<Arc<dyn Work>>, stop: Stop) {
    let mut tasks = JoinSet::new();
    for work in works {
        tasks.spawn(run(work, stop.clone()));
    }
    while tasks.join_next().await.is_some() {}
}

async fn run(work: Arc<dyn Work>, mut stop: Stop) {
    let mut failures = 0u32;
    // A series that begins at one has not grown, for whoever asks how it grew.
    metrics::counter!("work_faults_total", "work" => work.name()).increment(0);
    metrics::counter!("work_panics_total", "work" => work.name()).increment(0);
    while !stop.is_set() {
        let pause = match AssertUnwindSafe(work.step(STEP_WAIT)).catch_unwind().await {
            Ok(Ok(Progress::Did(n))) => {
                failures = 0;
                metrics::counter!("work_done_total", "work" => work.name()).increment(n as u64);
                continue;
            }
            Ok(Ok(Progress::Idle)) => {
                failures = 0;
                work.rest()
            }
            Ok(Err(fault)) => {
                failures = failures.saturating_add(1);
                metrics::counter!("work_faults_total", "work" => work.name()).increment(1);
                tracing::warn!(work = work.name(), failures, %fault, "step failed");
                backoff(failures, &fault)
            }
            Err(_) => {
                failures = failures.saturating_add(1);
                metrics::counter!("work_panics_total", "work" => work.name()).increment(1);
                tracing::error!(work = work.name(), failures, "step panicked; this is a bug");
                backoff(failures, &Fault::retry("panic"))
            }
        };
        let wake = work.wake();
        tokio::select! {
            () = stop.wait() => break,
            () = tokio::time::sleep(pause) => {}
            // After a failure the bell is not listened to: work that cannot be done must not be tried faster.
            () = async { match &wake { Some(wake) => wake.wait().await, None => std::future::pending().await } }, if failures == 0 => {}
        }
    }
    work.finish().await;
}

fn backoff(failures: u32, fault: &Fault) -> Duration {
    let doubled = BACKOFF_MIN.saturating_mul(2u32.saturating_pow(failures.saturating_sub(1).min(10)));
    let asked = match fault {
        Fault::Retry { after, .. } => *after,
        Fault::Reject { .. } => Duration::ZERO,
    };
    doubled.max(asked.min(BACKOFF_MAX)).min(BACKOFF_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_and_is_bounded() {
        let fault = Fault::Retry { after: Duration::ZERO, why: String::new() };
        assert_eq!(backoff(1, &fault), BACKOFF_MIN);
        assert_eq!(backoff(3, &fault), BACKOFF_MIN * 4);
        assert_eq!(backoff(u32::MAX, &fault), BACKOFF_MAX);
        assert_eq!(backoff(1, &Fault::retry("x")), Duration::from_secs(1));
    }
}
