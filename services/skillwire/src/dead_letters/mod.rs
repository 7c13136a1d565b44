//! Dead letters of all services in one place: list, show, replay, drop, export.
//!
//! They lie in each service's own schema, where its stages bury them, and the SQL that reads them is the platform's
//! (`platform/store/src/dead.rs`), asked through each service's own view of PostgreSQL. They are brought together here, in the
//! binary, because whoever looks after them asks "is anything dead?" and not "is anything dead in aggregate?": six pages would
//! be six places to forget. No service sees another by it, and any process can answer, so that no path prefix is split.

mod pages;
mod web;

use std::collections::HashMap;

use anyhow::{Context, Result};
use futures::Stream;
use serde_json::{Value, json};
use skillwire_bus::Bus;
use skillwire_store::dead::{self, Letter, LetterFilter};
use skillwire_store::{Db, StoreError};
use std::sync::Arc;

use skillwire_runtime::Env;

use crate::house::House;
use crate::targets::TARGETS;

pub use web::{openapi, routes};

/// Letters of one service in one list at most.
pub(crate) const LIST_MAX: u32 = 100;
/// Letters of one service in an export at most.
pub(crate) const EXPORT_MAX: usize = 50_000;
/// Characters of a body that are shown.
pub(crate) const BODY_CHARS_MAX: usize = 20_000;
/// Characters of a reason at most.
pub(crate) const REASON_CHARS_MAX: usize = 500;

/// The letters of all services.
#[derive(Clone)]
pub struct Letters {
    dbs: Arc<[Db]>,
    bus: Bus,
    env: Env,
}

impl Letters {
    /// Those of the house.
    #[must_use]
    pub fn new(house: &House) -> Self {
        let dbs = TARGETS.iter().map(|target| house.db(target.name)).collect();
        Self { dbs, bus: house.bus.clone(), env: house.env.clone() }
    }

    /// Those of one service; none when there is no such service.
    pub(crate) fn of(&self, service: &str) -> Option<&Db> {
        self.dbs.iter().find(|db| db.service() == service)
    }

    /// Newest first, of one service or of all.
    pub(crate) async fn list(&self, service: Option<&str>, filter: &LetterFilter) -> Result<Vec<Letter>, StoreError> {
        let mut all = Vec::new();
        for db in self.dbs.iter().filter(|db| service.is_none_or(|service| db.service() == service)) {
            all.extend(dead::list(db, filter, LIST_MAX).await?);
        }
        all.sort_by(|a, b| b.died_at.cmp(&a.died_at).then_with(|| b.number.cmp(&a.number)));
        Ok(all)
    }

    /// JSON lines, in pieces of [`LIST_MAX`] letters with their bodies.
    pub(crate) fn export(
        &self,
        service: Option<String>,
        filter: LetterFilter,
    ) -> impl Stream<Item = Result<String, StoreError>> + use<> {
        let dbs: Vec<Db> =
            self.dbs.iter().filter(|d| service.as_deref().is_none_or(|s| d.service() == s)).cloned().collect();
        futures::stream::try_unfold((dbs, filter, 0), |(mut dbs, mut filter, told)| async move {
            loop {
                let Some(db) = dbs.last() else { return Ok(None) };
                let letters = if told < EXPORT_MAX { dead::list(db, &filter, LIST_MAX).await? } else { Vec::new() };
                let Some(last) = letters.last() else {
                    dbs.pop();
                    filter.before = None;
                    continue;
                };
                filter.before = Some(last.number);
                let numbers: Vec<i64> = letters.iter().map(|letter| letter.number).collect();
                let mut bodies = dead::bodies(db, &numbers).await?;
                let text = letters.iter().map(|letter| line(letter, &mut bodies)).collect();
                return Ok(Some((text, (dbs, filter, told + letters.len()))));
            }
        })
    }
}

/// A letter with its body as one line.
fn line(letter: &Letter, bodies: &mut HashMap<i64, Vec<u8>>) -> String {
    let mut value = serde_json::to_value(letter).unwrap_or_default();
    let body = bodies.remove(&letter.number).unwrap_or_default();
    match String::from_utf8(body) {
        Ok(text) => value["body"] = text.into(),
        Err(e) => value["body_hex"] = hex(e.as_bytes()).into(),
    }
    format!("{value}\n")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// A body for eyes: JSON is laid out, what is no text is told as such; cut at [`BODY_CHARS_MAX`].
pub(crate) fn pretty(body: &[u8]) -> String {
    let text = match serde_json::from_slice::<Value>(body) {
        Ok(json) => serde_json::to_string_pretty(&json).unwrap_or_default(),
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    let mut shown: String = text.chars().take(BODY_CHARS_MAX).collect();
    if shown.len() < text.len() {
        shown.push_str(&format!("\n... cut here; {} bytes in all, the export has them", body.len()));
    }
    shown
}

/// `service/number`, as letters are named.
pub(crate) fn named(text: &str) -> Result<(&str, i64)> {
    let (service, number) = text.split_once('/').with_context(|| wants_name(text))?;
    Ok((service, number.parse().with_context(|| wants_name(text))?))
}

fn wants_name(text: &str) -> String {
    format!(
        "'{text}' names no dead letter; give service/number as `skillwire dead-letters list` shows it, e.g. aggregate/12"
    )
}

/// A letter as the API tells it.
pub(crate) fn told(letter: &Letter) -> Value {
    serde_json::to_value(letter).unwrap_or_else(|_| json!({}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_laid_out_and_cut() {
        assert_eq!(pretty(br#"{"a":[1]}"#), "{\n  \"a\": [\n    1\n  ]\n}");
        assert_eq!(pretty(b"no json"), "no json");
        let long = pretty("é".repeat(BODY_CHARS_MAX + 1).as_bytes());
        assert!(long.contains("cut here; 40002 bytes in all"), "{}", &long[long.len() - 80..]);
    }

    #[test]
    fn a_name_is_a_service_and_a_number() {
        assert_eq!(named("aggregate/12").unwrap(), ("aggregate", 12));
        for bad in ["12", "aggregate", "aggregate/x", ""] {
            assert!(named(bad).unwrap_err().to_string().contains("aggregate/12"), "{bad}");
        }
    }
}
