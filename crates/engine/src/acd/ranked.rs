//! An ordered set that also knows positions: "the third in line", "any one of the first seven".
//!
//! Sorted chunks of bounded size. Finding, adding and removing are logarithmic plus a move within one chunk;
//! a position costs one addition per chunk before it.

/// A chunk is split when it grows beyond this many keys.
const MAX_CHUNK: usize = 64;

/// Keys in ascending order, each once.
#[derive(Debug, Clone)]
pub(super) struct Ranked<K> {
    /// None of them empty, each sorted, all of one before any of the next.
    chunks: Vec<Vec<K>>,
    len: usize,
}

impl<K> Default for Ranked<K> {
    fn default() -> Self {
        Self {
            chunks: Vec::new(),
            len: 0,
        }
    }
}

impl<K: Ord + Copy> Ranked<K> {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn first(&self) -> Option<K> {
        self.chunks.first().map(|chunk| chunk[0])
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = K> {
        self.chunks.iter().flatten().copied()
    }

    /// The chunk in which `key` is or would be.
    fn chunk_of(&self, key: &K) -> usize {
        self.chunks
            .partition_point(|chunk| chunk[chunk.len() - 1] < *key)
    }

    /// False if it was there already.
    pub(super) fn insert(&mut self, key: K) -> bool {
        if self.chunks.is_empty() {
            self.chunks.push(vec![key]);
            self.len = 1;
            return true;
        }
        let at = self.chunk_of(&key).min(self.chunks.len() - 1);
        let chunk = &mut self.chunks[at];
        let Err(place) = chunk.binary_search(&key) else {
            return false;
        };
        chunk.insert(place, key);
        if chunk.len() > MAX_CHUNK {
            let tail = chunk.split_off(MAX_CHUNK / 2);
            self.chunks.insert(at + 1, tail);
        }
        self.len += 1;
        true
    }

    /// False if it was not there.
    pub(super) fn remove(&mut self, key: &K) -> bool {
        let at = self.chunk_of(key);
        let Some(chunk) = self.chunks.get_mut(at) else {
            return false;
        };
        let Ok(place) = chunk.binary_search(key) else {
            return false;
        };
        chunk.remove(place);
        self.len -= 1;
        let left = chunk.len();
        if left == 0 {
            self.chunks.remove(at);
        } else if left < MAX_CHUNK / 4
            && self
                .chunks
                .get(at + 1)
                .is_some_and(|next| next.len() + left <= MAX_CHUNK / 2)
        {
            let next = self.chunks.remove(at + 1);
            self.chunks[at].extend(next);
        }
        true
    }

    /// How many keys are smaller than `key`.
    pub(super) fn rank(&self, key: &K) -> usize {
        let at = self.chunk_of(key);
        let Some(chunk) = self.chunks.get(at) else {
            return self.len;
        };
        let within = chunk.partition_point(|other| other < key);
        if at + 1 == self.chunks.len() {
            return self.len - chunk.len() + within;
        }
        self.chunks[..at].iter().map(Vec::len).sum::<usize>() + within
    }

    /// How many keys satisfy `small`, which must hold for every key before one for which it holds.
    pub(super) fn rank_where(&self, small: impl Fn(&K) -> bool) -> usize {
        let at = self
            .chunks
            .partition_point(|chunk| small(&chunk[chunk.len() - 1]));
        let within = self
            .chunks
            .get(at)
            .map_or(0, |chunk| chunk.partition_point(&small));
        self.chunks[..at].iter().map(Vec::len).sum::<usize>() + within
    }

    /// The key with `rank` smaller ones.
    pub(super) fn nth(&self, mut rank: usize) -> Option<K> {
        for chunk in &self.chunks {
            match chunk.get(rank) {
                Some(key) => return Some(*key),
                None => rank -= chunk.len(),
            }
        }
        None
    }

    /// The smallest key that is not smaller than `key`.
    pub(super) fn at_or_after(&self, key: &K) -> Option<K> {
        let chunk = self.chunks.get(self.chunk_of(key))?;
        chunk
            .get(chunk.partition_point(|other| other < key))
            .copied()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn does_what_a_sorted_set_does(steps in prop::collection::vec((any::<bool>(), 0u16..400), 0..1500)) {
            let mut ranked = Ranked::default();
            let mut set = BTreeSet::new();
            for (add, key) in steps {
                if add {
                    prop_assert_eq!(ranked.insert(key), set.insert(key));
                } else {
                    prop_assert_eq!(ranked.remove(&key), set.remove(&key));
                }
                prop_assert_eq!(ranked.len(), set.len());
                prop_assert_eq!(ranked.is_empty(), set.is_empty());
                prop_assert_eq!(ranked.first(), set.first().copied());
                prop_assert_eq!(ranked.rank(&key), set.range(..key).count());
                prop_assert_eq!(ranked.rank_where(|other| *other <= key), set.range(..=key).count());
                prop_assert_eq!(ranked.at_or_after(&key), set.range(key..).next().copied());
                prop_assert_eq!(ranked.nth(usize::from(key) / 4), set.iter().nth(usize::from(key) / 4).copied());
            }
            prop_assert!(ranked.iter().eq(set));
        }
    }
}
