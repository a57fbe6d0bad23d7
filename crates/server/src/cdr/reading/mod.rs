//! Reads one source, and goes on reading what is new in it.
//!
//! Whoever asks for a time that has not been read yet waits while it is read, before everything else. Databases are read by
//! time (`by_time`), the newest day first; files as they grow (`file`).

mod by_time;
mod file;
mod spans;

use std::{
    collections::VecDeque,
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::tz::TimeZone;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

pub(crate) use spans::Spans;

use super::{
    shelf::{Shelf, ShelfError},
    source::{Source, SourceError},
};
use crate::clock::Clock as Wall;

/// How often a source is looked at.
const LOOK: Duration = Duration::from_secs(15);
/// How often a long load says in the log how far it is.
const TELL: Duration = Duration::from_mins(1);
/// Asterisk is younger than the year 2000: what is before is a column's default, or a clock that was not set.
pub(super) const FIRST_CALL: i64 = 946_684_800;
/// The most seconds of rows that are ahead of the clock: a clock that is years ahead must not make us read years.
const AHEAD: i64 = 2 * 86_400;
/// More seconds than this are a load, of which the log tells.
const LOAD: i64 = 5 * 86_400;
/// A figure of today is as old as the last look, in seconds, which is no error.
pub(super) const FRESH: i64 = 120;
/// How many questions for times that were not read yet may wait.
const MAX_ASKED: usize = 64;

/// How reading goes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress {
    /// Rows read since the start.
    pub(crate) rows: u64,
    /// All calls that began then are known.
    pub(crate) read: Spans,
    /// When it was last looked at with success, in seconds since 1970.
    pub(crate) looked_at: Option<i64>,
    /// What is left of a load that takes its time.
    pub(crate) load: Option<Load>,
    /// Why the last look failed.
    pub(crate) error: Option<String>,
    /// What cannot be told, for want of a column or a right.
    pub(crate) notes: Vec<String>,
}

/// A load that takes its time: seconds of calls, or bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) all: i64,
    pub(crate) left: i64,
    pub(crate) is_of_time: bool,
    /// How long it has been going on, and how many rows it has read.
    pub(crate) took: Duration,
    pub(crate) rows: u64,
}

impl Load {
    pub(crate) fn rows_per_second(&self) -> u64 {
        let millis = u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX);
        self.rows * 1_000 / millis.max(1)
    }

    /// If it goes on as it went; nothing before anything was done.
    pub(crate) fn seconds_left(&self) -> Option<u64> {
        let done = u128::try_from(self.all - self.left)
            .ok()
            .filter(|done| *done > 0)?;
        let left = u128::try_from(self.left).ok()?;
        u64::try_from(self.took.as_millis() * left / done / 1_000).ok()
    }
}

/// What a reader and those who ask for its rows have in common.
#[derive(Debug, Default)]
pub(super) struct Status {
    progress: watch::Sender<Progress>,
    asked: Mutex<VecDeque<Range<i64>>>,
    came: Notify,
}

/// Whether a time has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    Before,
    /// It was read for this question.
    JustNow,
    Not,
}

impl Status {
    pub(super) fn progress(&self) -> Progress {
        self.progress.borrow().clone()
    }

    /// Has `span` read before everything else, and waits until it is, or the source fails, or `patience` is over.
    pub(super) async fn wait_for(&self, span: &Range<i64>, patience: Duration) -> Known {
        let mut progress = self.progress.subscribe();
        let settled = |progress: &Progress| progress.read.covers(span) || progress.error.is_some();
        if progress.borrow_and_update().read.covers(span) {
            return Known::Before;
        }
        {
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            if !asked.contains(span) && asked.len() < MAX_ASKED {
                asked.push_back(span.clone());
            }
        }
        self.came.notify_one();
        let wait = tokio::time::timeout(patience, progress.wait_for(|it| settled(it)));
        match wait.await {
            Ok(Ok(progress)) if progress.read.covers(span) => Known::JustNow,
            _ => Known::Not,
        }
    }

    /// The newest part that is `missing` of what was asked for first.
    fn asked(&self, missing: impl Fn(&Range<i64>) -> Option<Range<i64>>) -> Option<Range<i64>> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(first) = asked.front() {
            if let Some(missing) = missing(first) {
                return Some(missing);
            }
            asked.pop_front();
        }
        None
    }

    fn tell(&self, change: impl FnOnce(&mut Progress)) {
        self.progress.send_modify(change);
    }
}

#[derive(Debug, thiserror::Error)]
enum ReadingError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Shelf(#[from] ShelfError),
}

/// One source, and where its rows go.
pub(super) struct Reading {
    source: Arc<Source>,
    shelf: Arc<Shelf>,
    wall: Wall,
    status: Arc<Status>,
    /// When the log was last told of a load.
    told: Option<model::Instant>,
    /// When a load began: the rows that had been read, and what was missing.
    load: Option<(model::Instant, u64, i64)>,
}

/// What a step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Done,
    /// There is nothing to do until so long from now.
    Idle(Duration),
}

impl Reading {
    pub(super) fn new(source: Arc<Source>, shelf: Arc<Shelf>, wall: Wall) -> Self {
        Self {
            source,
            shelf,
            wall,
            status: Arc::default(),
            told: None,
            load: None,
        }
    }

    pub(super) fn status(&self) -> Arc<Status> {
        Arc::clone(&self.status)
    }

    /// Reads until `stop`.
    pub(super) async fn run(self, stop: CancellationToken) {
        let work = async {
            if self.source.file().is_some() {
                file::Reader::new(self).run().await;
            } else {
                by_time::Reader::new(self).run().await;
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = work => {}
        }
    }

    fn now(&self) -> i64 {
        self.wall.now().utc.to_jiff().as_second()
    }

    /// Tells how a step went, in the log when that changes; how long to wait now.
    fn settle(&self, step: Result<Step, ReadingError>) -> Option<Duration> {
        let (error, wait) = match step {
            Ok(Step::Done) => (None, None),
            Ok(Step::Idle(wait)) => (None, Some(wait)),
            Err(error) => (Some(error.to_string()), Some(LOOK)),
        };
        let source = &self.source.name;
        let mut before = None;
        self.status.tell(|progress| {
            before = std::mem::replace(&mut progress.error, error.clone());
        });
        match (&before, &error) {
            (None, Some(error)) => {
                tracing::warn!(source, error, "call detail records cannot be read");
            }
            (Some(_), None) => tracing::info!(source, "call detail records are read again"),
            _ => {}
        }
        wait
    }

    /// Tells how much is left of a load, if it is one; in the log now and then.
    fn tell_load(&mut self, left: i64, is_load: bool, is_of_time: bool) {
        let (now, source) = (self.wall.now().mono, self.source.name.clone());
        let rows = self.status.progress.borrow().rows;
        if is_load && self.load.is_none() {
            self.load = Some((now, rows, left));
            self.told = Some(now);
            tracing::info!(
                source,
                left = amount(left, is_of_time),
                "a load of call detail records begins"
            );
        }
        let load = self.load.map(|(begun, rows_before, all)| Load {
            all,
            left,
            is_of_time,
            took: now.since(begun),
            rows: rows - rows_before,
        });
        if let Some(load) = &load {
            if left <= 0 {
                let (rows, seconds) = (load.rows, load.took.as_secs());
                tracing::info!(
                    source,
                    rows,
                    seconds,
                    "the load of call detail records is done"
                );
                self.load = None;
            } else if self.told.is_none_or(|told| now.since(told) >= TELL) {
                self.told = Some(now);
                let rows_per_second = load.rows_per_second();
                let left = amount(left, is_of_time);
                tracing::info!(
                    source,
                    left,
                    rows_per_second,
                    "call detail records are being read"
                );
            }
        }
        self.status
            .tell(|progress| progress.load = load.filter(|load| load.left > 0));
    }

    /// What decides how rows are read: another way of reading makes other packs.
    fn way_of_reading(&self, zone: &TimeZone) -> String {
        let home = self.shelf.home.iana_name().unwrap_or_default();
        let zone = zone.iana_name().unwrap_or_default();
        format!("2 {home} {zone} {:?}", self.source.plan)
    }
}

fn amount(left: i64, is_of_time: bool) -> String {
    if is_of_time {
        format!("{} days", (left + 86_399) / 86_400)
    } else {
        format!("{} MiB", (left + (1 << 20) - 1) >> 20)
    }
}
