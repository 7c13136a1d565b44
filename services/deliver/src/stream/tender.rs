//! The tender: brings readers in NATS to what the rows say.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use skillwire_bus::{Bus, Reader, Start};
use skillwire_runtime::{Clock, Fault, Progress, Wake, Work};
use skillwire_schemas::SubscriptionId;
use skillwire_store::Db;

use crate::Deliver;
use crate::store::streams;

/// Consumers made or removed in one step.
const CHANGES_MAX: usize = 200;
/// How often it is looked whether all are there: the stream may be deleted behind our back.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// The loop.
pub(crate) struct Tender {
    db: Db,
    bus: Bus,
    clock: Arc<dyn Clock>,
    wake: Wake,
}

impl Tender {
    pub(crate) fn new(deliver: &Deliver) -> Self {
        Self {
            db: deliver.parts.db.clone(),
            bus: deliver.parts.bus.clone(),
            clock: Arc::clone(&deliver.parts.env.clock),
            wake: deliver.readers.clone(),
        }
    }
}

#[async_trait]
impl Work for Tender {
    fn name(&self) -> &'static str {
        "deliver.readers"
    }

    async fn step(&self, _wait: Duration) -> Result<Progress, Fault> {
        let mut did = 0;
        for (subscription, at) in streams::kicks(&self.db, self.clock.now()).await? {
            put_out(&self.bus, subscription).await?;
            streams::kicked(&self.db, subscription, at).await?;
            did += 1;
        }
        let wanted = streams::live(&self.db).await?;
        let there = self.bus.readers().await?;
        let missing = wanted.iter().filter(|id| !there.contains(&id.to_string()));
        for subscription in missing.take(CHANGES_MAX) {
            make(&self.db, &self.bus, *subscription).await?;
            did += 1;
        }
        // Only names of ours: a consumer that an operator made by hand is theirs.
        let ours = there.iter().filter_map(|name| name.parse::<SubscriptionId>().ok());
        for subscription in ours.filter(|id| !wanted.contains(id)).take(CHANGES_MAX) {
            unmake(&self.db, &self.bus, subscription).await?;
            did += 1;
        }
        Ok(Progress::of(did))
    }

    fn rest(&self) -> Duration {
        LOOK_EVERY
    }

    fn wake(&self) -> Option<Wake> {
        Some(self.wake.clone())
    }
}

/// Makes the consumer of credentials that hold; the row is held meanwhile, so that a replay or a revocation waits.
pub(crate) async fn make(db: &Db, bus: &Bus, subscription: SubscriptionId) -> Result<(), Fault> {
    let mut tx = db.begin().await?;
    if streams::hold(tx.conn(), subscription).await? {
        bus.ensure_reader(&Reader::new(subscription.to_string()), Start::Oldest).await?;
    }
    Ok(tx.commit().await?)
}

/// Lets a reader begin elsewhere: another consumer in its place.
pub(crate) async fn restart(db: &Db, bus: &Bus, subscription: SubscriptionId, start: Start) -> Result<(), Fault> {
    let mut tx = db.begin().await?;
    if streams::hold(tx.conn(), subscription).await? {
        let reader = Reader::new(subscription.to_string());
        bus.remove_reader(&reader).await?;
        bus.ensure_reader(&reader, start).await?;
    }
    Ok(tx.commit().await?)
}

/// Removes the consumer of credentials that hold no more.
async fn unmake(db: &Db, bus: &Bus, subscription: SubscriptionId) -> Result<(), Fault> {
    let mut tx = db.begin().await?;
    if !streams::hold(tx.conn(), subscription).await? {
        bus.remove_reader(&Reader::new(subscription.to_string())).await?;
    }
    Ok(tx.commit().await?)
}

/// What follows when credentials were revoked: nothing more is read, and who is in is put out. The loop does it again.
pub(crate) async fn shut(db: &Db, bus: &Bus, subscription: SubscriptionId) -> Result<(), Fault> {
    unmake(db, bus, subscription).await?;
    put_out(bus, subscription).await
}

/// Puts out every connection of a subscription's reader.
pub(crate) async fn put_out(bus: &Bus, subscription: SubscriptionId) -> Result<(), Fault> {
    let out = bus.put_out(&Reader::new(subscription.to_string())).await?;
    if out > 0 {
        tracing::info!(%subscription, out, "connections of a stream were put out");
    }
    Ok(())
}
