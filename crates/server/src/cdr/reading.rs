//! Reads one source, and goes on reading what is new in it.
//!
//! A row appears when its call ends, at the place in time where it began. So the newest hour is read again with every look, the
//! newest day every hour: what is read replaces what was there, which takes in rows that are late or were changed. What is older
//! is never asked for again, and stays when the source forgets it.

use std::{
    ops::Range,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use jiff::tz::TimeZone;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::{
    clock::{Clock, Day, begin, day_of, local},
    shelf::{Mark, Shelf, ShelfError},
    sorting::Sorting,
    source::{Columns, Source, SourceError},
};
use crate::clock::Clock as Wall;

/// How often a source is looked at.
const LOOK: Duration = Duration::from_secs(15);
/// What every look reads again, in seconds.
const OVERLAP: i64 = 3_600;
/// What one look in an hour reads again.
const LONG_OVERLAP: i64 = 86_400;
/// Local time is at most so far from what a day in another zone says, twice.
const MARGIN: i64 = 2 * 3_600;
/// Asterisk is younger: what is before the year 2000 is a column's default, or a clock that was not set.
const FIRST_CALL: i64 = 946_684_800;
/// More days than this are a first load.
const LOAD_DAYS: i32 = 5;
/// The most days of rows that are ahead of the clock: a clock that is years ahead must not make us read years.
const AHEAD: i64 = 2 * 86_400;

/// How reading goes.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Progress {
    /// Rows read since the start.
    pub(crate) rows: u64,
    /// All calls before this instant are known, in seconds since 1970.
    pub(crate) until: Option<i64>,
    /// Days still to read of the first load, and of how many.
    pub(crate) days_left: i32,
    pub(crate) days: i32,
    /// Why the last look failed.
    pub(crate) error: Option<String>,
    /// What cannot be told for want of a column.
    pub(crate) notes: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
enum ReadingError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Shelf(#[from] ShelfError),
}

pub(super) struct Reading {
    source: Arc<Source>,
    shelf: Arc<Shelf>,
    wall: Wall,
    progress: Arc<RwLock<Progress>>,
}

impl Reading {
    pub(super) fn new(source: Arc<Source>, shelf: Arc<Shelf>, wall: Wall) -> Self {
        Self {
            source,
            shelf,
            wall,
            progress: Arc::default(),
        }
    }

    pub(super) fn progress(&self) -> Arc<RwLock<Progress>> {
        Arc::clone(&self.progress)
    }

    /// Looks until `stop`.
    pub(super) async fn run(self, stop: CancellationToken) {
        let name = self.source.name.clone();
        if let Err(error) = self.shelf.warm(&name).await {
            tracing::error!(source = name, %error, "kept call detail records cannot be read");
        }
        let mut long_look = None;
        loop {
            let now = self.now();
            let is_long = long_look.is_none_or(|long_look| now - long_look >= OVERLAP);
            let overlap = if is_long { LONG_OVERLAP } else { OVERLAP };
            let looked = tokio::select! {
                () = stop.cancelled() => return,
                looked = self.look(now, overlap) => looked,
            };
            let error = looked.err().map(|error| error.to_string());
            if error.is_none() && is_long {
                long_look = Some(now);
            }
            let before =
                self.told(|progress| std::mem::replace(&mut progress.error, error.clone()));
            match (&before, &error) {
                (None, Some(error)) => {
                    tracing::warn!(source = name, error, "call detail records cannot be read");
                }
                (Some(_), None) => {
                    tracing::info!(source = name, "call detail records are read again");
                }
                _ => {}
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    fn now(&self) -> i64 {
        self.wall.now().utc.to_jiff().as_second()
    }

    fn told<T>(&self, change: impl FnOnce(&mut Progress) -> T) -> T {
        change(
            &mut self
                .progress
                .write()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// Reads what is new, and `overlap` seconds before it again.
    async fn look(&self, now: i64, overlap: i64) -> Result<(), ReadingError> {
        let name = &self.source.name;
        let columns = self.source.columns().await?;
        self.told(|progress| progress.notes = columns.notes());
        let zone = columns.zone(&self.source.zone);
        let reading = self.way_of_reading(&zone);
        let mut mark = self.shelf.mark(name).await?;
        if mark.as_ref().is_some_and(|mark| mark.reading != reading) {
            tracing::info!(
                source = name,
                "its time zone or number plan has changed: it is read anew"
            );
            self.shelf.forget(name).await?;
            mark = None;
        }
        let from = if let Some(mark) = mark {
            mark.until.min(now) - overlap
        } else {
            let first = self.source.first_since(&columns, FIRST_CALL).await?;
            first.map_or(now - overlap, |first| {
                Clock::new(zone.clone()).instant(first, None) - MARGIN
            })
        };
        let home = &self.shelf.home;
        let (first, last) = (day_of(home, from), day_of(home, now + AHEAD));
        // A first load goes by days; what is new since the last look is one question.
        let step = if last - first > LOAD_DAYS {
            1
        } else {
            last - first + 1
        };
        let days = last - first + 1;
        self.told(|progress| (progress.days, progress.days_left) = (days, days));
        let mut day = first;
        while day <= last {
            let days = day..(day + step).min(last + 1);
            let wanted = from.max(begin(home, days.start))..begin(home, days.end);
            let mark = Mark {
                reading: reading.clone(),
                until: wanted.end.min(now),
            };
            let lasting = step == 1 || overlap == LONG_OVERLAP;
            self.read(&columns, &zone, days.clone(), wanted, &mark, lasting)
                .await?;
            day = days.end;
            if step == 1 && !self.shelf.has(name, day - 1) {
                // Years may be empty between two rows.
                let since = local(&zone, begin(home, day)) - MARGIN;
                let next = self.source.first_since(&columns, since).await?;
                let next = next.map(|next| Clock::new(zone.clone()).instant(next, None) - MARGIN);
                day = next.map_or(last, |next| day_of(home, next).clamp(day, last.max(day)));
            }
            self.told(|progress| {
                progress.days_left = last + 1 - day;
                progress.until = Some(mark.until);
            });
        }
        Ok(())
    }

    /// Reads the rows of `days` that are `wanted`; what the first day had before them stays.
    async fn read(
        &self,
        columns: &Columns,
        zone: &TimeZone,
        days: Range<Day>,
        wanted: Range<i64>,
        mark: &Mark,
        lasting: bool,
    ) -> Result<(), ReadingError> {
        let (source, shelf) = (&self.source, &self.shelf);
        let mut sorting = Sorting::new(
            source.plan.clone(),
            Clock::new(zone.clone()),
            shelf.home.clone(),
            wanted.clone(),
            Arc::clone(&shelf.known),
        );
        if wanted.start > begin(&shelf.home, days.start)
            && let Some(kept) = shelf.pack(&source.name, days.start).await?
        {
            sorting.keep(days.start, &kept, wanted.start);
        }
        // Where zones differ or clocks are set back, local time does not cut where days do.
        let local = (
            local(zone, wanted.start) - MARGIN,
            local(zone, wanted.end) + MARGIN,
        );
        let sorting = source.read(columns, local, sorting).await?;
        let rows = sorting.rows();
        let mut packs = sorting.finish();
        for day in days {
            if shelf.has(&source.name, day) {
                packs.entry(day).or_default();
            }
        }
        shelf.put(&source.name, packs, mark, lasting).await?;
        self.told(|progress| progress.rows += rows);
        Ok(())
    }

    /// What decides how rows are read: another way of reading makes other packs.
    fn way_of_reading(&self, zone: &TimeZone) -> String {
        let home = self.shelf.home.iana_name().unwrap_or_default();
        let zone = zone.iana_name().unwrap_or_default();
        format!("1 {home} {zone} {:?}", self.source.plan)
    }
}
