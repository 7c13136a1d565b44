//! The start of a subscription: it is told what is known already, in bounded steps, and then lives from news.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use skillwire_runtime::{Clock, Fault, Progress, Wake, Work};
use skillwire_schemas::Subscription;
use skillwire_store::Db;

use crate::Route;
use crate::holds::holds;
use crate::stage::{Heard, request};
use crate::store::{signals, subscriptions};

/// The loop.
pub(crate) struct Starter {
    db: Db,
    clock: Arc<dyn Clock>,
    batch_max: u32,
    wake: Wake,
}

impl Starter {
    pub(crate) fn new(route: &Route) -> Self {
        Self {
            db: route.parts.db.clone(),
            clock: Arc::clone(&route.parts.env.clock),
            batch_max: route.config.start_batch_max,
            wake: route.started.clone(),
        }
    }
}

#[async_trait]
impl Work for Starter {
    fn name(&self) -> &'static str {
        "route.start"
    }

    async fn step(&self, _wait: Duration) -> Result<Progress, Fault> {
        let mut tx = self.db.begin().await?;
        let Some((subscription, after)) = subscriptions::next_starting(tx.conn()).await? else {
            return Ok(Progress::Idle);
        };
        let page = signals::page(tx.conn(), subscription.partnership, after, self.batch_max).await?;
        let last = page.last().map(|heard| heard.signal.id);
        let more = page.len() >= usize::try_from(self.batch_max).unwrap_or(usize::MAX);
        if !subscription.paused {
            let subscription: Arc<Subscription> = Arc::new(subscription.clone());
            let wanted: Vec<(Arc<Subscription>, &Heard)> = page
                .iter()
                .filter(|heard| holds(&subscription.predicate, &heard.signal))
                .map(|heard| (Arc::clone(&subscription), heard))
                .collect();
            request(&mut tx, &*self.clock, &wanted).await?;
        }
        subscriptions::started(tx.conn(), subscription.id, if more { last } else { None }).await?;
        tx.commit().await?;
        Ok(Progress::Did(1))
    }

    fn rest(&self) -> Duration {
        Duration::from_secs(2)
    }

    fn wake(&self) -> Option<Wake> {
        Some(self.wake.clone())
    }
}
