//! What happens next with a delivery, in words.

use chrono::{DateTime, Utc};
use skillwire_schemas::Channel;

use crate::state::State;

/// What happens next.
#[must_use]
pub fn next_step(state: State, channel: Channel, due_at: Option<DateTime<Utc>>) -> String {
    let at = due_at.map_or_else(|| "soon".to_owned(), |at| at.format("on %Y-%m-%d at %H:%M UTC").to_string());
    match (state, due_at) {
        (State::Gathering, _) => format!("takes more signals and goes out {at}"),
        (State::Due, _) => format!("is tried {at}"),
        (State::Sending, _) => "is being tried".to_owned(),
        (State::HandingOver, _) => "is being handed over; the answer is awaited".to_owned(),
        (State::Sent, _) => match channel {
            Channel::Email => "nothing: the mail server has it".to_owned(),
            Channel::Stream => "nothing: it is in the feed".to_owned(),
        },
        (State::Uncertain, Some(_)) => format!("may have arrived; is sent once more {at}, with the same Message-ID"),
        (State::Uncertain, None) => "may have arrived; is not sent again unless staff ask for it".to_owned(),
        (State::Failed, _) => "nothing, unless staff ask for another try".to_owned(),
        (State::Skipped, _) => "nothing".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_says_what_is_next() {
        for state in State::ALL {
            assert!(!next_step(state, Channel::Email, None).is_empty());
        }
        let at = DateTime::from_timestamp(1_800_000_000, 0);
        assert_eq!(next_step(State::Due, Channel::Email, at), "is tried on 2027-01-15 at 08:00 UTC");
    }
}
