//! The hub: who listens to which feed in this process. It wakes them when there is something new, and lets them go when their
//! address holds no more.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use skillwire_schemas::SubscriptionId;
use tokio::sync::watch;

/// What listeners are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pulse {
    /// The number of the last entry.
    pub last: i64,
    /// The hash of the token that opens the feed; none when nothing does.
    pub hash: Option<Vec<u8>>,
}

impl Pulse {
    /// Takes in how a feed stands now; whether that is news. A number never goes back.
    fn meet(&mut self, now: Self) -> bool {
        let next = Self { last: self.last.max(now.last), hash: now.hash };
        let news = *self != next;
        *self = next;
        news
    }
}

/// Why nobody more may listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// This feed has as many as it may.
    Feed,
    /// This process has.
    Process,
    /// This process stops.
    Stopping,
}

/// The hub. Copies are the same hub.
#[derive(Clone)]
pub(crate) struct Hub {
    inner: Arc<Mutex<Inner>>,
    per_feed_max: usize,
    open_max: usize,
}

#[derive(Default)]
struct Inner {
    stopping: bool,
    open: usize,
    feeds: HashMap<SubscriptionId, Channel>,
}

struct Channel {
    open: usize,
    tell: watch::Sender<Pulse>,
}

impl Hub {
    /// With at most so many listeners of one feed, and of this process.
    pub(crate) fn new(per_feed_max: usize, open_max: usize) -> Self {
        Self { inner: Arc::default(), per_feed_max, open_max }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets somebody listen.
    pub(crate) fn listen(&self, subscription: SubscriptionId, pulse: Pulse) -> Result<Listener, Full> {
        let mut inner = self.inner();
        if inner.stopping {
            return Err(Full::Stopping);
        }
        if inner.open >= self.open_max {
            return Err(Full::Process);
        }
        let channel = inner
            .feeds
            .entry(subscription)
            .or_insert_with(|| Channel { open: 0, tell: watch::Sender::new(pulse.clone()) });
        if channel.open >= self.per_feed_max {
            return Err(Full::Feed);
        }
        channel.open += 1;
        // What was just read of the feed is newer than what the others were told.
        channel.tell.send_if_modified(|told| told.meet(pulse));
        let pulses = channel.tell.subscribe();
        inner.open += 1;
        Ok(Listener { hub: self.clone(), subscription, pulses })
    }

    /// There are entries up to that number.
    pub(crate) fn advance(&self, subscription: SubscriptionId, last: i64) {
        self.tell(subscription, |pulse| {
            let hash = pulse.hash.clone();
            pulse.meet(Pulse { last, hash })
        });
    }

    /// How a feed stands now.
    pub(crate) fn set(&self, subscription: SubscriptionId, now: Pulse) {
        self.tell(subscription, |pulse| pulse.meet(now));
    }

    fn tell(&self, subscription: SubscriptionId, news: impl FnOnce(&mut Pulse) -> bool) {
        if let Some(channel) = self.inner().feeds.get(&subscription) {
            channel.tell.send_if_modified(news);
        }
    }

    /// The feeds that somebody listens to.
    pub(crate) fn heard(&self) -> Vec<SubscriptionId> {
        self.inner().feeds.keys().copied().collect()
    }

    /// Lets everybody go, and nobody more in: the process stops.
    pub(crate) fn stop(&self) {
        let mut inner = self.inner();
        inner.stopping = true;
        inner.feeds.clear();
    }
}

/// Somebody who listens; their place is free again when this goes.
pub(crate) struct Listener {
    hub: Hub,
    subscription: SubscriptionId,
    pulses: watch::Receiver<Pulse>,
}

impl Listener {
    /// How the feed stands; a change from here on wakes [`Self::changed`].
    pub(crate) fn now(&mut self) -> Pulse {
        self.pulses.borrow_and_update().clone()
    }

    /// Waits for a change. False: the process stops.
    pub(crate) async fn changed(&mut self) -> bool {
        self.pulses.changed().await.is_ok()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut inner = self.hub.inner();
        inner.open = inner.open.saturating_sub(1);
        if let Some(channel) = inner.feeds.get_mut(&self.subscription) {
            channel.open = channel.open.saturating_sub(1);
            if channel.open == 0 {
                inner.feeds.remove(&self.subscription);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> SubscriptionId {
        SubscriptionId::derived(&[name])
    }

    fn at(last: i64) -> Pulse {
        Pulse { last, hash: Some(vec![1]) }
    }

    #[tokio::test]
    async fn a_listener_is_woken_by_news_only() {
        let hub = Hub::new(2, 3);
        let mut one = hub.listen(id("a"), at(4)).unwrap();
        assert_eq!(one.now(), at(4));
        hub.advance(id("a"), 3);
        hub.set(id("a"), at(2));
        hub.advance(id("b"), 9);
        assert!(!one.pulses.has_changed().unwrap(), "nothing of it is news");
        hub.advance(id("a"), 5);
        assert!(one.changed().await);
        assert_eq!(one.now(), at(5));
        hub.set(id("a"), Pulse { last: 0, hash: None });
        assert!(one.changed().await);
        assert_eq!(one.now(), Pulse { last: 5, hash: None });
        hub.stop();
        assert!(!one.changed().await);
        assert_eq!(hub.listen(id("a"), at(5)).err(), Some(Full::Stopping));
    }

    #[test]
    fn places_are_bounded_and_given_back() {
        let hub = Hub::new(2, 3);
        let all = [hub.listen(id("a"), at(0)).unwrap(), hub.listen(id("a"), at(0)).unwrap()];
        assert_eq!(hub.listen(id("a"), at(0)).err(), Some(Full::Feed));
        let other = hub.listen(id("b"), at(0)).unwrap();
        assert_eq!(hub.listen(id("c"), at(0)).err(), Some(Full::Process));
        drop(other);
        assert!(hub.listen(id("c"), at(0)).is_ok());
        drop(all);
        assert!(hub.heard().is_empty() && hub.inner().open == 0);
    }
}
