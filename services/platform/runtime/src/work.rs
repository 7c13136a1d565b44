//! The loop pattern: whatever runs in the background is a [`Work`] that can be stepped by hand.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;

use crate::fault::Fault;

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// So many pieces; there may be more.
    Did(usize),
    /// There was nothing to do.
    Idle,
}

impl Progress {
    /// `Did(n)`, or `Idle` for none.
    #[must_use]
    pub const fn of(n: usize) -> Self {
        if n == 0 { Self::Idle } else { Self::Did(n) }
    }
}

/// One loop of a service.
#[async_trait]
pub trait Work: Send + Sync + 'static {
    /// `<service>.<loop>`, for logs and metrics.
    fn name(&self) -> &'static str;

    /// Does a bounded piece of work. May wait up to `wait` for work to appear (a test passes zero and never waits).
    ///
    /// # Errors
    /// [`Fault`] when the piece could not be done; the supervisor backs off and steps again.
    async fn step(&self, wait: Duration) -> Result<Progress, Fault>;

    /// Called once after the last step: what is on its way is brought to its end.
    async fn finish(&self) {}

    /// How long to rest after an idle step.
    fn rest(&self) -> Duration {
        Duration::from_millis(250)
    }

    /// Rings when there is work, so that the rest is cut short.
    fn wake(&self) -> Option<Wake> {
        None
    }
}

/// A bell between the one who makes work and the loop that does it.
#[derive(Clone, Debug, Default)]
pub struct Wake(Arc<Notify>);

impl Wake {
    /// Rings. A ring that nobody waits for is kept for the next who does.
    pub fn ring(&self) {
        self.0.notify_one();
    }

    /// Waits for a ring.
    pub async fn wait(&self) {
        self.0.notified().await;
    }
}
