//! Periods of a calendar, as people ask for them: in a time zone, half-open, with days of 23 to 25 hours.

use std::ops::Range;

use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};

/// The longest period, in days. Everything that is kept is less.
const MAX_DAYS: i64 = 36_525;

/// From when until before when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Period {
    /// In seconds since 1970.
    pub(crate) range: Range<i64>,
    /// As it was asked for.
    pub(crate) name: String,
    /// How far back the period before begins.
    back: Back,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Back {
    Days(i64),
    Months(i64),
    Seconds(i64),
}

/// Why a period cannot be answered for, in words for the user. Each reads on from the name of a parameter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unanswerable {
    #[error("is neither a day such as 2026-11-21, nor \"week\", nor \"month\"")]
    Date,
    #[error("is neither a day such as 2026-11-21, nor a time such as \"2026-11-21 14:30\"")]
    Time,
    #[error("is given without the other of {0}")]
    HalfARange(&'static str),
    #[error("is not before {0}")]
    StartAfterEnd(&'static str),
    #[error("is more than {0} before the end: ask for less")]
    TooLong(&'static str),
}

impl Period {
    /// `date` is a day, `week` (the last whole work week) or `month` (the last whole one); nothing is today.
    pub(crate) fn named(
        zone: &TimeZone,
        now: Timestamp,
        work_week_days: u8,
        date: Option<&str>,
    ) -> Result<Self, Unanswerable> {
        let today = zone.to_datetime(now).date();
        let (first, days, back) = match date {
            None | Some("") => (today, 1, Back::Days(1)),
            Some("week") => {
                let monday = monday_of(today) - 7.days();
                (monday, i64::from(work_week_days), Back::Days(7))
            }
            Some("month") => {
                let first = today.first_of_month() - 1.month();
                (first, i64::from(first.days_in_month()), Back::Months(1))
            }
            Some(day) => (day_in(day).ok_or(Unanswerable::Date)?, 1, Back::Days(1)),
        };
        let name = match date {
            None | Some("") => today.to_string(),
            Some(name) => name.to_owned(),
        };
        let end = first
            .checked_add(days.days())
            .map_err(|_| Unanswerable::Date)?;
        let range = midnight(zone, first).ok_or(Unanswerable::Date)?
            ..midnight(zone, end).ok_or(Unanswerable::Date)?;
        Ok(Self { range, name, back })
    }

    /// Each a day, or a day and a time; a day as the end is the whole day, a minute the whole minute.
    pub(crate) fn between(
        zone: &TimeZone,
        start: Option<&str>,
        end: Option<&str>,
    ) -> Result<Self, (&'static str, Unanswerable)> {
        let (start, end) = both(("start", start), ("end", end))?;
        let (from, _) = span_of(zone, start).ok_or(("start", Unanswerable::Time))?;
        let (last, until) = span_of(zone, end).ok_or(("end", Unanswerable::Time))?;
        if from > last {
            return Err(("start", Unanswerable::StartAfterEnd("end")));
        }
        if until - from > MAX_DAYS * 86_400 {
            return Err(("start", Unanswerable::TooLong("100 years")));
        }
        Ok(Self {
            range: from..until,
            name: format!("{start} to {end}"),
            back: Back::Seconds(until - from),
        })
    }

    /// From an instant until before another: each a day's first instant, a local time, or an instant as RFC 3339 has it.
    pub(crate) fn half_open(
        zone: &TimeZone,
        from: Option<&str>,
        to: Option<&str>,
    ) -> Result<Self, (&'static str, Unanswerable)> {
        let (from, to) = both(("from", from), ("to", to))?;
        let first = instant_in(zone, from).ok_or(("from", Unanswerable::Time))?;
        let end = instant_in(zone, to).ok_or(("to", Unanswerable::Time))?;
        if first >= end {
            return Err(("from", Unanswerable::StartAfterEnd("to")));
        }
        if end - first > MAX_DAYS * 86_400 {
            return Err(("from", Unanswerable::TooLong("100 years")));
        }
        Ok(Self {
            range: first..end,
            name: format!("{from} to {to}"),
            back: back_from(zone, first, end),
        })
    }

    /// The period before: yesterday, the month before, as many days or seconds before. It may begin before there was a calendar.
    pub(crate) fn before(&self, zone: &TimeZone) -> Option<Range<i64>> {
        let earlier = |at: i64| {
            let date = || Some(zone.to_datetime(Timestamp::from_second(at).ok()?).date());
            match self.back {
                Back::Seconds(seconds) => Some(at - seconds),
                Back::Days(days) => midnight(zone, date()?.checked_sub(days.days()).ok()?),
                Back::Months(months) => midnight(zone, date()?.checked_sub(months.months()).ok()?),
            }
        };
        Some(earlier(self.range.start)?..earlier(self.range.end)?)
    }
}

/// The calendar's steps where both ends are on them: a month is as long as it is, and a day has 23 to 25 hours.
fn back_from(zone: &TimeZone, from: i64, until: i64) -> Back {
    let date = |at: i64| {
        let date = zone.to_datetime(Timestamp::from_second(at).ok()?).date();
        (midnight(zone, date)? == at).then_some(date)
    };
    let (Some(first), Some(end)) = (date(from), date(until)) else {
        return Back::Seconds(until - from);
    };
    if first.day() == 1 && end.day() == 1 {
        let months = |date: Date| i64::from(date.year()) * 12 + i64::from(date.month());
        return Back::Months(months(end) - months(first));
    }
    let days = first.until(end).map_or(0, |span| span.get_days());
    Back::Days(days.into())
}

type Named<'a> = (&'static str, Option<&'a str>);

fn both<'a>(
    (first, start): Named<'a>,
    (second, end): Named<'a>,
) -> Result<(&'a str, &'a str), (&'static str, Unanswerable)> {
    match (start, end) {
        (Some(start), Some(end)) => Ok((start, end)),
        (Some(_), None) => Err((first, Unanswerable::HalfARange(second))),
        _ => Err((second, Unanswerable::HalfARange(first))),
    }
}

pub(crate) fn monday_of(date: Date) -> Date {
    date - i64::from(date.weekday().to_monday_zero_offset()).days()
}

/// `2026-11-21` exactly; what else the calendar would take is not a date of this interface.
fn day_in(text: &str) -> Option<Date> {
    let is_date = text.len() == 10
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-');
    text.parse().ok().filter(|_| is_date)
}

/// The first instant of a day.
pub(crate) fn midnight(zone: &TimeZone, date: Date) -> Option<i64> {
    let begin = date.to_zoned(zone.clone()).ok()?;
    Some(begin.timestamp().as_second())
}

/// From when until before when a day or a minute is.
fn span_of(zone: &TimeZone, text: &str) -> Option<(i64, i64)> {
    let text = text.trim();
    if let Some(day) = day_in(text) {
        return Some((midnight(zone, day)?, midnight(zone, day.tomorrow().ok()?)?));
    }
    let (day, time) = text.split_once([' ', 'T'])?;
    let (hour, minute) = time.split_once(':')?;
    let number = |text: &str| {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<i8>().ok()).flatten()
    };
    let time = jiff::civil::Time::new(number(hour)?, number(minute)?, 0, 0).ok()?;
    let at = day_in(day)?.to_datetime(time).to_zoned(zone.clone()).ok()?;
    let at = at.timestamp().as_second();
    Some((at, at + 60))
}

fn instant_in(zone: &TimeZone, text: &str) -> Option<i64> {
    match span_of(zone, text) {
        Some((from, _)) => Some(from),
        None => Some(text.parse::<Timestamp>().ok()?.as_second()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn bratislava() -> TimeZone {
        TimeZone::get("Europe/Bratislava").unwrap()
    }

    fn shown(range: &Range<i64>) -> String {
        let shown = |at| Timestamp::from_second(at).unwrap().to_string();
        format!("{} {}", shown(range.start), shown(range.end))
    }

    #[test]
    fn ends_are_not_part_of_a_period() {
        let zone = bratislava();
        for (from, to, expected) in [
            (
                "2026-10-25",
                "2026-10-26",
                "2026-10-24T22:00:00Z 2026-10-25T23:00:00Z",
            ),
            (
                "2026-03-29 01:30",
                "2026-03-29T03:30",
                "2026-03-29T00:30:00Z 2026-03-29T01:30:00Z",
            ),
            (
                "2026-03-29T00:30:00Z",
                "2026-03-29T02:00:00+01:00",
                "2026-03-29T00:30:00Z 2026-03-29T01:00:00Z",
            ),
        ] {
            let period = Period::half_open(&zone, Some(from), Some(to)).unwrap();
            assert_eq!(shown(&period.range), expected);
        }
    }

    #[test]
    fn what_is_no_period_is_refused_by_name() {
        let zone = bratislava();
        for (from, to, field) in [
            (Some("2026-02-30"), Some("2026-03-01"), "from"),
            (Some("2026-02-03"), Some("2026-02-03"), "from"),
            (Some("2026-02-04"), Some("2026-02-03"), "from"),
            (Some("1900-01-01"), Some("2026-02-03"), "from"),
            (Some("2026-02-03"), None, "from"),
            (None, Some("2026-02-03"), "to"),
            (Some("2026-02-03"), Some("2026-02-03 25:00"), "to"),
            (Some("2026-02-03"), Some("'; DROP TABLE cdr; --"), "to"),
            (Some("2026-02-03"), Some("99999-12-31"), "to"),
        ] {
            let refused = Period::half_open(&zone, from, to).unwrap_err();
            assert_eq!(refused.0, field, "{from:?} {to:?}: {}", refused.1);
        }
    }

    #[test]
    fn the_period_before_follows_the_calendar() {
        let zone = bratislava();
        for (from, to, expected) in [
            // The day before the clocks go back has 24 hours, the day itself 25.
            (
                "2026-10-25",
                "2026-10-26",
                "2026-10-23T22:00:00Z 2026-10-24T22:00:00Z",
            ),
            (
                "2026-03-01",
                "2026-04-01",
                "2026-01-31T23:00:00Z 2026-02-28T23:00:00Z",
            ),
            (
                "2026-11-01T10:00:00Z",
                "2026-11-01T12:00:00Z",
                "2026-11-01T08:00:00Z 2026-11-01T10:00:00Z",
            ),
        ] {
            let period = Period::half_open(&zone, Some(from), Some(to)).unwrap();
            assert_eq!(shown(&period.before(&zone).unwrap()), expected);
        }
        let now = "2026-11-29T12:00:00Z".parse().unwrap();
        let week = Period::named(&zone, now, 5, Some("week")).unwrap();
        assert_eq!(
            shown(&week.before(&zone).unwrap()),
            "2026-11-08T23:00:00Z 2026-11-13T23:00:00Z"
        );
    }
}
