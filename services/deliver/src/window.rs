//! Which period a signal belongs to, and when its mail is due. Pure.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use skillwire_schemas::{Cadence, Subscription};

/// When mails go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    pub instant_window_s: i64,
    pub daily_at_hour: u32,
}

/// A period of a subscription: its begin names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Period {
    pub start: DateTime<Utc>,
    pub due: DateTime<Utc>,
}

impl Schedule {
    /// The periods of a subscription's mails from a moment on: the one that runs, and those after it.
    pub(crate) fn periods(&self, subscription: &Subscription, now: DateTime<Utc>, count: usize) -> Vec<Period> {
        let zone = subscription.time_zone.parse().unwrap_or(chrono_tz::UTC);
        let first = self.period(subscription.cadence, zone, now);
        std::iter::successors(Some(first), |p| Some(self.next(subscription.cadence, zone, *p))).take(count).collect()
    }

    /// The period that a moment falls into.
    pub(crate) fn period(&self, cadence: Cadence, zone: Tz, at: DateTime<Utc>) -> Period {
        let day = at.with_timezone(&zone).date_naive();
        let (first, next) = match cadence {
            Cadence::Instant => {
                let window = self.instant_window_s.max(1);
                let start = at.timestamp().div_euclid(window) * window;
                let start = DateTime::from_timestamp(start, 0).unwrap_or(at);
                return Period { start, due: start + TimeDelta::seconds(window) };
            }
            Cadence::Daily => (day, day.checked_add_days(Days::new(1))),
            Cadence::Weekly => {
                let first = day - TimeDelta::days(i64::from(day.weekday().num_days_from_monday()));
                (first, first.checked_add_days(Days::new(7)))
            }
            Cadence::Monthly => {
                let first = day.with_day(1).unwrap_or(day);
                (first, first.checked_add_months(Months::new(1)))
            }
            Cadence::Quarterly => {
                let month = day.month0() / 3 * 3;
                let first = day.with_day(1).and_then(|d| d.with_month0(month)).unwrap_or(day);
                (first, first.checked_add_months(Months::new(3)))
            }
        };
        let hour = NaiveTime::from_hms_opt(self.daily_at_hour.min(23), 0, 0).unwrap_or(NaiveTime::MIN);
        Period { start: moment(zone, first, NaiveTime::MIN), due: moment(zone, next.unwrap_or(day), hour) }
    }

    /// The period after one.
    pub(crate) fn next(&self, cadence: Cadence, zone: Tz, period: Period) -> Period {
        match cadence {
            Cadence::Instant => self.period(cadence, zone, period.due),
            // The mail of a period goes on the first day of the next: its noon is in it, however long that day is.
            Cadence::Daily | Cadence::Weekly | Cadence::Monthly | Cadence::Quarterly => {
                let day = period.due.with_timezone(&zone).date_naive();
                self.period(
                    cadence,
                    zone,
                    moment(zone, day, NaiveTime::from_hms_opt(12, 0, 0).unwrap_or(NaiveTime::MIN)),
                )
            }
        }
    }
}

/// How late a mail may go before it is folded into the next, given that for a daily one: who hears once a quarter had rather have
/// it two days late than with the next.
pub(crate) fn late(cadence: Cadence, daily: TimeDelta) -> TimeDelta {
    match cadence {
        Cadence::Instant | Cadence::Daily => daily,
        Cadence::Weekly => daily * 4,
        Cadence::Monthly => daily * 12,
        Cadence::Quarterly => daily * 28,
    }
}

/// A local time as a moment: the first of two (clocks set back), the one an hour later of none (clocks set forward).
fn moment(zone: Tz, day: NaiveDate, time: NaiveTime) -> DateTime<Utc> {
    let local = day.and_time(time);
    zone.from_local_datetime(&local)
        .earliest()
        .or_else(|| zone.from_local_datetime(&(local + TimeDelta::hours(1))).earliest())
        .map_or_else(|| local.and_utc(), |at| at.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SCHEDULE: Schedule = Schedule { instant_window_s: 60, daily_at_hour: 7 };

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_is_the_subscribers_day_also_when_clocks_change() {
        let zone: Tz = "America/Chicago".parse().unwrap();
        for (moment, start, due) in [
            ("2026-11-24T13:00:00Z", "2026-11-24T06:00:00Z", "2026-11-25T13:00:00Z"),
            // 2026-03-08: clocks go forward at 2 a.m.; the day has 23 hours.
            ("2026-03-08T12:00:00Z", "2026-03-08T06:00:00Z", "2026-03-09T12:00:00Z"),
            ("2026-03-07T12:00:00Z", "2026-03-07T06:00:00Z", "2026-03-08T12:00:00Z"),
            // 2026-11-01: clocks go back at 2 a.m.; the day has 25 hours.
            ("2026-11-01T12:00:00Z", "2026-11-01T05:00:00Z", "2026-11-02T13:00:00Z"),
            ("2026-11-02T05:59:59Z", "2026-11-01T05:00:00Z", "2026-11-02T13:00:00Z"),
        ] {
            let period = SCHEDULE.period(Cadence::Daily, zone, at(moment));
            assert_eq!((period.start, period.due), (at(start), at(due)), "{moment}");
        }
    }

    #[test]
    fn the_next_period_begins_where_this_one_ends() {
        let zone: Tz = "America/Chicago".parse().unwrap();
        let mut period = SCHEDULE.period(Cadence::Daily, zone, at("2026-10-30T12:00:00Z"));
        for day in ["2026-10-31T05:00:00Z", "2026-11-01T05:00:00Z", "2026-11-02T06:00:00Z", "2026-11-03T06:00:00Z"] {
            period = SCHEDULE.next(Cadence::Daily, zone, period);
            assert_eq!(period.start, at(day));
        }
        let now = SCHEDULE.period(Cadence::Instant, zone, at("2026-11-24T13:00:30Z"));
        assert_eq!((now.start, now.due), (at("2026-11-24T13:00:00Z"), at("2026-11-24T13:01:00Z")));
        assert_eq!(SCHEDULE.next(Cadence::Instant, zone, now).start, now.due);
    }

    #[test]
    fn weeks_months_and_quarters_are_the_calendars_of_the_subscriber() {
        let zone: Tz = "America/Chicago".parse().unwrap();
        for (cadence, moment, start, due) in [
            // Wednesday; the week began on Monday and its mail goes on the next one.
            (Cadence::Weekly, "2026-11-25T12:00:00Z", "2026-11-23T06:00:00Z", "2026-11-30T13:00:00Z"),
            // Sunday night in Chicago is Monday in UTC.
            (Cadence::Weekly, "2026-11-23T05:59:59Z", "2026-11-16T06:00:00Z", "2026-11-23T13:00:00Z"),
            // The clocks go forward within it.
            (Cadence::Monthly, "2026-03-20T12:00:00Z", "2026-03-01T06:00:00Z", "2026-04-01T12:00:00Z"),
            (Cadence::Monthly, "2026-12-31T23:00:00Z", "2026-12-01T06:00:00Z", "2027-01-01T13:00:00Z"),
            // And back.
            (Cadence::Quarterly, "2026-11-25T12:00:00Z", "2026-10-01T05:00:00Z", "2027-01-01T13:00:00Z"),
            (Cadence::Quarterly, "2026-03-31T12:00:00Z", "2026-01-01T06:00:00Z", "2026-04-01T12:00:00Z"),
        ] {
            let period = SCHEDULE.period(cadence, zone, at(moment));
            assert_eq!((period.start, period.due), (at(start), at(due)), "{cadence:?} {moment}");
        }
    }

    proptest! {
        /// Whatever the zone and the moment: the moment is in its period, the next one begins where this one ends, later than
        /// it began, and the mail goes on the first day after it, never before it is over.
        #[test]
        fn periods_tile_time(seconds in 1_600_000_000i64..2_200_000_000, zone in 0..chrono_tz::TZ_VARIANTS.len(), kind in 0..5usize) {
            let zone = chrono_tz::TZ_VARIANTS[zone];
            let cadence = [Cadence::Instant, Cadence::Daily, Cadence::Weekly, Cadence::Monthly, Cadence::Quarterly][kind];
            let at = DateTime::from_timestamp(seconds, 0).unwrap();
            let period = SCHEDULE.period(cadence, zone, at);
            let next = SCHEDULE.next(cadence, zone, period);
            prop_assert!(period.start <= at && at < next.start, "{period:?} {next:?}");
            prop_assert_eq!(SCHEDULE.period(cadence, zone, next.start - TimeDelta::seconds(1)), period);
            prop_assert!(period.due >= next.start && period.due < next.due);
        }
    }
}
