//! What is known of a need: its last statement, and what was said about it since - or before the statement came. Events of
//! one need may come in any order and more than once; what they leave is the same. Pure.

use chrono::{DateTime, NaiveDate, Utc};
use skillwire_schemas::event::SubmissionReceived;
use skillwire_schemas::{Envelope, EventId, Need, NeedDraft, NeedId, NeedState, OrganizationId, PartnershipId};

use crate::need::{Made, Term};

/// A need as kept.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Kept {
    pub id: NeedId,
    pub partnership: PartnershipId,
    pub employer: OrganizationId,
    /// When the statement in force was made.
    pub stated_at: Option<DateTime<Utc>>,
    pub withdrawn_at: Option<DateTime<Utc>>,
    pub reopened_at: Option<DateTime<Utc>>,
    pub confirmed: Option<(DateTime<Utc>, NaiveDate)>,
    /// What it has become; `stated_at` in it is the time of the last word about it.
    pub need: Option<Need>,
    pub draft: Option<NeedDraft>,
    /// The texts it was made of, when it was made just now.
    pub terms: Option<Vec<Term>>,
    /// How it read before the last change.
    pub was: Option<Need>,
    pub traceparent: String,
    pub cause: Option<EventId>,
    /// Whether it is to be written.
    pub changed: bool,
    /// Whether the others are to hear of it.
    pub news: bool,
}

impl Kept {
    /// One of which nothing is known yet.
    pub(crate) fn new(id: NeedId, partnership: PartnershipId, employer: OrganizationId) -> Self {
        Self {
            id,
            partnership,
            employer,
            stated_at: None,
            withdrawn_at: None,
            reopened_at: None,
            confirmed: None,
            need: None,
            draft: None,
            terms: None,
            was: None,
            traceparent: String::new(),
            cause: None,
            changed: false,
            news: false,
        }
    }

    /// Whether a statement of that time would hold: of two the later one does.
    pub(crate) fn is_news(&self, stated_at: DateTime<Utc>) -> bool {
        self.stated_at.is_none_or(|known| known < stated_at)
    }

    /// Takes a statement.
    pub(crate) fn state(&mut self, made: Made, draft: NeedDraft) {
        self.stated_at = Some(made.need.stated_at);
        self.draft = Some(draft);
        self.terms = Some(made.terms);
        self.changed = true;
        self.settle(made.need);
    }

    /// Takes the statement in force as it reads with another taxonomy or after a decision.
    pub(crate) fn normalize_again(&mut self, made: Made) {
        self.settle(made.need);
        self.terms = self.news.then_some(made.terms);
        self.changed |= self.news;
    }

    /// Takes a withdrawal; whether it is a later one than known.
    pub(crate) fn withdraw(&mut self, at: DateTime<Utc>) -> bool {
        let later = self.withdrawn_at.is_none_or(|known| known < at);
        if later {
            self.withdrawn_at = Some(at);
            self.changed = true;
            self.settle_again();
        }
        later
    }

    /// Takes a confirmation; whether it is a later one than known.
    pub(crate) fn confirm(&mut self, at: DateTime<Utc>, until: NaiveDate) -> bool {
        let later = self.confirmed.is_none_or(|(known, _)| known < at);
        if later {
            self.confirmed = Some((at, until));
            self.changed = true;
            self.settle_again();
        }
        later
    }

    /// Takes that it is open again; whether it is later than known. It says, as a confirmation does, that the need holds.
    pub(crate) fn reopen(&mut self, at: DateTime<Utc>, until: NaiveDate) -> bool {
        let later = self.reopened_at.is_none_or(|known| known < at);
        if later {
            self.reopened_at = Some(at);
            self.changed = true;
            if !self.confirm(at, until) {
                self.settle_again();
            }
        }
        later
    }

    /// Notes which event brought this about.
    pub(crate) fn follow(&mut self, event: &Envelope<SubmissionReceived>) {
        self.traceparent.clone_from(&event.traceparent);
        self.cause = Some(event.id);
    }

    fn settle_again(&mut self) {
        if let Some(need) = self.need.clone() {
            self.settle(need);
        }
    }

    /// Puts together what was said. A withdrawn need stays so until it is reopened or stated anew; a confirmation does not
    /// revive it. The version (`stated_at`, `normalization`) of what is said to others only grows, so that they too keep the right one.
    fn settle(&mut self, mut need: Need) {
        let Some(stated_at) = self.stated_at else { return };
        let since = |at: &DateTime<Utc>| *at >= stated_at;
        let withdrawn_at = self.withdrawn_at.filter(since);
        let reopened_at = self.reopened_at.filter(since);
        let confirmed = self.confirmed.filter(|(at, _)| since(at));
        if let Some((_, until)) = confirmed {
            need.valid_until = until;
        }
        // Of a withdrawal and a reopening the later one holds (none is earlier than any).
        need.state = if withdrawn_at > reopened_at { NeedState::Withdrawn } else { NeedState::Active };
        let words = [withdrawn_at, reopened_at, confirmed.map(|(at, _)| at)];
        need.stated_at = words.into_iter().flatten().fold(stated_at, DateTime::max);
        need.normalization = 0;
        if let Some(known) = &self.need {
            if need.stated_at <= known.stated_at {
                need.stated_at = known.stated_at;
                need.normalization = known.normalization;
            }
            if need == *known {
                return;
            }
            if need.stated_at == known.stated_at {
                need.normalization = known.normalization.saturating_add(1);
            }
        }
        self.was = self.need.replace(need);
        self.news = true;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use skillwire_schemas::Payload;
    use skillwire_schemas::event::NeedNormalized;

    use super::*;

    #[derive(Clone, Copy, Debug)]
    enum Item {
        State,
        Withdraw,
        Confirm,
        Reopen,
    }

    fn at(second: usize) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + i64::try_from(second).unwrap(), 0).unwrap()
    }

    /// A day that tells which item set it.
    fn day(second: usize) -> NaiveDate {
        NaiveDate::from_ymd_opt(2027, 1, 1).unwrap() + chrono::Days::new(u64::try_from(second).unwrap())
    }

    fn new() -> Kept {
        let need = NeedNormalized::sample().need;
        Kept::new(need.id, PartnershipId::derived(&["p"]), need.employer)
    }

    fn made(need: Need) -> Made {
        Made { need, terms: Vec::new() }
    }

    fn apply(kept: &mut Kept, second: usize, item: Item) {
        match item {
            Item::State => {
                if kept.is_news(at(second)) {
                    let mut need = NeedNormalized::sample().need;
                    need.stated_at = at(second);
                    need.valid_until = day(second);
                    need.reference = Some(second.to_string());
                    kept.state(made(need), NeedDraft::default());
                }
            }
            Item::Withdraw => {
                kept.withdraw(at(second));
            }
            Item::Confirm => {
                kept.confirm(at(second), day(100 + second));
            }
            Item::Reopen => {
                kept.reopen(at(second), day(200 + second));
            }
        }
    }

    fn outcome(kept: &Kept) -> Option<(NeedState, NaiveDate, Option<String>, DateTime<Utc>)> {
        kept.need.as_ref().map(|n| (n.state, n.valid_until, n.reference.clone(), n.stated_at))
    }

    proptest! {
        #[test]
        fn whatever_the_order_the_outcome_is_the_same_and_versions_only_grow(
            items in proptest::collection::vec(
                prop_oneof![Just(Item::State), Just(Item::Withdraw), Just(Item::Confirm), Just(Item::Reopen)], 1..7),
            order in proptest::collection::vec(any::<u32>(), 7),
        ) {
            let mut straight = new();
            for (second, item) in items.iter().enumerate() {
                apply(&mut straight, second, *item);
            }
            let mut places: Vec<usize> = (0..items.len()).collect();
            places.sort_by_key(|place| order[*place]);
            let mut mixed = new();
            let mut said: Option<Need> = None;
            // Everything comes twice.
            for second in places.iter().chain(&places) {
                mixed.news = false;
                apply(&mut mixed, *second, items[*second]);
                let now = mixed.need.clone();
                if mixed.news {
                    let version = |n: &Need| (n.stated_at, n.normalization);
                    prop_assert!(said.as_ref().is_none_or(|s| version(s) < version(now.as_ref().unwrap())));
                    said = now;
                } else {
                    prop_assert_eq!(&said, &now, "what changes is said");
                }
            }
            prop_assert_eq!(outcome(&mixed), outcome(&straight));
        }
    }

    #[test]
    fn a_withdrawal_that_came_first_holds_and_a_later_statement_revives_the_need() {
        let mut kept = new();
        apply(&mut kept, 2, Item::Withdraw);
        assert!(kept.changed && !kept.news && kept.need.is_none());
        apply(&mut kept, 1, Item::State);
        assert_eq!(kept.need.as_ref().unwrap().state, NeedState::Withdrawn);
        apply(&mut kept, 3, Item::State);
        assert_eq!(outcome(&kept).unwrap(), (NeedState::Active, day(3), Some("3".to_owned()), at(3)));
    }

    #[test]
    fn a_withdrawn_need_is_open_again_as_it_was_stated_and_a_confirmation_alone_opens_nothing() {
        let mut kept = new();
        apply(&mut kept, 1, Item::State);
        apply(&mut kept, 2, Item::Withdraw);
        apply(&mut kept, 3, Item::Confirm);
        assert_eq!(kept.need.as_ref().unwrap().state, NeedState::Withdrawn);
        apply(&mut kept, 4, Item::Reopen);
        assert_eq!(outcome(&kept).unwrap(), (NeedState::Active, day(204), Some("1".to_owned()), at(4)));
        apply(&mut kept, 5, Item::Withdraw);
        assert_eq!(kept.need.as_ref().unwrap().state, NeedState::Withdrawn);
    }

    #[test]
    fn a_statement_that_comes_after_a_later_confirmation_is_said_as_a_new_version() {
        let mut kept = new();
        apply(&mut kept, 1, Item::State);
        apply(&mut kept, 3, Item::Confirm);
        apply(&mut kept, 2, Item::State);
        let need = kept.need.as_ref().unwrap();
        assert_eq!((need.stated_at, need.normalization, need.valid_until), (at(3), 1, day(103)));
        assert_eq!(need.reference.as_deref(), Some("2"));
    }

    #[test]
    fn reading_the_same_again_says_nothing() {
        let mut kept = new();
        apply(&mut kept, 1, Item::State);
        (kept.news, kept.changed) = (false, false);
        let mut again = kept.need.clone().unwrap();
        kept.normalize_again(made(again.clone()));
        assert!(!kept.news && !kept.changed);
        again.occupation.reason = "alias of a new taxonomy".to_owned();
        kept.normalize_again(made(again));
        assert!(kept.news && kept.changed);
        assert_eq!(kept.need.as_ref().unwrap().normalization, 1);
    }
}
