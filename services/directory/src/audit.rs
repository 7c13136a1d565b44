//! The chain of the audit: pure.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// One line of the audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// 1, 2, ...
    pub position: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// In which partnership.
    pub partnership: Option<Uuid>,
    /// Who did it.
    pub person: Option<Uuid>,
    /// What was done, in one word.
    pub action: String,
    /// To what.
    pub detail: String,
}

impl Entry {
    /// The line's hash, given the hash of the line before (empty for the first).
    #[must_use]
    pub fn hash(&self, before: &[u8]) -> Vec<u8> {
        let mut digest = Sha256::new();
        digest.update(before);
        let fields = [
            self.position.to_string(),
            self.at.timestamp_micros().to_string(),
            self.partnership.map(|p| p.to_string()).unwrap_or_default(),
            self.person.map(|p| p.to_string()).unwrap_or_default(),
            self.action.clone(),
            self.detail.clone(),
        ];
        for field in fields {
            digest.update((field.len() as u64).to_be_bytes());
            digest.update(field.as_bytes());
        }
        digest.finalize().to_vec()
    }
}

/// The first line whose hash does not follow from what is before it.
#[must_use]
pub fn first_broken(lines: &[(Entry, Vec<u8>)]) -> Option<i64> {
    let mut before: Vec<u8> = Vec::new();
    for (expected, (entry, hash)) in (1..).zip(lines) {
        if entry.position != expected || entry.hash(&before) != *hash {
            return Some(entry.position.min(expected));
        }
        before.clone_from(hash);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain() -> Vec<(Entry, Vec<u8>)> {
        let mut before = Vec::new();
        (1..=4)
            .map(|position| {
                let entry = Entry {
                    position,
                    at: DateTime::from_timestamp(1_790_000_000 + position, 0).unwrap(),
                    partnership: None,
                    person: None,
                    action: "sign_in".to_owned(),
                    detail: format!("{position}"),
                };
                before = entry.hash(&before);
                (entry, before.clone())
            })
            .collect()
    }

    #[test]
    fn a_changed_or_missing_line_breaks_the_chain() {
        assert_eq!(first_broken(&chain()), None);
        let mut changed = chain();
        changed[1].0.detail = "other".to_owned();
        assert_eq!(first_broken(&changed), Some(2));
        let mut missing = chain();
        missing.remove(2);
        assert_eq!(first_broken(&missing), Some(3));
    }
}
