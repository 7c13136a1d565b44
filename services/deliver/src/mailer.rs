//! The mailer: sends the mail deliveries that are due.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use futures::{Stream, StreamExt, TryStreamExt};
use skillwire_runtime::trace::trace_id;
use skillwire_runtime::{Clock, Contact, DirectoryRead, Fault, Ids, Progress, Wake, Work};
use skillwire_schemas::AttemptId;
use skillwire_store::{Db, StoreError};
use skillwire_web::Secret;

use crate::Deliver;
use crate::bounce::verp::Verp;
use crate::compose::Composer;
use crate::config::Config;
use crate::digest::{CHART, Words};
use crate::mail::{Failure, Letter, Picture, Smtp, Unsubscribe};
use crate::stage::schedule;
use crate::state::{History, Outcome, after};
use crate::store::claim::{self, Due};
use crate::store::{attempts, deliveries, suppressed};
use crate::window::Schedule;

/// Claims of one step at most: a stop waits for the step.
const CLAIMS_MAX: usize = 8;
/// Tries to write an outcome down while the database is away; the lease runs out much later.
const WRITE_TRIES_MAX: u32 = 60;

/// An address as it stands in our tables. Upper and lower case are one: nobody has two mailboxes that differ in that.
fn address_hashes(secret: &Secret, address: &str) -> Vec<Vec<u8>> {
    secret.blind("mail address", address.trim().to_lowercase().as_bytes())
}

/// The loop.
pub(crate) struct Mailer {
    db: Db,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    directory: Arc<dyn DirectoryRead>,
    smtp: Smtp,
    verp: Option<Verp>,
    config: Arc<Config>,
    schedule: Schedule,
    composer: Composer,
    wake: Wake,
}

impl Mailer {
    pub(crate) fn new(deliver: &Deliver) -> Self {
        let env = &deliver.parts.env;
        Self {
            db: deliver.parts.db.clone(),
            clock: Arc::clone(&env.clock),
            ids: Arc::clone(&env.ids),
            directory: Arc::clone(&env.directory),
            smtp: deliver.smtp.clone(),
            verp: deliver.verp.clone(),
            config: Arc::clone(&deliver.config),
            schedule: schedule(deliver),
            composer: deliver.composer.clone(),
            wake: deliver.due.clone(),
        }
    }
}

#[async_trait]
impl Work for Mailer {
    fn name(&self) -> &'static str {
        "deliver.mail"
    }

    async fn step(&self, _wait: Duration) -> Result<Progress, Fault> {
        let now = self.clock.now();
        self.smtp.tidy(now);
        let retry = TimeDelta::seconds(self.config.uncertain_retry_s);
        let found = claim::recover(&self.db, now, retry).await?;
        if found > 0 {
            metrics::counter!("deliver_attempts_total", "channel" => "email", "outcome" => "uncertain")
                .increment(found);
            tracing::warn!(found, "deliveries were left in the act of handing over; nobody knows whether they arrived");
        }
        let late = TimeDelta::hours(self.config.late_hours_max);
        deliveries::fold_late(&self.db, self.schedule, now, late).await?;
        let mut count = 0;
        let at_once = self.config.mails_at_once_max.max(1);
        // Who is done goes on with the next: one slow mail does not hold up the others of its claim.
        let sending = self.due().map(|due| async { self.deliver(due?).await }).buffer_unordered(at_once);
        let done: Vec<Result<(), Fault>> = sending.inspect(|_| count += 1).collect().await;
        for result in done {
            result?;
        }
        Ok(Progress::of(count))
    }

    async fn finish(&self) {
        self.smtp.close().await;
    }

    fn wake(&self) -> Option<Wake> {
        Some(self.wake.clone())
    }
}

impl Mailer {
    /// The mails that are due, claimed as they are asked for.
    fn due(&self) -> impl Stream<Item = Result<Due, Fault>> {
        let limit = u32::try_from(self.config.mails_at_once_max).unwrap_or(8);
        let lease = TimeDelta::seconds(self.config.lease_s);
        let claims = futures::stream::try_unfold(0, move |claims| async move {
            if claims == CLAIMS_MAX {
                return Ok(None);
            }
            let due = claim::mails(&self.db, self.clock.now(), lease, limit).await?;
            Ok::<_, Fault>((!due.is_empty()).then(|| (futures::stream::iter(due.into_iter().map(Ok)), claims + 1)))
        });
        claims.try_flatten()
    }

    /// One delivery, from its freezing to its outcome.
    async fn deliver(&self, mut due: Due) -> Result<(), Fault> {
        let now = self.clock.now();
        if due.words.is_none() {
            self.freeze(&mut due, now).await?;
        }
        let Some(words) = due.words.take() else {
            return Ok(claim::skip(&self.db, due.id, "nothing to tell").await?);
        };
        let Some(contact) = self.directory.contact(due.person).await? else {
            return Ok(claim::skip(&self.db, due.id, "the person is gone or cannot be reached").await?);
        };
        let address = address_hashes(&self.composer.secret, &contact.address);
        if let Some(why) = suppressed::why(&self.db, due.partnership, &address).await? {
            return Ok(claim::skip(&self.db, due.id, &why).await?);
        }
        let letter = self.letter(&due, words, now);
        let attempt = AttemptId(self.ids.uuid(now));
        let address = address.into_iter().next();
        let began = attempts::begin(&self.db, attempt, due.id, address.as_deref(), now).await?;
        let result = self.converse(&letter, &contact, &due, attempt).await?;
        let (outcome, reply) = match &result {
            Ok(()) => (Outcome::Sent, String::new()),
            Err(failure) => (failure.kind(), failure.reply.clone()),
        };
        let now = self.clock.now();
        let refused = result.err().filter(|failure| failure.address_refused).zip(address);
        let refused = refused.map(|(failure, address)| self.refused(&due, failure, address, now));
        let history = History { tries: began.tries, uncertain_before: began.uncertain, since: began.since };
        let retry = TimeDelta::seconds(self.config.uncertain_retry_s);
        let (state, due_at) = after(outcome, history, now, retry, self.ids.fraction());
        let end = attempts::End { attempt, delivery: due.id, outcome, reply, state, due_at, at: now, refused };
        self.write_down(&end).await?;
        metrics::counter!("deliver_attempts_total", "channel" => "email", "outcome" => outcome.as_str()).increment(1);
        let trace_id = trace_id(&due.about.traceparent);
        tracing::info!(delivery = %due.id, outcome = outcome.as_str(), state = state.as_str(), reply = end.reply, trace_id, "mail");
        Ok(())
    }

    /// The mail of a delivery: every attempt sends the same.
    fn letter(&self, due: &Due, words: Words, now: DateTime<Utc>) -> Letter {
        let of_delivery = |verp: &Verp| verp.of_delivery(due.id);
        let of_subscription = |verp: &Verp| verp.of_subscription(due.about.subscription);
        Letter {
            message_id: format!("<{}@{}>", due.id, self.config.mail_domain),
            date: due.frozen_at.unwrap_or(now),
            subject: words.subject,
            text: words.text,
            html: Some(words.html),
            pictures: words
                .picture
                .into_iter()
                .map(|p| Picture { cid: CHART.to_owned(), alt: p.alt, png: p.png })
                .collect(),
            return_path: self.verp.as_ref().map(of_delivery),
            unsubscribe: Some(Unsubscribe {
                list_id: format!("{}.{}", due.about.subscription, self.config.mail_domain),
                url: self.composer.links(due.about.subscription).unsubscribe,
                address: self.verp.as_ref().map(of_subscription),
            }),
        }
    }

    /// An address that the mail server will not hear of is left alone: trying it again and again makes a bad name.
    fn refused(&self, due: &Due, failure: Failure, address: Vec<u8>, now: DateTime<Utc>) -> suppressed::New {
        suppressed::New {
            id: self.ids.uuid(now),
            partnership: due.partnership,
            person: due.person,
            address,
            delivery: due.id,
            kind: "refused",
            reason: format!("refused: {}", failure.reply),
        }
    }

    /// The conversation. That the content is leaving is committed before it leaves.
    async fn converse(
        &self,
        letter: &Letter,
        contact: &Contact,
        due: &Due,
        attempt: AttemptId,
    ) -> Result<Result<(), Failure>, Fault> {
        let conversation = match self.smtp.open(letter, contact, self.clock.now()).await {
            Ok(conversation) => conversation,
            Err(failure) => return Ok(Err(failure)),
        };
        let lease_until = self.clock.now() + TimeDelta::seconds(self.config.lease_s);
        if !attempts::handing_over(&self.db, attempt, due.id, lease_until).await? {
            // The lease ran out and somebody else has it: nothing has left from here.
            return Err(Fault::retry("the delivery went to another process in between"));
        }
        Ok(conversation.hand_over().await)
    }

    /// Writes the outcome down, however often it takes: it is known here and nowhere else.
    async fn write_down(&self, end: &attempts::End) -> Result<(), Fault> {
        let mut tries = 0;
        loop {
            match attempts::end(&self.db, end).await {
                Ok(()) => return Ok(()),
                Err(StoreError::Unavailable(cause)) if tries < WRITE_TRIES_MAX => {
                    tries += 1;
                    tracing::warn!(%cause, tries, "an outcome waits to be written down");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                Err(e) => return Err(e.into()),
            }
        }
    }

    /// Writes the mail once and keeps it: every attempt sends the same words.
    async fn freeze(&self, due: &mut Due, now: DateTime<Utc>) -> Result<(), Fault> {
        let Some(words) = self.composer.write(&due.about, now).await? else { return Ok(()) };
        deliveries::freeze(&self.db, due.id, &words, now).await?;
        due.words = Some(words);
        due.frozen_at = Some(now);
        Ok(())
    }
}
