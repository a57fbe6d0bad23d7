//! All numbers, found by their key and by their digits. The two tables hold four bytes for each: what they are searched by stands in
//! the number itself, which is looked at next anyway.

use std::hash::BuildHasher as _;
use std::ops::{Index, IndexMut};

use foldhash::quality::FixedState;
use hashbrown::HashTable;
use model::{CallerIdKey, E164};

use super::NumberIndex;
use super::chunks::Chunks;
use super::number::Number;

pub(super) struct Numbers {
    all: Chunks<Number>,
    free: Vec<NumberIndex>,
    by_key: HashTable<NumberIndex>,
    by_e164: HashTable<NumberIndex>,
    hasher: FixedState,
}

impl Numbers {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            all: Chunks::default(),
            free: Vec::new(),
            by_key: HashTable::new(),
            by_e164: HashTable::new(),
            hasher: FixedState::with_seed(seed),
        }
    }

    pub(super) fn find(&self, key: CallerIdKey) -> Option<NumberIndex> {
        let hash = self.hasher.hash_one(key);
        let found = self.by_key.find(hash, |&index| self.all[index].key == key);
        found.copied()
    }

    pub(super) fn find_e164(&self, e164: E164) -> Option<NumberIndex> {
        let hash = self.hasher.hash_one(e164);
        let found = self
            .by_e164
            .find(hash, |&index| self.all[index].e164 == e164);
        found.copied()
    }

    /// Adds one whose key and digits no other has.
    pub(super) fn add(&mut self, number: Number) -> NumberIndex {
        let (key, e164) = (number.key, number.e164);
        let index = if let Some(index) = self.free.pop() {
            self.all[index] = number;
            index
        } else {
            self.all.push(number)
        };
        let (all, hasher) = (&self.all, &self.hasher);
        self.by_key
            .insert_unique(hasher.hash_one(key), index, |&other| {
                hasher.hash_one(all[other].key)
            });
        self.by_e164
            .insert_unique(hasher.hash_one(e164), index, |&other| {
                hasher.hash_one(all[other].e164)
            });
        index
    }

    /// Forgets one; its place is given to another.
    pub(super) fn remove(&mut self, index: NumberIndex) {
        let Number { key, e164, .. } = self.all[index];
        let itself = |other: &NumberIndex| *other == index;
        let hash = self.hasher.hash_one(key);
        if let Ok(known) = self.by_key.find_entry(hash, itself) {
            known.remove();
        }
        let hash = self.hasher.hash_one(e164);
        if let Ok(known) = self.by_e164.find_entry(hash, itself) {
            known.remove();
        }
        self.free.push(index);
    }

    /// Where they are, in that order.
    pub(super) fn indices(&self) -> impl Iterator<Item = NumberIndex> + use<> {
        let mut free = self.free.clone();
        free.sort_unstable();
        (0..self.all.len()).filter(move |index| free.binary_search(index).is_err())
    }
}

impl Index<NumberIndex> for Numbers {
    type Output = Number;

    fn index(&self, index: NumberIndex) -> &Number {
        &self.all[index]
    }
}

impl IndexMut<NumberIndex> for Numbers {
    fn index_mut(&mut self, index: NumberIndex) -> &mut Number {
        &mut self.all[index]
    }
}
