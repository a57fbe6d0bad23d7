//! The packs of all sources, and their rolls: in the store, and a few in memory.
//!
//! A day is written with everything it refers to and with how far its source has been read, in one step: after any death the
//! reader goes on where the store stands. Rolls are kept beside packs, but are never a truth of their own: each is of certain
//! rules and one state of its day, and is made again where either has changed. Memory does not grow with what is kept.

mod cache;
mod put;
mod rolls;

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{
        Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use engine::stats::{Countries, Destinations, Pack, Roll, Rules};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::{Store, StoreError};

use self::cache::Cache;
pub(super) use self::put::Rolling;
use super::{
    clock::{Day, day_of},
    kept::{self, Spoilt},
    reading::Spans,
};

/// What of a source has been read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Mark {
    /// By which time zones and which number plan its rows were read.
    pub(super) reading: String,
    /// All rows that began then, in seconds since 1970, have been read once.
    #[serde(default)]
    pub(super) read: Spans,
    /// How far a file has been read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) file: Option<super::source::FilePlace>,
}

/// Why a figure cannot be told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShelfError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Spoilt(#[from] Spoilt),
    /// The program is ending, or a bug.
    #[error("counting call detail records was broken off")]
    BrokenOff,
}

pub(super) struct Shelf {
    store: Store,
    /// Where days begin.
    pub(super) home: TimeZone,
    pub(super) known: Arc<RwLock<Destinations>>,
    /// How many destinations are in the store. Held while a batch is written: a chunk never becomes shorter.
    written: tokio::sync::Mutex<usize>,
    /// Days of one source are counted and packed at a time: that takes several times the memory of their rows.
    putting: tokio::sync::Semaphore,
    sources: RwLock<BTreeMap<String, Shelved>>,
    cache: Mutex<Cache>,
    states: AtomicU64,
}

/// What is known of a source without asking the store.
struct Shelved {
    rules: Arc<Ruled>,
    /// As it stood in the store when it was opened.
    mark: Mark,
    days: BTreeMap<Day, State>,
    /// What is not in the store yet.
    newest: BTreeMap<Day, (Arc<Pack>, Arc<Roll>)>,
    /// The pack that was put last: the day before it, or after it, is often the next.
    last: Option<(Day, Arc<Pack>)>,
    extensions: BTreeMap<Box<str>, Name>,
    /// The names of the site's own list of users.
    users: BTreeMap<Box<str>, Box<str>>,
}

/// A day that has rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    /// Another one whenever its rows, or those of the day before, are others.
    id: u64,
    /// Whether the store has its roll.
    is_rolled: bool,
}

/// Rules, and a mark by which what was made by them is known again.
pub(super) struct Ruled {
    pub(super) rules: Rules,
    mark: String,
}

impl Ruled {
    fn new(rules: Rules) -> Self {
        // A release may know more countries, or count what an earlier one did not.
        let text = format!("2 {} {rules:?}", env!("CARGO_PKG_VERSION"));
        let digest = Sha256::digest(text.as_bytes());
        let mark = digest[..16].iter().map(|byte| format!("{byte:02x}"));
        Self {
            rules,
            mark: mark.collect(),
        }
    }
}

/// A name, and when it was last used, in seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Name {
    at: i64,
    pub(super) text: Box<str>,
    is_written: bool,
}

impl Shelf {
    /// Reads what the store knows of these sources, and everybody who was called.
    pub(super) async fn open(
        store: Store,
        home: TimeZone,
        sources: impl Iterator<Item = (&str, Rules)>,
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
        if let Some(spoilt) = spoilt {
            return Err(spoilt.into());
        }
        let shelf = Self {
            written: tokio::sync::Mutex::new(known.len()),
            putting: tokio::sync::Semaphore::new(1),
            store,
            home,
            known: Arc::new(RwLock::new(known)),
            sources: RwLock::default(),
            cache: Mutex::default(),
            states: AtomicU64::new(1),
        };
        for (source, rules) in sources {
            let shelved = shelf.shelved(source, Arc::new(Ruled::new(rules))).await?;
            shelf.all_mut().insert(source.to_owned(), shelved);
        }
        Ok(shelf)
    }

    async fn shelved(&self, source: &str, rules: Arc<Ruled>) -> Result<Shelved, ShelfError> {
        let packs = self.store.cdr_packs();
        // Before the days: what is marked as read must be among them.
        let marks = packs.marks().await?;
        let mark = marks.get(source).map(|mark| serde_json::from_str(mark));
        let rolled = packs.rolled(source, &rules.mark).await?;
        let days = packs.days(source).await?.into_keys();
        let state = |day| State {
            id: self.next_state(),
            is_rolled: rolled.contains(&day),
        };
        let days = days.map(|day| (day, state(day))).collect();
        let known = packs.extensions(source).await?.into_iter();
        let counted = known.filter(|known| rules.rules.is_extension(&known.extension));
        let extensions = counted.map(|known| {
            let name = Name {
                at: known.named_at,
                text: known.name.into(),
                is_written: true,
            };
            (known.extension.into(), name)
        });
        Ok(Shelved {
            extensions: extensions.collect(),
            rules,
            mark: mark.transpose().map_err(|_| Spoilt)?.unwrap_or_default(),
            days,
            newest: BTreeMap::new(),
            last: None,
            users: BTreeMap::new(),
        })
    }

    fn next_state(&self) -> u64 {
        self.states.fetch_add(1, Ordering::Relaxed)
    }

    fn all(&self) -> RwLockReadGuard<'_, BTreeMap<String, Shelved>> {
        self.sources.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn all_mut(&self) -> RwLockWriteGuard<'_, BTreeMap<String, Shelved>> {
        self.sources.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far a source had been read when this began.
    pub(super) fn mark(&self, source: &str) -> Mark {
        let all = self.all();
        let mark = all.get(source).map(|shelved| shelved.mark.clone());
        mark.unwrap_or_default()
    }

    /// Forgets all that was read of a source.
    pub(super) async fn forget(&self, source: &str) -> Result<(), ShelfError> {
        self.store.cdr_packs().forget(source).await?;
        if let Some(shelved) = self.all_mut().get_mut(source) {
            shelved.mark = Mark::default();
            shelved.days.clear();
            shelved.newest.clear();
            shelved.extensions.clear();
            shelved.last = None;
        }
        Ok(())
    }

    /// By which rules the calls of a source are counted; nothing for one that is not there.
    pub(super) fn rules(&self, source: &str) -> Option<Arc<Ruled>> {
        self.all()
            .get(source)
            .map(|shelved| Arc::clone(&shelved.rules))
    }

    /// Counts a source by its own table of countries from now on, or by ours.
    pub(super) async fn set_countries(
        &self,
        source: &str,
        countries: Option<Countries>,
    ) -> Result<(), ShelfError> {
        let Some(before) = self.rules(source) else {
            return Ok(());
        };
        if before.rules.countries.as_deref() == countries.as_ref() {
            return Ok(());
        }
        let rules = Arc::new(Ruled::new(Rules {
            countries: countries.map(Arc::new),
            ..before.rules.clone()
        }));
        let new = self.shelved(source, Arc::clone(&rules)).await?;
        let newest: BTreeMap<Day, Pack> = {
            let mut all = self.all_mut();
            let Some(shelved) = all.get_mut(source) else {
                return Ok(());
            };
            (shelved.rules, shelved.days, shelved.last) = (rules, new.days, None);
            let newest = std::mem::take(&mut shelved.newest).into_iter();
            newest
                .map(|(day, (pack, _))| (day, (*pack).clone()))
                .collect()
        };
        self.put(source, newest, None, Rolling::All).await
    }

    /// The names of the site's own list of users, whether they were ever counted or not.
    pub(super) fn set_users(&self, source: &str, users: Vec<(String, String)>) {
        if let Some(shelved) = self.all_mut().get_mut(source) {
            let users = users.into_iter();
            let ours = users.filter(|(number, _)| shelved.rules.rules.is_extension(number));
            shelved.users = ours
                .map(|(number, name)| (number.into(), name.into()))
                .collect();
        }
    }

    pub(super) async fn pack(
        &self,
        source: &str,
        day: Day,
    ) -> Result<Option<Arc<Pack>>, ShelfError> {
        {
            let all = self.all();
            let Some(shelved) = all.get(source) else {
                return Ok(None);
            };
            if let Some((pack, _)) = shelved.newest.get(&day) {
                return Ok(Some(Arc::clone(pack)));
            }
            if let Some((at, pack)) = &shelved.last
                && *at == day
            {
                return Ok(Some(Arc::clone(pack)));
            }
            if !shelved.days.contains_key(&day) {
                return Ok(None);
            }
        }
        match self.store.cdr_packs().day(source, day).await? {
            Some(packed) => {
                let pack = in_background(move || kept::pack_from_bytes(&packed.bytes)).await??;
                Ok(Some(Arc::new(pack)))
            }
            None => Ok(None),
        }
    }

    /// The days that are in memory only.
    pub(super) fn newest(&self, source: &str) -> BTreeMap<Day, Pack> {
        let all = self.all();
        let newest = all.get(source).into_iter().flat_map(|it| &it.newest);
        newest
            .map(|(day, (pack, _))| (*day, (**pack).clone()))
            .collect()
    }

    /// The newest day whose roll is in no place, if there is one.
    pub(super) fn unrolled(&self, source: &str) -> Option<Day> {
        let all = self.all();
        let shelved = all.get(source)?;
        let mut days = shelved.days.iter().rev();
        let found = days.find(|(day, state)| !state.is_rolled && !shelved.newest.contains_key(day));
        found.map(|(day, _)| *day)
    }

    /// All of a source has been read: what was kept for the next step may go.
    pub(super) fn rest(&self, source: &str) {
        if let Some(shelved) = self.all_mut().get_mut(source) {
            shelved.last = None;
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
        self.states(source, first..last + 1).into_keys().collect()
    }

    /// Whether the day has rows.
    pub(super) fn has(&self, source: &str, day: Day) -> bool {
        let all = self.all();
        all.get(source)
            .is_some_and(|shelved| shelved.days.contains_key(&day))
    }

    /// Every extension that was ever counted or is in a list of users, with its last name.
    pub(super) fn extensions(&self) -> BTreeMap<Box<str>, Box<str>> {
        let mut named: BTreeMap<Box<str>, (i64, Box<str>)> = BTreeMap::new();
        for shelved in self.all().values() {
            let users = shelved
                .users
                .iter()
                .map(|(number, text)| (number, i64::MAX, text));
            let counted = shelved.extensions.iter();
            let counted = counted.map(|(number, name)| (number, name.at, &name.text));
            for (number, at, text) in users.chain(counted) {
                let name = named.entry(number.clone()).or_default();
                if !text.is_empty() && (at >= name.0 || name.1.is_empty()) {
                    *name = (at, text.clone());
                }
            }
        }
        let named = named.into_iter();
        named.map(|(number, (_, text))| (number, text)).collect()
    }
}

/// Work of more than a moment, on a thread that nobody waits on.
pub(crate) async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ShelfError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| ShelfError::BrokenOff)
}
