//! Figures over call detail records, as reports: a question in, a table with its formulas out.
//!
//! Nothing is estimated: what cannot be known is undefined, and says why. A report is made from rows, a day of a source at a
//! time, one or two reports at once; one that would be too large is refused with the reason.

mod facts;
mod interval;
mod question;
mod records;
mod report;
mod table;

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use jiff::tz::TimeZone;
use model::Timestamp;
use tokio::sync::Semaphore;

pub(crate) use question::{Question, ReportKind};
pub(crate) use report::Report;

use crate::{
    cdr::{Cdr, CountError},
    clock::Clock,
    problem::Problem,
};
use facts::{Facts, Place};
use interval::Interval;
use question::Asked;
use report::{Cell, Column, Kind, Row, Window};

/// How many reports are made at once; others wait.
const AT_ONCE: usize = 2;
/// The most rows of a report.
const MAX_ROWS: usize = 20_000;

/// Makes reports. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Reports {
    cdr: Cdr,
    clock: Clock,
    gate: Arc<Semaphore>,
}

/// Why a report was not made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unmade {
    /// What is wrong with a parameter; reads on from its name.
    #[error("{field} {why}")]
    Question { field: &'static str, why: String },
    #[error(transparent)]
    Count(#[from] CountError),
}

impl Unmade {
    fn question(field: &'static str, why: impl Into<String>) -> Self {
        let why = why.into();
        Self::Question { field, why }
    }
}

impl From<Unmade> for Problem {
    fn from(unmade: Unmade) -> Self {
        match unmade {
            Unmade::Question { field, .. } => Self::field(field, format!("{unmade}.")),
            Unmade::Count(CountError::TooMany(too_many)) => {
                let detail = format!("{too_many}: ask for a shorter period or longer intervals.");
                Self::field("interval", capital(&detail))
            }
            Unmade::Count(CountError::Shelf(error)) => error.into(),
        }
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + chars.as_str()
}

impl Reports {
    pub(crate) fn new(cdr: Cdr, clock: Clock) -> Self {
        Self {
            cdr,
            clock,
            gate: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// The answer to `question`, of now.
    pub(crate) async fn make(
        &self,
        kind: ReportKind,
        question: &Question,
    ) -> Result<Report, Unmade> {
        let now = self.clock.now().utc.to_jiff();
        let asked = Asked::read(question, now, self.cdr.home(), self.cdr.work_week_days())?;
        let borders = asked.borders(&asked.period.range)?;
        // It is never closed.
        let _turn = self.gate.acquire().await;
        let facts = self.facts(kind, &asked, &borders).await?;
        let before = match &asked.before {
            Some(range) => {
                let borders = asked.borders(range)?;
                Some(self.facts(kind, &asked, &borders).await?)
            }
            None => None,
        };
        let mut report = Laying {
            asked: &asked,
            borders: &borders,
            facts,
            before,
        }
        .lay(kind);
        report.errors = self.cdr.errors(&asked.period.range);
        report.notes.extend(self.cdr.notes());
        Ok(report)
    }

    async fn facts(
        &self,
        kind: ReportKind,
        asked: &Asked,
        borders: &[i64],
    ) -> Result<Facts, Unmade> {
        records::facts(&self.cdr, kind.by(), asked, borders).await
    }
}

/// Facts on their way into a report.
struct Laying<'a> {
    asked: &'a Asked,
    borders: &'a [i64],
    facts: Facts,
    before: Option<Facts>,
}

impl Laying<'_> {
    fn lay(self, kind: ReportKind) -> Report {
        let Asked {
            period,
            time_zone,
            interval,
            ..
        } = self.asked;
        Report {
            id: kind.id().to_owned(),
            title: kind.title().to_owned(),
            period: window(&period.range),
            before: self.asked.before.as_ref().map(window),
            time_zone: zone_name(time_zone),
            interval: interval.name(),
            columns: self.columns(),
            rows: self.rows(kind),
            total: Some(self.total()),
            notes: self.facts.notes.clone(),
            errors: BTreeMap::new(),
        }
    }

    fn columns(&self) -> Vec<Column> {
        let Facts {
            keys,
            labels,
            figures,
            ..
        } = &self.facts;
        let from = Column::plain("from", "From", Kind::Instant);
        let from = (self.asked.interval != Interval::None).then_some(from);
        let before = figures.iter().map(Column::of_before);
        let before = before.take_while(|_| self.before.is_some());
        from.into_iter()
            .chain([keys, labels, figures].into_iter().flatten().cloned())
            .chain(before)
            .collect()
    }

    /// A row for everybody who has a figure in either period; without keys, for every interval.
    fn rows(&self, kind: ReportKind) -> Vec<Row> {
        let intervals = u32::try_from(self.borders.len() - 1).unwrap_or(u32::MAX);
        let mut places: Vec<Place> = self.facts.rows.keys().cloned().collect();
        if let Some(before) = &self.before {
            let also = before
                .rows
                .keys()
                .filter(|place| place.interval < intervals && !self.facts.rows.contains_key(place));
            places.extend(also.cloned());
        }
        if kind == ReportKind::Total {
            places = (0..intervals).map(Place::everybody).collect();
        }
        let weight = |place: &Place| self.facts.rows.get(place).map_or(0, |row| row.weight);
        places.sort_by(|a, b| {
            let by_time = a.interval.cmp(&b.interval);
            by_time
                .then_with(|| weight(b).cmp(&weight(a)))
                .then_with(|| a.key.cmp(&b.key))
        });
        places.iter().map(|place| self.row(place)).collect()
    }

    fn row(&self, place: &Place) -> Row {
        let at = place.interval as usize;
        let (from, until) = (self.borders[at], self.borders[at + 1]);
        let mut cells = Vec::new();
        if self.asked.interval != Interval::None {
            cells.push(Cell::Instant(instant(from)));
        }
        cells.extend(place.key.iter().cloned().map(Cell::Text));
        let labels = |facts: &Facts| facts.names.get(&place.key).cloned();
        let labels = labels(&self.facts).or_else(|| self.before.as_ref().and_then(labels));
        let nameless = || vec![String::new(); self.facts.labels.len()];
        cells.extend(labels.unwrap_or_else(nameless).into_iter().map(Cell::Text));
        for facts in [Some(&self.facts), self.before.as_ref()]
            .into_iter()
            .flatten()
        {
            let row = facts.rows.get(place);
            cells.extend(row.map_or(&facts.nothing, |row| &row.cells).iter().cloned());
        }
        Row {
            window: window(&(from..until)),
            cells,
            calls: None,
        }
    }

    fn total(&self) -> Row {
        let heads = self.facts.keys.len() + self.facts.labels.len();
        let head = usize::from(self.asked.interval != Interval::None) + heads;
        let mut cells = vec![Cell::Undefined; head];
        for facts in [Some(&self.facts), self.before.as_ref()]
            .into_iter()
            .flatten()
        {
            cells.extend(facts.total.iter().cloned());
        }
        Row {
            window: window(&self.asked.period.range),
            cells,
            calls: None,
        }
    }
}

fn instant(second: i64) -> Timestamp {
    Timestamp::from_micros(second.saturating_mul(1_000_000))
}

fn window(range: &Range<i64>) -> Window {
    Window {
        from: instant(range.start),
        until: instant(range.end),
    }
}

fn zone_name(zone: &TimeZone) -> String {
    zone.iana_name().unwrap_or("UTC").to_owned()
}
