//! Wages. Money is in whole US cents; nothing here is a float.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a stated wage is paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WageUnit {
    /// Per hour.
    Hour,
    /// Per day of 8 hours.
    Day,
    /// Per week of 40 hours.
    Week,
    /// Per calendar month.
    Month,
    /// Per year of 2,080 hours (the Bureau of Labor Statistics' full-time year).
    Year,
}

impl WageUnit {
    /// The word used on the wire and in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// Units of this kind in a full-time year.
    #[must_use]
    pub const fn per_year(self) -> i64 {
        match self {
            Self::Hour => HOURS_PER_YEAR,
            Self::Day => 260,
            Self::Week => 52,
            Self::Month => 12,
            Self::Year => 1,
        }
    }
}

words!(WageUnit, "wage unit", [Hour, Day, Week, Month, Year]);

/// Full-time hours of a year as the Bureau of Labor Statistics counts them (OEWS: 40 x 52).
pub const HOURS_PER_YEAR: i64 = 2_080;

/// A wage as the employer said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct StatedWage {
    /// Lower end, US cents per unit.
    pub min_cents: i64,
    /// Upper end, US cents per unit; the same as the lower end when one figure was given.
    pub max_cents: i64,
    /// What it is paid for.
    pub unit: WageUnit,
}

/// A wage made comparable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct Wage {
    /// Lower end, US cents an hour.
    pub hourly_min_cents: i64,
    /// Upper end, US cents an hour.
    pub hourly_max_cents: i64,
    /// Lower end, US cents a year.
    pub annual_min_cents: i64,
    /// Upper end, US cents a year.
    pub annual_max_cents: i64,
}

impl From<StatedWage> for Wage {
    fn from(stated: StatedWage) -> Self {
        let annual = |cents: i64| cents.saturating_mul(stated.unit.per_year());
        // An hourly figure is kept to the cent; from any other unit it is the annual figure over 2,080, rounded half up.
        let hourly = |cents: i64| match stated.unit {
            WageUnit::Hour => cents,
            _ => (annual(cents) + HOURS_PER_YEAR / 2) / HOURS_PER_YEAR,
        };
        Self {
            hourly_min_cents: hourly(stated.min_cents),
            hourly_max_cents: hourly(stated.max_cents),
            annual_min_cents: annual(stated.min_cents),
            annual_max_cents: annual(stated.max_cents),
        }
    }
}

impl Wage {
    /// The middle of the range, US cents an hour: what stands for this need in a median.
    #[must_use]
    pub const fn hourly_mid_cents(&self) -> i64 {
        i64::midpoint(self.hourly_min_cents, self.hourly_max_cents)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_salary_becomes_hourly_and_an_hourly_wage_annual() {
        let salary = Wage::from(StatedWage { min_cents: 5_200_000, max_cents: 5_200_000, unit: WageUnit::Year });
        assert_eq!((salary.hourly_min_cents, salary.annual_min_cents), (2_500, 5_200_000));
        let hourly = Wage::from(StatedWage { min_cents: 1_850, max_cents: 2_150, unit: WageUnit::Hour });
        assert_eq!((hourly.annual_min_cents, hourly.hourly_mid_cents()), (3_848_000, 2_000));
    }
}
