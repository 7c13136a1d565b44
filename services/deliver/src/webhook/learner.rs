//! A changed subscription in: what its channels need is kept.

use std::sync::Arc;

use async_trait::async_trait;
use skillwire_bus::Stage;
use skillwire_runtime::{Clock, Fault, Wake};
use skillwire_schemas::Envelope;
use skillwire_schemas::event::SubscriptionChanged;
use skillwire_store::Tx;

use crate::Deliver;
use crate::store::known;

/// The stage.
pub(crate) struct Learner {
    clock: Arc<dyn Clock>,
    push: Wake,
    readers: Wake,
}

impl Learner {
    pub(crate) fn new(deliver: &Deliver) -> Self {
        let clock = Arc::clone(&deliver.parts.env.clock);
        Self { clock, push: deliver.push.clone(), readers: deliver.readers.clone() }
    }
}

#[async_trait]
impl Stage for Learner {
    type In = SubscriptionChanged;
    const NAME: &'static str = "deliver_subscriptions";

    async fn handle(&self, tx: &mut Tx, events: &[Envelope<SubscriptionChanged>]) -> Result<(), Fault> {
        let now = self.clock.now();
        let mut changes: Vec<&SubscriptionChanged> = events.iter().map(|event| &event.data).collect();
        changes.sort_by_key(|change| (change.subscription.id, change.version));
        for change in known::learn(tx.conn(), &changes, now).await? {
            known::endpoint(tx.conn(), change, now).await?;
            known::stream(tx.conn(), change, now).await?;
        }
        Ok(())
    }

    fn committed(&self) {
        self.push.ring();
        self.readers.ring();
    }
}
