//! Figures of extensions and countries over a period, as the call statistics API before gave them.

use std::{collections::BTreeMap, ops::Range};

use engine::stats::{Place, Reading, Sums, Total};
use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};

use super::{Cdr, shelf::ShelfError};

/// The longest period, in days. Everything that is kept is less.
const MAX_DAYS: i64 = 36_525;

/// From when until before when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Period {
    /// In seconds since 1970.
    pub(crate) range: Range<i64>,
    /// As it was asked for.
    pub(crate) name: String,
}

/// Why a period cannot be answered for, in words for the user. Each reads on from the name of a parameter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unanswerable {
    #[error("is neither a day such as 2026-11-21, nor \"week\", nor \"month\"")]
    Date,
    #[error("is neither a day such as 2026-11-21, nor a time such as \"2026-11-21 14:30\"")]
    Time,
    #[error("is given without the other of start and end")]
    HalfARange,
    #[error("is after end")]
    StartAfterEnd,
    #[error("is more than 100 years before end")]
    TooLong,
}

/// Of one extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Extension {
    pub(crate) number: String,
    pub(crate) name: String,
    pub(crate) sums: Sums,
    /// How many different destinations it called.
    pub(crate) destinations: u64,
}

/// Where calls went to.
pub(crate) type Country = Option<Place>;

/// Of one country.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CountryFigures {
    pub(crate) country: Country,
    pub(crate) sums: Sums,
    pub(crate) destinations: u64,
}

/// Figures, and of which sources they are not whole, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Figures<T> {
    pub(crate) figures: T,
    pub(crate) errors: BTreeMap<String, String>,
}

impl Cdr {
    /// `date` is a day, `week` (the last whole work week) or `month` (the last whole one); nothing is today.
    pub(crate) fn period(&self, date: Option<&str>) -> Result<Period, Unanswerable> {
        let home = &self.shelf.home;
        let today = home.to_datetime(self.clock.now().utc.to_jiff()).date();
        let (first, days) = match date {
            None | Some("") => (today, 1),
            Some("week") => {
                let monday = today.first_of_week() - 7.days();
                (monday, i64::from(self.work_week_days))
            }
            Some("month") => {
                let first = today.first_of_month() - 1.month();
                (first, i64::from(first.days_in_month()))
            }
            Some(day) => (day_in(day).ok_or(Unanswerable::Date)?, 1),
        };
        let name = match date {
            None | Some("") => today.to_string(),
            Some(name) => name.to_owned(),
        };
        let end = first
            .checked_add(days.days())
            .map_err(|_| Unanswerable::Date)?;
        let range = midnight(home, first).ok_or(Unanswerable::Date)?
            ..midnight(home, end).ok_or(Unanswerable::Date)?;
        Ok(Period { range, name })
    }

    /// Each a day, or a day and a time; a day as the end is the whole day, a minute the whole minute.
    pub(crate) fn between(
        &self,
        start: Option<&str>,
        end: Option<&str>,
    ) -> Result<Period, (&'static str, Unanswerable)> {
        let (Some(start), Some(end)) = (start, end) else {
            let given = if start.is_some() { "start" } else { "end" };
            return Err((given, Unanswerable::HalfARange));
        };
        let home = &self.shelf.home;
        let (from, _) = span_of(home, start).ok_or(("start", Unanswerable::Time))?;
        let (last, until) = span_of(home, end).ok_or(("end", Unanswerable::Time))?;
        if from > last {
            return Err(("start", Unanswerable::StartAfterEnd));
        }
        if until - from > MAX_DAYS * 86_400 {
            return Err(("start", Unanswerable::TooLong));
        }
        Ok(Period {
            range: from..until,
            name: format!("{start} to {end}"),
        })
    }

    /// Every extension that was ever counted, those that did nothing included; who talked most is first.
    pub(crate) async fn extensions(
        &self,
        period: &Period,
        reading: Reading,
    ) -> Result<Figures<Vec<Extension>>, ShelfError> {
        let rolls = self.rolls(period).await?;
        let known = self.shelf.extensions();
        let idle = known
            .keys()
            .map(|extension| (&**extension, Total::default()));
        let mut totals: BTreeMap<&str, Total<'_>> = idle.collect();
        for (goes_on, roll) in rolls.values().flatten() {
            for (extension, tally) in roll.extensions() {
                totals.entry(extension).or_default().add(tally, *goes_on);
            }
        }
        let figures = totals.iter().map(|(extension, total)| {
            let name = match (total.name(), known.get(*extension)) {
                ("", Some(name)) => &name.text,
                (name, _) => name,
            };
            Extension {
                number: (*extension).to_owned(),
                name: name.to_owned(),
                sums: total.sums(reading),
                destinations: total.destinations(reading),
            }
        });
        let mut figures: Vec<Extension> = figures.collect();
        figures.sort_by(|a, b| {
            let most_first = b.sums.seconds.cmp(&a.sums.seconds);
            most_first.then_with(|| a.number.cmp(&b.number))
        });
        Ok(Figures {
            figures,
            errors: self.errors(period),
        })
    }

    /// Of each source, the countries that were called; most calls first.
    pub(crate) async fn countries(
        &self,
        period: &Period,
        reading: Reading,
    ) -> Result<Figures<BTreeMap<String, Vec<CountryFigures>>>, ShelfError> {
        let rolls = self.rolls(period).await?;
        let mut figures = BTreeMap::new();
        for (source, rolls) in &rolls {
            let mut totals: BTreeMap<&Country, Total<'_>> = BTreeMap::new();
            for (goes_on, roll) in rolls {
                for (country, tally) in roll.places() {
                    totals.entry(country).or_default().add(tally, *goes_on);
                }
            }
            let totals = totals.into_iter().map(|(country, total)| CountryFigures {
                country: country.clone(),
                sums: total.sums(reading),
                destinations: total.destinations(reading),
            });
            let mut countries: Vec<_> = totals.collect();
            countries.sort_by_key(|country| -country.sums.calls);
            figures.insert(source.clone(), countries);
        }
        Ok(Figures {
            figures,
            errors: self.errors(period),
        })
    }

    async fn rolls(&self, period: &Period) -> Result<BySource, ShelfError> {
        let mut rolls = BySource::new();
        for source in self.sources.iter() {
            let found = self.shelf.rolls(&source.name, &period.range).await?;
            rolls.insert(source.name.clone(), found);
        }
        Ok(rolls)
    }

    /// Of which sources not all of the period is known.
    fn errors(&self, period: &Period) -> BTreeMap<String, String> {
        let now = self.clock.now().utc.to_jiff().as_second();
        let mut errors = BTreeMap::new();
        for (name, progress) in self.progress() {
            let until = progress.until.unwrap_or(i64::MIN);
            // A figure of today is as old as the last look, which is no error.
            let is_known = until >= period.range.end.min(now - 120);
            let why = match progress.error {
                Some(error) => error,
                None if is_known => continue,
                None => format!("it is being read, {} days are left", progress.days_left),
            };
            if !is_known {
                let until = self.time(progress.until);
                errors.insert(name, format!("{why}; {until}"));
            }
        }
        errors
    }

    fn time(&self, until: Option<i64>) -> String {
        match until.and_then(|until| Timestamp::from_second(until).ok()) {
            Some(until) => {
                let until = self.shelf.home.to_datetime(until);
                format!("calls are known until {}", until.strftime("%Y-%m-%d %H:%M"))
            }
            None => "no calls are known".to_owned(),
        }
    }
}

type BySource = BTreeMap<String, Vec<(bool, std::sync::Arc<engine::stats::Roll>)>>;

trait FirstOfWeek {
    fn first_of_week(self) -> Self;
}

impl FirstOfWeek for Date {
    fn first_of_week(self) -> Self {
        self - i64::from(self.weekday().to_monday_zero_offset()).days()
    }
}

/// `2026-11-21` exactly; what else the calendar would take is not a date of this interface.
fn day_in(text: &str) -> Option<Date> {
    let is_date = text.len() == 10
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-');
    text.parse().ok().filter(|_| is_date)
}

fn midnight(zone: &TimeZone, date: Date) -> Option<i64> {
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
