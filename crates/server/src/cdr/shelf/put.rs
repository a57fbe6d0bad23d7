//! Days on their way onto the shelf.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
};

use engine::stats::{Pack, Roll};
use store::{DestinationChunk, KnownExtension, PackBatch, PackedDay, PackedRoll};

use super::{
    super::{
        clock::Day,
        kept::{self, CHUNK},
    },
    Mark, Ruled, Shelf, ShelfError, State, in_background,
};

/// Which days are rolled when they are put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cdr) enum Rolling {
    All,
    /// Those whose day before is on the shelf: whoever goes back in time would roll each day twice.
    WhereTheDayBeforeIs,
}

/// Days that are put, and everything that follows from them.
struct Putting {
    packs: BTreeMap<Day, Arc<Pack>>,
    rolls: BTreeMap<Day, Arc<Roll>>,
    rules: Arc<Ruled>,
}

impl Shelf {
    /// Puts days in the place of what was there. With a mark they last; without one they are in memory only: they are read again
    /// after a restart, as the mark in the store is older than they are.
    pub(in crate::cdr) async fn put(
        &self,
        source: &str,
        packs: BTreeMap<Day, Pack>,
        mark: Option<&Mark>,
        which: Rolling,
    ) -> Result<(), ShelfError> {
        let Some(rules) = self.rules(source) else {
            return Ok(());
        };
        // It is never closed.
        let _turn = self.putting.acquire().await;
        let packs = packs.into_iter();
        let mut packs: BTreeMap<Day, Arc<Pack>> =
            packs.map(|(day, pack)| (day, Arc::new(pack))).collect();
        if mark.is_none() {
            // Most looks find nothing new.
            let all = self.all();
            let newest = all.get(source).map(|shelved| &shelved.newest);
            packs.retain(|day, pack| {
                let before = newest.and_then(|newest| newest.get(day));
                before.is_none_or(|(before, _)| before != pack)
            });
        }
        let rolls = self.rolls_of(source, &packs, &rules, which).await?;
        let putting = Putting {
            packs,
            rolls,
            rules,
        };
        if let Some(mark) = mark {
            return self.write(source, &putting, mark).await;
        }
        self.place(source, &putting, false);
        Ok(())
    }

    /// The rolls of the days that are put, and of the days after them.
    async fn rolls_of(
        &self,
        source: &str,
        packs: &BTreeMap<Day, Arc<Pack>>,
        rules: &Arc<Ruled>,
        which: Rolling,
    ) -> Result<BTreeMap<Day, Arc<Roll>>, ShelfError> {
        let mut rolls = BTreeMap::new();
        let mut days: Vec<Day> = packs.keys().flat_map(|day| [*day, day + 1]).collect();
        days.dedup();
        for day in days {
            let pack = match packs.get(&day) {
                Some(pack) => Some(Arc::clone(pack)),
                None => self.pack(source, day).await?,
            };
            let Some(pack) = pack.filter(|pack| !pack.is_empty()) else {
                continue;
            };
            let before = match packs.get(&(day - 1)) {
                Some(before) => Some(Arc::clone(before)),
                None => self.pack(source, day - 1).await?,
            };
            if before.is_none() && which == Rolling::WhereTheDayBeforeIs {
                continue;
            }
            let of = (pack, before, i64::MIN..i64::MAX);
            let roll = self.rolled(Arc::clone(rules), of).await?;
            rolls.insert(day, Arc::new(roll));
        }
        Ok(rolls)
    }

    async fn write(&self, source: &str, putting: &Putting, mark: &Mark) -> Result<(), ShelfError> {
        // A day that is in memory only keeps its roll there.
        let lasting = |day: &Day| {
            let in_memory = self
                .all()
                .get(source)
                .is_some_and(|it| it.newest.contains_key(day));
            putting.packs.contains_key(day) || !in_memory
        };
        let (packs, rolls) = (putting.packs.clone(), putting.rolls.clone());
        let rolls: BTreeMap<Day, _> = rolls.into_iter().filter(|(day, _)| lasting(day)).collect();
        let (days, rolls) = in_background(move || {
            let days = packs.iter().map(|(day, pack)| PackedDay {
                day: *day,
                rows: pack.len() as u64,
                bytes: if pack.is_empty() {
                    Vec::new()
                } else {
                    kept::pack_to_bytes(pack)
                },
            });
            let rolls = rolls.iter().map(|(day, roll)| PackedRoll {
                day: *day,
                bytes: kept::roll_to_bytes(roll),
            });
            (days.collect::<Vec<_>>(), rolls.collect::<Vec<_>>())
        })
        .await?;
        let mut written = self.written.lock().await;
        let (destinations, all) = self.new_destinations(*written);
        let extensions = self.new_names(source, putting.rolls.values().map(|roll| &**roll));
        let batch = PackBatch {
            source,
            days: &days,
            rolls: &rolls,
            rules: &putting.rules.mark,
            extensions: &extensions,
            destinations: &destinations,
            mark: Some(&serde_json::to_string(mark).unwrap_or_default()),
        };
        self.store.cdr_packs().write(&batch).await?;
        *written = all;
        self.names_are_written(source, &extensions);
        self.place(source, putting, true);
        Ok(())
    }

    /// Says to all who ask that these days are there.
    fn place(&self, source: &str, putting: &Putting, lasting: bool) {
        if !lasting {
            self.new_names(source, putting.rolls.values().map(|roll| &**roll));
        }
        let mut all = self.all_mut();
        let Some(shelved) = all.get_mut(source) else {
            return;
        };
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let mut days: Vec<Day> = putting
            .packs
            .keys()
            .flat_map(|day| [*day, day + 1])
            .collect();
        days.dedup();
        for day in days {
            let pack = putting.packs.get(&day);
            if pack.is_some() && lasting {
                shelved.newest.remove(&day);
            }
            if let Some(old) = shelved.days.get(&day) {
                cache.remove(old.id);
            } else if pack.is_none() {
                continue;
            }
            if pack.is_some_and(|pack| pack.is_empty()) {
                shelved.days.remove(&day);
                shelved.newest.remove(&day);
                continue;
            }
            let roll = putting.rolls.get(&day);
            let mut state = State {
                id: self.next_state(),
                is_rolled: false,
            };
            match (pack, shelved.newest.get_mut(&day), roll) {
                (Some(pack), _, Some(roll)) if !lasting => {
                    let newest = (Arc::clone(pack), Arc::clone(roll));
                    shelved.newest.insert(day, newest);
                }
                (None, Some((_, newest)), Some(roll)) => *newest = Arc::clone(roll),
                // Those that the store has are read when somebody asks: a load would fill memory with what nobody does.
                (_, _, Some(_)) if lasting => state.is_rolled = true,
                (_, _, Some(roll)) => cache.put(state.id, Arc::clone(roll)),
                (_, _, None) => {}
            }
            shelved.days.insert(day, state);
        }
        if lasting {
            let last = putting.packs.first_key_value();
            shelved.last = last.map(|(day, pack)| (*day, Arc::clone(pack)));
        }
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

    /// Notes the names in `rolls`; gives those that the store has not.
    pub(super) fn new_names<'a>(
        &self,
        source: &str,
        rolls: impl IntoIterator<Item = &'a Roll>,
    ) -> Vec<KnownExtension> {
        let mut all = self.all_mut();
        let Some(shelved) = all.get_mut(source) else {
            return Vec::new();
        };
        for roll in rolls {
            for (extension, tally) in roll.extensions() {
                let name = shelved.extensions.entry(extension.clone()).or_default();
                if let Some((at, text)) = tally.name()
                    && at >= name.at
                {
                    name.at = at;
                    if *name.text != *text {
                        name.text = text.into();
                        name.is_written = false;
                    }
                }
            }
        }
        let new = shelved.extensions.iter();
        let new = new.filter(|(_, name)| !name.is_written);
        new.map(|(extension, name)| KnownExtension {
            extension: extension.to_string(),
            name: name.text.to_string(),
            named_at: name.at,
        })
        .collect()
    }

    pub(super) fn names_are_written(&self, source: &str, names: &[KnownExtension]) {
        let mut all = self.all_mut();
        let Some(shelved) = all.get_mut(source) else {
            return;
        };
        for known in names {
            if let Some(name) = shelved.extensions.get_mut(known.extension.as_str()) {
                name.is_written = *name.text == *known.name;
            }
        }
    }
}
