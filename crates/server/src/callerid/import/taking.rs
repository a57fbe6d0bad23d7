//! An import under way: pieces of a file go in, numbers come out in the store and before whoever presents them.

use std::collections::HashMap;
use std::sync::Arc;

use model::{
    CallerId, CallerIdImport, CallerIdImportId, CallerIdKey, E164, Invalid, MAX_FILE_NAME, visible,
};
use store::{Store, StoreError, Upserted};
use tokio::sync::Mutex;

use super::reading::{Read, Reading, Taken};
use super::{BATCH, ImportError, ImportReport, RowReport, RowResult};
use crate::callerid::CallerIds;
use crate::clock::Clock;
use crate::numbers::Numbers;

/// How many numbers the allocator is told at once: questions are answered in between.
const TOLD_AT_ONCE: usize = 256;

/// Whoever presents numbers now, and hears of each change in the store's order.
#[derive(Clone)]
pub struct Live {
    pub caller_ids: CallerIds,
    /// Held from a change in the store until it is told.
    pub turn: Arc<Mutex<()>>,
}

/// Where numbers go.
#[derive(Clone)]
pub struct Target {
    pub store: Store,
    pub numbers: Numbers,
    pub clock: Clock,
    /// Nothing when no server runs on this store.
    pub live: Option<Live>,
}

/// Of which file, and how.
#[derive(Debug, Clone)]
pub struct Source {
    pub file: String,
    /// The user or key who answers for the numbers.
    pub made_by: String,
    /// Only says what would become of it.
    pub dry_run: bool,
}

/// Give it the file by [`Import::take`], then [`Import::finish`]. If it is dropped before, what was taken stays, and can be
/// undone.
pub struct Import {
    target: Target,
    reading: Reading,
    record: CallerIdImport,
    report: ImportReport,
    waiting: Vec<Read>,
    /// It stands in the store.
    begun: bool,
}

impl Import {
    pub fn new(target: Target, source: &Source) -> Self {
        let (made_at, random) = target.clock.id();
        let id = CallerIdImportId::new(made_at, random);
        let file = visible(&source.file, MAX_FILE_NAME);
        Self {
            reading: Reading::new(target.numbers),
            record: CallerIdImport::new(id, &file, &source.made_by, made_at),
            report: ImportReport::new((!source.dry_run).then_some(id), file),
            target,
            waiting: Vec::new(),
            begun: false,
        }
    }

    /// Takes the next piece of the file, and tells of rows that are done. `false`: no more is wanted of it.
    pub async fn take(
        &mut self,
        piece: &[u8],
        told: &mut impl FnMut(&RowReport),
    ) -> Result<bool, ImportError> {
        self.read(piece, false, told).await?;
        Ok(!self.report.cut_off)
    }

    /// By which it can be undone; nothing for a trial.
    pub fn id(&self) -> Option<CallerIdImportId> {
        self.report.id
    }

    /// Rows that are done.
    pub fn seen(&self) -> u64 {
        self.report.seen()
    }

    /// All of the file has been given.
    pub async fn finish(
        mut self,
        told: &mut impl FnMut(&RowReport),
    ) -> Result<ImportReport, ImportError> {
        if !self.report.cut_off {
            self.read(b"", true, told).await?;
        }
        Box::pin(self.bring(told)).await?;
        if self.begun {
            let at = self.target.clock.now().utc;
            let imports = self.target.store.caller_id_imports();
            imports
                .finish(self.record.id, self.report.refused, at)
                .await?;
        }
        Ok(self.report)
    }

    async fn read(
        &mut self,
        mut piece: &[u8],
        last: bool,
        told: &mut impl FnMut(&RowReport),
    ) -> Result<(), ImportError> {
        while !self.report.cut_off {
            match self.reading.next(&mut piece, last)? {
                Taken::Row(read) => self.waiting.push(read),
                Taken::CutOff(read) => {
                    self.waiting.push(read);
                    self.report.cut_off = true;
                }
                Taken::More | Taken::End => break,
            }
            if self.waiting.len() >= BATCH {
                Box::pin(self.bring(told)).await?;
            }
        }
        Ok(())
    }

    /// Brings the rows that wait into the store, tells the allocator, and says what became of each.
    async fn bring(&mut self, told: &mut impl FnMut(&RowReport)) -> Result<(), StoreError> {
        if !self.begun && !self.report.dry_run {
            let imports = self.target.store.caller_id_imports();
            imports.create(&self.record).await?;
            self.begun = true;
        }
        let reads = std::mem::take(&mut self.waiting);
        let _turn = match &self.target.live {
            Some(live) => Some(live.turn.lock().await),
            None => None,
        };
        let (rows, caller_ids) = self.resolve(reads).await?;
        let mut results = if self.report.dry_run {
            None
        } else {
            let imports = self.target.store.caller_id_imports();
            let done = imports.upsert_many(self.record.id, &caller_ids).await?;
            if let Some(live) = &self.target.live {
                let set = done.iter().filter_map(|one| match one {
                    Upserted::Added(one) | Upserted::Changed(one) => Some((**one).clone()),
                    Upserted::Unchanged(_) => None,
                });
                live.set(set.collect()).await;
            }
            Some(done.into_iter())
        };
        for mut row in rows {
            // The store has the last word.
            let done = match row.result {
                RowResult::Refused => None,
                _ => results.as_mut().and_then(Iterator::next),
            };
            row.result = match done {
                Some(Upserted::Added(_)) => RowResult::Added,
                Some(Upserted::Changed(_)) => RowResult::Changed,
                Some(Upserted::Unchanged(_)) => RowResult::Unchanged,
                None => row.result,
            };
            told(&row);
            self.report.count(row);
        }
        Ok(())
    }

    /// What is to be said of each row, and the numbers of those that are not refused.
    async fn resolve(
        &self,
        reads: Vec<Read>,
    ) -> Result<(Vec<RowReport>, Vec<CallerId>), StoreError> {
        let said = reads.iter().filter_map(|read| read.said.as_ref().ok());
        let numbers: Vec<E164> = said.map(|said| said.e164()).collect();
        let known = self.target.store.caller_ids().by_numbers(&numbers).await?;
        let known: HashMap<_, _> = known.into_iter().map(|one| (one.e164, one)).collect();
        let mut rows = Vec::with_capacity(reads.len());
        let mut caller_ids = Vec::with_capacity(numbers.len());
        for read in reads {
            let resolved = read.said.and_then(|said| {
                let before = known.get(&said.e164());
                let (at, random) = self.target.clock.id();
                let one = said.caller_id(before.cloned(), CallerIdKey::new(at, random), at)?;
                let result = match before {
                    None => RowResult::Added,
                    Some(before) if *before == one => RowResult::Unchanged,
                    Some(_) => RowResult::Changed,
                };
                Ok((result, one))
            });
            let (result, refused) = match resolved {
                Ok((result, one)) => {
                    caller_ids.push(one);
                    (result, None)
                }
                Err(refused) => (RowResult::Refused, Some(refused)),
            };
            rows.push(row_report(read.line, read.number, result, refused));
        }
        Ok((rows, caller_ids))
    }
}

fn row_report(line: u64, number: String, result: RowResult, refused: Option<Invalid>) -> RowReport {
    let (field, why) = refused
        .map(|refused| (refused.field.to_owned(), refused.problem))
        .unzip();
    RowReport {
        line,
        number,
        result,
        field,
        why,
    }
}

impl Live {
    /// Tells what an import that was just undone had changed. Call it with the turn in hand.
    pub async fn undone(&self, store: &Store, import: CallerIdImportId) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let imports = store.caller_id_imports();
            let rows = imports.rows(import, after, store::MAX_PAGE).await?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            after = Some(last.caller_id);
            let (mut set, mut removed) = (Vec::new(), Vec::new());
            for row in rows {
                match row.previous {
                    Some(previous) => set.push(previous),
                    None => removed.push(row.caller_id),
                }
            }
            self.caller_ids.remove_numbers(removed).await;
            self.set(set).await;
            self.caller_ids.caught_up().await;
        }
    }

    /// Call it with the turn in hand.
    async fn set(&self, mut numbers: Vec<CallerId>) {
        while !numbers.is_empty() {
            let rest = numbers.split_off(numbers.len().min(TOLD_AT_ONCE));
            self.caller_ids.set_numbers(numbers).await;
            self.caller_ids.caught_up().await;
            numbers = rest;
        }
    }
}
