//! What can go wrong with the database, and what follows from it.

use std::time::Duration;

use skillwire_runtime::Fault;

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// PostgreSQL is away, starting, full, or ended the statement: the same work may succeed later.
    #[error("the database is not available: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// A row that the code could not have written: a bug or a hand in the tables.
    #[error("table {table}, column {column}, row {row}: {why}")]
    Inconsistency {
        /// Which table.
        table: &'static str,
        /// Which column.
        column: &'static str,
        /// The row's key.
        row: String,
        /// What is wrong with it.
        why: String,
    },
    /// The statement is wrong or a rule of the schema was broken: never mended by trying again.
    #[error("the database refused: {0}")]
    Refused(#[source] sqlx::Error),
    /// An event that cannot be written as JSON.
    #[error("not writable as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(db) => {
                // Classes by the PostgreSQL manual, appendix A: 08 connection, 40 rollback (serialization, deadlock), 53
                // resources, 55 lock not available, 57 operator intervention, 58 system.
                let class: String = db.code().map(|c| c.chars().take(2).collect()).unwrap_or_default();
                match class.as_str() {
                    "08" | "40" | "53" | "55" | "57" | "58" => Self::Unavailable(error),
                    _ => Self::Refused(error),
                }
            }
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::Protocol(_)
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error),
            _ => Self::Refused(error),
        }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::Retry { after: Duration::from_secs(1), why: chain(&error) },
            StoreError::Inconsistency { .. } | StoreError::Refused(_) | StoreError::Json(_) => {
                Self::Reject { why: chain(&error) }
            }
        }
    }
}

/// An error with its causes on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

impl StoreError {
    /// A row that the code could not have written.
    pub fn inconsistent(
        table: &'static str,
        column: &'static str,
        row: impl std::fmt::Display,
        why: impl std::fmt::Display,
    ) -> Self {
        Self::Inconsistency { table, column, row: row.to_string(), why: why.to_string() }
    }

    /// Whether a unique rule of that name was broken.
    #[must_use]
    pub fn broke(&self, constraint: &str) -> bool {
        match self {
            Self::Refused(sqlx::Error::Database(db)) => db.constraint() == Some(constraint),
            _ => false,
        }
    }
}
