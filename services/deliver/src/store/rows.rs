//! Rows to nouns. A row that the code could not have written is an error that names it.

use std::str::FromStr;

use skillwire_store::StoreError;
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

/// A word of an enumeration.
pub(crate) fn word<T>(row: &PgRow, table: &'static str, column: &'static str) -> Result<T, StoreError>
where
    T: FromStr,
    T::Err: std::fmt::Display,
{
    let id: Uuid = row.try_get("id")?;
    let text: &str = row.try_get(column)?;
    text.parse().map_err(|e| StoreError::inconsistent(table, column, id, e))
}

/// A signal kept as JSON.
pub(crate) fn signal(
    value: serde_json::Value,
    table: &'static str,
    row: impl std::fmt::Display,
) -> Result<skillwire_schemas::Signal, StoreError> {
    serde_json::from_value(value).map_err(|e| StoreError::inconsistent(table, "body", row, e))
}

/// A count that is never negative.
pub(crate) fn count(row: &PgRow, column: &str) -> Result<u32, StoreError> {
    let n: i32 = row.try_get(column)?;
    Ok(u32::try_from(n).unwrap_or_default())
}
