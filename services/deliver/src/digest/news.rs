//! What changed since this subscriber was last told. Pure.

use std::collections::HashMap;

use chrono::{DateTime, Datelike, Utc};
use chrono_tz::Tz;
use skillwire_schemas::{Cadence, Figures, Signal, SignalId};

use super::line::{by_name, is_kept_back, openings};

/// The signals of a mail by what happened to them; each is in one place, the biggest change first.
#[derive(Debug, Default)]
pub(super) struct News<'a> {
    pub new: Vec<&'a Signal>,
    pub grew: Vec<&'a Signal>,
    pub faded: Vec<&'a Signal>,
    pub other: Vec<&'a Signal>,
    pub kept_back: Vec<&'a Signal>,
    before: HashMap<SignalId, u32>,
}

impl<'a> News<'a> {
    pub(super) fn of(signals: &'a [Signal], before: &HashMap<SignalId, Signal>) -> Self {
        let known = |s: &Signal| before.get(&s.id).filter(|b| b.figures.numbers().is_some()).map(openings);
        let mut news = Self::default();
        for signal in signals {
            let earlier = known(signal);
            if let Some(earlier) = earlier {
                news.before.insert(signal.id, earlier);
            }
            let list = match (&signal.figures, earlier) {
                _ if is_kept_back(signal) => &mut news.kept_back,
                // That it ended is news only to who knew that it was there.
                (Figures::Ended, _) => &mut news.faded,
                (_, None) => &mut news.new,
                (_, Some(earlier)) if openings(signal) > earlier => &mut news.grew,
                (_, Some(earlier)) if openings(signal) < earlier => &mut news.faded,
                (_, Some(_)) => &mut news.other,
            };
            list.push(signal);
        }
        let Self { new, grew, faded, other, kept_back, before } = &mut news;
        let change = |s: &Signal| openings(s).abs_diff(before.get(&s.id).copied().unwrap_or(0));
        for list in [new, grew, faded, other, kept_back] {
            list.sort_by(|a, b| change(b).cmp(&change(a)).then_with(|| by_name(a, b)));
        }
        news
    }

    /// How the openings of a signal changed, where both numbers are told.
    pub(super) fn change(&self, signal: &Signal) -> Option<i64> {
        signal.figures.numbers()?;
        self.before.get(&signal.id).map(|before| i64::from(openings(signal)) - i64::from(*before))
    }

    /// `2 new, 1 grew, 3 faded`; of what there is.
    pub(super) fn summary(&self) -> String {
        let counted = [
            (self.new.len(), "new"),
            (self.grew.len(), "grew"),
            (self.faded.len(), "faded"),
            (self.other.len(), "changed otherwise"),
            (self.kept_back.len(), "with numbers kept back"),
        ];
        let words: Vec<String> =
            counted.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
        words.join(", ")
    }
}

/// The period of a mail, in the subscriber's own days.
pub(super) fn period(cadence: Cadence, zone: Tz, start: DateTime<Utc>) -> String {
    let start = start.with_timezone(&zone);
    match cadence {
        Cadence::Instant => start.format("%A, %-d %B %Y, %H:%M").to_string(),
        Cadence::Daily => start.format("%A, %-d %B %Y").to_string(),
        Cadence::Weekly => start.format("Week of %-d %B %Y").to_string(),
        Cadence::Monthly => start.format("%B %Y").to_string(),
        Cadence::Quarterly => format!("Quarter {} of {}", start.month0() / 3 + 1, start.year()),
    }
}
