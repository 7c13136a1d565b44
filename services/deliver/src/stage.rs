//! A wanted signal in: it goes into the delivery of its subscription, channel and period.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use skillwire_bus::Stage;
use skillwire_runtime::{Clock, Fault, Wake};
use skillwire_schemas::event::DeliveryRequested;
use skillwire_schemas::{Channel, DeliveryId, Envelope, Subscription};
use skillwire_store::Tx;

use crate::Deliver;
use crate::state::State;
use crate::store::deliveries::{self, Content, NewDelivery};
use crate::store::subscriptions::{self, Silence};
use crate::window::{Period, Schedule};

/// Periods looked at when the one that runs is closed already (sent early by hand).
pub(crate) const PERIODS_AHEAD_MAX: usize = 3;

/// The stage.
pub(crate) struct Gatherer {
    clock: Arc<dyn Clock>,
    schedule: Schedule,
    due: Wake,
    feed: Wake,
    push: Wake,
    feeds: Wake,
}

impl Gatherer {
    pub(crate) fn new(deliver: &Deliver) -> Self {
        Self {
            clock: Arc::clone(&deliver.parts.env.clock),
            schedule: schedule(deliver),
            due: deliver.due.clone(),
            feed: deliver.feed.clone(),
            push: deliver.push.clone(),
            feeds: deliver.feeds.clone(),
        }
    }

    /// The periods of the mail deliveries that a subscription may be gathering for.
    fn periods(&self, subscription: &Subscription, now: DateTime<Utc>) -> Vec<Period> {
        self.schedule.periods(subscription, now, PERIODS_AHEAD_MAX)
    }
}

/// When mails go.
pub(crate) fn schedule(deliver: &Deliver) -> Schedule {
    Schedule { instant_window_s: deliver.config.instant_window_s, daily_at_hour: deliver.config.daily_at_hour }
}

/// The id of a delivery.
pub(crate) fn id_of(subscription: &Subscription, channel: Channel, period: &str) -> DeliveryId {
    DeliveryId::derived(&[&subscription.id.to_string(), channel.as_str(), period])
}

/// The name of a mail period.
pub(crate) fn period_name(start: DateTime<Utc>) -> String {
    start.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[async_trait]
impl Stage for Gatherer {
    type In = DeliveryRequested;
    const NAME: &'static str = "deliver";

    async fn handle(&self, tx: &mut Tx, events: &[Envelope<DeliveryRequested>]) -> Result<(), Fault> {
        let now = self.clock.now();
        let ids: Vec<_> = events.iter().map(|e| e.data.subscription.id).collect();
        let stopped = subscriptions::stopped(tx.conn(), &ids).await?;
        let silent = subscriptions::silent(tx.conn(), &ids).await?;
        // Sorted: all copies take rows in the same order.
        let mut new: BTreeMap<DeliveryId, NewDelivery> = BTreeMap::new();
        let mut content: Vec<Content> = Vec::new();
        let closed = self.closed(tx, events, now).await?;
        for event in events {
            let subscription = &event.data.subscription;
            for channel in &subscription.channels {
                let (reason, instead) = match (silent.get(&subscription.id), channel) {
                    (Some(Silence::Ended), _) => (Some("the subscription was ended"), Some(State::Skipped)),
                    // The link in a mail stops the mails; programs read on.
                    (_, Channel::Email) if stopped.contains(&subscription.id) => {
                        (Some("unsubscribed"), Some(State::Skipped))
                    }
                    // Routed before route knew of the pause: it waits with the others until the subscription is resumed.
                    (Some(Silence::Paused), _) => (Some("the subscription is paused"), Some(State::Held)),
                    (None, _) => (None, None),
                };
                let (period, state, due) = match channel {
                    Channel::Stream | Channel::Webhook | Channel::Feed => (event.id.to_string(), State::Waiting, now),
                    Channel::Email => {
                        let periods = self.periods(subscription, now);
                        let open = periods
                            .iter()
                            .find(|p| !closed.contains(&id_of(subscription, *channel, &period_name(p.start))));
                        let Some(period) = open.or(periods.last()) else { continue };
                        (period_name(period.start), State::Gathering, period.due)
                    }
                };
                let id = id_of(subscription, *channel, &period);
                let state = instead.unwrap_or(state);
                let delivery = NewDelivery {
                    id,
                    subscription: subscription.clone(),
                    channel: *channel,
                    period,
                    state,
                    reason,
                    due,
                    traceparent: event.traceparent.clone(),
                };
                new.entry(id).or_insert(delivery);
                content.push(Content { delivery: id, signal: event.data.signal.clone() });
                metrics::counter!("deliver_requested_total", "channel" => channel.as_str()).increment(1);
            }
        }
        let new: Vec<NewDelivery> = new.into_values().collect();
        deliveries::open(tx.conn(), &new, now).await?;
        deliveries::fill(tx.conn(), &content).await?;
        Ok(())
    }

    fn committed(&self) {
        self.due.ring();
        self.feed.ring();
        self.push.ring();
        self.feeds.ring();
    }
}

impl Gatherer {
    /// Which mail deliveries of the periods that may be meant take nothing more. The open ones stay locked until the commit,
    /// so that none of them is frozen in between.
    async fn closed(
        &self,
        tx: &mut Tx,
        events: &[Envelope<DeliveryRequested>],
        now: DateTime<Utc>,
    ) -> Result<std::collections::HashSet<DeliveryId>, Fault> {
        let ids: Vec<DeliveryId> = events
            .iter()
            .flat_map(|e| {
                let subscription = &e.data.subscription;
                self.periods(subscription, now)
                    .into_iter()
                    .map(move |p| id_of(subscription, Channel::Email, &period_name(p.start)))
            })
            .collect();
        Ok(deliveries::closed(tx.conn(), &ids).await?)
    }
}
