//! When a webhook is tried again, and what an attempt makes of its delivery. Pure.

use chrono::{DateTime, TimeDelta, Utc};

use crate::state::{Outcome, State};

/// Waits before the attempts of a round, seconds: the schedule that Standard Webhooks 1.0.0 proposes. The first is the first
/// attempt itself.
const WAITS_S: [i64; 10] = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// How much later than planned an attempt may be, so that not all come back at once.
const JITTER_SHARE: f64 = 0.2;
/// A longer Retry-After is not believed, seconds.
const RETRY_AFTER_MAX_S: i64 = 3_600;

/// The wait before the attempt after so many of a round; none when they are used up.
pub(crate) fn wait(attempts: u32, fraction: f64) -> Option<TimeDelta> {
    let base = *WAITS_S.get(usize::try_from(attempts).ok()?)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "at most a day, in milliseconds")]
    let jitter = (base as f64 * 1_000.0 * JITTER_SHARE * fraction.clamp(0.0, 1.0)) as i64;
    Some(TimeDelta::milliseconds(base * 1_000 + jitter))
}

/// What the delivery becomes, and when it is due again.
///
/// `attempts`: those of this round, this one included. `pause`: how long the endpoint asked us to stay away.
pub(crate) fn after(
    outcome: Outcome,
    attempts: u32,
    pause: Option<TimeDelta>,
    now: DateTime<Utc>,
    fraction: f64,
) -> (State, DateTime<Utc>) {
    let last = if outcome == Outcome::Uncertain { State::Uncertain } else { State::Failed };
    match outcome {
        Outcome::Sent => (State::Sent, now),
        Outcome::Permanent => (State::Failed, now),
        Outcome::Temporary | Outcome::Uncertain => match wait(attempts, fraction) {
            Some(wait) => (State::Waiting, now + wait.max(pause.unwrap_or_default())),
            None => (last, now),
        },
    }
}

/// Reads Retry-After (RFC 9110, 10.2.3: seconds or a date); at most [`RETRY_AFTER_MAX_S`].
pub(crate) fn retry_after(value: &str, now: DateTime<Utc>) -> Option<TimeDelta> {
    let value = value.trim();
    let asked = if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        // More digits than fit are a very long time.
        TimeDelta::seconds(value.parse().unwrap_or(RETRY_AFTER_MAX_S).min(RETRY_AFTER_MAX_S))
    } else {
        DateTime::parse_from_rfc2822(value).ok()?.with_timezone(&Utc) - now
    };
    Some(asked.clamp(TimeDelta::zero(), TimeDelta::seconds(RETRY_AFTER_MAX_S)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    const ATTEMPTS_MAX: u32 = 10;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn the_schedule_is_the_one_of_the_design() {
        let waits: Vec<i64> = (0..ATTEMPTS_MAX).map(|n| wait(n, 0.0).unwrap().num_seconds()).collect();
        let hours = |h: i64| h * 3_600;
        let wanted = [0, 5, 300, 1_800, hours(2), hours(5), hours(10), hours(14), hours(20), hours(24)];
        assert_eq!(waits, wanted);
        assert_eq!(wait(ATTEMPTS_MAX, 0.0), None);
        assert_eq!(wait(u32::MAX, 0.0), None);
        assert_eq!(wait(2, 1.0), Some(TimeDelta::seconds(360)), "a fifth of jitter at most");
        assert_eq!(wait(2, 7.0), wait(2, 1.0));
    }

    #[test]
    fn retry_after_is_read_in_both_forms_and_bounded() {
        assert_eq!(retry_after("120", at(0)), Some(TimeDelta::seconds(120)));
        assert_eq!(retry_after(" 0 ", at(0)), Some(TimeDelta::zero()));
        assert_eq!(retry_after("99999999999999999999", at(0)), Some(TimeDelta::hours(1)));
        let now: DateTime<Utc> = "2026-11-24T15:00:00Z".parse().unwrap();
        assert_eq!(retry_after("Tue, 24 Nov 2026 15:02:00 GMT", now), Some(TimeDelta::seconds(120)));
        assert_eq!(retry_after("Tue, 24 Nov 2026 14:00:00 GMT", now), Some(TimeDelta::zero()));
        assert_eq!(retry_after("Tue, 24 Nov 2099 14:00:00 GMT", now), Some(TimeDelta::hours(1)));
        for bad in ["", "soon", "-5", "1.5", "12 s"] {
            assert_eq!(retry_after(bad, now), None, "{bad}");
        }
    }

    #[test]
    fn what_is_asked_for_lengthens_a_wait_and_never_shortens_it() {
        let due = |pause| after(Outcome::Temporary, 2, Some(TimeDelta::seconds(pause)), at(0), 0.0).1;
        assert_eq!(due(1_000), at(1_000));
        assert_eq!(due(10), at(300));
    }

    proptest! {
        /// Plays any sequence of outcomes: it ends after ten attempts at most, goes on only while nobody said yes, and what
        /// is not known at the end is called uncertain.
        #[test]
        fn a_round_ends(
            outcomes in vec(select(vec![Outcome::Sent, Outcome::Temporary, Outcome::Permanent, Outcome::Uncertain]), 30),
            fraction in 0.0f64..1.0,
        ) {
            let (mut now, mut state, mut attempts, mut last) = (at(0), State::Waiting, 0u32, Outcome::Temporary);
            for outcome in outcomes {
                if state != State::Waiting {
                    break;
                }
                attempts += 1;
                last = outcome;
                let (next, due) = after(outcome, attempts, None, now, fraction);
                prop_assert!(due >= now);
                (state, now) = (next, due);
            }
            prop_assert!(attempts <= ATTEMPTS_MAX);
            let wanted = match last {
                Outcome::Sent => State::Sent,
                Outcome::Uncertain => State::Uncertain,
                Outcome::Temporary | Outcome::Permanent => State::Failed,
            };
            prop_assert_eq!(state, wanted);
            // 75 h 35 min 5 s, and a fifth more.
            prop_assert!(now - at(0) <= TimeDelta::seconds(272_105 + 54_421));
        }
    }
}
