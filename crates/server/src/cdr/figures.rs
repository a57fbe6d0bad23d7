//! Figures of extensions and countries over a period, as the call statistics API before gave them.

use std::{collections::BTreeMap, ops::Range, sync::Arc, time::Duration};

use engine::stats::{Place, Reading, Roll, Sums, Total};
use futures_util::future::join_all;
use jiff::Timestamp;

use super::{
    Cdr,
    reading::{FIRST_CALL, FRESH, Known, Progress},
    shelf::{ShelfError, in_background},
};
use crate::period::{Period, Unanswerable};

/// How long a question waits for what has not been read yet; what is not there then is told.
const PATIENCE: Duration = Duration::from_secs(15);
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

/// Figures, and what is to be said of them, by source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found<T> {
    pub(crate) figures: T,
    /// Why those of a source are not whole.
    pub(crate) errors: BTreeMap<String, String>,
    /// What else: its rows were read just now.
    pub(crate) notes: BTreeMap<String, String>,
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
    ) -> Result<Found<Vec<Extension>>, ShelfError> {
        let notes = self.wait_for(&period.range).await;
        let rolls = self.rolls(period).await?;
        let known = self.shelf.extensions();
        Ok(Found {
            figures: in_background(move || extensions(&rolls, &known, reading)).await?,
            errors: self.errors(&period.range),
            notes,
        })
    }

    /// Of each source, the countries that were called; most calls first.
    pub(crate) async fn countries(
        &self,
        period: &Period,
        reading: Reading,
    ) -> Result<Found<BTreeMap<String, Vec<CountryFigures>>>, ShelfError> {
        let notes = self.wait_for(&period.range).await;
        let rolls = self.rolls(period).await?;
        let figures = in_background(move || {
            let sources = rolls.iter();
            let figures =
                sources.map(|(source, rolls)| (source.clone(), countries(rolls, reading)));
            figures.collect()
        });
        Ok(Found {
            figures: figures.await?,
            errors: self.errors(&period.range),
            notes,
        })
    }

    /// Has what is missing of a period read, on all sources at once; of which that was done just now.
    pub(crate) async fn wait_for(&self, range: &Range<i64>) -> BTreeMap<String, String> {
        let span = self.needed(range);
        let wait = self.sources.iter().map(|source| async {
            let known = source.status.wait_for(&span, PATIENCE).await;
            let note = "its calls of this period were read just now".to_owned();
            (known == Known::JustNow).then(|| (source.name.clone(), note))
        });
        join_all(wait).await.into_iter().flatten().collect()
    }

    /// What must be known of a source, to say all that there is to say now.
    fn needed(&self, range: &Range<i64>) -> Range<i64> {
        let now = self.clock.now().utc.to_jiff().as_second();
        range.start.max(FIRST_CALL)..range.end.min(now - FRESH)
    }

    async fn rolls(&self, period: &Period) -> Result<BySource, ShelfError> {
        let rolls = self.sources.iter().map(|source| async {
            let found = self.shelf.rolls(&source.name, &period.range).await?;
            Ok((source.name.clone(), found))
        });
        join_all(rolls).await.into_iter().collect()
    }

    /// Of which sources not all of the period is known.
    pub(crate) fn errors(&self, range: &Range<i64>) -> BTreeMap<String, String> {
        let needed = self.needed(range);
        let mut errors = BTreeMap::new();
        for (name, _, progress) in self.progress() {
            if !progress.read.covers(&needed) {
                errors.insert(name.to_owned(), self.gap(&progress, &needed));
            }
        }
        errors
    }

    /// What of `needed` is not known, and why.
    fn gap(&self, progress: &Progress, needed: &Range<i64>) -> String {
        let why = match &progress.error {
            Some(error) => error.clone(),
            None => "it is being read".to_owned(),
        };
        let end = progress.read.end().map(|end| end.min(needed.end));
        let until = end.filter(|end| *end > needed.start);
        let lacks = progress
            .read
            .lacks(&(needed.start..until.unwrap_or(needed.start)));
        let until = self.time(until);
        match (lacks + 86_399) / 86_400 {
            0 => format!("{why}; {until}"),
            1 => format!("{why}; one day of this period is missing; {until}"),
            days => format!("{why}; {days} days of this period are missing; {until}"),
        }
    }

    fn time(&self, until: Option<i64>) -> String {
        match until.and_then(|until| Timestamp::from_second(until).ok()) {
            Some(until) => {
                let until = self.shelf.home.to_datetime(until);
                format!("calls are known until {}", until.strftime("%Y-%m-%d %H:%M"))
            }
            None => "no calls of this period are known".to_owned(),
        }
    }
}

/// Rolls in the order of their days, each with whether it goes on from the one before.
type Rolls = Vec<(bool, Arc<Roll>)>;
type BySource = BTreeMap<String, Rolls>;

fn extensions(
    rolls: &BySource,
    known: &BTreeMap<Box<str>, Box<str>>,
    reading: Reading,
) -> Vec<Extension> {
    let idle = known.keys().map(|number| (&**number, Total::default()));
    let mut totals: BTreeMap<&str, Total<'_>> = idle.collect();
    for (goes_on, roll) in rolls.values().flatten() {
        for (extension, tally) in roll.extensions() {
            totals.entry(extension).or_default().add(tally, *goes_on);
        }
    }
    let figures = totals.iter().map(|(extension, total)| {
        let name = match (total.name(), known.get(*extension)) {
            ("", Some(name)) => name,
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
    figures
}

fn countries(rolls: &Rolls, reading: Reading) -> Vec<CountryFigures> {
    let mut totals: BTreeMap<&Country, Total<'_>> = BTreeMap::new();
    for (goes_on, roll) in rolls {
        for (country, tally) in roll.places() {
            totals.entry(country).or_default().add(tally, *goes_on);
        }
    }
    let figures = totals.into_iter().map(|(country, total)| CountryFigures {
        country: country.clone(),
        sums: total.sums(reading),
        destinations: total.destinations(reading),
    });
    let mut figures: Vec<_> = figures.collect();
    figures.sort_by_key(|country| -country.sums.calls);
    figures
}
