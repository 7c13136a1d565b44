//! Whether a subscription that wants a signal has news of it: compared with what it was told last.

use skillwire_schemas::{Figures, Signal};

/// What a subscription was told of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// Which revision.
    pub revision: u32,
    /// Openings then; none when the numbers were kept back or had ended.
    pub openings: Option<u32>,
}

impl Told {
    /// What telling this signal would leave behind.
    pub(crate) fn of(signal: &Signal) -> Self {
        Self { revision: signal.revision, openings: signal.figures.numbers().map(|n| n.openings()) }
    }
}

/// Whether the signal is news, by what was told before.
pub(crate) fn is_news(before: Option<Told>, signal: &Signal, min_change_percent: u32) -> bool {
    let Some(before) = before else {
        // Never told: only numbers are a beginning.
        return matches!(signal.figures, Figures::Published(_));
    };
    if before.revision >= signal.revision {
        return false;
    }
    match (before.openings, &signal.figures) {
        // Numbers that were told no longer hold.
        (Some(_), Figures::Suppressed { .. } | Figures::Ended) => true,
        (None, Figures::Suppressed { .. } | Figures::Ended) => false,
        (None, Figures::Published(_)) => true,
        (Some(was), Figures::Published(numbers)) => {
            let change = u64::from(was.abs_diff(numbers.openings()));
            change * 100 >= u64::from(min_change_percent) * u64::from(was)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::tests::signal;
    use skillwire_schemas::{Numbers, Suppression};

    fn at(revision: u32, openings: Option<u32>) -> Signal {
        let mut signal = signal();
        signal.revision = revision;
        signal.figures = match openings {
            Some(openings_new) => Figures::Published(Numbers {
                employers: 5,
                openings_new,
                openings_replacement: 0,
                median_hourly_cents: None,
                required_percent: None,
                unmatched_percent: None,
                trend: None,
            }),
            None => Figures::Suppressed { reason: Suppression::FewEmployers },
        };
        signal
    }

    #[test]
    fn what_is_kept_back_is_told_only_to_those_who_knew_numbers() {
        assert!(!is_news(None, &at(1, None), 0));
        assert!(is_news(Some(Told { revision: 1, openings: Some(9) }), &at(2, None), 0));
        assert!(!is_news(Some(Told { revision: 1, openings: None }), &at(2, None), 0));
        assert!(is_news(Some(Told { revision: 1, openings: None }), &at(2, Some(9)), 50));
    }

    #[test]
    fn an_older_or_equal_revision_is_no_news() {
        assert!(!is_news(Some(Told { revision: 2, openings: Some(9) }), &at(2, Some(90)), 0));
        assert!(is_news(Some(Told { revision: 2, openings: Some(9) }), &at(3, Some(9)), 0));
    }

    #[test]
    fn a_minimum_change_is_measured_from_what_was_told() {
        let before = Some(Told { revision: 1, openings: Some(10) });
        assert!(!is_news(before, &at(2, Some(11)), 20));
        assert!(is_news(before, &at(2, Some(12)), 20));
        assert!(is_news(before, &at(2, Some(8)), 20));
    }
}
