//! Asterisk's timestamps, as in `2026-11-21T00:47:16.278+0000`.
//!
//! Only the arithmetic between that text and Unix milliseconds; no time zones beyond the offset that was sent.

/// Unix milliseconds of an Asterisk timestamp; `None` when the text is not one.
///
/// ```
/// use cordboard_asterisk::ari::timestamp;
/// assert_eq!(timestamp::unix_millis("1970-01-01T01:00:00.250+0100"), Some(250));
/// assert_eq!(timestamp::unix_millis("yesterday"), None);
/// ```
pub fn unix_millis(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() < 20 || !text.is_ascii() {
        return None;
    }
    let punctuation = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if punctuation.iter().any(|&(at, mark)| bytes[at] != mark) {
        return None;
    }
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = &text[from..to];
        digits
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| digits.parse().ok())?
    };
    let days = days_from_civil(number(0, 4)?, number(5, 7)?, number(8, 10)?)?;
    let seconds = days * 86_400 + number(11, 13)? * 3_600 + number(14, 16)? * 60 + number(17, 19)?;
    let zone_at = 19 + text[19..].find(['+', '-', 'Z'])?;
    let millis = match &text[19..zone_at] {
        "" => 0,
        fraction => {
            let digits = fraction.strip_prefix('.')?;
            let thousandths: String = digits.chars().chain("000".chars()).take(3).collect();
            thousandths.parse::<u16>().ok()?.into()
        }
    };
    Some((seconds - offset_seconds(&text[zone_at..])?) * 1000 + millis)
}

/// The timestamp that Asterisk would write for these Unix milliseconds, in UTC.
pub fn from_unix_millis(millis: i64) -> String {
    let (days, of_day) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000));
    let (year, month, day) = civil_from_days(days);
    let (hour, minute) = (of_day / 3_600_000, of_day / 60_000 % 60);
    let (second, milli) = (of_day / 1000 % 60, of_day % 1000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}+0000")
}

fn offset_seconds(zone: &str) -> Option<i64> {
    if zone == "Z" {
        return Some(0);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let digits: String = zone[1..].chars().filter(|mark| *mark != ':').collect();
    if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = digits.split_at(2);
    Some(sign * (hours.parse::<i64>().ok()? * 3_600 + minutes.parse::<i64>().ok()? * 60))
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar, counted in years that begin in March.
fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_timestamps_go_both_ways() {
        for text in [
            "2026-11-21T00:47:16.278+0000",
            "2024-02-29T23:59:59.999+0000",
            "1999-12-31T00:00:00.000+0000",
        ] {
            let millis = unix_millis(text);
            assert_eq!(millis.map(from_unix_millis).as_deref(), Some(text));
        }
        assert_eq!(
            unix_millis("2026-11-21T00:47:16.278+0000"),
            Some(1_795_222_036_278)
        );
    }

    #[test]
    fn what_is_no_timestamp_is_refused() {
        for text in [
            "",
            "2026-11-21",
            "2026-13-21T00:47:16.278+0000",
            "2026-11-21T00:47:16.278",
            "é026-11-21T00:47:16.278+0000",
            "2026-11-21T00:47:16.278+0",
        ] {
            assert_eq!(unix_millis(text), None, "{text}");
        }
    }
}
