//! A service's view of PostgreSQL.

use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use skillwire_runtime::Wake;
use skillwire_schemas::{Envelope, Payload};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, PgConnection, PgPool, Postgres, Row};

use crate::config::DatabaseConfig;
use crate::error::StoreError;
use crate::outbox::{self, Outgoing};

/// The pool and the service's own PostgreSQL schema.
#[derive(Clone, Debug)]
pub struct Db {
    pool: PgPool,
    service: &'static str,
    wake: Wake,
}

/// Opens the pool of a process. Does not connect yet: a database that is away is met when it is asked.
///
/// # Errors
/// When the address is no PostgreSQL address.
pub fn pool(config: &DatabaseConfig) -> Result<PgPool, StoreError> {
    let options = PgConnectOptions::from_str(&config.url)
        .map_err(StoreError::Refused)?
        .application_name("skillwire")
        .options([
            ("statement_timeout", format!("{}s", config.statement_timeout_s)),
            ("idle_in_transaction_session_timeout", format!("{}s", config.statement_timeout_s)),
        ])
        .log_slow_statements(tracing::log::LevelFilter::Warn, Duration::from_secs(1))
        .log_statements(tracing::log::LevelFilter::Trace);
    Ok(PgPoolOptions::new()
        .max_connections(config.connections_max)
        .acquire_timeout(Duration::from_secs(config.acquire_timeout_s))
        .connect_lazy_with(options))
}

/// What the server says of itself.
#[derive(Clone, Debug)]
pub struct Server {
    /// E.g. 150018 for 15.18.
    pub version: u32,
    /// Its clock.
    pub now: DateTime<Utc>,
    /// Schemas that have been migrated.
    pub schemas: i64,
}

/// Asks the server about itself.
///
/// # Errors
/// [`StoreError::Unavailable`] when it does not answer.
pub async fn server(pool: &PgPool) -> Result<Server, StoreError> {
    let row = sqlx::query(
        "select current_setting('server_version_num') as version, clock_timestamp() as now,
             (select count(*) from information_schema.tables where table_name = 'migrations') as schemas",
    )
    .fetch_one(pool)
    .await?;
    let version: String = row.get("version");
    Ok(Server { version: version.parse().unwrap_or_default(), now: row.get("now"), schemas: row.get("schemas") })
}

impl Db {
    /// The pool as the service of that name sees it.
    #[must_use]
    pub fn new(pool: PgPool, service: &'static str) -> Self {
        Self { pool, service, wake: Wake::default() }
    }

    /// The pool, for reading outside a transaction.
    #[must_use]
    pub const fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// The service: also the name of its PostgreSQL schema.
    #[must_use]
    pub const fn service(&self) -> &'static str {
        self.service
    }

    /// Rings when events were committed.
    #[must_use]
    pub fn wake(&self) -> Wake {
        self.wake.clone()
    }

    /// Begins a transaction.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when there is no connection.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        let inner = self.pool.begin().await?;
        Ok(Tx { inner, service: self.service, outgoing: Vec::new(), wake: self.wake.clone() })
    }

    /// Whether PostgreSQL answers.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("select 1").execute(&self.pool).await?;
        Ok(())
    }
}

/// A transaction that may say something. Dropped without [`Tx::commit`], it did and said nothing.
#[derive(Debug)]
pub struct Tx {
    inner: sqlx::Transaction<'static, Postgres>,
    service: &'static str,
    outgoing: Vec<Outgoing>,
    wake: Wake,
}

impl Tx {
    /// The connection, for the service's own SQL.
    pub fn conn(&mut self) -> &mut PgConnection {
        &mut self.inner
    }

    /// The service whose transaction it is.
    #[must_use]
    pub const fn service(&self) -> &'static str {
        self.service
    }

    /// Says an event when the transaction commits, not before and not without it.
    ///
    /// # Errors
    /// [`StoreError::Json`] when the payload cannot be written.
    pub fn emit<P: Payload>(&mut self, event: &Envelope<P>) -> Result<(), StoreError> {
        self.outgoing.push(Outgoing::new(event)?);
        Ok(())
    }

    /// How many events it will say.
    #[must_use]
    pub fn emitted(&self) -> usize {
        self.outgoing.len()
    }

    /// Commits state and events together.
    ///
    /// # Errors
    /// When PostgreSQL does not take them; then nothing was done. [`StoreError::Unavailable`] may also mean that the answer
    /// was lost: the work is done again and must give the same.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        let said = !self.outgoing.is_empty();
        if said {
            outbox::insert(&mut self.inner, self.service, &self.outgoing).await?;
        }
        self.inner.commit().await?;
        if said {
            self.wake.ring();
        }
        Ok(())
    }
}
