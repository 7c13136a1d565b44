//! The follower: tells the hub how the feeds stand that somebody listens to. One question for all of them, whatever process
//! numbered or revoked; a listener holds no connection to PostgreSQL.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use skillwire_runtime::{Fault, Progress, Work};
use skillwire_store::Db;

use super::hub::{Hub, Pulse};
use crate::Deliver;
use crate::store::feeds;

/// How often it looks: what another process numbered comes so much later at most.
const LOOK_EVERY: Duration = Duration::from_millis(40);

/// The loop.
pub(crate) struct Follower {
    db: Db,
    hub: Hub,
}

impl Follower {
    pub(crate) fn new(deliver: &Deliver) -> Self {
        Self { db: deliver.parts.db.clone(), hub: deliver.hub.clone() }
    }
}

#[async_trait]
impl Work for Follower {
    fn name(&self) -> &'static str {
        "deliver.feed-listeners"
    }

    async fn step(&self, _wait: Duration) -> Result<Progress, Fault> {
        let heard = self.hub.heard();
        if heard.is_empty() {
            return Ok(Progress::Idle);
        }
        let mut standing: HashMap<_, Pulse> = feeds::standing(&self.db, &heard).await?;
        for subscription in heard {
            // One that is not there was ended, or is no feed any more.
            let now = standing.remove(&subscription).unwrap_or(Pulse { last: 0, hash: None });
            self.hub.set(subscription, now);
        }
        Ok(Progress::Idle)
    }

    fn rest(&self) -> Duration {
        LOOK_EVERY
    }
}
