//! What happens next with a delivery, in words. Pure.

use chrono::{DateTime, Utc};
use skillwire_schemas::Channel;

use crate::state::State;

/// What happens next.
pub(crate) fn next_step(state: State, channel: Channel, due_at: DateTime<Utc>) -> String {
    let at = due_at.format("on %Y-%m-%d at %H:%M:%S UTC");
    match state {
        State::Gathering => format!("takes more signals and goes out {at}"),
        State::Held => "waits until its subscription is resumed".to_owned(),
        State::Waiting => format!("is tried {at}"),
        State::Sending => "is being tried".to_owned(),
        State::HandingOver => "is being handed over; the answer is awaited".to_owned(),
        State::Sent => match channel {
            Channel::Email => "nothing: the mail server has it",
            Channel::Stream => "nothing: it is in the feed",
            Channel::Webhook => "nothing: its receiver has it",
            Channel::Feed => "nothing: its readers find it in the feed",
        }
        .to_owned(),
        State::Bounced => "nothing, unless staff ask for another try; see whether its address may get mails".to_owned(),
        State::Uncertain if channel == Channel::Webhook => {
            "may have arrived; goes again only when it is replayed, with the same webhook-id".to_owned()
        }
        State::Uncertain => {
            "may have arrived; goes again only when staff ask for it, with the same Message-ID".to_owned()
        }
        State::Failed if channel == Channel::Webhook => "nothing, unless it is replayed".to_owned(),
        State::Failed => "nothing, unless staff ask for another try".to_owned(),
        State::Skipped => "nothing".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_says_what_is_next() {
        let at = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        for state in State::ALL {
            for channel in [Channel::Email, Channel::Stream, Channel::Webhook, Channel::Feed] {
                assert!(!next_step(*state, channel, at).is_empty(), "{state:?}");
            }
        }
        assert_eq!(next_step(State::Waiting, Channel::Webhook, at), "is tried on 2027-01-15 at 08:00:00 UTC");
    }
}
