//! The circuit breaker of an endpoint. Pure.
//!
//! Closed: deliveries flow; after a failure one at a time, until one succeeds. Open, after [`OPEN_AFTER`] failures in a row: none,
//! for a while that doubles with each failed probe. Then one is let through as a probe; its success closes the breaker.

use chrono::{DateTime, TimeDelta, Utc};

/// Failures in a row that open it.
pub(crate) const OPEN_AFTER: u32 = 5;
/// How long it is open at first, and at most, seconds.
const OPEN_MIN_S: i64 = 30;
const OPEN_MAX_S: i64 = 1_800;
/// An endpoint without a success for so long is disabled, days.
pub(crate) const DISABLE_AFTER_DAYS: i64 = 5;

/// How an endpoint does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Health {
    /// Failures since the last success.
    pub failures: u32,
    /// Nothing goes before; then one.
    pub open_until: Option<DateTime<Utc>>,
    /// The first failure since the last success.
    pub failing_since: Option<DateTime<Utc>>,
}

/// What came of an attempt, as far as the endpoint's health is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Result {
    /// Yes.
    Good,
    /// Anything else, and how long it asked us to stay away.
    Bad(Option<TimeDelta>),
}

impl Health {
    /// After an attempt.
    pub(crate) fn after(self, result: Result, now: DateTime<Utc>, fraction: f64) -> Self {
        let Result::Bad(pause) = result else { return Self::default() };
        let asked = pause.map(|pause| now + pause);
        let failing_since = self.failing_since.or(Some(now));
        if let Some(until) = self.open_until.filter(|until| *until > now) {
            // It was on its way when the breaker opened: many at once are one reason to stay away, not many.
            return Self { open_until: Some(until).max(asked), failing_since, ..self };
        }
        let failures = self.failures.saturating_add(1);
        let opened = (failures >= OPEN_AFTER).then(|| now + open_for(failures - OPEN_AFTER, fraction));
        Self { failures, open_until: opened.max(asked), failing_since }
    }

    /// Whether it has failed for so long that it is disabled.
    pub(crate) fn is_hopeless(&self, now: DateTime<Utc>) -> bool {
        self.failing_since.is_some_and(|since| now - since >= TimeDelta::days(DISABLE_AFTER_DAYS))
    }

    /// The word on pages.
    pub(crate) fn word(&self, now: DateTime<Utc>) -> &'static str {
        match self.open_until {
            Some(until) if until > now => "open",
            Some(_) => "probing",
            None if self.failures > 0 => "failing",
            None => "closed",
        }
    }
}

fn open_for(doublings: u32, fraction: f64) -> TimeDelta {
    let base = OPEN_MIN_S.saturating_mul(2i64.saturating_pow(doublings.min(16))).min(OPEN_MAX_S);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "at most half an hour, in milliseconds"
    )]
    let jitter = (base as f64 * 200.0 * fraction.clamp(0.0, 1.0)) as i64;
    TimeDelta::milliseconds(base * 1_000 + jitter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000 + seconds, 0).unwrap()
    }

    fn failed(times: u32) -> Health {
        (0..times).fold(Health::default(), |h, _| h.after(Result::Bad(None), at(0), 0.0))
    }

    /// So many failed probes after it opened, each as soon as it may be: how long it is open then, seconds.
    fn open_after(probes: u32) -> i64 {
        let (mut health, mut now) = (failed(OPEN_AFTER), at(0));
        for _ in 0..probes {
            now = health.open_until.unwrap();
            health = health.after(Result::Bad(None), now, 0.0);
        }
        (health.open_until.unwrap() - now).num_seconds()
    }

    #[test]
    fn it_opens_after_five_failures_in_a_row_and_a_success_closes_it() {
        assert_eq!((failed(4).open_until, failed(4).word(at(0))), (None, "failing"));
        assert_eq!((failed(5).open_until, failed(5).word(at(0))), (Some(at(30)), "open"));
        assert_eq!(failed(5).word(at(30)), "probing");
        assert_eq!([0, 1, 2, 40].map(open_after), [30, 60, 120, 1_800]);
        assert_eq!(failed(40), failed(5), "those that were on their way when it opened do not count");
        assert_eq!(failed(9).after(Result::Good, at(99), 0.0), Health::default());
        let between = failed(4).after(Result::Good, at(1), 0.0).after(Result::Bad(None), at(2), 0.0);
        assert_eq!(between.open_until, None, "in a row");
    }

    #[test]
    fn an_endpoint_that_asks_for_a_pause_gets_it() {
        let pause = Result::Bad(Some(TimeDelta::seconds(90)));
        let asked = Health::default().after(pause, at(0), 0.0);
        assert_eq!(asked.open_until, Some(at(90)));
        // Another answer that was on its way does not shorten it.
        assert_eq!(asked.after(Result::Bad(None), at(1), 0.0).open_until, Some(at(90)));
    }

    #[test]
    fn five_days_without_a_success_are_hopeless() {
        let day = 24 * 3_600;
        let since = Health::default().after(Result::Bad(None), at(0), 0.0);
        let later = since.after(Result::Bad(None), at(5 * day - 1), 0.0);
        assert!(!later.is_hopeless(at(5 * day - 1)));
        assert!(later.is_hopeless(at(5 * day)));
        assert!(!later.after(Result::Good, at(5 * day), 0.0).is_hopeless(at(9 * day)));
    }

    proptest! {
        /// Whatever happens: it is never shut for more than half an hour and a fifth, unless it was asked for; and one success
        /// makes it whole.
        #[test]
        fn it_always_lets_a_probe_through_in_time(bad in proptest::collection::vec(any::<bool>(), 0..60), fraction in 0.0f64..1.0) {
            let mut health = Health::default();
            for (n, bad) in bad.into_iter().enumerate() {
                let now = at(i64::try_from(n).unwrap());
                health = health.after(if bad { Result::Bad(None) } else { Result::Good }, now, fraction);
                if let Some(until) = health.open_until {
                    prop_assert!(until - now <= TimeDelta::seconds(OPEN_MAX_S + OPEN_MAX_S / 5));
                    prop_assert!(health.failures >= OPEN_AFTER);
                }
                prop_assert_eq!(bad, health.failing_since.is_some());
            }
            prop_assert_eq!(health.after(Result::Good, at(100), fraction), Health::default());
        }
    }
}
