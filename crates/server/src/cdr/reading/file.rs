//! Reads a file as it grows, from where it was left.
//!
//! What was read is never read again: its place stands beside its rows. Where another file lies in its place (rotated,
//! truncated, exported anew), rows that it has in common with what is known count once.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    super::{
        clock::{Clock, Day},
        shelf::{Mark, Rolling},
        sorting::Sorting,
        source::{FileStep, SourceError},
    },
    AHEAD, FIRST_CALL, LOOK, Reading, ReadingError, Step,
};

/// How many rows are taken at once.
const BATCH: usize = 200_000;
/// How often the newest rows go into the store, in seconds; until then they are in memory, and in the file.
const LASTING: i64 = 3_600;
/// More bytes than this are a load, of which the log tells.
const LOAD: i64 = 64 << 20;

pub(super) struct Reader {
    reading: Reading,
    mark: Option<Mark>,
    /// When what was read went into the store.
    kept: i64,
}

impl Reader {
    pub(super) fn new(reading: Reading) -> Self {
        Self {
            reading,
            mark: None,
            kept: 0,
        }
    }

    pub(super) async fn run(mut self) {
        loop {
            let step = self.step().await;
            if let Some(wait) = self.reading.settle(step) {
                tokio::time::sleep(wait).await;
            }
        }
    }

    async fn step(&mut self) -> Result<Step, ReadingError> {
        let mark = match self.mark.take() {
            Some(mark) => mark,
            None => self.first_mark().await?,
        };
        let now = self.reading.now();
        let step = self.read_on(mark.clone(), now).await;
        let Ok((mark, step)) = step else {
            self.mark = Some(mark);
            return Err(step.err().unwrap_or(SourceError::Failed.into()));
        };
        self.publish(&mark, &step, now);
        self.mark = Some(mark);
        if !step.is_at_end {
            return Ok(Step::Done);
        }
        let (shelf, name) = (&self.reading.shelf, &self.reading.source.name);
        let Some(day) = shelf.unrolled(name) else {
            shelf.rest(name);
            return Ok(Step::Idle(LOOK));
        };
        shelf.made(name, day).await?;
        Ok(Step::Done)
    }

    async fn first_mark(&self) -> Result<Mark, ReadingError> {
        let (shelf, source) = (&self.reading.shelf, &self.reading.source);
        let mark = shelf.mark(&source.name);
        let reading = self.reading.way_of_reading(&source.zone);
        if mark.reading == reading {
            return Ok(mark);
        }
        shelf.forget(&source.name).await?;
        Ok(Mark {
            reading,
            ..Mark::default()
        })
    }

    /// Takes the next rows. They are in the store together with their place in the file, or both are not.
    async fn read_on(
        &mut self,
        mut mark: Mark,
        now: i64,
    ) -> Result<(Mark, FileStep), ReadingError> {
        let (source, shelf) = (&self.reading.source, &self.reading.shelf);
        let sorting = Sorting::new(
            source.plan.clone(),
            Clock::new(source.zone.clone()),
            shelf.home.clone(),
            FIRST_CALL..now + AHEAD,
            Arc::clone(&shelf.known),
        );
        let file = source.file().ok_or(SourceError::Failed)?;
        let place = mark.file.take();
        let (sorting, step) = file.read_on(place, BATCH, sorting).await?;
        mark.file = Some(step.place.clone());
        if step.is_at_end {
            mark.read.cut(FIRST_CALL);
            mark.read.add(FIRST_CALL..now);
        }
        let rows = sorting.rows();
        let lasting = !step.is_at_end || now - self.kept >= LASTING;
        let mut packs: BTreeMap<Day, _> = BTreeMap::new();
        if lasting {
            packs = shelf.newest(&source.name);
        }
        for (day, new) in sorting.finish() {
            let before = match packs.remove(&day) {
                Some(before) => Some(Arc::new(before)),
                None => shelf.pack(&source.name, day).await?,
            };
            let again = step.place.again;
            let all = match before {
                Some(before) => {
                    let merge = tokio::task::spawn_blocking(move || before.with(&new, again));
                    merge.await.map_err(|_| SourceError::Failed)?
                }
                None => new,
            };
            packs.insert(day, all);
        }
        if lasting {
            shelf
                .put(&source.name, packs, Some(&mark), Rolling::All)
                .await?;
            self.kept = now;
        } else if rows > 0 {
            shelf.put(&source.name, packs, None, Rolling::All).await?;
        }
        self.reading.status.tell(|progress| progress.rows += rows);
        Ok((mark, step))
    }

    fn publish(&mut self, mark: &Mark, step: &FileStep, now: i64) {
        let read = mark.read.clone();
        self.reading.status.tell(|progress| {
            progress.read = read;
            progress.notes.clone_from(&step.notes);
            if step.is_at_end {
                progress.looked_at = Some(now);
            }
        });
        let left = if step.is_at_end { 0 } else { step.bytes_left };
        self.reading.tell_load(left, left > LOAD, false);
    }
}
