//! Cells -> figures that may be told, and all numbers for staff. Pure.

use skillwire_schemas::{Figures, Numbers, Region, Suppression, Trend};

use crate::fold::{Cell, Sums, fold};
use crate::suppress::{EMPLOYERS_MIN, suppress};

/// What is told of a region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub figures: Figures,
    /// Industries with enough employers, NAICS 3 digits.
    pub industries: Vec<String>,
    /// All numbers, those kept back too: for the partnership's staff and nobody else.
    pub staff: Option<Numbers>,
}

/// What is told of each region now, given the sums now and at the end of the period before; nothing where nobody asks.
pub(crate) fn figures(regions: &[Region], now: &Sums, before: &Sums) -> Vec<Option<Told>> {
    let (cells, earlier) = (fold(regions, now), fold(regions, before));
    let (kept, kept_before) = (suppress(regions, &cells, &now.shares), suppress(regions, &earlier, &before.shares));
    cells.iter().zip(&earlier).zip(kept.iter().zip(&kept_before)).map(|((c, e), (k, kb))| told(c, e, *k, *kb)).collect()
}

fn told(cell: &Cell, earlier: &Cell, kept: Option<Suppression>, kept_before: Option<Suppression>) -> Option<Told> {
    if cell.is_empty() {
        return None;
    }
    let before = (!earlier.is_empty()).then_some(earlier);
    let staff = Some(numbers(cell, before, 1));
    Some(match kept {
        Some(reason) => Told { figures: Figures::Suppressed { reason }, industries: Vec::new(), staff },
        None => {
            // A comparison tells the earlier number too: it must have been fit to tell.
            let then = before.filter(|_| kept_before.is_none());
            let figures = Figures::Published(numbers(cell, then, EMPLOYERS_MIN));
            Told { figures, industries: industries(cell), staff }
        }
    })
}

fn numbers(cell: &Cell, then: Option<&Cell>, paying_min: usize) -> Numbers {
    let count = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    Numbers {
        employers: count(cell.employers.len() as u64),
        openings_new: count(cell.new),
        openings_replacement: count(cell.replacement),
        median_hourly_cents: if cell.paying.len() < paying_min { None } else { median(cell) },
        required_percent: cell.required.map(|required| {
            let percent = (required * 100 + cell.openings() / 2) / cell.openings().max(1);
            u8::try_from(percent).unwrap_or(100)
        }),
        // In tens: each need shifts it a little, and a little shift is no news.
        unmatched_percent: (cell.texts > 0)
            .then(|| u8::try_from((cell.unmatched * 10 + cell.texts / 2) / cell.texts * 10).unwrap_or(100)),
        trend: then.map(|then| Trend {
            previous_openings: count(then.openings()),
            previous_employers: count(then.employers.len() as u64),
            change: signed(cell.openings()) - signed(then.openings()),
        }),
    }
}

/// The median of the needs' mid wages; of two in the middle, what lies between them.
fn median(cell: &Cell) -> Option<i64> {
    let needs: u64 = cell.wages.values().sum();
    let at = |place: u64| {
        let mut passed = 0;
        cell.wages.iter().find_map(|(cents, needs)| {
            passed += needs;
            (passed > place).then_some(*cents)
        })
    };
    let middle = needs / 2;
    if needs % 2 == 1 { at(middle) } else { Some(i64::midpoint(at(middle.checked_sub(1)?)?, at(middle)?)) }
}

fn industries(cell: &Cell) -> Vec<String> {
    cell.industries
        .iter()
        .filter(|(_, employers)| employers.len() >= EMPLOYERS_MIN)
        .map(|(naics, _)| naics.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold::{Share, Wages};
    use proptest::prelude::*;
    use skillwire_schemas::{OrganizationId, RegionLevel};

    /// A need: employer, new openings (and one replacement), wage, whether it requires the concept.
    type Said = (u8, u64, Option<i64>, bool);

    fn sums(said: &[Said]) -> Sums {
        let mut sums = Sums::default();
        for (employer, new, cents, required) in said {
            sums.shares.push(Share {
                employer: OrganizationId::derived(&[&employer.to_string()]),
                naics3: Some("332".to_owned()),
                county: None,
                new: *new,
                replacement: 1,
                required: Some(if *required { new + 1 } else { 0 }),
                paid: cents.is_some(),
                texts: 3,
                unmatched: 1,
            });
            sums.wages.extend(cents.map(|cents| Wages { county: None, cents, needs: 1 }));
        }
        sums
    }

    fn total() -> Vec<Region> {
        vec![Region { level: RegionLevel::Total, code: "total".to_owned(), name: "All".to_owned(), counties: vec![] }]
    }

    fn one(now: &[Said], before: &[Said]) -> Told {
        figures(&total(), &sums(now), &sums(before)).remove(0).unwrap()
    }

    #[test]
    fn numbers_are_added_up_and_compared() {
        let before = [(1, 1, None, true), (2, 1, None, true), (3, 1, None, true)];
        let now = [
            (1, 3, Some(2_000), true),
            (2, 4, Some(2_400), true),
            (3, 5, Some(2_200), false),
            (3, 1, Some(3_000), true),
        ];
        let told = one(&now, &before);
        let numbers = *told.figures.numbers().unwrap();
        assert_eq!((numbers.employers, numbers.openings_new, numbers.openings_replacement), (3, 13, 4));
        assert_eq!(numbers.median_hourly_cents, Some(2_300));
        assert_eq!(numbers.required_percent, Some(65));
        assert_eq!(numbers.trend, Some(Trend { previous_openings: 6, previous_employers: 3, change: 11 }));
        assert_eq!(told.industries, ["332"]);
        assert_eq!(told.staff, Some(numbers), "staff see no other numbers than those told");
    }

    #[test]
    fn what_was_not_fit_to_tell_then_is_not_compared_with() {
        let now = [(1, 3, None, true), (2, 4, None, true), (3, 5, None, true)];
        let told = one(&now, &now[..2]);
        assert_eq!(told.figures.numbers().unwrap().trend, None);
        assert_eq!(told.figures.numbers().unwrap().median_hourly_cents, None);
        assert_eq!(told.staff.unwrap().trend.unwrap().previous_openings, 9, "staff may compare");
        assert!(one(&now[..2], &now).industries.is_empty());
        assert_eq!(figures(&total(), &Sums::default(), &sums(&now)), [None]);
    }

    #[test]
    fn what_is_kept_back_is_kept_back_whole_and_staff_have_it() {
        let told = one(&[(1, 3, Some(2_100), true), (2, 4, None, false)], &[]);
        assert_eq!(told.figures, Figures::Suppressed { reason: Suppression::FewEmployers });
        let staff = told.staff.unwrap();
        assert_eq!((staff.employers, staff.openings(), staff.median_hourly_cents), (2, 9, Some(2_100)));
    }

    proptest! {
        #[test]
        fn a_median_of_counted_wages_is_the_median_of_the_wages(cents in proptest::collection::vec(900i64..960, 1..60)) {
            let mut cell = Cell::default();
            for one in &cents {
                *cell.wages.entry(*one).or_default() += 1;
            }
            let mut sorted = cents.clone();
            sorted.sort_unstable();
            let middle = sorted.len() / 2;
            let wanted =
                if sorted.len() % 2 == 1 { sorted[middle] } else { i64::midpoint(sorted[middle - 1], sorted[middle]) };
            prop_assert_eq!(median(&cell), Some(wanted));
            prop_assert_eq!(median(&Cell::default()), None);
        }
    }
}
