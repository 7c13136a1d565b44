//! The pusher: posts the webhook deliveries that are due.
//!
//! A claim commits an attempt for each delivery before its post begins; posts run beside one another, and each is written down
//! when it ends, whatever the others do, so that a slow endpoint holds up nobody but itself.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use skillwire_runtime::{Clock, Fault, Ids, Progress, Wake, Work};
use skillwire_schemas::SubscriptionId;
use skillwire_store::{Db, Tx};
use skillwire_web::Secret;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::breaker::{self, Health};
use super::call::{Answer, Caller, Post};
use super::notice::{self, Why};
use super::sign::{SigningSecret, signatures};
use super::{body, schedule};
use crate::Deliver;
use crate::config::Config;
use crate::state::Outcome;
use crate::store::pushes::{self, Content, Push, Room, Settled};

/// Longest wait for the first of the posts that are on their way, before it is looked for new ones.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// What secrets are sealed for.
pub(crate) const PURPOSE: &str = "webhook secret";

/// The loop.
pub(crate) struct Pusher {
    db: Db,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    config: Arc<Config>,
    caller: Caller,
    secret: Secret,
    public_url: Arc<str>,
    wake: Wake,
    flying: Mutex<Flying>,
}

/// Posts on their way, and those that came back and are not written down yet.
#[derive(Default)]
struct Flying {
    posts: JoinSet<(Push, Answer)>,
    busy: BTreeMap<SubscriptionId, u32>,
    back: Vec<(Push, Answer)>,
}

impl Flying {
    /// Takes one that came back.
    fn land(&mut self, landed: Result<(Push, Answer), tokio::task::JoinError>) {
        // A post that panicked is found by its lease, as one whose process died.
        let Ok((push, answer)) = landed else { return };
        if let Some(n) = self.busy.get_mut(&push.subscription) {
            *n -= 1;
            if *n == 0 {
                self.busy.remove(&push.subscription);
            }
        }
        self.back.push((push, answer));
    }
}

impl Pusher {
    pub(crate) fn new(deliver: &Deliver) -> Self {
        let env = &deliver.parts.env;
        Self {
            db: deliver.parts.db.clone(),
            clock: Arc::clone(&env.clock),
            ids: Arc::clone(&env.ids),
            config: Arc::clone(&deliver.config),
            caller: deliver.caller.clone(),
            secret: deliver.secret.clone(),
            public_url: Arc::clone(&deliver.public_url),
            wake: deliver.push.clone(),
            flying: Mutex::default(),
        }
    }
}

#[async_trait]
impl Work for Pusher {
    fn name(&self) -> &'static str {
        "deliver.webhook"
    }

    async fn step(&self, wait: Duration) -> Result<Progress, Fault> {
        let mut flying = self.flying.lock().await;
        let mut did = self.write_down(&mut flying).await?;
        did += self.recover().await?;
        did += usize::try_from(pushes::close(&self.db, self.clock.now()).await?).unwrap_or(usize::MAX);
        did += self.start(&mut flying).await?;
        if did == 0 && !flying.posts.is_empty() {
            let landed = if wait.is_zero() {
                flying.posts.join_next().await
            } else {
                tokio::select! {
                    landed = flying.posts.join_next() => landed,
                    () = self.wake.wait() => None,
                    () = tokio::time::sleep(wait.min(LOOK_AGAIN)) => None,
                }
            };
            if let Some(landed) = landed {
                flying.land(landed);
            }
            did += self.write_down(&mut flying).await?;
        }
        Ok(Progress::of(did))
    }

    /// What is on its way is waited for, so that a stop leaves nothing uncertain.
    async fn finish(&self) {
        let mut flying = self.flying.lock().await;
        while let Some(landed) = flying.posts.join_next().await {
            flying.land(landed);
        }
        if let Err(fault) = self.write_down(&mut flying).await {
            tracing::warn!(%fault, "outcomes of webhooks could not be written down; they will count as uncertain");
        }
    }

    fn rest(&self) -> Duration {
        LOOK_AGAIN
    }

    fn wake(&self) -> Option<Wake> {
        Some(self.wake.clone())
    }
}

impl Pusher {
    /// Claims what is due and starts its posts. Gives how many.
    async fn start(&self, flying: &mut Flying) -> Result<usize, Fault> {
        let now = self.clock.now();
        let on_their_way = u32::try_from(flying.posts.len()).unwrap_or(u32::MAX);
        let all = self.config.webhooks_at_once_max.saturating_sub(on_their_way);
        if all == 0 {
            return Ok(0);
        }
        let lease_until = now + TimeDelta::seconds(self.config.lease_s);
        let per_endpoint = self.config.webhooks_per_endpoint_max;
        let room = Room { all, per_endpoint, busy: &flying.busy };
        let claimed = pushes::claim(&self.db, now, lease_until, room).await?;
        let count = claimed.len();
        for push in claimed {
            *flying.busy.entry(push.subscription).or_default() += 1;
            match self.post_of(&push, now) {
                Ok(post) => {
                    let caller = self.caller.clone();
                    flying.posts.spawn(async move {
                        let answer = caller.post(post, now).await;
                        (push, answer)
                    });
                }
                // Ours to mend (a key is missing): nothing has left.
                Err(reply) => {
                    tracing::error!(delivery = %push.id, reply, "a webhook cannot be written");
                    let answer = Answer { outcome: Outcome::Temporary, reply, pause: None, gone: false };
                    flying.land(Ok((push, answer)));
                }
            }
        }
        Ok(count)
    }

    /// What is posted at this attempt: the time is of the attempt, the id of the delivery.
    fn post_of(&self, push: &Push, now: DateTime<Utc>) -> Result<Post, String> {
        let body = match &push.content {
            Content::Frozen(text) => text.clone().into_bytes(),
            Content::Signal(signal) => {
                body::signal(push.id, signal, &push.traceparent, push.created_at, &self.public_url)
                    .map_err(|e| e.to_string())?
            }
            Content::Nothing => return Err("there is nothing in it".to_owned()),
        };
        let row = push.subscription.to_string();
        let sealed = [Some(&push.secret), push.previous_secret.as_ref()];
        let secrets = sealed
            .into_iter()
            .flatten()
            .map(|sealed| self.secret.unseal(PURPOSE, &row, sealed).map(SigningSecret::from_bytes))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| e.to_string())?;
        let id = push.id.to_string();
        let timestamp = now.timestamp();
        let signature = signatures(&secrets, &id, timestamp, &body);
        Ok(Post { url: push.url.clone(), id, timestamp, signature, body })
    }

    /// Writes down what came back. It is known here and nowhere else: when it cannot be written, it is kept for the next step.
    async fn write_down(&self, flying: &mut Flying) -> Result<usize, Fault> {
        while let Some(landed) = flying.posts.try_join_next() {
            flying.land(landed);
        }
        if flying.back.is_empty() {
            return Ok(0);
        }
        let now = self.clock.now();
        let settled: Vec<Settled> = flying.back.iter().map(|(push, answer)| self.settled(push, answer, now)).collect();
        let mut beats: BTreeMap<SubscriptionId, Vec<breaker::Result>> = BTreeMap::new();
        for (push, answer) in &flying.back {
            beats.entry(push.subscription).or_default().push(answer.health());
        }
        let gone: Vec<SubscriptionId> =
            flying.back.iter().filter(|(_, answer)| answer.gone).map(|(push, _)| push.subscription).collect();
        let mut tx = self.db.begin().await?;
        pushes::settle(tx.conn(), &settled, now).await?;
        self.feel(&mut tx, &beats, &gone, now).await?;
        tx.commit().await?;
        for (push, answer) in &flying.back {
            let outcome = answer.outcome.as_str();
            metrics::counter!("deliver_attempts_total", "channel" => "webhook", "outcome" => outcome).increment(1);
            let trace_id = skillwire_runtime::trace::trace_id(&push.traceparent);
            tracing::info!(delivery = %push.id, attempt = push.number, outcome, reply = answer.reply, trace_id, "webhook");
        }
        flying.back.clear();
        Ok(settled.len())
    }

    fn settled(&self, push: &Push, answer: &Answer, now: DateTime<Utc>) -> Settled {
        let (state, due_at) = schedule::after(answer.outcome, push.round, answer.pause, now, self.ids.fraction());
        Settled {
            delivery: push.id,
            number: push.number,
            outcome: answer.outcome,
            reply: answer.reply.clone(),
            state,
            due_at,
        }
    }

    /// Lets the breakers know, and switches off what is gone or hopeless.
    async fn feel(
        &self,
        tx: &mut Tx,
        beats: &BTreeMap<SubscriptionId, Vec<breaker::Result>>,
        gone: &[SubscriptionId],
        now: DateTime<Utc>,
    ) -> Result<(), Fault> {
        for endpoint in pushes::feel(tx.conn(), beats, now, self.ids.fraction()).await? {
            let id = endpoint.subscription;
            if opened(&endpoint.before, &endpoint.health) {
                metrics::counter!("deliver_breakers_opened_total").increment(1);
                tracing::warn!(subscription = %id, failures = endpoint.health.failures, "a webhook is left alone for a while");
            }
            let why = match endpoint.health.failing_since {
                _ if gone.contains(&id) => Why::Gone,
                Some(since) if endpoint.health.is_hopeless(now) => Why::Failing { since },
                _ => continue,
            };
            let host = reqwest::Url::parse(&endpoint.url).ok().and_then(|u| u.host_str().map(str::to_owned));
            let page = format!("{}/webhooks/{id}", self.public_url);
            let words = notice::write(&endpoint.name, host.as_deref().unwrap_or("its host"), why, &page);
            pushes::disable(tx.conn(), id, &why.words(), &words, now).await?;
            metrics::counter!("deliver_webhooks_disabled_total").increment(1);
            tracing::warn!(subscription = %id, partnership = %endpoint.partnership, why = why.words(), "a webhook was switched off");
        }
        Ok(())
    }

    /// Deliveries whose process died while it was posting: nobody knows. They go on by the schedule, with the same id.
    async fn recover(&self) -> Result<usize, Fault> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let lost = pushes::lost(tx.conn(), now).await?;
        if lost.is_empty() {
            return Ok(0);
        }
        let settled: Vec<Settled> = lost
            .iter()
            .map(|lost| {
                let (state, due_at) = schedule::after(Outcome::Uncertain, lost.round, None, now, self.ids.fraction());
                Settled {
                    delivery: lost.delivery,
                    number: lost.number,
                    outcome: Outcome::Uncertain,
                    reply: "the process ended while it was posting".to_owned(),
                    state,
                    due_at,
                }
            })
            .collect();
        pushes::settle(tx.conn(), &settled, now).await?;
        tx.commit().await?;
        metrics::counter!("deliver_attempts_total", "channel" => "webhook", "outcome" => "uncertain")
            .increment(settled.len() as u64);
        tracing::warn!(
            found = settled.len(),
            "webhooks were left in the act of posting; nobody knows whether they arrived"
        );
        Ok(settled.len())
    }
}

/// Whether the breaker has opened by this.
fn opened(before: &Health, after: &Health) -> bool {
    before.failures < breaker::OPEN_AFTER && after.failures >= breaker::OPEN_AFTER
}
