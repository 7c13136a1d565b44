//! The call itself. Every address is asked of the guard when it is connected to, whether it was written as a number or came
//! from a name; what is connected to is the address that was asked for. No proxy, no redirects, no more of the answer than
//! is kept, no longer than allowed.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, StatusCode};
use skillwire_web::Outbound;

use super::breaker;
use super::schedule::retry_after;
use crate::state::Outcome;

/// Connections kept open to one host.
const IDLE_MAX: usize = 64;
/// How much of an answer is read, bytes: enough to see what is wrong.
const ANSWER_BYTES_MAX: usize = 1_024;
/// How much of it is kept, characters.
const REPLY_CHARS_MAX: usize = 200;
/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Addresses of one name that are looked at.
const ADDRESSES_MAX: usize = 16;

/// Resolves names: the system, or a test's idea of it.
#[async_trait]
pub(crate) trait Lookup: Send + Sync + 'static {
    /// The addresses of a name.
    async fn addresses(&self, name: &str) -> std::io::Result<Vec<IpAddr>>;
}

/// The system's resolver.
pub(crate) struct SystemLookup;

#[async_trait]
impl Lookup for SystemLookup {
    async fn addresses(&self, name: &str) -> std::io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((name, 0)).await?.map(|a| a.ip()).collect())
    }
}

/// The resolver of the client: only addresses that may be called come out of it.
struct Guarded {
    lookup: Arc<dyn Lookup>,
    outbound: Outbound,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (lookup, outbound) = (Arc::clone(&self.lookup), self.outbound.clone());
        Box::pin(async move {
            let found = lookup.addresses(name.as_str()).await?;
            let mut refused = None;
            let mut good = Vec::new();
            for address in found.into_iter().take(ADDRESSES_MAX) {
                match outbound.address(address) {
                    // Port 0: the one of the URL.
                    Ok(()) => good.push(SocketAddr::new(address, 0)),
                    Err(why) => refused = Some(why),
                }
            }
            match (good.is_empty(), refused) {
                (true, Some(why)) => Err(why.into()),
                (true, None) => Err(std::io::Error::other("the name has no address").into()),
                (false, _) => Ok(Box::new(good.into_iter()) as Addrs),
            }
        })
    }
}

/// What is posted.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    pub url: String,
    pub id: String,
    pub timestamp: i64,
    pub signature: String,
    pub body: Vec<u8>,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub outcome: Outcome,
    /// What was said, or why nothing was.
    pub reply: String,
    /// How long the endpoint asked us to stay away.
    pub pause: Option<chrono::TimeDelta>,
    /// It said 410.
    pub gone: bool,
}

impl Answer {
    fn new(outcome: Outcome, reply: impl std::fmt::Display) -> Self {
        let reply = reply.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        Self { outcome, reply: reply.chars().take(REPLY_CHARS_MAX).collect(), pause: None, gone: false }
    }

    /// What it means for the endpoint's health.
    pub(crate) fn health(&self) -> breaker::Result {
        if self.outcome == Outcome::Sent { breaker::Result::Good } else { breaker::Result::Bad(self.pause) }
    }
}

/// Opens connections to endpoints.
#[derive(Clone)]
pub(crate) struct Caller {
    client: Client,
    outbound: Outbound,
}

impl Caller {
    /// From what may be called and how long it may take.
    pub(crate) fn new(outbound: Outbound, lookup: Arc<dyn Lookup>, timeout: Duration) -> Result<Self, reqwest::Error> {
        let guarded = Guarded { lookup, outbound: outbound.clone() };
        let client = Client::builder()
            .dns_resolver(Arc::new(guarded))
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .https_only(!outbound.plain_http())
            .connect_timeout(CONNECT_TIMEOUT.min(timeout))
            .timeout(timeout)
            .pool_max_idle_per_host(IDLE_MAX)
            .user_agent(concat!("Skillwire-Webhooks/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { client, outbound })
    }

    /// Posts, and says what came of it.
    pub(crate) async fn post(&self, post: Post, now: DateTime<Utc>) -> Answer {
        // An address that is a number is connected to without a look-up: it is judged here, at every attempt.
        let url = match self.outbound.url(&post.url) {
            Ok(url) => url,
            Err(why) => return Answer::new(Outcome::Temporary, format!("not called: {why}")),
        };
        let Ok(headers) = headers(&post) else {
            return Answer::new(Outcome::Permanent, "the headers cannot be written; this is a bug");
        };
        match self.client.post(url).headers(headers).body(post.body).send().await {
            Ok(response) => read(response, now).await,
            Err(error) => failed(&error),
        }
    }
}

fn headers(post: &Post) -> Result<HeaderMap, reqwest::header::InvalidHeaderValue> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(HeaderName::from_static("webhook-id"), HeaderValue::from_str(&post.id)?);
    headers.insert(HeaderName::from_static("webhook-timestamp"), HeaderValue::from(post.timestamp));
    headers.insert(HeaderName::from_static("webhook-signature"), HeaderValue::from_str(&post.signature)?);
    Ok(headers)
}

async fn read(mut response: reqwest::Response, now: DateTime<Utc>) -> Answer {
    let status = response.status();
    if status.is_success() {
        // The yes is there. What else it says is read a little, so that the connection can be used again.
        let _ = beginning(&mut response).await;
        return Answer::new(Outcome::Sent, "");
    }
    let pause = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)
        .then(|| response.headers().get(RETRY_AFTER)?.to_str().ok().and_then(|v| retry_after(v, now)))
        .flatten();
    let said = beginning(&mut response).await;
    let outcome = if status == StatusCode::GONE { Outcome::Permanent } else { Outcome::Temporary };
    let hint = if status.is_redirection() { " (redirects are not followed)" } else { "" };
    Answer { pause, gone: status == StatusCode::GONE, ..Answer::new(outcome, format!("{status}{hint} {said}")) }
}

/// The beginning of an answer, as text.
async fn beginning(response: &mut reqwest::Response) -> String {
    let mut said = Vec::new();
    while said.len() < ANSWER_BYTES_MAX
        && let Ok(Some(chunk)) = response.chunk().await
    {
        let room = ANSWER_BYTES_MAX - said.len();
        said.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
    }
    String::from_utf8_lossy(&said).chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Before there is a connection nothing can have arrived; after that nobody knows.
fn failed(error: &reqwest::Error) -> Answer {
    let mut causes = Vec::new();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    // The outer words of an error hold the address, and an address may hold a secret.
    causes.dedup();
    let why = causes.join(": ");
    if error.is_connect() || error.is_builder() {
        return Answer::new(Outcome::Temporary, format!("no connection: {why}"));
    }
    if error.is_timeout() {
        return Answer::new(Outcome::Uncertain, "no answer in time");
    }
    Answer::new(Outcome::Uncertain, format!("the connection fell before an answer: {why}"))
}
