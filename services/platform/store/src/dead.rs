//! Dead letters: messages that a stage can never take, kept with the reason until somebody replays or drops them, and after.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use skillwire_schemas::PartnershipId;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;

use crate::db::{Db, Tx};
use crate::error::StoreError;

/// A message that can never be taken, as it is buried.
#[derive(Clone, Debug)]
pub struct DeadLetter {
    /// Which stage refused it.
    pub stage: &'static str,
    /// Its subject.
    pub subject: String,
    /// Its message id, if it had one.
    pub message_id: Option<String>,
    /// Its bytes.
    pub body: Vec<u8>,
    /// Why.
    pub why: String,
    /// How often it was delivered.
    pub tries: i64,
}

/// What a dead letter is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LetterState {
    /// Nobody has looked after it.
    Dead,
    /// It was published again.
    Replayed,
    /// It is not wanted any more.
    Dropped,
}

impl LetterState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Dead, Self::Replayed, Self::Dropped];

    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dead => "dead",
            Self::Replayed => "replayed",
            Self::Dropped => "dropped",
        }
    }
}

impl std::str::FromStr for LetterState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|state| state.as_str() == text);
        found.ok_or_else(|| format!("'{text}' is no state of a dead letter; one of dead, replayed, dropped"))
    }
}

/// A dead letter as it is kept.
#[derive(Clone, Debug, Serialize)]
pub struct Letter {
    /// Which service keeps it.
    pub service: &'static str,
    /// Its number there.
    pub number: i64,
    /// Which stage refused it.
    pub stage: String,
    /// Its subject.
    pub subject: String,
    /// Its event type, if it can be told.
    pub event_type: Option<String>,
    /// Whose it is, if it can be told.
    pub partnership: Option<PartnershipId>,
    /// Its message id, if it had one.
    pub message_id: Option<String>,
    /// Why it is dead.
    pub why: String,
    /// When it died.
    pub died_at: DateTime<Utc>,
    /// How often it had been delivered.
    pub tries: i64,
    /// dead, replayed or dropped.
    pub state: String,
    /// When it was replayed or dropped.
    pub settled_at: Option<DateTime<Utc>>,
    /// By whom: a person's id, or `console`.
    pub settled_by: Option<String>,
    /// Why, if they said so.
    pub reason: Option<String>,
}

/// Which letters.
#[derive(Clone, Debug, Default)]
pub struct LetterFilter {
    /// Of one partnership; letters whose partnership cannot be told are in none.
    pub partnership: Option<PartnershipId>,
    /// In one state.
    pub state: Option<LetterState>,
    /// Older than this number.
    pub before: Option<i64>,
}

/// What can be told of a message: its event type, and whose it is. Subject and body must not contradict each other about
/// whose it is: then it is nobody's.
fn told(subject: &str, body: &[u8]) -> (Option<String>, Option<Uuid>) {
    let json: Option<Value> = serde_json::from_slice(body).ok();
    let field = |name: &str| json.as_ref().and_then(|j| j.get(name)).and_then(Value::as_str);
    let by_subject = subject.rsplit_once('.').and_then(|(head, last)| Some((head, last.parse::<Uuid>().ok()?)));
    let event_type = field("type").or(by_subject.map(|(head, _)| head)).map(str::to_owned);
    let partnership = match (by_subject, field("partnership")) {
        (Some((_, id)), None) => Some(id),
        (Some((_, id)), Some(said)) if said.parse() == Ok(id) => Some(id),
        _ => None,
    };
    (event_type, partnership)
}

/// Keeps a dead letter.
///
/// # Errors
/// When PostgreSQL does not answer; then the message must not be given up.
pub async fn bury(db: &Db, letter: &DeadLetter, now: DateTime<Utc>) -> Result<(), StoreError> {
    let (event_type, partnership) = told(&letter.subject, &letter.body);
    let sql = format!(
        "insert into {}.dead_letters (stage, subject, message_id, body, why, died_at, tries, event_type, partnership)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        db.service()
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(letter.stage)
        .bind(&letter.subject)
        .bind(&letter.message_id)
        .bind(&letter.body)
        .bind(&letter.why)
        .bind(now)
        .bind(letter.tries)
        .bind(event_type)
        .bind(partnership)
        .execute(db.pool())
        .await?;
    Ok(())
}

/// How many dead letters nobody has looked after.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn dead(db: &Db) -> Result<i64, StoreError> {
    let sql = format!("select count(*) as n from {}.dead_letters where state = 'dead'", db.service());
    Ok(sqlx::query(AssertSqlSafe(sql)).fetch_one(db.pool()).await?.get("n"))
}

const COLUMNS: &str = "id, stage, subject, event_type, partnership, message_id, why, died_at, tries, state, settled_at, \
                       settled_by, reason";

/// Letters, newest first.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn list(db: &Db, filter: &LetterFilter, limit: u32) -> Result<Vec<Letter>, StoreError> {
    let sql = format!(
        "select {COLUMNS} from {}.dead_letters where ($1::uuid is null or partnership = $1)
           and ($2::text is null or state = $2) and ($3::bigint is null or id < $3) order by id desc limit $4",
        db.service()
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(filter.partnership.map(|p| p.0))
        .bind(filter.state.map(LetterState::as_str))
        .bind(filter.before)
        .bind(i64::from(limit))
        .fetch_all(db.pool())
        .await?;
    Ok(rows.iter().map(|row| letter(db.service(), row)).collect())
}

/// One letter with its bytes; of that partnership, if one is given.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn get(
    db: &Db,
    number: i64,
    partnership: Option<PartnershipId>,
) -> Result<Option<(Letter, Vec<u8>)>, StoreError> {
    let sql = format!(
        "select {COLUMNS}, body from {}.dead_letters where id = $1 and ($2::uuid is null or partnership = $2)",
        db.service()
    );
    let row =
        sqlx::query(AssertSqlSafe(sql)).bind(number).bind(partnership.map(|p| p.0)).fetch_optional(db.pool()).await?;
    Ok(row.map(|row| (letter(db.service(), &row), row.get("body"))))
}

/// The bytes of some letters, by number.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn bodies(db: &Db, numbers: &[i64]) -> Result<HashMap<i64, Vec<u8>>, StoreError> {
    let sql = format!("select id, body from {}.dead_letters where id = any($1)", db.service());
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(numbers).fetch_all(db.pool()).await?;
    Ok(rows.into_iter().map(|row| (row.get("id"), row.get("body"))).collect())
}

/// Takes a letter that is dead in hand until the transaction ends, so that two do not replay it at once: subject and bytes.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn take(tx: &mut Tx, number: i64) -> Result<Option<(String, Vec<u8>)>, StoreError> {
    let sql =
        format!("select subject, body from {}.dead_letters where id = $1 and state = 'dead' for update", tx.service());
    let row = sqlx::query(AssertSqlSafe(sql)).bind(number).fetch_optional(tx.conn()).await?;
    Ok(row.map(|row| (row.get("subject"), row.get("body"))))
}

/// Writes down what was done with a letter that is dead. Whether it was.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn settle(
    tx: &mut Tx,
    number: i64,
    state: LetterState,
    (by, reason): (&str, Option<&str>),
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let sql = format!(
        "update {}.dead_letters set state = $2, settled_at = $3, settled_by = $4, reason = $5
         where id = $1 and state = 'dead'",
        tx.service()
    );
    let done = sqlx::query(AssertSqlSafe(sql))
        .bind(number)
        .bind(state.as_str())
        .bind(now)
        .bind(by)
        .bind(reason)
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected() == 1)
}

fn letter(service: &'static str, row: &PgRow) -> Letter {
    Letter {
        service,
        number: row.get("id"),
        stage: row.get("stage"),
        subject: row.get("subject"),
        event_type: row.get("event_type"),
        partnership: row.get::<Option<Uuid>, _>("partnership").map(PartnershipId),
        message_id: row.get("message_id"),
        why: row.get("why"),
        died_at: row.get("died_at"),
        tries: row.get("tries"),
        state: row.get("state"),
        settled_at: row.get("settled_at"),
        settled_by: row.get("settled_by"),
        reason: row.get("reason"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_a_letter_is_is_told_only_when_nothing_contradicts() {
        let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let subject = format!("skillwire.need.normalized.v1.{a}");
        let body = |id: Uuid| format!(r#"{{"type":"skillwire.need.normalized.v1","partnership":"{id}"}}"#).into_bytes();
        let named = Some("skillwire.need.normalized.v1".to_owned());
        assert_eq!(told(&subject, &body(a)), (named.clone(), Some(a)));
        assert_eq!(told(&subject, &body(b)), (named.clone(), None), "subject and body name two");
        assert_eq!(told(&subject, b"\xff rubbish"), (named.clone(), Some(a)), "the subject alone tells it");
        assert_eq!(told("skillwire.x", &body(a)), (named, None), "the body alone does not");
        assert_eq!(told("skillwire.x", b""), (None, None));
    }

    #[test]
    fn words_read_back() {
        for state in LetterState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        assert!("gone".parse::<LetterState>().is_err());
    }
}
