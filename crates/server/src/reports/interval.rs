//! Where the intervals of a period begin: on the clock of a place, with days of 23 to 25 hours.

use std::ops::Range;

use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};

use crate::period::{midnight, monday_of};

/// The most intervals of one report.
pub(super) const MAX_INTERVALS: usize = 10_000;

/// How long an interval is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Interval {
    /// All of the period.
    #[default]
    None,
    /// From the beginning of a day on, as far as the day goes.
    Minutes(i64),
    Day,
    /// From Monday.
    Week,
    Month,
}

/// More than [`MAX_INTERVALS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooMany;

impl Interval {
    pub(super) fn read(text: &str) -> Option<Self> {
        Some(match text {
            "none" => Self::None,
            "5" => Self::Minutes(5),
            "15" => Self::Minutes(15),
            "30" => Self::Minutes(30),
            "60" => Self::Minutes(60),
            "day" => Self::Day,
            "week" => Self::Week,
            "month" => Self::Month,
            _ => return None,
        })
    }

    pub(super) fn name(self) -> String {
        match self {
            Self::None => "none".to_owned(),
            Self::Minutes(minutes) => minutes.to_string(),
            Self::Day => "day".to_owned(),
            Self::Week => "week".to_owned(),
            Self::Month => "month".to_owned(),
        }
    }

    /// The beginning of each, and the end of the last. The first and the last are cut where the period is.
    pub(super) fn borders(self, zone: &TimeZone, range: &Range<i64>) -> Result<Vec<i64>, TooMany> {
        let mut borders = vec![range.start];
        if self != Self::None {
            self.inner(zone, range, &mut borders)?;
        }
        borders.push(range.end);
        Ok(borders)
    }

    fn inner(
        self,
        zone: &TimeZone,
        range: &Range<i64>,
        borders: &mut Vec<i64>,
    ) -> Result<(), TooMany> {
        let Some(mut date) = Timestamp::from_second(range.start)
            .ok()
            .map(|start| self.begin(zone.to_datetime(start).date()))
        else {
            return Ok(());
        };
        loop {
            let Some(next) = self.next(date) else {
                return Ok(());
            };
            let (Some(begin), Some(end)) = (midnight(zone, date), midnight(zone, next)) else {
                return Ok(());
            };
            let step = match self {
                Self::Minutes(minutes) => minutes * 60,
                _ => end - begin,
            };
            let mut at = begin;
            while at < end {
                if at >= range.end {
                    return Ok(());
                }
                if at > range.start {
                    borders.push(at);
                }
                if borders.len() > MAX_INTERVALS {
                    return Err(TooMany);
                }
                at += step;
            }
            date = next;
        }
    }

    /// The first day of the interval that `date` is in.
    fn begin(self, date: Date) -> Date {
        match self {
            Self::Week => monday_of(date),
            Self::Month => date.first_of_month(),
            Self::None | Self::Minutes(_) | Self::Day => date,
        }
    }

    fn next(self, date: Date) -> Option<Date> {
        let span = match self {
            Self::Week => 7.days(),
            Self::Month => 1.month(),
            Self::None | Self::Minutes(_) | Self::Day => 1.day(),
        };
        date.checked_add(span).ok()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn borders(interval: &str, zone: &str, from: &str, until: &str) -> Vec<String> {
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_second();
        let zone = TimeZone::get(zone).unwrap();
        let borders = Interval::read(interval).unwrap();
        let borders = borders.borders(&zone, &(at(from)..at(until))).unwrap();
        let shown = |at: &i64| Timestamp::from_second(*at).unwrap().to_string();
        borders.iter().map(shown).collect()
    }

    #[test]
    fn days_have_as_many_hours_as_they_have() {
        let hours = |from, until| borders("60", "Europe/Bratislava", from, until).len() - 1;
        assert_eq!(hours("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"), 23);
        assert_eq!(hours("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"), 25);
        let quarters = borders(
            "15",
            "Europe/Bratislava",
            "2026-10-24T22:00:00Z",
            "2026-10-25T23:00:00Z",
        );
        assert_eq!(quarters.len() - 1, 100);
        // A day of 24 and a half hours: the last interval is cut at midnight.
        let lord_howe = borders(
            "60",
            "Australia/Lord_Howe",
            "2026-04-04T13:00:00Z",
            "2026-04-05T13:30:00Z",
        );
        assert_eq!(lord_howe.len() - 1, 25);
    }

    #[test]
    fn the_first_and_the_last_are_cut() {
        let cut = borders(
            "week",
            "Europe/Bratislava",
            "2026-11-04T10:00:00Z",
            "2026-11-17T10:00:00Z",
        );
        let expected = [
            "2026-11-04T10:00:00Z",
            "2026-11-08T23:00:00Z",
            "2026-11-15T23:00:00Z",
            "2026-11-17T10:00:00Z",
        ];
        assert_eq!(cut, expected);
        let months = borders(
            "month",
            "UTC",
            "2026-01-31T00:00:00Z",
            "2026-03-01T00:00:00Z",
        );
        assert_eq!(
            months,
            [
                "2026-01-31T00:00:00Z",
                "2026-02-01T00:00:00Z",
                "2026-03-01T00:00:00Z"
            ]
        );
        assert_eq!(
            borders(
                "none",
                "UTC",
                "2026-01-31T00:00:00Z",
                "2026-03-01T00:00:00Z"
            )
            .len(),
            2
        );
    }

    #[test]
    fn there_are_not_too_many() {
        let five = Interval::Minutes(5);
        assert_eq!(
            five.borders(&TimeZone::UTC, &(0..86_400 * 40)),
            Err(TooMany)
        );
        let days = i64::try_from(MAX_INTERVALS).unwrap();
        assert!(
            Interval::Day
                .borders(&TimeZone::UTC, &(0..86_400 * days))
                .is_ok()
        );
    }
}
