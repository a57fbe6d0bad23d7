//! Which number each person saw last: the newest, as many as there is room for.

use model::{E164, Timestamp};

use crate::lookup::{Lookup, lookup};

/// Two generations: when the young one is half of all, the old one is forgotten.
pub(super) struct Persons {
    most: usize,
    young: Lookup<E164, (E164, Timestamp)>,
    old: Lookup<E164, (E164, Timestamp)>,
}

impl Persons {
    pub(super) fn new(most: usize, seed: u64) -> Self {
        Self {
            most,
            young: lookup(seed),
            old: lookup(seed),
        }
    }

    /// The person at `to` was called from `number`.
    pub(super) fn saw(&mut self, to: E164, number: E164, at: Timestamp) {
        self.young.insert(to, (number, at));
        if self.young.len() > self.most / 2 {
            std::mem::swap(&mut self.old, &mut self.young);
            self.young.clear();
        }
    }

    pub(super) fn last(&self, to: E164) -> Option<(E164, Timestamp)> {
        self.young.get(&to).or_else(|| self.old.get(&to)).copied()
    }
}
