//! Reads a database by time.
//!
//! A row appears when its call ends, at the place in time where it began. So the newest hour is read again with every look, the
//! newest day every hour: what is read replaces what was there, which takes in rows that are late or were changed. What is older
//! is never asked for again, and stays when the source forgets it. What was never read is read day by day, the newest first, what
//! somebody asks for before all else.

use std::{collections::BTreeMap, ops::Range, sync::Arc, time::Duration};

use jiff::tz::TimeZone;

use super::{
    super::{
        clock::{Clock, Day, begin, day_of, local},
        shelf::{Mark, Rolling},
        sorting::Sorting,
        source::Columns,
    },
    AHEAD, FIRST_CALL, LOAD, LOOK, Reading, ReadingError, Spans, Step,
};

/// What every look reads again, in seconds.
const OVERLAP: i64 = 3_600;
/// What one look in an hour reads again.
const LONG_OVERLAP: i64 = 86_400;
/// A load reads so many rows at once, about: memory is for a busy day, and quiet ones are not asked for one by one.
const BATCH: u64 = 50_000;
const MAX_STRIDE: i32 = 64;
/// So many steps whoever asks may take before what is new is looked at for the first time.
const BEFORE_LOOK: u32 = 3;
/// Local time is at most so far from what a day in another zone says, twice.
const MARGIN: i64 = 2 * 3_600;

pub(super) struct Reader {
    reading: Reading,
    mark: Option<Mark>,
    opened: Option<Opened>,
    /// How many days are read at once.
    stride: i32,
    /// When it was looked at, and when a whole day was read again.
    looked: Option<i64>,
    long_look: Option<i64>,
    /// What was read before the first look, in how many steps.
    before_look: (Spans, u32),
    /// When the site's own lists were read.
    listed: Option<i64>,
    /// How far it had been read before this one began.
    end: Option<i64>,
}

/// What was seen of a table with the last look.
struct Opened {
    columns: Columns,
    zone: TimeZone,
}

impl Reader {
    pub(super) fn new(reading: Reading) -> Self {
        Self {
            reading,
            mark: None,
            opened: None,
            stride: 1,
            looked: None,
            long_look: None,
            before_look: (Spans::default(), 0),
            listed: None,
            end: None,
        }
    }

    pub(super) async fn run(mut self) {
        self.recall();
        loop {
            let step = self.step().await;
            if step.is_err() {
                self.opened = None;
            }
            if let Some(wait) = self.reading.settle(step) {
                let status = Arc::clone(&self.reading.status);
                let asked = status.came.notified();
                // A source that fails is not asked more often because somebody waits for it.
                let can_be_asked = self.opened.is_some();
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    () = asked, if can_be_asked => {}
                }
            }
        }
    }

    /// What was read before a restart is known at once, and while the source is away. Its columns may say later that it is to be read
    /// in another zone.
    fn recall(&self) {
        let (shelf, source) = (&self.reading.shelf, &self.reading.source);
        let mark = shelf.mark(&source.name);
        let as_now = |zone| mark.reading == self.reading.way_of_reading(zone);
        if [&source.zone, &TimeZone::UTC].into_iter().any(as_now) {
            let read = mark.read;
            self.reading.status.tell(|progress| progress.read = read);
        }
    }

    /// Does what is next.
    async fn step(&mut self) -> Result<Step, ReadingError> {
        let now = self.reading.now();
        let since = self.looked.map_or(i64::MAX, |looked| now - looked);
        let look = i64::try_from(LOOK.as_secs()).unwrap_or(i64::MAX);
        // A clock that was set back is a reason to look as well.
        let is_due = !(0..look).contains(&since);
        if self.opened.is_none() || is_due && self.looked.is_some() {
            self.open(now).await?;
        }
        let first_look = self.looked.is_none();
        if is_due && !first_look {
            self.look(now).await?;
            return Ok(Step::Done);
        }
        let (Some(opened), Some(mark)) = (&self.opened, &self.mark) else {
            return Ok(Step::Done);
        };
        let home = &self.reading.shelf.home;
        let end = if first_look {
            // Whoever asks for a day before today need not wait for what is new.
            begin(home, day_of(home, now))
        } else {
            mark.read.end().unwrap_or(FIRST_CALL)
        };
        let missing = |span: &Range<i64>| {
            let known = span.start.max(FIRST_CALL)..span.end.min(end);
            mark.read.missing(&known)
        };
        let asked = self.reading.status.asked(missing);
        if first_look && (asked.is_none() || self.before_look.1 >= BEFORE_LOOK) {
            self.look(now).await?;
            return Ok(Step::Done);
        }
        if let Some(gap) = asked.or_else(|| mark.read.missing(&(FIRST_CALL..end))) {
            let (columns, zone) = (opened.columns.clone(), opened.zone.clone());
            self.read_days_of(&columns, &zone, gap).await?;
            return Ok(Step::Done);
        }
        if let Some(day) = self.reading.shelf.unrolled(&self.reading.source.name) {
            self.reading
                .shelf
                .made(&self.reading.source.name, day)
                .await?;
            return Ok(Step::Done);
        }
        self.reading.shelf.rest(&self.reading.source.name);
        Ok(Step::Idle(Duration::from_secs(
            u64::try_from(look - since).unwrap_or_default(),
        )))
    }

    /// Sees which columns there are and, once an hour, the site's own lists.
    async fn open(&mut self, now: i64) -> Result<(), ReadingError> {
        let source = Arc::clone(&self.reading.source);
        let columns = source.columns().await?;
        let zone = columns.zone(&source.zone);
        if self.listed.is_none_or(|listed| now - listed >= OVERLAP) {
            let mut notes = columns.notes();
            notes.extend(self.read_lists().await?);
            self.reading.status.tell(|progress| progress.notes = notes);
            self.listed = Some(now);
        }
        let mut mark = self.mark_for(&zone).await?;
        if self.mark.is_none() {
            self.end = mark.read.end();
        }
        if !mark.read.covers(&(FIRST_CALL..FIRST_CALL + 1)) {
            let home = &self.reading.shelf.home;
            let today = begin(home, day_of(home, now));
            let first = source.first_since(&columns, FIRST_CALL).await?;
            let first = first.map_or(today, |first| instant(&zone, first) - MARGIN);
            mark.read.add(FIRST_CALL..first.min(today));
        }
        self.opened = Some(Opened { columns, zone });
        self.mark = Some(mark);
        Ok(())
    }

    /// Reads what is new, and some of what was there before it again.
    async fn look(&mut self, now: i64) -> Result<(), ReadingError> {
        let (Some(opened), Some(mark)) = (&self.opened, &self.mark) else {
            return Ok(());
        };
        let (columns, zone, mut mark) = (&opened.columns, &opened.zone, mark.clone());
        let is_first = self.looked.is_none();
        let is_long = self
            .long_look
            .is_none_or(|long_look| now - long_look >= OVERLAP);
        let home = self.reading.shelf.home.clone();
        let today = day_of(&home, now);
        // What the last look cannot have seen: calls that went on.
        let overlap = if is_long { LONG_OVERLAP } else { OVERLAP };
        let end = self.end.map_or(now, |end| end.min(now));
        let since = self.looked.unwrap_or(end).min(now) - overlap;
        // After a long absence the rest is a load, and comes later.
        let from = since.max(begin(&home, if is_first { today } else { today - 1 }));
        mark.read.cut(since);
        // What somebody asked for was read just now.
        mark.read.add_all(&self.before_look.0);
        mark.read.add(from..now);
        let wanted = from..begin(&home, day_of(&home, now + AHEAD) + 1);
        self.read(columns, zone, wanted, &mark, is_long).await?;
        self.mark = Some(mark);
        self.looked = Some(now);
        self.before_look.0 = Spans::default();
        if is_long {
            self.long_look = Some(now);
        }
        self.reading
            .status
            .tell(|progress| progress.looked_at = Some(now));
        self.publish();
        Ok(())
    }

    /// How far the source was read in the same way; nothing of it if that was another one.
    async fn mark_for(&self, zone: &TimeZone) -> Result<Mark, ReadingError> {
        let (shelf, source) = (&self.reading.shelf, &self.reading.source);
        let mark = match &self.mark {
            Some(mark) => mark.clone(),
            None => shelf.mark(&source.name),
        };
        let reading = self.reading.way_of_reading(zone);
        if mark.reading == reading {
            return Ok(mark);
        }
        if !mark.reading.is_empty() {
            tracing::info!(
                source = source.name,
                "its time zone or number plan has changed: it is read anew"
            );
            shelf.forget(&source.name).await?;
        }
        Ok(Mark {
            reading,
            ..Mark::default()
        })
    }

    /// The site's own countries and users, where it has them; what is to be said of them.
    async fn read_lists(&self) -> Result<Vec<String>, ReadingError> {
        let (shelf, source) = (&self.reading.shelf, &self.reading.source);
        let lists = source.lists().await?;
        shelf.set_countries(&source.name, lists.countries).await?;
        shelf.set_users(&source.name, lists.users);
        Ok(lists.notes)
    }

    /// Reads the newest days of what is missing.
    async fn read_days_of(
        &mut self,
        columns: &Columns,
        zone: &TimeZone,
        gap: Range<i64>,
    ) -> Result<(), ReadingError> {
        let home = self.reading.shelf.home.clone();
        let day = day_of(&home, gap.end - 1);
        let wanted = gap.start.max(begin(&home, day + 1 - self.stride))..gap.end;
        let mut mark = self.mark.clone().unwrap_or_default();
        mark.read.add(wanted.clone());
        let rows = self
            .read(columns, zone, wanted.clone(), &mark, true)
            .await?;
        if self.looked.is_none() {
            self.before_look.0.add(wanted.clone());
            self.before_look.1 += 1;
        }
        self.stride = match rows {
            BATCH.. => (self.stride / 2).max(1),
            _ if rows < BATCH / 4 => (self.stride * 2).min(MAX_STRIDE),
            _ => self.stride,
        };
        if rows == 0 && gap.start < wanted.start {
            // Years may be empty between two rows.
            let until = local(zone, wanted.start) + MARGIN;
            let last = self.reading.source.last_before(columns, until).await?;
            let last = last.map_or(FIRST_CALL, |last| instant(zone, last) + MARGIN);
            mark.read.add(last.min(wanted.start)..wanted.start);
        }
        self.mark = Some(mark);
        self.publish();
        Ok(())
    }

    fn publish(&mut self) {
        let Some(mark) = &self.mark else { return };
        let end = mark.read.end().unwrap_or(FIRST_CALL);
        let left = mark.read.lacks(&(FIRST_CALL..end));
        let read = mark.read.clone();
        self.reading.status.tell(|progress| progress.read = read);
        self.reading.tell_load(left, left > LOAD, true);
    }

    /// Reads the rows that are `wanted`; what their days have beside them stays. How many there were.
    async fn read(
        &self,
        columns: &Columns,
        zone: &TimeZone,
        wanted: Range<i64>,
        mark: &Mark,
        lasting: bool,
    ) -> Result<u64, ReadingError> {
        let (source, shelf) = (&self.reading.source, &self.reading.shelf);
        let home = &shelf.home;
        let (first, last) = (day_of(home, wanted.start), day_of(home, wanted.end - 1));
        let mut sorting = Sorting::new(
            source.plan.clone(),
            Clock::new(zone.clone()),
            home.clone(),
            wanted.clone(),
            Arc::clone(&shelf.known),
        );
        let is_cut =
            |day: Day| begin(home, day) < wanted.start || wanted.end < begin(home, day + 1);
        let mut edges = vec![first, last];
        edges.dedup();
        edges.retain(|day| is_cut(*day));
        for day in edges {
            if let Some(kept) = shelf.pack(&source.name, day).await? {
                sorting.keep(day, &kept);
            }
        }
        // Where zones differ or clocks are set back, local time does not cut where days do.
        let local = (
            local(zone, wanted.start) - MARGIN,
            local(zone, wanted.end) + MARGIN,
        );
        let sorting = source.read(columns, local, sorting).await?;
        let rows = sorting.rows();
        let mut packs: BTreeMap<Day, _> = sorting.finish();
        for day in first..=last {
            if shelf.has(&source.name, day) {
                packs.entry(day).or_default();
            }
        }
        let (mark, which) = if lasting {
            (Some(mark), Rolling::WhereTheDayBeforeIs)
        } else {
            (None, Rolling::All)
        };
        shelf.put(&source.name, packs, mark, which).await?;
        self.reading.status.tell(|progress| progress.rows += rows);
        Ok(rows)
    }
}

/// The first instant at which the source's clock showed `local`.
fn instant(zone: &TimeZone, local: i64) -> i64 {
    Clock::new(zone.clone()).instant(local, None)
}

#[cfg(test)]
mod tests;
