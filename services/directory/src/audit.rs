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

/// How far a chain was followed. It tells of changed and missing lines up to its last; that lines were cut off at the end
/// only somebody knows who noted the last hash elsewhere.
#[derive(Debug, Default)]
pub struct Followed {
    position: i64,
    hash: Vec<u8>,
}

impl Followed {
    /// The position of the last line followed.
    #[must_use]
    pub const fn position(&self) -> i64 {
        self.position
    }

    /// Follows the next lines; gives the position of the first that does not follow from what is before it.
    pub fn on(&mut self, lines: &[(Entry, Vec<u8>)]) -> Option<i64> {
        for (entry, hash) in lines {
            let expected = self.position + 1;
            if entry.position != expected || entry.hash(&self.hash) != *hash {
                return Some(expected);
            }
            *self = Self { position: expected, hash: hash.clone() };
        }
        None
    }
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
        let broken = |lines: &[(Entry, Vec<u8>)]| Followed::default().on(lines);
        assert_eq!(broken(&chain()), None);
        let mut changed = chain();
        changed[1].0.detail = "other".to_owned();
        assert_eq!(broken(&changed), Some(2));
        let mut missing = chain();
        missing.remove(2);
        assert_eq!(broken(&missing), Some(3));
        // Whoever changes a line and its hash breaks the next one.
        let mut forged = chain();
        forged[1].0.detail = "other".to_owned();
        forged[1].1 = forged[1].0.hash(&forged[0].1);
        assert_eq!(broken(&forged), Some(3));
    }

    #[test]
    fn a_chain_is_followed_in_pieces_as_in_one() {
        let (lines, mut followed) = (chain(), Followed::default());
        assert_eq!((followed.on(&lines[..2]), followed.on(&lines[2..]), followed.position()), (None, None, 4));
        let mut followed = Followed::default();
        assert_eq!((followed.on(&lines[..2]), followed.on(&lines[3..])), (None, Some(3)));
    }
}
