//! Figures of extensions and countries over a period, as the call statistics API before gave them.

use std::{collections::BTreeMap, ops::Range};

use engine::stats::{Place, Reading, Sums, Total};
use jiff::Timestamp;

use super::{Cdr, shelf::ShelfError};
use crate::period::{Period, Unanswerable};

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
        let now = self.clock.now().utc.to_jiff();
        Period::named(&self.shelf.home, now, self.work_week_days, date)
    }

    /// Each a day, or a day and a time; a day as the end is the whole day, a minute the whole minute.
    pub(crate) fn between(
        &self,
        start: Option<&str>,
        end: Option<&str>,
    ) -> Result<Period, (&'static str, Unanswerable)> {
        Period::between(&self.shelf.home, start, end)
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
            errors: self.errors(&period.range),
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
            errors: self.errors(&period.range),
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
    pub(crate) fn errors(&self, range: &Range<i64>) -> BTreeMap<String, String> {
        let now = self.clock.now().utc.to_jiff().as_second();
        let mut errors = BTreeMap::new();
        for (name, progress) in self.progress() {
            let until = progress.until.unwrap_or(i64::MIN);
            // A figure of today is as old as the last look, which is no error.
            let is_known = until >= range.end.min(now - 120);
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
