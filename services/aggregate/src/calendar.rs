//! Which days the sums hold for: today, and the end of the month before, in the partnership's zone. Pure.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use skillwire_schemas::partnership::Partnership;

/// The days of a partnership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Calendar {
    /// A need counts now when it holds on this day.
    pub today: NaiveDate,
    /// Only what was stated before this moment counts at the end of the month before.
    pub before_at: DateTime<Utc>,
    /// The last day of the month before.
    pub before_day: NaiveDate,
}

impl Calendar {
    /// At a moment.
    pub(crate) fn at(partnership: &Partnership, now: DateTime<Utc>) -> Self {
        let zone: Tz = partnership.time_zone.parse().unwrap_or(chrono_tz::UTC);
        let today = now.with_timezone(&zone).date_naive();
        let first = today.with_day(1).unwrap_or(today);
        let midnight = first.and_time(NaiveTime::MIN);
        // A zone whose clocks skip midnight on that day begins it later.
        let before_at = zone
            .from_local_datetime(&midnight)
            .earliest()
            .or_else(|| zone.from_local_datetime(&(midnight + TimeDelta::hours(1))).earliest())
            .map_or_else(|| midnight.and_utc(), |at| at.with_timezone(&Utc));
        Self { today, before_at, before_day: first.pred_opt().unwrap_or(first) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use skillwire_schemas::PartnershipId;

    #[test]
    fn a_month_begins_at_midnight_where_the_partnership_is() {
        let at = |zone: &str, now: &str| {
            let partnership = Partnership {
                id: PartnershipId::derived(&["p"]),
                name: "P".to_owned(),
                naics_prefixes: vec![],
                counties: vec![],
                time_zone: zone.to_owned(),
            };
            let found = Calendar::at(&partnership, now.parse().unwrap());
            (found.today.to_string(), found.before_at.to_rfc3339(), found.before_day.to_string())
        };
        let wanted = |today: &str, at: &str, day: &str| (today.to_owned(), at.to_owned(), day.to_owned());
        assert_eq!(
            at("America/Chicago", "2026-12-01T05:59:59Z"),
            wanted("2026-11-30", "2026-11-01T05:00:00+00:00", "2026-10-31")
        );
        assert_eq!(
            at("America/Chicago", "2026-12-01T06:00:00Z"),
            wanted("2026-12-01", "2026-12-01T06:00:00+00:00", "2026-11-30")
        );
        assert_eq!(at("UTC", "2026-01-01T00:00:00Z"), wanted("2026-01-01", "2026-01-01T00:00:00+00:00", "2025-12-31"));
    }
}
