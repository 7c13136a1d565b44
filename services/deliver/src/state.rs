//! What a delivery is, and what an attempt makes of it. Pure.

use chrono::{DateTime, TimeDelta, Utc};

use crate::retry::{GIVE_UP_HOURS, wait};

macro_rules! words {
    (all $type:ty, [$($value:ident = $word:literal),+ $(,)?]) => {
        impl $type {
            /// All of them.
            pub(crate) const ALL: &[Self] = &[$(Self::$value),+];
        }

        words!($type, [$($value = $word),+]);
    };
    ($type:ty, [$($value:ident = $word:literal),+ $(,)?]) => {
        impl $type {
            /// The word in the database, on pages and in metrics.
            pub(crate) const fn as_str(self) -> &'static str {
                match self { $(Self::$value => $word),+ }
            }

            /// Of a word.
            pub(crate) fn of(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$value),)+ _ => None }
            }
        }
    };
}

/// What a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Its period runs.
    Gathering,
    /// Its subscription is paused.
    Held,
    /// Waits for its time.
    Waiting,
    /// Somebody has it in hand.
    Sending,
    /// Its content is leaving: whoever finds it so after a crash does not know whether it arrived.
    HandingOver,
    /// The other side said yes.
    Sent,
    /// The other side said yes, and later that it cannot be delivered.
    Bounced,
    /// Nobody knows, and it was tried twice.
    Uncertain,
    /// The other side said no, or days went by.
    Failed,
    /// Not sent, and that is right; there is a reason.
    Skipped,
}

words!(
    all State,
    [
        Gathering = "gathering",
        Held = "held",
        Waiting = "waiting",
        Sending = "sending",
        HandingOver = "handing_over",
        Sent = "sent",
        Bounced = "bounced",
        Uncertain = "uncertain",
        Failed = "failed",
        Skipped = "skipped",
    ]
);

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Yes.
    Sent,
    /// Not now.
    Temporary,
    /// No.
    Permanent,
    /// The content left, and no answer came.
    Uncertain,
}

words!(Outcome, [Sent = "sent", Temporary = "temporary", Permanent = "permanent", Uncertain = "uncertain"]);

/// What is known of the attempts so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct History {
    /// Attempts, this one included.
    pub tries: u32,
    /// Attempts before this one whose outcome could not be known.
    pub uncertain_before: u32,
    /// When the first one began.
    pub since: DateTime<Utc>,
}

/// What a delivery becomes by an attempt's outcome, and when it is due again.
pub(crate) fn after(
    outcome: Outcome,
    history: History,
    now: DateTime<Utc>,
    uncertain_retry: TimeDelta,
    fraction: f64,
) -> (State, DateTime<Utc>) {
    match outcome {
        Outcome::Sent => (State::Sent, now),
        Outcome::Permanent => (State::Failed, now),
        Outcome::Uncertain if history.uncertain_before == 0 => (State::Waiting, now + uncertain_retry),
        Outcome::Uncertain => (State::Uncertain, now),
        Outcome::Temporary if now - history.since >= TimeDelta::hours(GIVE_UP_HOURS) => (State::Failed, now),
        Outcome::Temporary => (State::Waiting, now + wait(history.tries, fraction)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    proptest! {
        /// Plays any sequence of outcomes: it ends, content leaves twice at most where nobody knows, and never after a yes.
        #[test]
        fn a_delivery_ends_and_repeats_only_what_is_not_known(
            outcomes in vec(select(vec![Outcome::Sent, Outcome::Temporary, Outcome::Permanent, Outcome::Uncertain]), 200),
        ) {
            let since = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
            let (mut now, mut state, mut tries, mut uncertain, mut left) = (since, State::Waiting, 0u32, 0u32, 0u32);
            for outcome in outcomes {
                if state != State::Waiting {
                    break;
                }
                tries += 1;
                if matches!(outcome, Outcome::Sent | Outcome::Uncertain) {
                    left += 1;
                }
                let history = History { tries, uncertain_before: uncertain, since };
                let (next, due) = after(outcome, history, now, TimeDelta::minutes(10), 0.5);
                prop_assert!(due >= now);
                uncertain += u32::from(outcome == Outcome::Uncertain);
                (state, now) = (next, due);
            }
            prop_assert!(state != State::Waiting, "it ends within 200 tries");
            prop_assert!(left <= uncertain + 1, "content left {left} times, unknown {uncertain} times");
            prop_assert!(left <= 2);
        }
    }

    #[test]
    fn words_read_back() {
        for word in [
            "gathering",
            "held",
            "waiting",
            "sending",
            "handing_over",
            "sent",
            "bounced",
            "uncertain",
            "failed",
            "skipped",
        ] {
            assert_eq!(State::of(word).map(State::as_str), Some(word));
        }
        assert_eq!(State::of("lost"), None);
    }
}
