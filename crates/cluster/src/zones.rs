//! Local days for a script that knows no calendar: the days of a time zone around now, each with the second it begins.

use jiff::{Span, tz::TimeZone};
use model::Timestamp;

/// Days of a table. A node that asks writes it anew every hour, so it never runs out while anybody asks.
const DAYS: i64 = 16;

/// The number of yesterday (days since 1970 in the calendar of the place), then the first seconds of the days after it.
/// A day of 23 or 25 hours, or one that does not begin at 00:00, is as long as the place's clocks say.
pub(crate) fn table(zone: &str, now: Timestamp) -> String {
    let clock = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let yesterday = now.to_jiff().to_zoned(clock.clone()).date();
    let yesterday = yesterday.saturating_sub(Span::new().days(1));
    let first = yesterday
        .since(jiff::civil::date(1970, 1, 1))
        .map_or(0, |span| span.get_days());
    let mut table = first.to_string();
    for day in 1..=DAYS {
        let date = yesterday.saturating_add(Span::new().days(day));
        if let Ok(midnight) = date.to_zoned(clock.clone()) {
            table.push(' ');
            table.push_str(&midnight.timestamp().as_second().to_string());
        }
    }
    table
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn days(zone: &str, at: &str) -> (i64, Vec<String>) {
        let now: jiff::Timestamp = at.parse().unwrap();
        let table = table(zone, now.into());
        let mut numbers = table.split(' ').map(|word| word.parse::<i64>().unwrap());
        let first = numbers.next().unwrap();
        let midnights = numbers.map(|second| {
            let midnight = jiff::Timestamp::from_second(second).unwrap();
            midnight.to_string()
        });
        (first, midnights.collect())
    }

    #[test]
    fn days_follow_the_clocks_of_the_place() {
        let (first, midnights) = days("Europe/Bratislava", "2026-10-24T12:00:00Z");
        assert_eq!(first, 20_749, "2026-10-23");
        assert_eq!(midnights.len(), 16);
        assert_eq!(
            midnights[..3],
            [
                "2026-10-23T22:00:00Z",
                "2026-10-24T22:00:00Z",
                "2026-10-25T23:00:00Z"
            ]
        );
        // In Santiago the clocks jump from 24:00 to 01:00, so the day begins at one o'clock.
        let (_, midnights) = days("America/Santiago", "2026-09-05T12:00:00Z");
        assert_eq!(midnights[1], "2026-09-06T04:00:00Z");
    }
}
