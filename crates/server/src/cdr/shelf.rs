//! The packs of all sources, and their rolls: in the store, and the rolls in memory as well.
//!
//! A day is written with everything it refers to and with how far its source has been read, in one step: after any death the
//! reader goes on where the store stands. Rolls are made from packs again; they are never a truth of their own.

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{Arc, PoisonError, RwLock},
};

use engine::stats::{Destinations, Pack, Roll, Rules, Span};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use store::{DestinationChunk, PackBatch, PackedDay, Store, StoreError};

use super::{
    clock::{Day, begin, day_of},
    kept::{self, CHUNK, Spoilt},
};

/// How far a source has been read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// By which time zones and which number plan its rows were read.
    pub(super) reading: String,
    /// All rows that began before this instant, in seconds since 1970, have been read once.
    pub(super) until: i64,
}

/// Why a figure cannot be told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShelfError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Spoilt(#[from] Spoilt),
}

pub(super) struct Shelf {
    store: Store,
    pub(super) rules: Rules,
    /// Where days begin.
    pub(super) home: TimeZone,
    pub(super) known: Arc<RwLock<Destinations>>,
    /// How many destinations are in the store. Held while a batch is written: a chunk never becomes shorter.
    written: tokio::sync::Mutex<usize>,
    days: RwLock<BySource<Roll>>,
    /// What is not in the store yet.
    newest: RwLock<BySource<Pack>>,
    extensions: RwLock<BTreeMap<Box<str>, Name>>,
}

/// Of each source, by day.
type BySource<T> = BTreeMap<String, BTreeMap<Day, Arc<T>>>;

impl Shelf {
    /// Reads what the store has, and makes the rolls; `told` hears how many days are done, of how many.
    pub(super) async fn open(
        store: Store,
        rules: Rules,
        home: TimeZone,
    ) -> Result<Self, ShelfError> {
        let mut known = Destinations::default();
        let mut spoilt = None;
        let packs = store.cdr_packs();
        packs
            .destinations(|chunk| {
                if spoilt.is_none() {
                    spoilt = kept::add_chunk(&mut known, &chunk.bytes).err();
                }
            })
            .await?;
        match spoilt {
            Some(spoilt) => Err(spoilt.into()),
            None => Ok(Self {
                written: tokio::sync::Mutex::new(known.len()),
                store,
                rules,
                home,
                known: Arc::new(RwLock::new(known)),
                days: RwLock::default(),
                newest: RwLock::default(),
                extensions: RwLock::default(),
            }),
        }
    }

    /// Makes the rolls of a source that are not in memory yet.
    pub(super) async fn warm(&self, source: &str) -> Result<(), ShelfError> {
        let days = self.store.cdr_packs().days(source).await?;
        let mut before: Option<(Day, Arc<Pack>)> = None;
        for day in days.into_keys() {
            let Some(pack) = self.pack(source, day).await? else {
                continue;
            };
            let yesterday = before.as_ref().filter(|(at, _)| at + 1 == day);
            let roll = self.roll(Span::all(&pack), yesterday.map(|(_, pack)| Span::all(pack)));
            self.place(source, day, Some(roll));
            before = Some((day, pack));
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    pub(super) async fn mark(&self, source: &str) -> Result<Option<Mark>, ShelfError> {
        let marks = self.store.cdr_packs().marks().await?;
        let mark = marks.get(source).map(|mark| serde_json::from_str(mark));
        mark.transpose().map_err(|_| Spoilt.into())
    }

    /// Forgets all that was read of a source.
    pub(super) async fn forget(&self, source: &str) -> Result<(), ShelfError> {
        self.store.cdr_packs().forget(source).await?;
        self.days_mut().remove(source);
        let mut newest = self.newest.write().unwrap_or_else(PoisonError::into_inner);
        newest.remove(source);
        Ok(())
    }

    pub(super) async fn pack(
        &self,
        source: &str,
        day: Day,
    ) -> Result<Option<Arc<Pack>>, ShelfError> {
        let newest = {
            let newest = self.newest.read().unwrap_or_else(PoisonError::into_inner);
            newest.get(source).and_then(|days| days.get(&day)).cloned()
        };
        if newest.is_some() {
            return Ok(newest);
        }
        match self.store.cdr_packs().day(source, day).await? {
            Some(packed) => {
                let reading = move || kept::pack_from_bytes(&packed.bytes);
                let pack = tokio::task::spawn_blocking(reading).await;
                Ok(Some(Arc::new(pack.map_err(|_| Spoilt)??)))
            }
            None => Ok(None),
        }
    }

    /// The days of `source` that have rows and touch `range`, in order.
    pub(super) fn days(&self, source: &str, range: &Range<i64>) -> Vec<Day> {
        if range.is_empty() {
            return Vec::new();
        }
        let (first, last) = (
            day_of(&self.home, range.start),
            day_of(&self.home, range.end - 1),
        );
        let days = self.days.read().unwrap_or_else(PoisonError::into_inner);
        let days = days.get(source).map(|days| days.range(first..=last));
        days.into_iter().flatten().map(|(day, _)| *day).collect()
    }

    /// Whether the day has rows.
    pub(super) fn has(&self, source: &str, day: Day) -> bool {
        let days = self.days.read().unwrap_or_else(PoisonError::into_inner);
        days.get(source).is_some_and(|days| days.contains_key(&day))
    }

    /// Puts days in the place of what was there, and rolls them, and the days after them. What is not `lasting` is in memory
    /// only: it is read again after a restart, as the mark in the store is older than it.
    pub(super) async fn put(
        &self,
        source: &str,
        packs: BTreeMap<Day, Pack>,
        mark: &Mark,
        lasting: bool,
    ) -> Result<(), ShelfError> {
        let packs: BTreeMap<Day, Arc<Pack>> = packs
            .into_iter()
            .map(|(day, pack)| (day, Arc::new(pack)))
            .collect();
        if lasting {
            self.write(source, &packs, mark).await?;
        }
        {
            let mut newest = self.newest.write().unwrap_or_else(PoisonError::into_inner);
            let newest = newest.entry(source.to_owned()).or_default();
            for (day, pack) in &packs {
                if lasting {
                    newest.remove(day);
                } else {
                    newest.insert(*day, Arc::clone(pack));
                }
            }
        }
        for (day, pack) in &packs {
            let before = match packs.get(&(day - 1)) {
                Some(before) => Some(Arc::clone(before)),
                None => self.pack(source, day - 1).await?,
            };
            let roll = self.roll(Span::all(pack), before.as_deref().map(Span::all));
            self.place(source, *day, Some(roll).filter(|_| !pack.is_empty()));
            if !packs.contains_key(&(day + 1))
                && let Some(after) = self.pack(source, day + 1).await?
            {
                let roll = self.roll(Span::all(&after), Some(Span::all(pack)));
                self.place(source, day + 1, Some(roll));
            }
        }
        Ok(())
    }

    async fn write(
        &self,
        source: &str,
        packs: &BTreeMap<Day, Arc<Pack>>,
        mark: &Mark,
    ) -> Result<(), ShelfError> {
        let days = packs.iter().map(|(day, pack)| PackedDay {
            day: *day,
            rows: pack.len() as u64,
            bytes: if pack.is_empty() {
                Vec::new()
            } else {
                kept::pack_to_bytes(pack)
            },
        });
        let days: Vec<_> = days.collect();
        let mut written = self.written.lock().await;
        let (destinations, all) = self.new_destinations(*written);
        let batch = PackBatch {
            source,
            days: &days,
            destinations: &destinations,
            mark: &serde_json::to_string(mark).unwrap_or_default(),
        };
        self.store.cdr_packs().write(&batch).await?;
        *written = all;
        Ok(())
    }

    /// The chunks with destinations from number `written` on, and how many there are now.
    fn new_destinations(&self, written: usize) -> (Vec<DestinationChunk>, usize) {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let chunks = written / CHUNK..known.len().div_ceil(CHUNK);
        let chunks = chunks.map(|chunk| DestinationChunk {
            chunk: u32::try_from(chunk).unwrap_or(u32::MAX),
            bytes: kept::chunk_to_bytes(&known, chunk),
        });
        let chunks = if known.len() == written {
            Vec::new()
        } else {
            chunks.collect()
        };
        (chunks, known.len())
    }

    fn roll(&self, day: Span<'_>, before: Option<Span<'_>>) -> Roll {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        Roll::of(day, before, &self.rules, &known)
    }

    fn place(&self, source: &str, day: Day, roll: Option<Roll>) {
        if let Some(roll) = &roll {
            self.note_extensions(roll);
        }
        let mut days = self.days_mut();
        let days = days.entry(source.to_owned()).or_default();
        match roll {
            Some(roll) => days.insert(day, Arc::new(roll)),
            None => days.remove(&day),
        };
    }

    fn days_mut(&self) -> std::sync::RwLockWriteGuard<'_, BySource<Roll>> {
        self.days.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rolls of a source that make up `range`, each with whether it goes on from the one before. Days that the range cuts
    /// are counted from their rows.
    pub(super) async fn rolls(
        &self,
        source: &str,
        range: &Range<i64>,
    ) -> Result<Vec<(bool, Arc<Roll>)>, ShelfError> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let (first, last) = (
            day_of(&self.home, range.start),
            day_of(&self.home, range.end - 1),
        );
        let whole: BTreeMap<Day, Arc<Roll>> = {
            let days = self.days.read().unwrap_or_else(PoisonError::into_inner);
            let days = days.get(source).map(|days| days.range(first..=last));
            days.into_iter()
                .flatten()
                .map(|(day, roll)| (*day, roll.clone()))
                .collect()
        };
        let cut_first = begin(&self.home, first) < range.start;
        let cut_last = range.end < begin(&self.home, last + 1);
        let mut rolls = Vec::new();
        for (day, roll) in &whole {
            let is_cut = cut_first && *day <= first + 1 || cut_last && *day == last;
            let goes_on = whole.contains_key(&(day - 1));
            let roll = if is_cut {
                Arc::new(self.cut(source, *day, range).await?)
            } else {
                roll.clone()
            };
            rolls.push((goes_on, roll));
        }
        Ok(rolls)
    }

    /// What of a day, and of the day before, is in `range`.
    async fn cut(&self, source: &str, day: Day, range: &Range<i64>) -> Result<Roll, ShelfError> {
        let (pack, before) = (
            self.pack(source, day).await?,
            self.pack(source, day - 1).await?,
        );
        let pack = pack.unwrap_or_default();
        let [day, before] = [Some(&*pack), before.as_deref()].map(|pack| {
            let (from, until) = (range.start, range.end);
            pack.map(|pack| Span { pack, from, until })
        });
        Ok(day.map_or_else(Roll::default, |day| self.roll(day, before)))
    }

    /// Every extension that was ever counted, with the last name it had.
    pub(super) fn extensions(&self) -> BTreeMap<Box<str>, Name> {
        let extensions = self.extensions.read();
        extensions.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note_extensions(&self, roll: &Roll) {
        let mut extensions = self
            .extensions
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        for (extension, tally) in roll.extensions() {
            let name = extensions.entry(extension.clone()).or_default();
            if let Some((at, new)) = tally.name()
                && at >= name.at
            {
                *name = Name {
                    at,
                    text: new.into(),
                };
            }
        }
    }
}

/// A name, and when it was last used, in seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Name {
    at: i64,
    pub(super) text: Box<str>,
}
