//! When a report is due, and of which time it is then: by the calendar of a time zone.
//!
//! A day that is meant has one due time, also where clocks are changed: a time that is skipped is that much later, of a time
//! that comes twice the first counts. A day that a zone left out has none.

use jiff::{
    Timestamp as Instant, ToSpan as _,
    civil::{Date, Time},
    tz::TimeZone,
};
use model::{Cadence, ReportPeriod, Timestamp, Weekday};

/// Days that are looked at for the next one: a month has at most 31, and a zone may leave one out.
const HORIZON: usize = 70;

/// Days of a calendar, and a time of each.
#[derive(Debug, Clone)]
pub struct Timetable {
    cadence: Cadence,
    at: Time,
    zone: TimeZone,
}

impl Timetable {
    /// Nothing, where `hour` and `minute` are no time.
    pub fn new(cadence: Cadence, (hour, minute): (u8, u8), zone: TimeZone) -> Option<Self> {
        let part = |part: u8| i8::try_from(part).ok();
        let at = Time::new(part(hour)?, part(minute)?, 0, 0).ok()?;
        Some(Self { cadence, at, zone })
    }

    /// The first due time after `after`; nothing at the end of the calendar.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let after = after.to_jiff();
        // A time that is skipped at midnight is due on the day after its own.
        let first = self.date(after).yesterday().ok()?;
        let mut due = first
            .series(1.day())
            .take(HORIZON)
            .filter_map(|day| self.due(day));
        due.find(|due| *due > after).map(Into::into)
    }

    /// The last due time that is not after `until`.
    pub fn latest(&self, until: Timestamp) -> Option<Timestamp> {
        let until = until.to_jiff();
        let last = self.date(until).tomorrow().ok()?;
        let mut due = last
            .series(-1.day())
            .take(HORIZON)
            .filter_map(|day| self.due(day));
        due.find(|due| *due <= until).map(Into::into)
    }

    /// From when until before when a report is that is due then. Never empty.
    pub fn period(&self, due: Timestamp, period: ReportPeriod) -> Option<(Timestamp, Timestamp)> {
        let now = due.to_jiff();
        let today = self.date(now);
        let (from, until) = match period {
            ReportPeriod::Today => (self.midnight(today)?, now),
            ReportPeriod::Yesterday => (
                self.midnight(today.yesterday().ok()?)?,
                self.midnight(today)?,
            ),
            ReportPeriod::Last24Hours => (now.checked_sub(24.hours()).ok()?, now),
            ReportPeriod::LastWeek => {
                let into = i64::from(today.weekday().to_monday_zero_offset());
                let monday = today.checked_sub(into.days()).ok()?;
                let before = monday.checked_sub(7.days()).ok()?;
                (self.midnight(before)?, self.midnight(monday)?)
            }
            ReportPeriod::LastMonth => {
                let first = today.first_of_month();
                let before = first.checked_sub(1.month()).ok()?;
                (self.midnight(before)?, self.midnight(first)?)
            }
        };
        let until = until.max(from.checked_add(1.second()).ok()?);
        Some((from.into(), until.into()))
    }

    /// When it is due on this day, if it is.
    fn due(&self, day: Date) -> Option<Instant> {
        let meant = match self.cadence {
            Cadence::Day => true,
            Cadence::Weekday => day.weekday().to_monday_zero_offset() < 5,
            Cadence::Week { on } => day.weekday() == weekday(on),
            Cadence::Month { on } => {
                let last = day.days_in_month();
                day.day() == i8::try_from(on).unwrap_or(last).min(last)
            }
        };
        let begin = day.to_zoned(self.zone.clone()).ok().filter(|_| meant)?;
        if begin.date() != day {
            return None;
        }
        let due = day.to_datetime(self.at).to_zoned(self.zone.clone()).ok()?;
        Some(due.timestamp())
    }

    fn date(&self, at: Instant) -> Date {
        self.zone.to_datetime(at).date()
    }

    fn midnight(&self, day: Date) -> Option<Instant> {
        Some(day.to_zoned(self.zone.clone()).ok()?.timestamp())
    }
}

fn weekday(day: Weekday) -> jiff::civil::Weekday {
    match day {
        Weekday::Monday => jiff::civil::Weekday::Monday,
        Weekday::Tuesday => jiff::civil::Weekday::Tuesday,
        Weekday::Wednesday => jiff::civil::Weekday::Wednesday,
        Weekday::Thursday => jiff::civil::Weekday::Thursday,
        Weekday::Friday => jiff::civil::Weekday::Friday,
        Weekday::Saturday => jiff::civil::Weekday::Saturday,
        Weekday::Sunday => jiff::civil::Weekday::Sunday,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    /// With half an hour of change, change at midnight, a day left out, changes in both halves of the year, and none.
    const ZONES: [&str; 9] = [
        "Europe/Bratislava",
        "America/New_York",
        "America/Sao_Paulo",
        "Australia/Lord_Howe",
        "Africa/Cairo",
        "Pacific/Apia",
        "America/St_Johns",
        "Asia/Kathmandu",
        "UTC",
    ];

    fn at(text: &str) -> Timestamp {
        text.parse::<Instant>().unwrap().into()
    }

    fn table(cadence: Cadence, at: (u8, u8), zone: &str) -> Timetable {
        Timetable::new(cadence, at, TimeZone::get(zone).unwrap()).unwrap()
    }

    fn follow(table: &Timetable, from: &str, count: usize) -> Vec<String> {
        let mut due = at(from);
        let next = || {
            due = table.next(due).unwrap();
            due.to_jiff().to_string()
        };
        std::iter::repeat_with(next).take(count).collect()
    }

    #[test]
    fn a_time_that_is_skipped_comes_later_and_one_that_comes_twice_once() {
        let daily = table(Cadence::Day, (2, 30), "Europe/Bratislava");
        let spring = [
            "2026-03-28T01:30:00Z",
            "2026-03-29T01:30:00Z",
            "2026-03-30T00:30:00Z",
        ];
        assert_eq!(follow(&daily, "2026-03-27T12:00:00Z", 3), spring);
        let autumn = [
            "2026-10-24T00:30:00Z",
            "2026-10-25T00:30:00Z",
            "2026-10-26T01:30:00Z",
        ];
        assert_eq!(follow(&daily, "2026-10-23T12:00:00Z", 3), autumn);
    }

    #[test]
    fn a_day_that_was_left_out_has_none() {
        let daily = table(Cadence::Day, (12, 0), "Pacific/Apia");
        let expected = ["2011-12-29T22:00:00Z", "2011-12-30T22:00:00Z"];
        assert_eq!(follow(&daily, "2011-12-29T12:00:00Z", 2), expected);
    }

    #[test]
    fn a_month_that_is_shorter_has_its_last_day() {
        let monthly = table(Cadence::Month { on: 31 }, (6, 0), "UTC");
        let expected = [
            "2026-12-31T06:00:00Z",
            "2027-01-31T06:00:00Z",
            "2027-02-28T06:00:00Z",
            "2027-03-31T06:00:00Z",
            "2027-04-30T06:00:00Z",
        ];
        assert_eq!(follow(&monthly, "2026-11-30T06:00:00Z", 5), expected);
        let weekdays = table(Cadence::Weekday, (6, 0), "UTC");
        let expected = ["2026-11-27T06:00:00Z", "2026-11-30T06:00:00Z"];
        assert_eq!(follow(&weekdays, "2026-11-26T06:00:00Z", 2), expected);
        let on = Weekday::Sunday;
        let weekly = table(Cadence::Week { on }, (6, 0), "UTC");
        let expected = ["2026-11-29T06:00:00Z", "2026-12-06T06:00:00Z"];
        assert_eq!(follow(&weekly, "2026-11-26T06:00:00Z", 2), expected);
    }

    #[test]
    fn periods_are_of_the_calendar() {
        let daily = table(Cadence::Day, (7, 0), "Europe/Bratislava");
        let shown = |due: &str, period| {
            let (from, until) = daily.period(at(due), period).unwrap();
            format!("{} {}", from.to_jiff(), until.to_jiff())
        };
        let due = "2026-10-26T06:00:00Z";
        for (period, expected) in [
            (
                ReportPeriod::Today,
                "2026-10-25T23:00:00Z 2026-10-26T06:00:00Z",
            ),
            // 25 hours.
            (
                ReportPeriod::Yesterday,
                "2026-10-24T22:00:00Z 2026-10-25T23:00:00Z",
            ),
            (
                ReportPeriod::Last24Hours,
                "2026-10-25T06:00:00Z 2026-10-26T06:00:00Z",
            ),
            (
                ReportPeriod::LastWeek,
                "2026-10-18T22:00:00Z 2026-10-25T23:00:00Z",
            ),
            (
                ReportPeriod::LastMonth,
                "2026-08-31T22:00:00Z 2026-09-30T22:00:00Z",
            ),
        ] {
            assert_eq!(shown(due, period), expected, "{period:?}");
        }
        let midnight = shown("2026-11-29T23:00:00Z", ReportPeriod::Today);
        assert_eq!(midnight, "2026-11-29T23:00:00Z 2026-11-29T23:00:01Z");
    }

    #[test]
    fn what_is_no_time_makes_no_timetable() {
        for time in [(24, 0), (23, 60), (255, 255)] {
            assert!(Timetable::new(Cadence::Day, time, TimeZone::UTC).is_none());
        }
    }

    proptest! {
        /// One due time for each day that there is, each after the one before, whatever clocks do.
        #[test]
        fn every_local_day_has_exactly_one(
            zone in 0..ZONES.len(),
            year in 2000_i16..2040,
            month in 1_i8..=12,
            hour in 0_u8..24,
            minute in 0_u8..60,
        ) {
            let daily = table(Cadence::Day, (hour, minute), ZONES[zone]);
            let first = Date::new(year, month, 1).unwrap();
            let mut due = first.to_zoned(daily.zone.clone()).unwrap().timestamp();
            due -= 1.second();
            let end = first.checked_add(100.days()).unwrap();
            let mut day = first;
            while day < end {
                let exists = day.to_zoned(daily.zone.clone()).unwrap().date() == day;
                if exists {
                    let next = daily.next(due.into()).unwrap().to_jiff();
                    prop_assert!(next > due);
                    let meant = day.to_datetime(daily.at).to_zoned(daily.zone.clone()).unwrap();
                    prop_assert_eq!(next, meant.timestamp());
                    prop_assert_eq!(daily.latest(next.into()), Some(next.into()));
                    let before = next - 1.second();
                    prop_assert!(daily.latest(before.into()).unwrap().to_jiff() <= before);
                    due = next;
                }
                day = day.tomorrow().unwrap();
            }
        }

        /// Going on from one due time never misses one, and the latest one is the one that was passed last.
        #[test]
        fn next_and_latest_agree(
            zone in 0..ZONES.len(),
            second in 946_684_800_i64..2_200_000_000,
            cadence in prop_oneof![
                Just(Cadence::Day),
                Just(Cadence::Weekday),
                Just(Cadence::Week { on: Weekday::Sunday }),
                (1_u8..=31).prop_map(|on| Cadence::Month { on }),
            ],
            hour in 0_u8..24,
        ) {
            let table = table(cadence, (hour, 30), ZONES[zone]);
            let now = Timestamp::from_micros(second * 1_000_000);
            let next = table.next(now).unwrap();
            let latest = table.latest(now).unwrap();
            prop_assert!(latest <= now && now < next);
            prop_assert_eq!(table.next(latest), Some(next));
        }
    }
}
