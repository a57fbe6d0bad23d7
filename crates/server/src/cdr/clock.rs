//! From a source's own clock to UTC and back.

use jiff::{Timestamp, civil, tz::TimeZone};

const HOUR: i64 = 3_600;

/// Turns local seconds into instants; asks the calendar once an hour of records.
#[derive(Debug)]
pub(super) struct Clock {
    zone: TimeZone,
    /// An hour of local time, and what of it is known.
    hour: i64,
    offsets: Offsets,
}

/// How far an hour of local time is from UTC, in seconds.
#[derive(Debug, Clone, Copy)]
enum Offsets {
    One(i64),
    /// The hour comes twice when clocks are set back: the offset before, and after.
    Two(i64, i64),
}

impl Clock {
    pub(super) fn new(zone: TimeZone) -> Self {
        Self {
            zone,
            hour: i64::MIN,
            offsets: Offsets::One(0),
        }
    }

    /// `local` is seconds since 1970 by the source's clock. Where that comes twice, `made`, the instant in the call's uniqueid,
    /// says which; without it the first is taken.
    pub(super) fn instant(&mut self, local: i64, made: Option<i64>) -> i64 {
        let hour = local.div_euclid(HOUR);
        if hour != self.hour {
            self.hour = hour;
            self.offsets = self.offsets_at(local);
        }
        match self.offsets {
            Offsets::One(offset) => local - offset,
            Offsets::Two(before, after) => {
                let (first, second) = (local - before, local - after);
                match made {
                    Some(made) if (made - second).abs() < (made - first).abs() => second,
                    _ => first,
                }
            }
        }
    }

    fn offsets_at(&self, local: i64) -> Offsets {
        use jiff::tz::AmbiguousOffset::{Fold, Gap, Unambiguous};
        match self.zone.to_ambiguous_timestamp(civil(local)).offset() {
            Unambiguous { offset } => Offsets::One(offset.seconds().into()),
            // A time that never was: as if clocks had not been set forward.
            Gap { before, .. } => Offsets::One(before.seconds().into()),
            Fold { before, after } => Offsets::Two(before.seconds().into(), after.seconds().into()),
        }
    }
}

/// What the source's clock shows at an instant, as seconds since 1970.
pub(super) fn local(zone: &TimeZone, instant: i64) -> i64 {
    let instant = Timestamp::from_second(instant).unwrap_or(Timestamp::UNIX_EPOCH);
    instant.as_second() + i64::from(zone.to_offset(instant).seconds())
}

fn civil(local: i64) -> civil::DateTime {
    let second = Timestamp::from_second(local).unwrap_or(Timestamp::UNIX_EPOCH);
    TimeZone::UTC.to_datetime(second)
}

/// A calendar day of a zone: its number since 1970-01-01.
pub(super) type Day = i32;

/// The day an instant is in.
pub(super) fn day_of(zone: &TimeZone, instant: i64) -> Day {
    i32::try_from(local(zone, instant).div_euclid(86_400)).unwrap_or(i32::MAX)
}

/// The instant in which a day begins: not always at 00:00, and days have 23 to 25 hours.
pub(super) fn begin(zone: &TimeZone, day: Day) -> i64 {
    let midnight = civil(i64::from(day) * 86_400);
    let begin = zone.to_ambiguous_timestamp(midnight).compatible();
    begin.map_or(i64::from(day) * 86_400, Timestamp::as_second)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn zone() -> TimeZone {
        TimeZone::get("Europe/Bratislava").unwrap()
    }

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_second()
    }

    #[test]
    fn days_have_twenty_three_to_twenty_five_hours() {
        let length = |text: &str| {
            let day = day_of(&zone(), at(text));
            (begin(&zone(), day + 1) - begin(&zone(), day)) / HOUR
        };
        assert_eq!(length("2026-03-29T12:00:00Z"), 23);
        assert_eq!(length("2026-10-25T12:00:00Z"), 25);
        assert_eq!(length("2026-11-21T12:00:00Z"), 24);
    }

    #[test]
    fn an_hour_that_comes_twice_is_told_by_the_call() {
        let mut clock = Clock::new(zone());
        let shown = local(&zone(), at("2026-10-25T00:30:00Z"));
        assert_eq!(shown, local(&zone(), at("2026-10-25T01:30:00Z")));
        for (made, expected) in [
            ("2026-10-25T00:30:00Z", "2026-10-25T00:30:00Z"),
            ("2026-10-25T01:29:59Z", "2026-10-25T01:30:00Z"),
        ] {
            assert_eq!(clock.instant(shown, Some(at(made))), at(expected));
        }
        assert_eq!(clock.instant(shown, None), at("2026-10-25T00:30:00Z"));
    }

    #[test]
    fn there_and_back_is_the_same() {
        let mut clock = Clock::new(zone());
        for hour in 0..24 * 400 {
            let instant = at("2026-01-01T00:00:00Z") + hour * HOUR + 59;
            assert_eq!(
                clock.instant(local(&zone(), instant), Some(instant)),
                instant
            );
        }
    }
}
