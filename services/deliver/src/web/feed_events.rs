//! `/feeds/{token}/events`: a feed as server-sent events (WHATWG HTML, 9.2). Whoever listens holds no lock and no connection to
//! PostgreSQL while there is nothing to tell.

use std::collections::VecDeque;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt};
use skillwire_schemas::SubscriptionId;
use skillwire_store::Db;
use skillwire_web::Problem;

use super::feed_read::{admit, private};
use crate::Deliver;
use crate::feeds::asked::{ReadQuery, after};
use crate::feeds::entry::Entry;
use crate::feeds::hub::{Full, Listener, Pulse};
use crate::store::feeds::{self, Way};

/// Entries read at once; the next ones are read when these were taken.
const PAGE_ENTRIES: i64 = 200;
/// When a listener who was cut off should come again.
const COME_AGAIN: Duration = Duration::from_secs(2);
/// When somebody should come again for whom there was no place, seconds.
const NO_PLACE_S: u64 = 30;

/// `/feeds/{token}/events`
pub(crate) async fn events(
    State(deliver): State<Deliver>,
    Path(token): Path<String>,
    Query(query): Query<ReadQuery>,
    headers: HeaderMap,
) -> Response {
    private(listen(&deliver, &token, &headers, &query).await)
}

async fn listen(deliver: &Deliver, token: &str, headers: &HeaderMap, query: &ReadQuery) -> Result<Response, Problem> {
    let (feed, hash) = admit(deliver, token, deliver.parts.env.clock.now()).await?;
    // Where the connection before ended wins over where the address says to begin: a browser keeps the address.
    let seen = headers.get("last-event-id").map(|value| value.to_str().unwrap_or("?"));
    let cursor = match after(seen, feed.last)? {
        Some(number) => number,
        None => after(query.after.as_deref(), feed.last)?.unwrap_or(feed.last),
    };
    let pulse = Pulse { last: feed.last, hash: Some(hash.clone()) };
    let listener = deliver.hub.listen(feed.subscription, pulse).map_err(|full| match full {
        Full::Feed => Problem::too_many(NO_PLACE_S)
            .saying("as many listen to this feed as may; end one of them, or use signals.json")
            .code("listeners"),
        Full::Process => Problem::unavailable("as many listen here as may; try again in a moment"),
        Full::Stopping => Problem::unavailable("this process stops; try again in a moment"),
    })?;
    let reading = Reading {
        db: deliver.parts.db.clone(),
        subscription: feed.subscription,
        hash,
        listener,
        cursor,
        ready: VecDeque::new(),
    };
    let hello = futures::stream::once(async { Ok(Event::default().retry(COME_AGAIN).comment("open")) });
    let beat = Duration::from_secs(deliver.config.feed_heartbeat_s.max(1));
    let mut response = Sse::new(hello.chain(reading.events()))
        .keep_alive(KeepAlive::new().interval(beat).text("heartbeat"))
        .into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    // A proxy that gathers answers would hold every event back.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

/// Somebody who reads.
struct Reading {
    db: Db,
    subscription: SubscriptionId,
    /// Of the token it came with.
    hash: Vec<u8>,
    listener: Listener,
    /// The number told last.
    cursor: i64,
    /// Read and not told yet.
    ready: VecDeque<Entry>,
}

impl Reading {
    fn events(self) -> impl Stream<Item = Result<Event, axum::Error>> {
        futures::stream::unfold(self, |mut reading| async move {
            let entry = reading.next().await?;
            let event = Event::default().id(entry.number.to_string()).event("signal").json_data(entry.event());
            Some((event, reading))
        })
    }

    /// The next entry, waiting for it; none when the connection should end. Then whoever it is comes again with the last number.
    async fn next(&mut self) -> Option<Entry> {
        loop {
            let pulse = self.listener.now();
            if pulse.hash.as_deref() != Some(&self.hash[..]) {
                return None;
            }
            if let Some(entry) = self.ready.pop_front() {
                self.cursor = entry.number;
                return Some(entry);
            }
            if pulse.last > self.cursor {
                match feeds::log(self.db.pool(), self.subscription, Way::After(self.cursor), PAGE_ENTRIES).await {
                    Ok(page) => self.ready = page.into(),
                    Err(error) => {
                        tracing::warn!(%error, subscription = %self.subscription, "a listener's feed could not be read");
                        return None;
                    }
                }
                if !self.ready.is_empty() {
                    continue;
                }
            }
            if !self.listener.changed().await {
                return None;
            }
        }
    }
}
