//! Sums -> cells: adding up, by region. Pure; the order makes no difference.

use std::collections::{BTreeMap, BTreeSet};

use skillwire_schemas::{CountyFips, OrganizationId, Region, RegionLevel};

/// What one employer's needs of one county and one industry say of one concept and horizon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    pub employer: OrganizationId,
    pub naics3: Option<String>,
    pub county: Option<CountyFips>,
    pub new: u64,
    pub replacement: u64,
    /// Openings whose need requires the concept; none for occupations.
    pub required: Option<u64>,
    /// Whether any of the needs states a wage.
    pub paid: bool,
    /// Texts of the needs, and those that no one concept was found for.
    pub texts: u64,
    pub unmatched: u64,
}

impl Share {
    /// New and replacement.
    pub(crate) const fn openings(&self) -> u64 {
        self.new + self.replacement
    }
}

/// How many needs of a county state which mid wage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wages {
    pub county: Option<CountyFips>,
    /// Cents an hour.
    pub cents: i64,
    pub needs: u64,
}

/// What is asked of one concept and horizon at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    pub shares: Vec<Share>,
    pub wages: Vec<Wages>,
}

/// What stands behind a region's number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cell {
    /// Openings by employer.
    pub employers: BTreeMap<OrganizationId, u64>,
    pub new: u64,
    pub replacement: u64,
    /// Openings whose need requires the concept; none for occupations.
    pub required: Option<u64>,
    /// Texts of the needs, and those that no one concept was found for.
    pub texts: u64,
    pub unmatched: u64,
    /// Employers who state a wage.
    pub paying: BTreeSet<OrganizationId>,
    /// The needs' mid wages, cents an hour, and how many needs state each.
    pub wages: BTreeMap<i64, u64>,
    /// Employers by industry.
    pub industries: BTreeMap<String, BTreeSet<OrganizationId>>,
}

impl Cell {
    /// New and replacement.
    pub(crate) const fn openings(&self) -> u64 {
        self.new + self.replacement
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.employers.is_empty()
    }

    fn add(&mut self, share: &Share) {
        *self.employers.entry(share.employer).or_default() += share.openings();
        self.new += share.new;
        self.replacement += share.replacement;
        self.texts += share.texts;
        self.unmatched += share.unmatched;
        if let Some(required) = share.required {
            *self.required.get_or_insert(0) += required;
        }
        if share.paid {
            self.paying.insert(share.employer);
        }
        if let Some(naics3) = &share.naics3 {
            self.industries.entry(naics3.clone()).or_default().insert(share.employer);
        }
    }
}

/// Whether a place is within a region. The total holds all, those without a known county too.
pub(crate) fn within(region: &Region, county: Option<CountyFips>) -> bool {
    match region.level {
        RegionLevel::Total => true,
        RegionLevel::County | RegionLevel::SubRegion => county.is_some_and(|c| region.counties.contains(&c)),
    }
}

/// The cell of each region.
pub(crate) fn fold(regions: &[Region], sums: &Sums) -> Vec<Cell> {
    regions
        .iter()
        .map(|region| {
            let mut cell = Cell::default();
            sums.shares.iter().filter(|share| within(region, share.county)).for_each(|share| cell.add(share));
            for wages in sums.wages.iter().filter(|wages| within(region, wages.county)) {
                *cell.wages.entry(wages.cents).or_default() += wages.needs;
            }
            cell
        })
        .collect()
}
