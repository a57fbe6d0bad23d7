//! Records by id, reachable by a small slot number on the hot paths.
//!
//! A slot lives as long as its record; it is never shown outside the engine.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

/// The place of a record in its table.
pub(super) struct Slot<T>(u32, PhantomData<fn() -> T>);

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Slot<T> {}
impl<T> PartialEq for Slot<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<T> Eq for Slot<T> {}
impl<T> PartialOrd for Slot<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Slot<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<T> std::fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// Records of one kind.
pub(super) struct Table<K, T> {
    by_id: BTreeMap<K, u32>,
    records: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<K: Ord + Copy, T> Table<K, T> {
    pub(super) fn new() -> Self {
        Self {
            by_id: BTreeMap::new(),
            records: Vec::new(),
            free: Vec::new(),
        }
    }

    pub(super) fn slot(&self, id: K) -> Option<Slot<T>> {
        self.by_id.get(&id).map(|&at| Slot(at, PhantomData))
    }

    pub(super) fn get(&self, id: K) -> Option<&T> {
        self.slot(id).map(|slot| &self[slot])
    }

    /// The record in a slot that may have been vacated.
    pub(super) fn try_get(&self, slot: Slot<T>) -> Option<&T> {
        self.records.get(slot.0 as usize)?.as_ref()
    }

    /// Adds a record whose id is not in the table yet.
    pub(super) fn insert(&mut self, id: K, record: T) -> Slot<T> {
        let at = if let Some(at) = self.free.pop() {
            self.records[at as usize] = Some(record);
            at
        } else {
            let at = u32::try_from(self.records.len()).expect("fewer than 2^32 records");
            self.records.push(Some(record));
            at
        };
        let before = self.by_id.insert(id, at);
        debug_assert!(before.is_none(), "an id has one record");
        Slot(at, PhantomData)
    }

    pub(super) fn remove(&mut self, id: K) -> Option<T> {
        let at = self.by_id.remove(&id)?;
        self.free.push(at);
        self.records[at as usize].take()
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Slots in the order of their ids.
    pub(super) fn slots(&self) -> impl Iterator<Item = Slot<T>> {
        self.by_id.values().map(|&at| Slot(at, PhantomData))
    }

    /// Records in the order of their ids.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.slots().map(|slot| &self[slot])
    }
}

impl<K, T> Index<Slot<T>> for Table<K, T> {
    type Output = T;
    fn index(&self, slot: Slot<T>) -> &T {
        self.records[slot.0 as usize]
            .as_ref()
            .expect("a slot lives as long as its record")
    }
}

impl<K, T> IndexMut<Slot<T>> for Table<K, T> {
    fn index_mut(&mut self, slot: Slot<T>) -> &mut T {
        self.records[slot.0 as usize]
            .as_mut()
            .expect("a slot lives as long as its record")
    }
}
