//! `/feeds/{token}/…`: a feed in its formats. The token is the proof; nobody signs in.

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use skillwire_web::Problem;

use crate::Deliver;
use crate::feeds::asked::{Asked, Format, ReadQuery, View};
use crate::feeds::entry::{Entry, Feed, Links};
use crate::feeds::fresh::Fresh;
use crate::feeds::{atom, json_feed, pull, sheet, token};
use crate::store::feeds::{self, Way};

/// How an address is handled: by nobody's cache but the reader's own, told to no other page, found by no search.
const PRIVATE: [(HeaderName, &str); 2] =
    [(header::REFERRER_POLICY, "no-referrer"), (HeaderName::from_static("x-robots-tag"), "noindex, nofollow")];

/// `/feeds/{token}/atom.xml`
pub(crate) async fn atom(
    State(deliver): State<Deliver>,
    Path(token): Path<String>,
    Query(query): Query<ReadQuery>,
    headers: HeaderMap,
) -> Response {
    private(read(&deliver, &token, &headers, &query, Format::Atom).await)
}

/// `/feeds/{token}/feed.json`
pub(crate) async fn json_feed(
    State(deliver): State<Deliver>,
    Path(token): Path<String>,
    Query(query): Query<ReadQuery>,
    headers: HeaderMap,
) -> Response {
    private(read(&deliver, &token, &headers, &query, Format::JsonFeed).await)
}

/// `/feeds/{token}/signals.json`
pub(crate) async fn pull(
    State(deliver): State<Deliver>,
    Path(token): Path<String>,
    Query(query): Query<ReadQuery>,
    headers: HeaderMap,
) -> Response {
    private(read(&deliver, &token, &headers, &query, Format::Pull).await)
}

/// `/feeds/{token}/signals.csv`
pub(crate) async fn csv(
    State(deliver): State<Deliver>,
    Path(token): Path<String>,
    Query(query): Query<ReadQuery>,
    headers: HeaderMap,
) -> Response {
    private(read(&deliver, &token, &headers, &query, Format::Csv).await)
}

/// `/feeds/{token}/signals.xlsx`
pub(crate) async fn xlsx(
    State(deliver): State<Deliver>,
    Path(token): Path<String>,
    Query(query): Query<ReadQuery>,
    headers: HeaderMap,
) -> Response {
    private(read(&deliver, &token, &headers, &query, Format::Xlsx).await)
}

/// An answer that only its reader may keep; also when it says no.
pub(super) fn private(answer: Result<Response, Problem>) -> Response {
    let mut response = answer.unwrap_or_else(IntoResponse::into_response);
    for (name, value) in PRIVATE {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The feed that a token opens.
pub(super) async fn admit(deliver: &Deliver, given: &str, now: DateTime<Utc>) -> Result<(Feed, Vec<u8>), Problem> {
    let closed = || {
        let words = "this address opens no feed: it was replaced or revoked, or is not whole; its owner gets another under /feeds";
        Problem::not_found("feed").saying(words)
    };
    let kept = token::read(given).ok_or_else(closed)?;
    let feed = feeds::admit(&deliver.parts.db, &kept, now).await?.ok_or_else(closed)?;
    Ok((feed, kept.hash))
}

async fn read(
    deliver: &Deliver,
    token: &str,
    headers: &HeaderMap,
    query: &ReadQuery,
    format: Format,
) -> Result<Response, Problem> {
    let now = deliver.parts.env.clock.now();
    let (feed, _) = admit(deliver, token, now).await?;
    let asked = Asked::read(format, query, feed.last)?;
    let fresh = Fresh::of(&feed, &format!("{asked:?}"), now);
    let header = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if fresh.had(header(header::IF_NONE_MATCH), header(header::IF_MODIFIED_SINCE)) {
        return Ok(validated(StatusCode::NOT_MODIFIED.into_response(), &fresh));
    }
    // Sheets are large and take time to write: a few at once, the others wait their turn.
    let _turn = match format {
        Format::Csv | Format::Xlsx => Some(deliver.sheets.acquire().await.map_err(Problem::internal)?),
        Format::Atom | Format::JsonFeed | Format::Pull => None,
    };
    let (entries, more) = entries(deliver, &feed, &asked).await?;
    let public_url = deliver.public_url.trim_end_matches('/').to_owned();
    let own = format!("{public_url}/feeds/{token}/{}", format.file());
    let next = asked.next(entries.last().map(|e| (e.number, e.signal.id)), more).map(|query| format!("{own}{query}"));
    let links = Links { public_url, own, next };
    Ok(validated(write(feed, entries, more, links, asked, now).await?, &fresh))
}

/// A page of entries, and whether there are more.
async fn entries(deliver: &Deliver, feed: &Feed, asked: &Asked) -> Result<(Vec<Entry>, bool), Problem> {
    let (pool, id, limit) = (deliver.parts.db.pool(), feed.subscription, asked.limit);
    let mut entries = match asked.view {
        View::Newest(before) => feeds::log(pool, id, Way::Before(before), limit + 1).await?,
        View::Log(after) => feeds::log(pool, id, Way::After(after), limit + 1).await?,
        View::State(after) => feeds::state(pool, id, after, limit + 1).await?,
    };
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = entries.len() > most;
    entries.truncate(most);
    Ok((entries, more))
}

/// Writes it in its format.
async fn write(
    feed: Feed,
    entries: Vec<Entry>,
    more: bool,
    links: Links,
    asked: Asked,
    now: DateTime<Utc>,
) -> Result<Response, Problem> {
    let next = links.next.clone();
    let (media_type, body) = match asked.format {
        Format::Atom => (atom::MEDIA_TYPE, atom::write(&feed, &entries, &links).map_err(Problem::internal)?),
        Format::JsonFeed => (json_feed::MEDIA_TYPE, json_feed::write(&feed, &entries, &links).to_string().into_bytes()),
        Format::Pull => {
            let view = if matches!(asked.view, View::State(_)) { "state" } else { "log" };
            let page = pull::page(&feed, view, &entries, more, links.next);
            (pull::MEDIA_TYPE, serde_json::to_vec(&page).map_err(Problem::internal)?)
        }
        Format::Csv => (sheet::CSV_MEDIA_TYPE, sheet::csv(&entries, &links).into_bytes()),
        Format::Xlsx => {
            let written = tokio::task::spawn_blocking(move || sheet::xlsx(&feed, &entries, &links, now)).await;
            (sheet::XLSX_MEDIA_TYPE, written.map_err(Problem::internal)?.map_err(Problem::internal)?)
        }
    };
    let mut response = ([(header::CONTENT_TYPE, media_type)], body).into_response();
    if matches!(asked.format, Format::Csv | Format::Xlsx) {
        let name = format!("inline; filename=\"skillwire-{}\"", asked.format.file());
        set(&mut response, header::CONTENT_DISPOSITION, &name);
    }
    if let Some(next) = next {
        set(&mut response, header::LINK, &format!("<{next}>; rel=\"next\""));
    }
    Ok(response)
}

/// With what tells this state of the feed from another. "no-cache": kept by its reader, who asks whether it still holds.
fn validated(mut response: Response, fresh: &Fresh) -> Response {
    set(&mut response, header::ETAG, &fresh.etag);
    set(&mut response, header::CACHE_CONTROL, "private, no-cache");
    if let Some(modified) = fresh.modified_text() {
        set(&mut response, header::LAST_MODIFIED, &modified);
    }
    response
}

/// What is no header value is left out; ours are ASCII.
fn set(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
