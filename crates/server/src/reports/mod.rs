//! Figures over call detail records and our own log, as reports: a question in, a table with its formulas out.
//!
//! Nothing is estimated: what cannot be known is undefined, and says why. A report is made from rows, a day of a source at a
//! time, one or two reports at once; one that would be too large is refused with the reason.

mod causes;
mod facts;
mod interval;
mod layout;
mod own;
mod question;
mod records;
mod report;
mod search;
mod table;

use std::{ops::Range, sync::Arc};

use engine::stats::By;
use store::{Store, StoreError};
use tokio::sync::Semaphore;

pub(crate) use question::{Question, ReportKind, zone_named};
pub(crate) use report::Report;
pub(crate) use search::{Hit, OwnFilter, Search};

use crate::{
    cdr::{Cdr, CountError},
    clock::Clock,
    problem::Problem,
};
use facts::Facts;
use interval::Interval;
use layout::Laying;
use question::Asked;

/// How many reports are made at once; others wait.
const AT_ONCE: usize = 2;
/// The most rows of a report.
const MAX_ROWS: usize = 20_000;

/// Makes reports. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Reports {
    store: Store,
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
    #[error(transparent)]
    Store(#[from] StoreError),
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
            Unmade::Store(error) => error.into(),
        }
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + chars.as_str()
}

impl Reports {
    pub(crate) fn new(store: Store, cdr: Cdr, clock: Clock) -> Self {
        Self {
            store,
            cdr,
            clock,
            gate: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// The period that `question` means, in seconds since 1970; nothing where it names none.
    pub(crate) fn range(&self, question: &Question) -> Result<Option<Range<i64>>, Unmade> {
        let Question { date, from, to, .. } = question;
        if date.is_none() && from.is_none() && to.is_none() {
            return Ok(None);
        }
        let now = self.clock.now().utc.to_jiff();
        let asked = Asked::read(question, now, self.cdr.home(), self.cdr.work_week_days())?;
        Ok(Some(asked.period.range))
    }

    /// Whether all call detail records of the period of `question` have been read.
    pub(crate) fn knows(&self, question: &Question) -> Result<bool, Unmade> {
        let range = self.range(question)?;
        Ok(range.is_none_or(|range| self.cdr.errors(&range).is_empty()))
    }

    /// Whether `question` makes sense.
    pub(crate) fn check(&self, kind: ReportKind, question: &Question) -> Result<(), Unmade> {
        self.read(kind, question).map(drop)
    }

    /// What is asked, and where its intervals begin.
    fn read(&self, kind: ReportKind, question: &Question) -> Result<(Asked, Vec<i64>), Unmade> {
        let now = self.clock.now().utc.to_jiff();
        let asked = Asked::read(question, now, self.cdr.home(), self.cdr.work_week_days())?;
        if kind == ReportKind::HeatMap && asked.interval != Interval::None {
            let why = "makes no sense here: the rows are hours of the week";
            return Err(Unmade::question("interval", why));
        }
        let borders = asked.borders(&asked.period.range)?;
        Ok((asked, borders))
    }

    /// The answer to `question`, of now.
    pub(crate) async fn make(
        &self,
        kind: ReportKind,
        question: &Question,
    ) -> Result<Report, Unmade> {
        let (asked, borders) = self.read(kind, question)?;
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
        if kind.by().is_some() {
            report.errors = self.cdr.errors(&asked.period.range);
            report.notes.extend(self.cdr.notes());
        }
        Ok(report)
    }

    async fn facts(
        &self,
        kind: ReportKind,
        asked: &Asked,
        borders: &[i64],
    ) -> Result<Facts, Unmade> {
        let now = self.clock.now().utc;
        match kind {
            ReportKind::Queue => own::queues(&self.store, asked, borders).await,
            ReportKind::Agent => own::agents_at_work(&self.store, asked, borders, now).await,
            ReportKind::Cause => causes::facts(&self.store, asked, borders).await,
            ReportKind::HeatMap => {
                let range = borders[0]..borders[borders.len() - 1];
                let hours = asked.borders_of(Interval::Minutes(60), &range)?;
                let week = records::Way::week(hours, &asked.time_zone);
                records::facts(&self.cdr, week, asked).await
            }
            _ => {
                let by = kind.by().unwrap_or(By::All);
                records::facts(&self.cdr, records::Way::by(by, borders), asked).await
            }
        }
    }
}
