//! Which period a request belongs to, and when that period's mail is due.
//!
//! Instant: a window that opens with the first request. Daily: the subscriber's own day, mailed the next morning. The
//! period's start is the key of the delivery: one mail for each.

use chrono::{DateTime, Days, Duration, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use skillwire_schemas::Cadence;

/// A local time that does not exist is replaced by the first that does, looked for in steps of this many minutes ...
const GAP_STEP_MINUTES: i64 = 30;
/// ... and no further than this many (a whole day: Samoa left out 30 December 2011).
const GAP_STEPS_MAX: i64 = 48;

/// The settings that the decisions need.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// How long an instant window gathers.
    pub instant_window: Duration,
    /// The hour, local, at which a day's digest is due the next day.
    pub daily_at_hour: u32,
    /// A daily digest that is later than this is folded into the next.
    pub late_max: Duration,
}

/// A period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// Its start: the key.
    pub start: DateTime<Utc>,
    /// When its mail is due.
    pub due: DateTime<Utc>,
}

/// The zone of that IANA name; UTC for a name that is none (`route` has checked it, and a mail an hour off is better than
/// none).
#[must_use]
pub fn zone(name: &str) -> Tz {
    name.parse().unwrap_or(Tz::UTC)
}

/// The period that a request made `now` belongs to, when no mail is being gathered yet.
#[must_use]
pub fn period(cadence: Cadence, zone: Tz, now: DateTime<Utc>, rules: &Rules) -> Period {
    match cadence {
        Cadence::Instant => Period { start: now, due: now + rules.instant_window },
        Cadence::Daily => {
            let day = now.with_timezone(&zone).date_naive();
            let next = day.checked_add_days(Days::new(1)).unwrap_or(day);
            let at = NaiveTime::from_hms_opt(rules.daily_at_hour, 0, 0).unwrap_or(NaiveTime::MIN);
            Period { start: instant(zone, day, NaiveTime::MIN), due: instant(zone, next, at) }
        }
    }
}

/// Where the next period begins when the delivery of the computed one was sent before its time (by staff, or because the
/// clock stands still): at the moment that delivery was closed, so that no key is used twice. `latest` is the newest
/// delivery's start and closing.
#[must_use]
pub fn start_after(computed: DateTime<Utc>, latest: Option<(DateTime<Utc>, Option<DateTime<Utc>>)>) -> DateTime<Utc> {
    match latest {
        Some((start, closed)) if start >= computed => {
            closed.unwrap_or(start).max(start + Duration::microseconds(1)).max(computed)
        }
        _ => computed,
    }
}

/// Whether a mail that was due then must not go any more: it joins the next. An instant window is never folded, it is late
/// already and every minute makes it worse.
#[must_use]
pub fn is_missed(cadence: Cadence, due: DateTime<Utc>, now: DateTime<Utc>, rules: &Rules) -> bool {
    cadence == Cadence::Daily && now - due > rules.late_max
}

/// The instant of a local time. Of a time that comes twice (clocks set back) the first; for one that does not come (clocks
/// set forward) the first that does.
fn instant(zone: Tz, day: NaiveDate, time: NaiveTime) -> DateTime<Utc> {
    let wanted = NaiveDateTime::new(day, time);
    (0..=GAP_STEPS_MAX)
        .filter_map(|step| wanted.checked_add_signed(Duration::minutes(step * GAP_STEP_MINUTES)))
        .find_map(|local| zone.from_local_datetime(&local).earliest())
        .map_or_else(|| wanted.and_utc(), |found| found.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CHICAGO: Tz = Tz::America__Chicago;

    fn rules() -> Rules {
        Rules { instant_window: Duration::seconds(60), daily_at_hour: 7, late_max: Duration::hours(4) }
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_is_the_subscribers_day() {
        // 03:30 UTC is still the evening before in Chicago.
        let found = period(Cadence::Daily, CHICAGO, at("2026-06-10T03:30:00Z"), &rules());
        assert_eq!(found, Period { start: at("2026-06-09T05:00:00Z"), due: at("2026-06-10T12:00:00Z") });
    }

    #[test]
    fn the_day_that_clocks_are_set_forward_has_23_hours_and_its_mail_still_comes_at_seven() {
        let before = period(Cadence::Daily, CHICAGO, at("2026-03-07T18:00:00Z"), &rules());
        let on = period(Cadence::Daily, CHICAGO, at("2026-03-08T18:00:00Z"), &rules());
        let after = period(Cadence::Daily, CHICAGO, at("2026-03-09T18:00:00Z"), &rules());
        assert_eq!(before.due, at("2026-03-08T12:00:00Z"), "07:00 CDT");
        assert_eq!(on.start, at("2026-03-08T06:00:00Z"), "00:00 CST");
        assert_eq!(after.start - on.start, Duration::hours(23));
        assert_eq!(on.due, at("2026-03-09T12:00:00Z"));
    }

    #[test]
    fn the_day_that_clocks_are_set_back_has_25_hours() {
        let before = period(Cadence::Daily, CHICAGO, at("2026-10-31T18:00:00Z"), &rules());
        let on = period(Cadence::Daily, CHICAGO, at("2026-11-01T18:00:00Z"), &rules());
        let after = period(Cadence::Daily, CHICAGO, at("2026-11-02T18:00:00Z"), &rules());
        assert_eq!(before.due, at("2026-11-01T13:00:00Z"), "07:00 CST");
        assert_eq!(on.start, at("2026-11-01T05:00:00Z"), "00:00 CDT");
        assert_eq!(after.start - on.start, Duration::hours(25));
    }

    #[test]
    fn an_hour_that_does_not_exist_and_one_that_comes_twice_are_met_once() {
        let two = Rules { daily_at_hour: 2, ..rules() };
        let gap = period(Cadence::Daily, CHICAGO, at("2026-03-07T18:00:00Z"), &two);
        assert_eq!(gap.due, at("2026-03-08T08:00:00Z"), "03:00 CDT, the first after 02:00 that exists");
        let one = Rules { daily_at_hour: 1, ..rules() };
        let twice = period(Cadence::Daily, CHICAGO, at("2026-10-31T18:00:00Z"), &one);
        assert_eq!(twice.due, at("2026-11-01T06:00:00Z"), "the first 01:00, CDT");
    }

    #[test]
    fn an_instant_window_opens_with_its_first_request() {
        let now = at("2026-06-10T03:30:00.123456Z");
        let found = period(Cadence::Instant, CHICAGO, now, &rules());
        assert_eq!(found, Period { start: now, due: now + Duration::seconds(60) });
    }

    #[test]
    fn after_a_mail_sent_early_the_next_period_begins_where_it_was_closed() {
        let day = at("2026-06-10T05:00:00Z");
        let closed = at("2026-06-10T15:00:00Z");
        assert_eq!(start_after(day, None), day);
        assert_eq!(start_after(day, Some((day - Duration::days(1), Some(day + Duration::hours(7))))), day);
        assert_eq!(start_after(day, Some((day, Some(closed)))), closed);
        assert_eq!(
            start_after(day, Some((day, Some(day)))),
            day + Duration::microseconds(1),
            "a clock that stands still"
        );
    }

    #[test]
    fn only_a_daily_digest_is_folded_and_only_when_it_is_really_late() {
        let due = at("2026-06-10T12:00:00Z");
        let (soon, late) = (due + Duration::hours(4), due + Duration::hours(4) + Duration::seconds(1));
        assert!(!is_missed(Cadence::Daily, due, soon, &rules()));
        assert!(is_missed(Cadence::Daily, due, late, &rules()));
        assert!(!is_missed(Cadence::Instant, due, late, &rules()));
    }

    proptest! {
        /// Any moment, any zone: it lies in its day, the day is one of 23 to 25 hours or a rare longer one, and the mail
        /// comes after the day is over.
        #[test]
        fn every_moment_has_one_day(seconds in 1_700_000_000i64..2_000_000_000, zone in 0usize..chrono_tz::TZ_VARIANTS.len()) {
            let now = DateTime::from_timestamp(seconds, 0).unwrap();
            let zone = chrono_tz::TZ_VARIANTS[zone];
            let found = period(Cadence::Daily, zone, now, &rules());
            let next = period(Cadence::Daily, zone, now + Duration::days(1), &rules());
            prop_assert!(found.start <= now);
            prop_assert!(found.due > now, "{zone} {now}");
            prop_assert!(found.start < next.start && found.due < next.due);
            prop_assert!(found.due - found.start <= Duration::hours(24 + 7 + 2));
            // The same day gives the same key.
            prop_assert_eq!(period(Cadence::Daily, zone, found.start, &rules()).start, found.start);
        }
    }
}
