//! What may be told. Pure.
//!
//! A cell fails by itself when fewer than three distinct employers stand behind it, or when one of them holds 80 % or more
//! of its openings. Then differences: counties lie in sub-regions and these in the total, so whoever knows a region's number
//! and the numbers told within it knows what is left over. The regions form a tree, so all that can be worked out from what
//! is told are sums of such remainders; each remainder must therefore be nothing, or pass the same two rules itself. While
//! one does not, the smallest number told next to it is kept back as well, and when there is none, the wider one is.
//!
//! Source: the partnership's rules in the domain page (3 employers, 80 %); complementary suppression as in statistical
//! disclosure control (e.g. the Federal Committee on Statistical Methodology's working paper 22).

use std::collections::BTreeMap;

use skillwire_schemas::{OrganizationId, Region, RegionLevel, Suppression};

use crate::fold::{Cell, Share, within};

/// Fewest distinct employers behind a number that is told.
pub(crate) const EMPLOYERS_MIN: usize = 3;
/// From this share on one employer dominates a cell, percent of openings.
pub(crate) const DOMINANCE_PERCENT: u64 = 80;

/// Whether openings by employer may be told as one number.
pub(crate) fn primary(employers: &BTreeMap<OrganizationId, u64>) -> Option<Suppression> {
    if employers.len() < EMPLOYERS_MIN {
        return Some(Suppression::FewEmployers);
    }
    let total: u64 = employers.values().sum();
    let top = employers.values().max().copied().unwrap_or_default();
    (top * 100 >= total * DOMINANCE_PERCENT).then_some(Suppression::Dominated)
}

/// Why each cell is kept back; none: it is told. Empty cells are neither told nor kept back.
pub(crate) fn suppress(regions: &[Region], cells: &[Cell], shares: &[Share]) -> Vec<Option<Suppression>> {
    let mut kept: Vec<Option<Suppression>> =
        cells.iter().map(|cell| if cell.is_empty() { None } else { primary(&cell.employers) }).collect();
    let told = |kept: &[Option<Suppression>], at: usize| !cells[at].is_empty() && kept[at].is_none();
    loop {
        let unsafe_one = (0..regions.len()).filter(|at| told(&kept, *at)).find_map(|at| {
            let inside = told_inside(regions, at, |other| told(&kept, other));
            let rest = remainder(regions, at, &inside, shares);
            (!rest.is_empty() && primary(&rest).is_some()).then_some((at, inside))
        });
        let Some((at, inside)) = unsafe_one else { return kept };
        // The smallest number told inside goes into the remainder; ties by place in the list, so that it is always the same.
        let smallest = inside.into_iter().min_by_key(|inner| (cells[*inner].openings(), *inner));
        kept[smallest.unwrap_or(at)] = Some(Suppression::Complementary);
    }
}

/// The widest told regions inside a region.
fn told_inside(regions: &[Region], at: usize, told: impl Fn(usize) -> bool) -> Vec<usize> {
    let inside: Vec<usize> = (0..regions.len())
        .filter(|other| *other != at && lies_in(&regions[*other], &regions[at]) && told(*other))
        .collect();
    inside
        .iter()
        .copied()
        .filter(|one| !inside.iter().any(|other| other != one && lies_in(&regions[*one], &regions[*other])))
        .collect()
}

fn lies_in(inner: &Region, outer: &Region) -> bool {
    inner.level < outer.level
        && (outer.level == RegionLevel::Total || inner.counties.iter().all(|c| outer.counties.contains(c)))
}

/// Openings by employer of what is in a region and in none of the regions inside.
fn remainder(regions: &[Region], at: usize, inside: &[usize], shares: &[Share]) -> BTreeMap<OrganizationId, u64> {
    let mut rest = BTreeMap::new();
    for share in shares.iter().filter(|share| within(&regions[at], share.county)) {
        if !inside.iter().any(|inner| within(&regions[*inner], share.county)) {
            *rest.entry(share.employer).or_default() += share.openings();
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold::{Sums, fold};
    use proptest::collection::vec;
    use proptest::prelude::*;
    use skillwire_schemas::partnership::{Partnership, PartnershipCounty};
    use skillwire_schemas::{CountyFips, PartnershipId};

    const COUNTIES: [&str; 6] = ["29095", "29047", "29165", "20091", "20209", "20103"];

    fn partnership(sub_regions: bool) -> Partnership {
        let county = |(at, fips): (usize, &&str)| PartnershipCounty {
            county: CountyFips::parse(fips).unwrap(),
            // The last county is in no sub-region.
            sub_region: (sub_regions && at < 5)
                .then(|| if at < 3 { "Missouri side" } else { "Kansas side" }.to_owned()),
        };
        Partnership {
            id: PartnershipId::derived(&["p"]),
            name: "Metro".to_owned(),
            naics_prefixes: vec![],
            counties: COUNTIES.iter().enumerate().map(county).collect(),
            time_zone: "America/Chicago".to_owned(),
        }
    }

    fn share((employer, county, openings): (u8, usize, u32)) -> Share {
        Share {
            employer: OrganizationId::derived(&[&employer.to_string()]),
            naics3: None,
            county: COUNTIES.get(county).map(|c| CountyFips::parse(c).unwrap()),
            new: u64::from(openings),
            replacement: 0,
            required: None,
            paid: false,
            texts: 0,
            unmatched: 0,
        }
    }

    fn run(
        partnership: &Partnership,
        said: &[(u8, usize, u32)],
    ) -> (Vec<Region>, Vec<Cell>, Vec<Share>, Vec<Option<Suppression>>) {
        let sums = Sums { shares: said.iter().map(|one| share(*one)).collect(), wages: vec![] };
        let regions = partnership.regions();
        let cells = fold(&regions, &sums);
        let kept = suppress(&regions, &cells, &sums.shares);
        (regions, cells, sums.shares, kept)
    }

    /// The attacker: knows which cells are told, their openings, and which places are in which region. Places are the six
    /// counties and "elsewhere". Solves for every set of places whose sum follows from what is told: for a laminar family
    /// these are spanned by the rows after Gaussian elimination; here all 0/1 combinations are tried against the row space.
    fn follows(rows: &[Vec<i64>], wanted: &[i64]) -> bool {
        let mut matrix: Vec<Vec<f64>> = rows.iter().map(|r| r.iter().map(|v| *v as f64).collect()).collect();
        let mut goal: Vec<f64> = wanted.iter().map(|v| *v as f64).collect();
        let columns = wanted.len();
        let mut used = 0;
        for column in 0..columns {
            let Some(pivot) = (used..matrix.len()).find(|r| matrix[*r][column].abs() > 1e-9) else { continue };
            matrix.swap(used, pivot);
            let lead = matrix[used][column];
            matrix[used].iter_mut().for_each(|v| *v /= lead);
            let row = matrix[used].clone();
            for (at, other) in matrix.iter_mut().enumerate() {
                if at != used && other[column].abs() > 1e-9 {
                    let factor = other[column];
                    other.iter_mut().zip(&row).for_each(|(v, r)| *v -= factor * r);
                }
            }
            let factor = goal[column];
            goal.iter_mut().zip(&row).for_each(|(v, r)| *v -= factor * r);
            used += 1;
        }
        goal.iter().all(|v| v.abs() < 1e-6)
    }

    /// A set of places that the attacker can work out although it fails the rules.
    fn broken(regions: &[Region], cells: &[Cell], shares: &[Share], kept: &[Option<Suppression>]) -> Option<String> {
        let places = COUNTIES.len() + 1;
        let of = |region: &Region| -> Vec<i64> {
            (0..places).map(|at| i64::from(within(region, share((0, at, 1)).county))).collect()
        };
        let mut rows: Vec<Vec<i64>> = regions
            .iter()
            .enumerate()
            .filter(|(at, _)| !cells[*at].is_empty() && kept[*at].is_none())
            .map(|(_, r)| of(r))
            .collect();
        // A place where nobody asks is known to be nothing.
        for at in 0..places {
            if !shares.iter().any(|s| within_place(s, at)) {
                rows.push((0..places).map(|other| i64::from(other == at)).collect());
            }
        }
        for set in 1u32..(1 << places) {
            let wanted: Vec<i64> = (0..places).map(|at| i64::from(set >> at & 1)).collect();
            let mut employers: BTreeMap<OrganizationId, u64> = BTreeMap::new();
            for one in shares.iter().filter(|s| (0..places).any(|at| wanted[at] == 1 && within_place(s, at))) {
                *employers.entry(one.employer).or_default() += one.new;
            }
            if !employers.is_empty() && primary(&employers).is_some() && follows(&rows, &wanted) {
                return Some(format!("{wanted:?}"));
            }
        }
        None
    }

    fn within_place(share: &Share, at: usize) -> bool {
        match (COUNTIES.get(at), share.county) {
            (Some(place), Some(county)) => county.to_string() == *place,
            (None, None) => true,
            _ => false,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        #[test]
        fn an_attacker_learns_nothing_that_fails_the_rules(
            said in vec((0u8..9, 0usize..7, 1u32..30), 1..40),
            sub_regions in any::<bool>(),
        ) {
            let (regions, cells, shares, kept) = run(&partnership(sub_regions), &said);
            prop_assert_eq!(broken(&regions, &cells, &shares, &kept), None);
        }

        #[test]
        fn the_order_of_needs_makes_no_difference(
            said in vec((0u8..6, 0usize..7, 1u32..30), 1..25),
            seed in any::<u64>(),
        ) {
            let mut other = said.clone();
            other.rotate_left(usize::try_from(seed % said.len() as u64).unwrap());
            other.reverse();
            let seen = |said: &[(u8, usize, u32)]| {
                let (_, cells, _, kept) = run(&partnership(true), said);
                cells.into_iter().map(|c| (c.employers, c.new)).zip(kept).collect::<Vec<_>>()
            };
            prop_assert_eq!(seen(&said), seen(&other));
        }
    }

    #[test]
    fn without_complementary_suppression_the_attacker_wins() {
        // Jackson County: three employers, told. Clay County: one employer, kept back. The total would give it away.
        let said = [(1, 0, 5), (2, 0, 5), (3, 0, 5), (4, 1, 7)];
        let (regions, cells, shares, kept) = run(&partnership(false), &said);
        let primary_only: Vec<Option<Suppression>> =
            cells.iter().map(|cell| if cell.is_empty() { None } else { primary(&cell.employers) }).collect();
        assert!(broken(&regions, &cells, &shares, &primary_only).is_some(), "the attacker must be able to win");
        assert_eq!(broken(&regions, &cells, &shares, &kept), None);
        assert_eq!(kept[0], Some(Suppression::Complementary));
        assert_eq!(kept.last(), Some(&None));
    }

    #[test]
    fn three_employers_and_no_giant() {
        let of = |openings: &[u64]| -> BTreeMap<OrganizationId, u64> {
            openings.iter().enumerate().map(|(at, o)| (OrganizationId::derived(&[&at.to_string()]), *o)).collect()
        };
        assert_eq!(primary(&of(&[5, 5])), Some(Suppression::FewEmployers));
        assert_eq!(primary(&of(&[80, 10, 10])), Some(Suppression::Dominated));
        assert_eq!(primary(&of(&[79, 11, 10])), None);
    }
}
