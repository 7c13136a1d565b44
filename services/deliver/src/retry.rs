//! When a delivery that did not go is tried again, and when it is given up.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// Waits after the first, second, ... failure; the last is used from then on.
const MAIL_WAITS_S: [u32; 7] = [60, 300, 900, 1_800, 3_600, 7_200, 14_400];
/// How much of a wait is left to chance, so that what failed together does not come back together.
const JITTER: f64 = 0.2;
/// The longest wait of a feed, seconds: its server is ours and comes back soon.
const FEED_WAIT_S_MAX: u32 = 30;

/// What follows from a failure that may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Another try then.
    At(DateTime<Utc>),
    /// No more tries.
    GiveUp,
}

/// After a mail's `failures`-th failure (counted from 1) of the passing kind. `fraction` is chance, 0 to 1.
#[must_use]
pub fn mail(failures: u32, first_tried: DateTime<Utc>, now: DateTime<Utc>, limit: Duration, fraction: f64) -> Next {
    let index = usize::try_from(failures.saturating_sub(1)).unwrap_or(usize::MAX).min(MAIL_WAITS_S.len() - 1);
    let wait = Duration::from_secs(u64::from(MAIL_WAITS_S[index])).mul_f64(spread(fraction));
    let at = now + wait;
    if at - first_tried > chrono::Duration::from_std(limit).unwrap_or(chrono::Duration::MAX) {
        Next::GiveUp
    } else {
        Next::At(at)
    }
}

/// After a feed's `failures`-th failure. A feed is never given up: its server is ours.
#[must_use]
pub fn feed(failures: u32, now: DateTime<Utc>, fraction: f64) -> DateTime<Utc> {
    let seconds = 2u32.saturating_pow(failures.saturating_sub(1).min(10)).min(FEED_WAIT_S_MAX);
    now + Duration::from_secs(u64::from(seconds)).mul_f64(spread(fraction))
}

/// Between 1 - JITTER and 1 + JITTER.
fn spread(fraction: f64) -> f64 {
    1.0 - JITTER + 2.0 * JITTER * fraction.clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMIT: Duration = Duration::from_secs(72 * 3_600);

    fn start() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    #[test]
    fn waits_grow_and_the_last_try_is_within_three_days() {
        let (mut now, mut failures) = (start(), 0);
        let last = loop {
            failures += 1;
            match mail(failures, start(), now, LIMIT, 0.5) {
                Next::At(at) => now = at,
                Next::GiveUp => break now,
            }
        };
        assert!(
            last - start() > chrono::Duration::hours(67) && last - start() <= chrono::Duration::hours(72),
            "{last}"
        );
        assert_eq!(mail(1, start(), start(), LIMIT, 0.5), Next::At(start() + Duration::from_secs(60)));
    }

    proptest! {
        #[test]
        fn a_wait_is_spread_and_never_in_the_past(failures in 0u32..100, fraction in 0.0f64..1.0) {
            let Next::At(at) = mail(failures, start(), start(), LIMIT, fraction) else { panic!("given up too soon") };
            let seconds = (at - start()).num_seconds();
            prop_assert!((48..=17_280).contains(&seconds), "{seconds}");
            let feed = (super::feed(failures, start(), fraction) - start()).num_milliseconds();
            prop_assert!((800..=36_000).contains(&feed), "{feed}");
        }
    }
}
