//! The gate: name and password -> the reader they open.

use std::sync::Arc;

use async_trait::async_trait;
use skillwire_bus::{Admission, Reader};
use skillwire_runtime::{Clock, Fault};
use skillwire_schemas::SubscriptionId;
use skillwire_store::Db;

use super::password;
use crate::Deliver;
use crate::store::streams;

/// Asks PostgreSQL.
pub(crate) struct Gate {
    db: Db,
    clock: Arc<dyn Clock>,
}

impl Gate {
    pub(crate) fn new(deliver: &Deliver) -> Self {
        Self { db: deliver.parts.db.clone(), clock: Arc::clone(&deliver.parts.env.clock) }
    }
}

#[async_trait]
impl Admission for Gate {
    async fn reader(&self, user: &str, given: &str) -> Result<Option<Reader>, Fault> {
        let Ok(subscription) = user.parse::<SubscriptionId>() else { return Ok(None) };
        let hash = password::hash(given);
        let good = streams::admit(&self.db, subscription, &hash, self.clock.now()).await?;
        // The name is written as we write it, whatever spelling of the id was given.
        Ok(good.then(|| Reader::new(subscription.to_string())))
    }
}
