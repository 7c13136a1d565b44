//! What may be done with a delivery by hand. Pure.

use crate::state::State;

/// Something that staff may do with a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hand {
    /// Goes now: what is gathered, and all that a retry takes.
    Send,
    /// Another try, now.
    Retry,
    /// Is not sent: only what cannot have left.
    Skip,
    /// Once more with the same id, after the other side's yes.
    Resend,
}

impl Hand {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [Self::Send, Self::Retry, Self::Skip, Self::Resend];

    /// Its word.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Retry => "retry",
            Self::Skip => "skip",
            Self::Resend => "resend",
        }
    }

    /// Of a word.
    pub(crate) fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hand| hand.as_str() == word)
    }

    /// In which states it is allowed.
    pub(crate) const fn states(self) -> &'static [State] {
        match self {
            Self::Send => &[State::Gathering, State::Waiting, State::Failed, State::Bounced, State::Uncertain],
            Self::Retry => &[State::Waiting, State::Failed, State::Bounced, State::Uncertain],
            Self::Skip => &[State::Gathering, State::Held, State::Waiting],
            Self::Resend => &[State::Sent],
        }
    }

    /// Whether it may be done in that state. `left`: it may have arrived already, once.
    pub(crate) fn may(self, state: State, left: bool) -> bool {
        self.states().contains(&state) && !(self == Self::Skip && left)
    }
}

/// What may be done, in words.
pub(crate) fn allowed(state: State, left: bool) -> Vec<&'static str> {
    // `send` is the older word for what the others say more exactly.
    let shown = Hand::ALL.into_iter().filter(|hand| *hand != Hand::Send || state == State::Gathering);
    shown.filter(|hand| hand.may(state, left)).map(Hand::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_this_one() {
        for (state, fresh, left) in [
            (State::Gathering, &["send", "skip"][..], &["send"][..]),
            (State::Held, &["skip"], &[]),
            (State::Waiting, &["retry", "skip"], &["retry"]),
            (State::Sending, &[], &[]),
            (State::HandingOver, &[], &[]),
            (State::Sent, &["resend"], &["resend"]),
            (State::Bounced, &["retry"], &["retry"]),
            (State::Uncertain, &["retry"], &["retry"]),
            (State::Failed, &["retry"], &["retry"]),
            (State::Skipped, &[], &[]),
        ] {
            assert_eq!((allowed(state, false), allowed(state, true)), (fresh.to_vec(), left.to_vec()), "{state:?}");
        }
        assert!(Hand::ALL.into_iter().all(|hand| Hand::of(hand.as_str()) == Some(hand)));
    }
}
