//! Cells -> figures that may be told. Pure.

use skillwire_schemas::{Figures, Numbers, Region, Trend};

use crate::fold::{Cell, Fact, fold};
use crate::suppress::{EMPLOYERS_MIN, suppress};

/// What is told of a region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub figures: Figures,
    /// Industries with enough employers, NAICS 3 digits.
    pub industries: Vec<String>,
}

/// What is told of each region now, given the facts now and at the end of the period before; nothing where nobody asks.
pub(crate) fn figures(regions: &[Region], now: &[Fact], before: &[Fact]) -> Vec<Option<Told>> {
    let (cells, earlier) = (fold(regions, now), fold(regions, before));
    let (kept, kept_before) = (suppress(regions, &cells, now), suppress(regions, &earlier, before));
    cells
        .iter()
        .enumerate()
        .map(|(at, cell)| {
            if cell.is_empty() {
                return None;
            }
            if let Some(reason) = kept[at] {
                return Some(Told { figures: Figures::Suppressed { reason }, industries: Vec::new() });
            }
            // A comparison tells the earlier number too: it must have been fit to tell.
            let then = (!earlier[at].is_empty() && kept_before[at].is_none()).then(|| &earlier[at]);
            Some(Told { figures: Figures::Published(numbers(cell, then)), industries: industries(cell) })
        })
        .collect()
}

fn numbers(cell: &Cell, then: Option<&Cell>) -> Numbers {
    let count = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    Numbers {
        employers: count(cell.employers.len() as u64),
        openings_new: count(cell.new),
        openings_replacement: count(cell.replacement),
        median_hourly_cents: median(cell),
        required_percent: cell.required.map(|required| {
            let percent = (required * 100 + cell.openings() / 2) / cell.openings().max(1);
            u8::try_from(percent).unwrap_or(100)
        }),
        trend: then.map(|then| Trend {
            previous_openings: count(then.openings()),
            previous_employers: count(then.employers.len() as u64),
            change: signed(cell.openings()) - signed(then.openings()),
        }),
    }
}

/// The median of the needs' mid wages; only when enough employers stated one.
fn median(cell: &Cell) -> Option<i64> {
    let mut stating: Vec<_> = cell.wages.iter().map(|(employer, _)| *employer).collect();
    stating.sort_unstable();
    stating.dedup();
    if stating.len() < EMPLOYERS_MIN {
        return None;
    }
    let mut cents: Vec<i64> = cell.wages.iter().map(|(_, cents)| *cents).collect();
    cents.sort_unstable();
    let middle = cents.len() / 2;
    if cents.len() % 2 == 1 {
        cents.get(middle).copied()
    } else {
        Some(i64::midpoint(cents[middle - 1], cents[middle]))
    }
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
    use skillwire_schemas::{NeedId, OrganizationId, RegionLevel};

    fn fact(employer: u8, new: u32, cents: Option<i64>, required: bool) -> Fact {
        Fact {
            need: NeedId::derived(&[&format!("{employer}{new}")]),
            employer: OrganizationId::derived(&[&employer.to_string()]),
            naics3: Some("332".to_owned()),
            county: None,
            new,
            replacement: 1,
            hourly_mid_cents: cents,
            required: Some(required),
        }
    }

    fn total() -> Vec<Region> {
        vec![Region { level: RegionLevel::Total, code: "total".to_owned(), name: "All".to_owned(), counties: vec![] }]
    }

    #[test]
    fn numbers_are_added_up_and_compared() {
        let before = [fact(1, 1, None, true), fact(2, 1, None, true), fact(3, 1, None, true)];
        let now = [
            fact(1, 3, Some(2_000), true),
            fact(2, 4, Some(2_400), true),
            fact(3, 5, Some(2_200), false),
            fact(3, 1, Some(3_000), true),
        ];
        let told = figures(&total(), &now, &before).remove(0).unwrap();
        let numbers = *told.figures.numbers().unwrap();
        assert_eq!((numbers.employers, numbers.openings_new, numbers.openings_replacement), (3, 13, 4));
        assert_eq!(numbers.median_hourly_cents, Some(2_300));
        assert_eq!(numbers.required_percent, Some(65));
        assert_eq!(numbers.trend, Some(Trend { previous_openings: 6, previous_employers: 3, change: 11 }));
        assert_eq!(told.industries, ["332"]);
    }

    #[test]
    fn what_was_not_fit_to_tell_then_is_not_compared_with() {
        let now = [fact(1, 3, None, true), fact(2, 4, None, true), fact(3, 5, None, true)];
        let told = figures(&total(), &now, &now[..2]).remove(0).unwrap();
        assert_eq!(told.figures.numbers().unwrap().trend, None);
        assert_eq!(told.figures.numbers().unwrap().median_hourly_cents, None);
        assert!(figures(&total(), &now[..2], &now).remove(0).unwrap().industries.is_empty());
        assert_eq!(figures(&total(), &[], &now), [None]);
    }
}
