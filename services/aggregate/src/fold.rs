//! Facts -> cells: adding up, by region. Pure; the order of the facts makes no difference.

use std::collections::{BTreeMap, BTreeSet};

use skillwire_schemas::{CountyFips, NeedId, OrganizationId, Region, RegionLevel};

/// What one need says of one concept and horizon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fact {
    pub need: NeedId,
    pub employer: OrganizationId,
    pub naics3: Option<String>,
    pub county: Option<CountyFips>,
    pub new: u32,
    pub replacement: u32,
    pub hourly_mid_cents: Option<i64>,
    /// Required or preferred; none for occupations.
    pub required: Option<bool>,
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
    /// The needs' mid wages, cents an hour, by employer.
    pub wages: Vec<(OrganizationId, i64)>,
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

    pub(crate) fn add(&mut self, fact: &Fact) {
        let openings = u64::from(fact.new) + u64::from(fact.replacement);
        *self.employers.entry(fact.employer).or_default() += openings;
        self.new += u64::from(fact.new);
        self.replacement += u64::from(fact.replacement);
        if let Some(required) = fact.required {
            *self.required.get_or_insert(0) += if required { openings } else { 0 };
        }
        self.wages.extend(fact.hourly_mid_cents.map(|cents| (fact.employer, cents)));
        if let Some(naics3) = &fact.naics3 {
            self.industries.entry(naics3.clone()).or_default().insert(fact.employer);
        }
    }
}

/// Whether a fact is within a region. The total holds all, those without a known county too.
pub(crate) fn within(region: &Region, fact: &Fact) -> bool {
    match region.level {
        RegionLevel::Total => true,
        RegionLevel::County | RegionLevel::SubRegion => fact.county.is_some_and(|c| region.counties.contains(&c)),
    }
}

/// The cell of each region.
pub(crate) fn fold(regions: &[Region], facts: &[Fact]) -> Vec<Cell> {
    regions
        .iter()
        .map(|region| {
            let mut cell = Cell::default();
            facts.iter().filter(|fact| within(region, fact)).for_each(|fact| cell.add(fact));
            cell
        })
        .collect()
}
