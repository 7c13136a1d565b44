//! The connection, the making of what is missing, and the feed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::context::PublishAckFuture;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::{Context, ContextBuilder};
use async_nats::{Client, ConnectOptions};
use skillwire_runtime::Fault;

use crate::config::NatsConfig;
use crate::topology;

/// First wait for another try to connect, and the longest.
const RECONNECT_WAIT_MIN: Duration = Duration::from_millis(50);
const RECONNECT_WAIT_MAX: Duration = Duration::from_secs(2);

/// How often the first answer is looked for.
const GREETING_LOOK_EVERY: Duration = Duration::from_millis(20);
/// What the client's events say of a connection that was refused for its user or password.
const REFUSALS: [&str; 2] = ["authorization violation", "authentication"];

/// Keeps in mind whether the server knows us.
fn note(event: &async_nats::Event, refused: &AtomicBool) {
    match event {
        async_nats::Event::Connected => {
            refused.store(false, Ordering::Relaxed);
            tracing::info!("NATS connected");
        }
        async_nats::Event::Disconnected => tracing::warn!("NATS disconnected"),
        async_nats::Event::ClientError(error) => {
            let said = error.to_string().to_lowercase();
            if REFUSALS.iter().any(|refusal| said.contains(refusal)) && !refused.swap(true, Ordering::Relaxed) {
                tracing::error!("{}", BusError::Refused);
            }
        }
        other => tracing::debug!(%other, "NATS"),
    }
}

/// NATS did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The address cannot be used.
    #[error("nats.url: {0}; give nats://user:password@host:port")]
    Address(String),
    /// The server does not know us. It is tried again all the same: a server may be configured anew.
    #[error("NATS refused the user or password of nats.url (SKILLWIRE_NATS_URL)")]
    Refused,
    /// No answer, or a no.
    #[error("NATS: {0}")]
    Unavailable(String),
}

impl BusError {
    pub(crate) fn unavailable(why: impl std::fmt::Display) -> Self {
        Self::Unavailable(why.to_string())
    }
}

impl From<BusError> for Fault {
    fn from(error: BusError) -> Self {
        Self::retry(error)
    }
}

/// A message for a feed.
#[derive(Clone, Debug)]
pub struct FeedMessage {
    /// `feed.<subscription>.signal`.
    pub subject: String,
    /// Its id, also over repeats.
    pub id: String,
    /// What it says.
    pub body: Vec<u8>,
}

struct Inner {
    /// The last try to connect ended with a no to user or password.
    refused: Arc<AtomicBool>,
    client: Client,
    jetstream: Context,
    config: NatsConfig,
}

/// A connection to NATS, shared by all loops of a process.
#[derive(Clone)]
pub struct Bus(Arc<Inner>);

impl std::fmt::Debug for Bus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bus")
    }
}

impl Bus {
    /// Opens a connection. Does not wait for the server: one that is away is tried again for ever, in the background.
    ///
    /// # Errors
    /// [`BusError::Address`] when the address cannot be used.
    pub async fn connect(config: NatsConfig) -> Result<Self, BusError> {
        let mut addresses = Vec::new();
        for part in config.url.split(',') {
            let address: async_nats::ServerAddr =
                part.trim().parse().map_err(|e| BusError::Address(format!("cannot be read ({e})")))?;
            addresses.push(address);
        }
        // The client takes name and password from its options, not from the address.
        let login = addresses.iter().find_map(|a| Some((a.username()?.to_owned(), a.password()?.to_owned())));
        let options = match login {
            Some((user, password)) => ConnectOptions::with_user_and_password(user, password),
            None => ConnectOptions::new(),
        };
        let refused = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&refused);
        let client = options
            .name("skillwire")
            .retry_on_initial_connect()
            .request_timeout(Some(Duration::from_secs(config.answer_timeout_s)))
            .reconnect_delay_callback(|attempts| {
                let doubled = 2u32.saturating_pow(u32::try_from(attempts).unwrap_or(u32::MAX).min(10));
                RECONNECT_WAIT_MIN.saturating_mul(doubled).min(RECONNECT_WAIT_MAX)
            })
            .event_callback(move |event| {
                note(&event, &seen);
                std::future::ready(())
            })
            .connect(addresses)
            .await
            .map_err(|e| BusError::Address(e.to_string()))?;
        let jetstream =
            ContextBuilder::new().timeout(Duration::from_secs(config.answer_timeout_s)).build(client.clone());
        Ok(Self(Arc::new(Inner { refused, client, jetstream, config })))
    }

    pub(crate) fn config(&self) -> &NatsConfig {
        &self.0.config
    }

    pub(crate) fn client(&self) -> &Client {
        &self.0.client
    }

    pub(crate) fn jetstream(&self) -> &Context {
        &self.0.jetstream
    }

    /// Where subscribers reach NATS, without a name or password.
    #[must_use]
    pub fn public_url(&self) -> String {
        let config = &self.0.config;
        if !config.public_url.is_empty() {
            return config.public_url.clone();
        }
        let first = config.url.split(',').next().unwrap_or_default();
        let (scheme, rest) = first.split_once("://").unwrap_or(("nats", first));
        format!("{scheme}://{}", rest.rsplit('@').next().unwrap_or(rest))
    }

    /// How long an answer may take.
    pub(crate) fn answer_timeout(&self) -> Duration {
        Duration::from_secs(self.0.config.answer_timeout_s)
    }

    /// Makes the streams that are missing.
    ///
    /// # Errors
    /// [`BusError::Unavailable`] when JetStream does not make them.
    pub async fn ensure_streams(&self) -> Result<(), BusError> {
        for stream in topology::streams(&self.0.config) {
            self.0.jetstream.create_or_update_stream(stream).await.map_err(BusError::unavailable)?;
        }
        Ok(())
    }

    /// The durable consumer of a stage, made if missing.
    pub(crate) async fn ensure_consumer(&self, stage: &str, filter: String) -> Result<PullConsumer, BusError> {
        self.ensure_streams().await?;
        self.0
            .jetstream
            .create_consumer_on_stream(topology::consumer(stage, filter), topology::EVENTS)
            .await
            .map_err(BusError::unavailable)
    }

    /// Hands a message over; the future waits for the server's yes.
    pub(crate) async fn publish(
        &self,
        subject: &str,
        message_id: &str,
        body: Vec<u8>,
    ) -> Result<PublishAckFuture, BusError> {
        let message = PublishMessage::build().message_id(message_id).payload(body.into());
        self.0.jetstream.send_publish(subject.to_owned(), message).await.map_err(BusError::unavailable)
    }

    /// Puts messages into feeds, in their order and all on their way at once, and waits until the server has them. The same id
    /// again within two minutes is the same message. Gives the sequence of each in the stream, or why there is no yes: the
    /// message may be there all the same.
    pub async fn feed_publish(&self, messages: &[FeedMessage]) -> Vec<Result<u64, BusError>> {
        if let Err(away) = self.connected() {
            // The client would keep them for later, and the caller would wait with what it holds.
            return messages.iter().map(|_| Err(BusError::unavailable(&away))).collect();
        }
        let mut answers = self.hand_over(messages.iter()).await;
        let lost: Vec<usize> = (0..answers.len()).filter(|at| answers.get(*at).is_some_and(Result::is_err)).collect();
        // Perhaps the stream was deleted behind our back.
        if !lost.is_empty() && self.ensure_streams().await.is_ok() {
            let again = self.hand_over(lost.iter().filter_map(|at| messages.get(*at))).await;
            for (at, answer) in lost.into_iter().zip(again) {
                if let Some(slot) = answers.get_mut(at) {
                    *slot = answer;
                }
            }
        }
        answers
    }

    async fn hand_over(&self, messages: impl Iterator<Item = &FeedMessage>) -> Vec<Result<u64, BusError>> {
        let mut waiting = Vec::new();
        for message in messages {
            waiting.push(self.publish(&message.subject, &message.id, message.body.clone()).await);
        }
        let answers =
            waiting.into_iter().map(|handed| async move { Ok(handed?.await.map_err(BusError::unavailable)?.sequence) });
        futures::future::join_all(answers).await
    }

    fn connected(&self) -> Result<(), BusError> {
        if self.0.client.connection_state() != async_nats::connection::State::Connected {
            if self.0.refused.load(Ordering::Relaxed) {
                return Err(BusError::Refused);
            }
            return Err(BusError::unavailable("not connected; is nats-server running, and is nats.url right?"));
        }
        Ok(())
    }

    /// Whether NATS and its JetStream answer.
    ///
    /// # Errors
    /// [`BusError::Unavailable`] when they do not.
    pub async fn ping(&self) -> Result<(), BusError> {
        self.connected()?;
        self.0.jetstream.query_account().await.map_err(BusError::unavailable)?;
        Ok(())
    }

    /// Waits a moment for the first answer of the server. A server that does not answer is no error here.
    ///
    /// # Errors
    /// [`BusError::Refused`] when it answers that it does not know us.
    pub async fn greeted(&self, wait: Duration) -> Result<(), BusError> {
        let answered = async {
            loop {
                match self.ping().await {
                    Ok(()) => return Ok(()),
                    Err(BusError::Refused) => return Err(BusError::Refused),
                    Err(_) => tokio::time::sleep(GREETING_LOOK_EVERY).await,
                }
            }
        };
        tokio::time::timeout(wait, answered).await.unwrap_or(Ok(()))
    }

    /// Publishes a dead letter's bytes again. The event in it keeps its id, by which inboxes know it; the message has an id of
    /// its own, or JetStream would drop it as a repeat for as long as its window is open.
    ///
    /// # Errors
    /// [`BusError::Unavailable`] when there is no yes, or when the subject is none of an event.
    pub async fn republish(&self, subject: &str, message_id: &str, body: Vec<u8>) -> Result<(), BusError> {
        if !subject.starts_with(topology::EVENT_SUBJECTS) {
            return Err(BusError::unavailable(format!("'{subject}' is no subject of an event")));
        }
        self.publish(subject, message_id, body).await?.await.map_err(BusError::unavailable)?;
        Ok(())
    }

    /// The server's version, e.g. `2.11.4`; empty before the first connection.
    #[must_use]
    pub fn server_version(&self) -> String {
        self.0.client.server_info().version
    }
}
