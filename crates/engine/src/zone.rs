//! "Today" in a time zone, with the next midnight kept so that the calendar is asked once a day.

use jiff::tz::TimeZone;
use model::Timestamp;

/// A time zone in use, and which day it is there.
#[derive(Debug)]
pub(crate) struct Zone {
    name: String,
    clock: TimeZone,
    /// Days since 1970-01-01 in the calendar of the place.
    day: u32,
    next_midnight: Timestamp,
}

impl Zone {
    /// An unknown name is taken for UTC; `Queue::check` has refused it long before.
    pub(crate) fn new(name: &str, now: Timestamp) -> Self {
        let clock = TimeZone::get(name).unwrap_or(TimeZone::UTC);
        Self {
            name: name.to_owned(),
            next_midnight: next_midnight(&clock, now),
            day: day(&clock, now),
            clock,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The number of the day it is now.
    pub(crate) fn today(&mut self, now: Timestamp) -> u32 {
        if now >= self.next_midnight {
            self.day = day(&self.clock, now);
            self.next_midnight = next_midnight(&self.clock, now);
        }
        self.day
    }

    /// When the day ends that it was when last asked.
    pub(crate) fn next_midnight(&self) -> Timestamp {
        self.next_midnight
    }

    /// The number of the day it is now, without taking note of it.
    pub(crate) fn day_at(&self, now: Timestamp) -> u32 {
        self.day + u32::from(now >= self.next_midnight)
    }
}

fn day(zone: &TimeZone, now: Timestamp) -> u32 {
    let date = zone.to_datetime(now.to_jiff()).date();
    let days = date
        .since(jiff::civil::date(1970, 1, 1))
        .map_or(0, |span| span.get_days());
    u32::try_from(days).unwrap_or(0)
}

/// The first instant of the next local day; a day of 23 or 25 hours, or one without a 00:00, included.
fn next_midnight(zone: &TimeZone, now: Timestamp) -> Timestamp {
    now.to_jiff()
        .to_zoned(zone.clone())
        .tomorrow()
        .and_then(|tomorrow| tomorrow.start_of_day())
        .map_or(Timestamp::from_micros(i64::MAX), |midnight| {
            midnight.timestamp().into()
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse::<jiff::Timestamp>().unwrap().into()
    }

    fn midnight_after(zone: &str, text: &str) -> String {
        next_midnight(&TimeZone::get(zone).unwrap(), at(text))
            .to_jiff()
            .to_string()
    }

    #[test]
    fn midnight_follows_the_clocks_of_the_place() {
        let bratislava = "Europe/Bratislava";
        assert_eq!(
            midnight_after(bratislava, "2026-03-28T23:30:00Z"),
            "2026-03-29T22:00:00Z"
        );
        assert_eq!(
            midnight_after(bratislava, "2026-10-24T22:00:00Z"),
            "2026-10-25T23:00:00Z"
        );
        // In Santiago the clocks jump from 24:00 to 01:00, so the day begins at one o'clock.
        assert_eq!(
            midnight_after("America/Santiago", "2026-09-05T12:00:00Z"),
            "2026-09-06T04:00:00Z"
        );
    }

    #[test]
    fn a_day_is_counted_once() {
        let mut zone = Zone::new("UTC", at("2026-01-01T10:00:00Z"));
        let first = zone.today(at("2026-01-01T23:59:59Z"));
        assert_eq!(first, 20_454);
        assert_eq!(zone.day_at(at("2026-01-02T00:00:00Z")), first + 1);
        assert_eq!(zone.today(at("2026-01-02T00:00:00Z")), first + 1);
        assert_eq!(zone.today(at("2026-01-02T23:59:59.999999Z")), first + 1);
        assert_eq!(zone.today(at("2026-01-03T00:00:00Z")), first + 2);
    }

    proptest! {
        #[test]
        fn the_next_midnight_is_ahead_and_at_most_26_hours_away(
            seconds in 0i64..4_000_000_000,
            zone in prop::sample::select(vec!["UTC", "Europe/Bratislava", "America/Santiago", "Asia/Kathmandu", "Australia/Lord_Howe"]),
        ) {
            let now = Timestamp::from_micros(seconds * 1_000_000);
            let midnight = next_midnight(&TimeZone::get(zone).unwrap(), now);
            prop_assert!(midnight > now);
            prop_assert!(midnight.since(now).as_secs() <= 26 * 3600);
        }
    }
}
