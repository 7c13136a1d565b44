//! Forgets what has run out.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use skillwire_runtime::{Clock, Fault, Progress, Work};
use skillwire_store::Db;

use crate::Directory;
use crate::store::proofs;

/// Rows forgotten at once.
const ROWS_MAX: i64 = 1_000;

/// The loop.
pub(crate) struct Prune {
    db: Db,
    clock: Arc<dyn Clock>,
}

impl Prune {
    pub(crate) fn new(directory: &Directory) -> Self {
        Self { db: directory.parts.db.clone(), clock: Arc::clone(&directory.parts.clock) }
    }
}

#[async_trait]
impl Work for Prune {
    fn name(&self) -> &'static str {
        "directory.prune"
    }

    async fn step(&self, _wait: Duration) -> Result<Progress, Fault> {
        let gone = proofs::prune(self.db.pool(), self.clock.now(), ROWS_MAX).await?;
        Ok(Progress::of(usize::try_from(gone).unwrap_or(usize::MAX)))
    }

    fn rest(&self) -> Duration {
        Duration::from_secs(60)
    }
}
