//! A changed subscription in: what is gathered for a paused one is held, for a resumed one goes on, for an ended one is
//! skipped. Nothing is dropped without a reason that stands on the delivery. What its channels need is kept: the webhook's
//! endpoint follows it, and a stream that is no more loses its credentials.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use skillwire_bus::Stage;
use skillwire_runtime::{Clock, Fault, Wake};
use skillwire_schemas::event::SubscriptionChanged;
use skillwire_schemas::{Channel, Envelope, Subscription};
use skillwire_store::{StoreError, Tx};

use crate::Deliver;
use crate::stage::{PERIODS_AHEAD_MAX, id_of, period_name, schedule};
use crate::store::held::{self, Held};
use crate::store::{deliveries, endpoints, feeds, streams, subscriptions};
use crate::window::{Period, Schedule};

/// The stage.
pub(crate) struct Listener {
    clock: Arc<dyn Clock>,
    schedule: Schedule,
    due: Wake,
    feed: Wake,
    push: Wake,
    readers: Wake,
    feeds: Wake,
}

impl Listener {
    pub(crate) fn new(deliver: &Deliver) -> Self {
        Self {
            clock: Arc::clone(&deliver.parts.env.clock),
            schedule: schedule(deliver),
            due: deliver.due.clone(),
            feed: deliver.feed.clone(),
            push: deliver.push.clone(),
            readers: deliver.readers.clone(),
            feeds: deliver.feeds.clone(),
        }
    }

    /// Lets what was held go on. A mail whose period still runs gathers on; one whose period is over comes with the first mail
    /// from now on; one that was already tried, a feed message and a webhook's post go at once.
    async fn release(&self, tx: &mut Tx, subscription: &Subscription, now: DateTime<Utc>) -> Result<(), StoreError> {
        for one in held::list(tx.conn(), subscription.id).await? {
            match one {
                Held { channel: Channel::Email, tried: false, due, .. } if due > now => {
                    held::go_on(tx.conn(), one.id, "gathering", due).await?;
                }
                Held { channel: Channel::Email, tried: false, .. } => {
                    let target = self.open_period(tx, subscription, now).await?;
                    held::fold(tx.conn(), one.id, subscription, target, now).await?;
                }
                Held { .. } => held::go_on(tx.conn(), one.id, "waiting", now).await?,
            }
        }
        Ok(())
    }

    /// The first period from now on whose mail still takes something.
    async fn open_period(
        &self,
        tx: &mut Tx,
        subscription: &Subscription,
        now: DateTime<Utc>,
    ) -> Result<Period, StoreError> {
        let periods = self.schedule.periods(subscription, now, PERIODS_AHEAD_MAX);
        let id = |period: &Period| id_of(subscription, Channel::Email, &period_name(period.start));
        let ids: Vec<_> = periods.iter().map(id).collect();
        let closed = deliveries::closed(tx.conn(), &ids).await?;
        let open = periods.iter().find(|period| !closed.contains(&id(period))).or(periods.last()).copied();
        Ok(open.unwrap_or(Period { start: now, due: now }))
    }
}

#[async_trait]
impl Stage for Listener {
    type In = SubscriptionChanged;
    const NAME: &'static str = "deliver-subscriptions";

    async fn handle(&self, tx: &mut Tx, events: &[Envelope<SubscriptionChanged>]) -> Result<(), Fault> {
        let now = self.clock.now();
        // Of several changes of one subscription only the last matters. Sorted: all copies take rows in the same order.
        let mut last: BTreeMap<_, &SubscriptionChanged> = BTreeMap::new();
        for event in events {
            let one = last.entry(event.data.subscription.id).or_insert(&event.data);
            if one.version < event.data.version {
                *one = &event.data;
            }
        }
        let changes: Vec<&SubscriptionChanged> = last.values().copied().collect();
        let news = subscriptions::keep(tx.conn(), &changes, now).await?;
        for change in last.into_values().filter(|change| news.contains(&change.subscription.id)) {
            let subscription = &change.subscription;
            endpoints::follow(tx.conn(), change, now).await?;
            if change.ended || !subscription.channels.contains(&Channel::Stream) {
                streams::revoke(tx.conn(), subscription.id, now).await?;
            }
            if change.ended || !subscription.channels.contains(&Channel::Feed) {
                feeds::revoke(tx.conn(), subscription.id, now).await?;
            }
            if change.ended {
                held::skip(tx.conn(), subscription.id, &[], "the subscription was ended").await?;
                continue;
            }
            held::skip(tx.conn(), subscription.id, &subscription.channels, "no longer wanted by this channel").await?;
            if subscription.paused {
                held::hold(tx.conn(), subscription.id).await?;
            } else {
                self.release(tx, subscription, now).await?;
            }
        }
        Ok(())
    }

    fn committed(&self) {
        self.due.ring();
        self.feed.ring();
        self.push.ring();
        self.readers.ring();
        self.feeds.ring();
    }
}
