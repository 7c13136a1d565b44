//! The life of a delivery. Every change of state there is stands in one table; the SQL asks it.
//!
//! ```text
//! gathering -> due -> sending -> handing_over -> sent
//!                 ^      |            |-> uncertain -> sending (once more, same Message-ID)
//!                 +------+------------+-> failed
//! ```
//! A mail is handed over only after `handing_over` is committed, so that a mail that may have gone is never taken for one
//! that did not: whoever finds `sending` with a lease that ran out may try again, whoever finds `handing_over` must call it
//! `uncertain`.

/// Where a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Takes signals until it is due.
    Gathering,
    /// Waits for its turn.
    Due,
    /// Somebody tries, under a lease; nothing of the content has left the house.
    Sending,
    /// The content is going out, or has gone and the answer is awaited.
    HandingOver,
    /// The other side said yes.
    Sent,
    /// The other side may have it: the answer was lost.
    Uncertain,
    /// The other side said no for good, or the tries are used up.
    Failed,
    /// Not sent, with the reason.
    Skipped,
}

/// What happens to a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// The gathering is over: by the clock or by staff.
    Close,
    /// Missed by too much: its signals join the next.
    Fold,
    /// Somebody takes it to try.
    Claim,
    /// Given back untried.
    Release,
    /// There is nobody to send to.
    Skip,
    /// The content goes out now.
    HandOver,
    /// The mail server said yes.
    Accepted,
    /// JetStream said yes.
    Published,
    /// A no that may pass: another try later.
    Deferred,
    /// A no that will not pass, or the last of the tries.
    Refused,
    /// The answer to the content was lost.
    AnswerLost,
    /// The one who tried is gone.
    LeaseOver,
    /// Staff ask for another try.
    TryAgain,
    /// The feed was lost: everything goes into it again.
    Replay,
}

/// Every change there is.
const TABLE: &[(Event, State, State)] = {
    use Event as E;
    use State as S;
    &[
        (E::Close, S::Gathering, S::Due),
        (E::Fold, S::Gathering, S::Skipped),
        (E::Claim, S::Due, S::Sending),
        (E::Claim, S::Uncertain, S::Sending),
        (E::Release, S::Sending, S::Due),
        (E::Skip, S::Sending, S::Skipped),
        (E::HandOver, S::Sending, S::HandingOver),
        (E::Accepted, S::HandingOver, S::Sent),
        // A yes that could be written only after the lease ran out; the same attempt, so it is that mail's yes.
        (E::Accepted, S::Uncertain, S::Sent),
        (E::Published, S::Sending, S::Sent),
        (E::Published, S::Due, S::Sent),
        (E::Deferred, S::Sending, S::Due),
        (E::Deferred, S::HandingOver, S::Due),
        (E::Deferred, S::Uncertain, S::Due),
        (E::Refused, S::Sending, S::Failed),
        (E::Refused, S::HandingOver, S::Failed),
        (E::Refused, S::Uncertain, S::Failed),
        (E::AnswerLost, S::HandingOver, S::Uncertain),
        (E::AnswerLost, S::Uncertain, S::Uncertain),
        (E::LeaseOver, S::Sending, S::Due),
        (E::LeaseOver, S::HandingOver, S::Uncertain),
        (E::TryAgain, S::Failed, S::Due),
        (E::TryAgain, S::Uncertain, S::Due),
        (E::Replay, S::Sent, S::Due),
    ]
};

impl State {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Gathering,
        Self::Due,
        Self::Sending,
        Self::HandingOver,
        Self::Sent,
        Self::Uncertain,
        Self::Failed,
        Self::Skipped,
    ];

    /// The word used in the database, in addresses and on pages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gathering => "gathering",
            Self::Due => "due",
            Self::Sending => "sending",
            Self::HandingOver => "handing_over",
            Self::Sent => "sent",
            Self::Uncertain => "uncertain",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }

    /// What it becomes; `None` when that cannot happen to it.
    #[must_use]
    pub fn after(self, event: Event) -> Option<Self> {
        TABLE.iter().find(|(e, from, _)| *e == event && *from == self).map(|(_, _, to)| *to)
    }
}

impl std::str::FromStr for State {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|state| state.as_str()).collect();
            format!("'{text}' is no state of a delivery; one of {}", known.join(", "))
        })
    }
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Event {
    /// From where it leads to `to`, as words for SQL.
    #[must_use]
    pub fn sources(self, to: State) -> Vec<&'static str> {
        TABLE.iter().filter(|(e, _, t)| *e == self && *t == to).map(|(_, from, _)| from.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn an_event_has_one_outcome_and_every_state_can_be_reached_and_left() {
        let mut seen = BTreeSet::new();
        for (event, from, _) in TABLE {
            assert!(seen.insert((event, from)), "{event:?} from {from:?} stands twice");
        }
        for state in State::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
            let moves_on = TABLE.iter().any(|(_, from, _)| *from == state);
            assert!(moves_on || state == State::Skipped, "{state} is a trap");
        }
        assert_eq!(State::Sent.after(Event::Claim), None);
        assert_eq!(State::Skipped.after(Event::TryAgain), None);
    }

    /// What may happen in the world: two copies, each of which may die at any moment, and a mail server.
    #[derive(Clone, Copy, Debug)]
    enum Step {
        Close,
        Claim(usize),
        HandOver(usize),
        /// The server takes the content; whether the answer comes back is another matter.
        ServerTakes(usize),
        Answer(usize),
        AnswerLost(usize),
        No(usize),
        Deferral(usize),
        Die(usize),
        LeaseOver,
    }

    fn steps() -> impl Strategy<Value = Step> {
        let copy = 0usize..2;
        prop_oneof![
            Just(Step::Close),
            copy.clone().prop_map(Step::Claim),
            copy.clone().prop_map(Step::HandOver),
            copy.clone().prop_map(Step::ServerTakes),
            copy.clone().prop_map(Step::Answer),
            copy.clone().prop_map(Step::AnswerLost),
            copy.clone().prop_map(Step::No),
            copy.clone().prop_map(Step::Deferral),
            copy.prop_map(Step::Die),
            Just(Step::LeaseOver),
        ]
    }

    /// The row, and what each copy believes. A copy's word counts only while the row's attempt is its own.
    #[derive(Debug)]
    struct World {
        state: State,
        attempt: u32,
        uncertain: u32,
        taken: u32,
        copies: [Option<Copy>; 2],
    }

    #[derive(Clone, Copy, Debug)]
    struct Copy {
        attempt: u32,
        handed_over: bool,
        taken: bool,
    }

    impl World {
        fn apply(&mut self, event: Event) -> bool {
            let Some(to) = self.state.after(event) else { return false };
            if to == State::Uncertain && self.state != State::Uncertain {
                self.uncertain += 1;
            }
            self.state = to;
            true
        }

        fn step(&mut self, step: Step) {
            match step {
                Step::Close => _ = self.apply(Event::Close),
                Step::Claim(i) if self.copies[i].is_none() && self.apply(Event::Claim) => {
                    self.attempt += 1;
                    self.copies[i] = Some(Copy { attempt: self.attempt, handed_over: false, taken: false });
                }
                Step::HandOver(i) => {
                    // Only whoever still holds the attempt may hand over: that is the fence.
                    if self.copies[i].is_some_and(|c| c.attempt == self.attempt) && self.apply(Event::HandOver) {
                        self.copies[i].as_mut().unwrap().handed_over = true;
                    }
                }
                Step::ServerTakes(i) => {
                    if let Some(copy) = self.copies[i].as_mut().filter(|c| c.handed_over && !c.taken) {
                        copy.taken = true;
                        self.taken += 1;
                    }
                }
                Step::Answer(i) => self.says(i, true, Event::Accepted),
                Step::No(i) => self.says(i, false, Event::Refused),
                Step::Deferral(i) => self.says(i, false, Event::Deferred),
                Step::AnswerLost(i) => {
                    if self.copies[i].is_some_and(|c| c.handed_over) {
                        let copy = self.copies[i].take().unwrap();
                        if copy.attempt == self.attempt {
                            self.apply(Event::AnswerLost);
                        }
                    }
                }
                Step::Die(i) => self.copies[i] = None,
                Step::LeaseOver => _ = self.apply(Event::LeaseOver),
                Step::Claim(_) => {}
            }
        }

        fn says(&mut self, i: usize, taken: bool, event: Event) {
            if self.copies[i].is_some_and(|c| c.taken == taken && (!taken || c.handed_over)) {
                let copy = self.copies[i].take().unwrap();
                if copy.attempt == self.attempt {
                    self.apply(event);
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn never_taken_twice_unless_uncertain_was_recorded_and_never_lost(script in prop::collection::vec(steps(), 0..60)) {
            let mut world = World { state: State::Gathering, attempt: 0, uncertain: 0, taken: 0, copies: [None; 2] };
            for step in script {
                world.step(step);
                let open = u32::from(world.state == State::HandingOver);
                prop_assert!(world.taken <= world.uncertain + open + u32::from(world.state == State::Sent), "{world:?}");
                prop_assert!(world.state != State::Sent || world.taken >= 1, "sent without a yes: {world:?}");
            }
            // Whatever happened: a copy that now works undisturbed brings it to its end.
            world.copies = [None; 2];
            for step in [Step::LeaseOver, Step::Close, Step::Claim(0), Step::HandOver(0), Step::ServerTakes(0), Step::Answer(0)] {
                world.step(step);
            }
            prop_assert!(matches!(world.state, State::Sent | State::Failed), "lost in {}", world.state);
        }
    }
}
