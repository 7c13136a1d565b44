//! The index of this process and how far it has read the changes of subscriptions.

use std::sync::{Arc, PoisonError, RwLock};

use skillwire_schemas::{Signal, Subscription};
use skillwire_store::StoreError;
use sqlx::PgConnection;

use crate::index::Index;
use crate::store::subscriptions::{self, Change};

/// The index and the version it stands at.
#[derive(Debug, Default)]
pub(crate) struct LiveIndex(RwLock<(i64, Index)>);

impl LiveIndex {
    /// Reads the changes up to `version`. No lock is held while PostgreSQL is asked.
    pub(crate) async fn catch_up(&self, conn: &mut PgConnection, version: i64) -> Result<(), StoreError> {
        loop {
            let at = self.0.read().unwrap_or_else(PoisonError::into_inner).0;
            if at >= version {
                return Ok(());
            }
            let changes = subscriptions::changed_after(&mut *conn, at).await?;
            let Some(last) = changes.last().map(|change| change.version) else { return Ok(()) };
            self.apply(at, last, changes);
        }
    }

    fn apply(&self, read_from: i64, last: i64, changes: Vec<Change>) {
        let mut guard = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let (at, index) = &mut *guard;
        if *at != read_from {
            // Another loop was faster; what it read holds this.
            return;
        }
        for change in changes {
            match change.subscription {
                Some(subscription) => index.put(subscription),
                None => index.remove(change.id),
            }
        }
        *at = last;
        #[expect(clippy::cast_precision_loss, reason = "a gauge of a count")]
        metrics::gauge!("route_subscriptions").set(index.len() as f64);
    }

    /// Who wants the signal.
    pub(crate) fn matching(&self, signal: &Signal) -> Vec<Arc<Subscription>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).1.matching(signal)
    }
}
