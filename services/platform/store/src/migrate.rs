//! Migrations: every service has a PostgreSQL schema of its own name and a history of its own in it.

use std::borrow::Cow;

use sqlx::migrate::{MigrateError, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, PgPool, SqlSafeStr};

/// One step of a service's schema. Once released it is never changed: sqlx keeps its checksum.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// 1, 2, ...
    pub version: i64,
    /// What it does, in a few words.
    pub name: &'static str,
    /// The SQL.
    pub sql: &'static str,
}

/// What the platform keeps in every service's schema. Versions far below any service's own.
const PLATFORM: &str = include_str!("platform.sql");
const PLATFORM_VERSION: i64 = -1;
const DEAD_LETTERS: &str = include_str!("dead_letters.sql");
const DEAD_LETTERS_VERSION: i64 = 0;

/// Brings a service's schema up to date. Safe to run from several processes at once (an advisory lock).
///
/// # Errors
/// When a step fails or a released step was changed; nothing of the failing step is left.
pub async fn migrate(pool: &PgPool, service: &'static str, steps: &[Migration]) -> Result<(), MigrateError> {
    let step = |version, name: &'static str, sql: String| {
        sqlx::migrate::Migration::new(
            version,
            Cow::Borrowed(name),
            MigrationType::Simple,
            AssertSqlSafe(sql).into_sql_str(),
            false,
        )
    };
    let mut all = vec![step(PLATFORM_VERSION, "outbox inbox dead letters", PLATFORM.replace("{service}", service))];
    all.push(step(DEAD_LETTERS_VERSION, "dead letters by hand", DEAD_LETTERS.replace("{service}", service)));
    all.extend(steps.iter().map(|s| step(s.version, s.name, s.sql.to_owned())));
    let mut migrator = Migrator::with_migrations(all);
    migrator.create_schema(service);
    migrator.dangerous_set_table_name(format!("{service}.migrations"));
    migrator.run(pool).await
}
