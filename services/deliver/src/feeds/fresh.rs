//! Whether a reader has it already: ETag and Last-Modified (RFC 9110, 8.8 and 13). Pure.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};

use super::entry::Feed;

/// HTTP dates (RFC 9110, 5.6.7).
const HTTP_DATE: &str = "%a, %d %b %Y %H:%M:%S GMT";
/// Goes up when the formats say the same entries in other words.
const WORDING: u32 = 1;

/// What tells one state of a feed from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fresh {
    /// A weak one: the same entries, not the same bytes.
    pub etag: String,
    /// A whole second; absent while that second may still bring more, which nobody could tell apart.
    pub modified: Option<DateTime<Utc>>,
}

impl Fresh {
    /// Of what is read: a format and what was asked of it.
    pub(crate) fn of(feed: &Feed, what: &str, now: DateTime<Utc>) -> Self {
        let mut hash = Sha256::new();
        for part in [&WORDING.to_string(), &feed.subscription.to_string(), &feed.name, &feed.last.to_string(), what] {
            hash.update(part.len().to_be_bytes());
            hash.update(part.as_bytes());
        }
        let short: String = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let second = |at: DateTime<Utc>| DateTime::from_timestamp(at.timestamp(), 0);
        let modified = feed.last_at.filter(|at| now - *at >= TimeDelta::seconds(2)).and_then(second);
        Self { etag: format!("W/\"{short}\""), modified }
    }

    /// Last-Modified, as it is written.
    pub(crate) fn modified_text(&self) -> Option<String> {
        self.modified.map(|at| at.format(HTTP_DATE).to_string())
    }

    /// Whether the reader has it: by If-None-Match if it was sent, else by If-Modified-Since.
    pub(crate) fn had(&self, none_match: Option<&str>, modified_since: Option<&str>) -> bool {
        if let Some(tags) = none_match {
            let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
            return tags.trim() == "*" || tags.split(',').any(|tag| bare(tag) == bare(&self.etag));
        }
        let since = modified_since.and_then(|text| NaiveDateTime::parse_from_str(text.trim(), HTTP_DATE).ok());
        matches!((since, self.modified), (Some(since), Some(modified)) if since.and_utc() >= modified)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feeds::entry::tests::sample;

    #[test]
    fn another_entry_name_format_or_question_is_another_state() {
        let (feed, ..) = sample();
        let now = feed.made_at;
        let tag = |feed: &Feed, what: &str| Fresh::of(feed, what, now).etag;
        let first = tag(&feed, "atom");
        assert_eq!(first, tag(&feed, "atom"));
        assert_ne!(first, tag(&feed, "csv"));
        assert_ne!(first, tag(&Feed { last: 8, ..feed.clone() }, "atom"));
        assert_ne!(first, tag(&Feed { name: "Other".to_owned(), ..feed.clone() }, "atom"));
    }

    #[test]
    fn what_a_reader_has_is_not_sent_again() {
        let (feed, ..) = sample();
        let at = feed.last_at.unwrap();
        let fresh = Fresh::of(&feed, "atom", at + TimeDelta::seconds(5));
        let strong = fresh.etag.trim_start_matches("W/").to_owned();
        assert!(fresh.had(Some(&fresh.etag), None) && fresh.had(Some(&format!("\"x\", {strong}")), None));
        assert!(fresh.had(Some("*"), None) && !fresh.had(Some("\"x\""), None) && !fresh.had(None, None));
        let modified = fresh.modified_text().unwrap();
        assert!(modified.ends_with(" GMT"), "{modified}");
        assert!(fresh.had(None, Some(&modified)));
        assert!(!fresh.had(Some("\"x\""), Some(&modified)), "the tag is asked first");
        assert!(!fresh.had(None, Some("Thu, 01 Jan 1970 00:00:00 GMT")) && !fresh.had(None, Some("yesterday")));
    }

    #[test]
    fn a_second_that_may_bring_more_is_no_proof() {
        let (feed, ..) = sample();
        let fresh = Fresh::of(&feed, "atom", feed.last_at.unwrap());
        assert_eq!(fresh.modified, None);
        assert!(!fresh.had(None, Some("Fri, 01 Jan 2100 00:00:00 GMT")));
    }
}
