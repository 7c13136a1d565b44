//! A feed for programs that pull: JSON with a cursor. Pure.

use serde::Serialize;
use skillwire_schemas::Envelope;
use skillwire_schemas::event::SignalPublished;

use super::entry::{Entry, Feed, moment};

/// The media type.
pub(crate) const MEDIA_TYPE: &str = "application/json";

/// A page.
#[derive(Serialize)]
pub(crate) struct Page {
    /// The subscription.
    subscription: String,
    /// Its name.
    name: String,
    /// log or state.
    view: &'static str,
    /// The number of the feed's last entry.
    last: i64,
    entries: Vec<Item>,
    /// Whether there is more just now.
    more: bool,
    /// Where to go on: of the log always, also when there is nothing more yet; of the state while there is more.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// An entry.
#[derive(Serialize)]
struct Item {
    number: i64,
    told_at: String,
    /// As the stream and the events carry it.
    event: Envelope<SignalPublished>,
}

/// Puts a page together.
pub(crate) fn page(feed: &Feed, view: &'static str, entries: &[Entry], more: bool, next: Option<String>) -> Page {
    let item = |e: &Entry| Item { number: e.number, told_at: moment(e.told_at), event: e.event() };
    Page {
        subscription: feed.subscription.to_string(),
        name: feed.name.clone(),
        view,
        last: feed.last,
        entries: entries.iter().map(item).collect(),
        more,
        next,
    }
}
