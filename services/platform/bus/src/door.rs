//! The door: which subscriber may come into NATS, and what they may do there.
//!
//! Why auth callout, and neither accounts nor JWTs with a resolver. Three ways were weighed:
//!
//! - *Users in the server's file*: a file has to be written and every server reloaded for each subscriber; who may come in
//!   would be kept twice, and a wiped machine would forget it.
//! - *Operator, accounts and a resolver*: users are JWTs that are revoked by pushing a new account JWT to the servers. The truth
//!   about a revocation then lies in NATS' own directory, which is the part of the installation that may be lost, and grows
//!   with every revocation; and our own password would have to become a key file everywhere.
//! - *Auth callout*: the server's file is written once and holds one public key. For everybody but ourselves the server asks us
//!   at each connection, and we answer from PostgreSQL, the truth, with the permissions of that one reader. Credentials are
//!   made and revoked by a row; nothing is reloaded, and a server that was wiped knows all that it knew.
//!
//! What it costs: while that service is away, no subscriber can connect anew (those that are connected read on, up to an hour). As
//! nothing new comes into the feeds meanwhile either, little is lost; any number of copies answer, as one queue group.
//!
//! Revoking works at once: the row is revoked first, so that nobody gets in any more; the consumer is removed, so that who is in
//! reads nothing; the connections are put out. What of this is not done in time is done again by the loop of the service that
//! owns the feeds.

use std::sync::Arc;
use std::time::Duration;

use async_nats::{Message, Subscriber};
use async_trait::async_trait;
use futures::{FutureExt, StreamExt};
use skillwire_runtime::{Clock, Fault, Progress, Work};
use tokio::sync::Mutex;

use crate::Parts;
use crate::bus::{Bus, BusError};
use crate::jwt::{Issuer, Request};
use crate::readers::Reader;

/// Where servers ask.
const SUBJECT: &str = "$SYS.REQ.USER.AUTH";
/// The copies of the door share the questions.
const GROUP: &str = "skillwire";
/// Questions answered in one step.
const QUESTIONS_MAX: usize = 256;

/// Knows who may read which feed.
#[async_trait]
pub trait Admission: Send + Sync + 'static {
    /// The reader that name and password belong to.
    ///
    /// # Errors
    /// [`Fault::Retry`] when it cannot be told just now: the server then lets nobody in, and the client comes again.
    async fn reader(&self, user: &str, password: &str) -> Result<Option<Reader>, Fault>;
}

struct Door {
    name: &'static str,
    bus: Bus,
    clock: Arc<dyn Clock>,
    issuer: Issuer,
    admission: Arc<dyn Admission>,
    questions: Mutex<Option<Subscriber>>,
}

/// The loop that answers the servers' questions; `name` is its name in logs and metrics.
#[must_use]
pub fn door(name: &'static str, parts: &Parts, issuer: Issuer, admission: Arc<dyn Admission>) -> Arc<dyn Work> {
    Arc::new(Door {
        name,
        bus: parts.bus.clone(),
        clock: Arc::clone(&parts.env.clock),
        issuer,
        admission,
        questions: Mutex::new(None),
    })
}

#[async_trait]
impl Work for Door {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn step(&self, wait: Duration) -> Result<Progress, Fault> {
        let mut slot = self.questions.lock().await;
        if slot.is_none() {
            let group = GROUP.to_owned();
            let made = self.bus.client().queue_subscribe(SUBJECT, group).await;
            *slot = Some(made.map_err(BusError::unavailable)?);
        }
        let Some(questions) = slot.as_mut() else { return Ok(Progress::Idle) };
        let first = if wait.is_zero() {
            questions.next().now_or_never()
        } else {
            tokio::time::timeout(wait, questions.next()).await.ok()
        };
        let mut question = match first {
            None => return Ok(Progress::Idle),
            Some(None) => {
                // The subscription has ended; the next step makes another.
                *slot = None;
                return Ok(Progress::Idle);
            }
            Some(Some(question)) => question,
        };
        let mut answered = 0;
        loop {
            self.answer(question).await?;
            answered += 1;
            match questions.next().now_or_never() {
                Some(Some(next)) if answered < QUESTIONS_MAX => question = next,
                _ => return Ok(Progress::Did(answered)),
            }
        }
    }

    fn rest(&self) -> Duration {
        // The step itself has waited for questions.
        Duration::from_millis(1)
    }
}

impl Door {
    async fn answer(&self, question: Message) -> Result<(), Fault> {
        let Some(reply) = question.reply else { return Ok(()) };
        let request = match Request::read(&question.payload) {
            Ok(request) => request,
            Err(e) => {
                tracing::warn!(%e, "a question at the door is none");
                return Ok(());
            }
        };
        // No answer is a no: a database that is away lets nobody in.
        let reader = self.admission.reader(&request.user, &request.password).await?;
        let now = self.clock.now();
        let answer = match &reader {
            Some(reader) => self.issuer.admit(&request, reader, now),
            None => self.issuer.refuse(&request, now),
        };
        let outcome = if reader.is_some() { "admitted" } else { "refused" };
        metrics::counter!("stream_admissions_total", "outcome" => outcome).increment(1);
        let answer = answer.map_err(Fault::reject)?;
        self.bus.client().publish(reply, answer.into()).await.map_err(BusError::unavailable)?;
        Ok(())
    }
}
