//! Every failure carries a decision.

use std::time::Duration;

/// Why work could not be done, and what follows from it.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The world is not ready (database away, broker away, a lock): the same work may well succeed later.
    #[error("{why} (again in {after:?})")]
    Retry {
        /// How long to wait at least.
        after: Duration,
        /// What was wrong.
        why: String,
    },
    /// This work can never succeed. It is kept as a dead letter with the reason.
    #[error("{why}")]
    Reject {
        /// What was wrong, where, and what would be right.
        why: String,
    },
}

impl Fault {
    /// Again after the usual short wait.
    #[must_use]
    pub fn retry(why: impl std::fmt::Display) -> Self {
        Self::Retry { after: Duration::from_secs(1), why: why.to_string() }
    }

    /// Never again.
    #[must_use]
    pub fn reject(why: impl std::fmt::Display) -> Self {
        Self::Reject { why: why.to_string() }
    }
}
