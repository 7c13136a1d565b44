//! Readers: what a subscriber may do in NATS, their durable consumer, and putting them out.

use std::collections::BTreeSet;
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use futures::{StreamExt, TryStreamExt};
use serde::Deserialize;
use serde_json::json;

use crate::bus::{Bus, BusError};
use crate::topology::FEED;

/// Messages that a reader may leave unacknowledged.
const ACK_PENDING_MAX: i64 = 1_000;
/// A message that is not acknowledged comes again after so long.
const ACK_WAIT: Duration = Duration::from_secs(60);
/// Pulls of one reader that wait at once, messages of one pull, how long a pull may wait.
const PULLS_MAX: i64 = 16;
const PULL_MESSAGES_MAX: i64 = 1_000;
const PULL_WAIT_MAX: Duration = Duration::from_secs(300);
/// Servers of a cluster answer one by one; after so long without another answer all have.
const ANSWERS_QUIET: Duration = Duration::from_millis(250);
/// Connections looked through at once.
const CONNECTIONS_PAGE: usize = 1_024;

/// A reader of one feed. Its name is the subscription's id: the name of its consumer, and part of its inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader(String);

impl Reader {
    /// The reader of a subscription's feed.
    #[must_use]
    pub const fn new(subscription: String) -> Self {
        Self(subscription)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }

    /// Where its messages come from.
    #[must_use]
    pub fn subject(&self) -> String {
        format!("feed.{}.>", self.0)
    }

    /// What its client's inbox must begin with: nobody else's answers come there.
    #[must_use]
    pub fn inbox_prefix(&self) -> String {
        format!("_INBOX_{}", self.0)
    }

    /// Pull from its own consumer, acknowledge to it: nothing else. No subject of JetStream's API beside it, so that nothing
    /// can be listed, looked at, made or removed.
    pub(crate) fn may_publish(&self) -> [String; 2] {
        [format!("$JS.API.CONSUMER.MSG.NEXT.{FEED}.{}", self.0), format!("$JS.ACK.{FEED}.{}.>", self.0)]
    }

    /// Its own inbox. Feeds themselves are not subscribed to: a message comes by a pull, is acknowledged, and is not lost.
    pub(crate) fn may_subscribe(&self) -> [String; 1] {
        [format!("{}.>", self.inbox_prefix())]
    }
}

/// Where a reader begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With the oldest that is kept.
    Oldest,
    /// With the message of that sequence.
    Sequence(u64),
    /// With what comes.
    New,
}

#[derive(Deserialize)]
struct Connections {
    server: Server,
    data: Option<ConnectionPage>,
}

#[derive(Deserialize)]
struct Server {
    id: String,
}

#[derive(Deserialize)]
struct ConnectionPage {
    total: usize,
    connections: Vec<Connection>,
}

#[derive(Deserialize)]
struct Connection {
    cid: u64,
    #[serde(default)]
    authorized_user: String,
    #[serde(default)]
    name_tag: String,
}

impl Bus {
    /// Makes a reader's consumer; one that is there stays as it is.
    ///
    /// # Errors
    /// [`BusError::Unavailable`] when JetStream does not make it.
    pub async fn ensure_reader(&self, reader: &Reader, start: Start) -> Result<(), BusError> {
        let deliver_policy = match start {
            Start::Oldest => DeliverPolicy::All,
            Start::Sequence(start_sequence) => DeliverPolicy::ByStartSequence { start_sequence },
            Start::New => DeliverPolicy::New,
        };
        let config = pull::Config {
            durable_name: Some(reader.name().to_owned()),
            description: Some("Skillwire: a subscriber's reader".to_owned()),
            deliver_policy,
            ack_policy: AckPolicy::Explicit,
            ack_wait: ACK_WAIT,
            max_deliver: -1,
            max_ack_pending: ACK_PENDING_MAX,
            max_waiting: PULLS_MAX,
            max_batch: PULL_MESSAGES_MAX,
            max_expires: PULL_WAIT_MAX,
            filter_subject: reader.subject(),
            ..pull::Config::default()
        };
        self.ensure_streams().await?;
        self.jetstream().create_consumer_on_stream(config, FEED).await.map_err(BusError::unavailable)?;
        Ok(())
    }

    /// Removes a reader's consumer: from now on it reads nothing. One that is not there is removed already.
    ///
    /// # Errors
    /// [`BusError::Unavailable`] when JetStream does not answer.
    pub async fn remove_reader(&self, reader: &Reader) -> Result<(), BusError> {
        use async_nats::jetstream::ErrorCode;
        use async_nats::jetstream::stream::ConsumerErrorKind;
        match self.jetstream().delete_consumer_from_stream(reader.name(), FEED).await {
            Ok(_) => Ok(()),
            Err(e) => match e.kind() {
                ConsumerErrorKind::JetStream(why)
                    if [ErrorCode::CONSUMER_NOT_FOUND, ErrorCode::STREAM_NOT_FOUND].contains(&why.error_code()) =>
                {
                    Ok(())
                }
                _ => Err(BusError::unavailable(e)),
            },
        }
    }

    /// The names of the readers that have a consumer.
    ///
    /// # Errors
    /// [`BusError::Unavailable`] when JetStream does not answer.
    pub async fn readers(&self) -> Result<BTreeSet<String>, BusError> {
        self.ensure_streams().await?;
        let stream = self.jetstream().get_stream_no_info(FEED).await.map_err(BusError::unavailable)?;
        stream.consumer_names().try_collect().await.map_err(BusError::unavailable)
    }

    /// How many messages a reader has not read yet; none when it has no consumer.
    ///
    /// # Errors
    /// [`BusError::Unavailable`] when JetStream does not answer.
    pub async fn unread(&self, reader: &Reader) -> Result<Option<u64>, BusError> {
        use async_nats::jetstream::context::ConsumerInfoErrorKind;
        let stream = self.jetstream().get_stream_no_info(FEED).await.map_err(BusError::unavailable)?;
        match stream.consumer_info(reader.name()).await {
            Ok(info) => Ok(Some(info.num_pending + info.num_ack_pending as u64)),
            Err(e) if matches!(e.kind(), ConsumerInfoErrorKind::NotFound | ConsumerInfoErrorKind::StreamNotFound) => {
                Ok(None)
            }
            Err(e) => Err(BusError::unavailable(e)),
        }
    }

    /// The account that we are in; subscribers can be let in when it is [`ACCOUNT`](crate::ACCOUNT).
    ///
    /// # Errors
    /// [`BusError::Unavailable`] when the server does not answer.
    pub async fn account(&self) -> Result<String, BusError> {
        let answer = self.client().request("$SYS.REQ.USER.INFO", "".into()).await.map_err(BusError::unavailable)?;
        let said: serde_json::Value = serde_json::from_slice(&answer.payload).map_err(BusError::unavailable)?;
        Ok(said["data"]["account"].as_str().unwrap_or_default().to_owned())
    }

    /// Puts out every connection of a reader, on every server. Gives how many.
    ///
    /// # Errors
    /// [`BusError::Unavailable`] when a server does not answer, or the configuration does not let us (deploy/nats.conf).
    pub async fn put_out(&self, reader: &Reader) -> Result<usize, BusError> {
        let mut offset = 0;
        let mut out = 0;
        loop {
            let pages = self.connections(offset).await?;
            if pages.is_empty() {
                return Err(BusError::unavailable(
                    "nobody tells who is connected; is nats.url's user in account WIRE?",
                ));
            }
            let mut more = false;
            for page in pages {
                let Some(data) = page.data else { continue };
                more |= data.total > offset + CONNECTIONS_PAGE;
                let theirs =
                    data.connections.iter().filter(|c| c.authorized_user == reader.0 || c.name_tag == reader.0);
                for connection in theirs {
                    let subject = format!("wire.kick.{}", page.server.id);
                    let body = json!({"cid": connection.cid}).to_string();
                    self.client().request(subject, body.into()).await.map_err(BusError::unavailable)?;
                    out += 1;
                }
            }
            if !more {
                return Ok(out);
            }
            offset += CONNECTIONS_PAGE;
        }
    }

    /// A page of the account's connections, of each server.
    async fn connections(&self, offset: usize) -> Result<Vec<Connections>, BusError> {
        let client = self.client();
        let inbox = client.new_inbox();
        let mut answers = client.subscribe(inbox.clone()).await.map_err(BusError::unavailable)?;
        let asked = json!({"auth": true, "offset": offset, "limit": CONNECTIONS_PAGE}).to_string();
        client
            .publish_with_reply("$SYS.REQ.ACCOUNT.PING.CONNZ", inbox, asked.into())
            .await
            .map_err(BusError::unavailable)?;
        let mut pages = Vec::new();
        let mut wait = self.answer_timeout();
        while let Ok(Some(answer)) = tokio::time::timeout(wait, answers.next()).await {
            if let Ok(page) = serde_json::from_slice(&answer.payload) {
                pages.push(page);
            }
            wait = ANSWERS_QUIET;
        }
        Ok(pages)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_may_pull_and_acknowledge_its_own_and_nothing_else() {
        let reader = Reader::new("0197".to_owned());
        assert_eq!(reader.may_publish(), ["$JS.API.CONSUMER.MSG.NEXT.FEED.0197", "$JS.ACK.FEED.0197.>"]);
        assert_eq!(reader.may_subscribe(), ["_INBOX_0197.>"]);
        assert_eq!(reader.subject(), "feed.0197.>");
    }
}
