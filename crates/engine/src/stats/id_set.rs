//! A set of destinations in little room: what each is more than the one before, seven bits to a byte.
//!
//! A day has thousands of such sets and a month is the union of them: they are made once, and only ever read from their
//! beginning to their end.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::destinations::DestinationId;

const MORE: u8 = 0x80;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct IdSet {
    /// How many there are, the greatest, and the distances.
    bytes: Box<[u8]>,
}

impl IdSet {
    /// Of ids in any order, each as often as it comes.
    pub(super) fn new(mut ids: Vec<DestinationId>) -> Self {
        ids.sort_unstable();
        ids.dedup();
        let mut bytes = Vec::with_capacity(ids.len() * 2 + 10);
        push(&mut bytes, u32::try_from(ids.len()).expect("ids differ"));
        push(&mut bytes, ids.last().copied().unwrap_or_default());
        let mut before = 0;
        for id in ids {
            push(&mut bytes, id - before);
            before = id;
        }
        Self {
            bytes: bytes.into(),
        }
    }

    pub(super) fn len(&self) -> u32 {
        self.numbers().next().unwrap_or_default()
    }

    fn last(&self) -> DestinationId {
        self.numbers().nth(1).unwrap_or_default()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    fn iter(&self) -> impl Iterator<Item = DestinationId> {
        self.numbers().skip(2).scan(0_u32, |id, more| {
            *id = id.wrapping_add(more);
            Some(*id)
        })
    }

    fn numbers(&self) -> Numbers<'_> {
        Numbers { bytes: &self.bytes }
    }

    /// Whether it is as it was made, with ids below `end` only: what was kept elsewhere may have been spoilt.
    pub(super) fn is_sound(&self, end: usize) -> bool {
        let whole = self.bytes.last().is_none_or(|byte| byte & MORE == 0);
        let count = self.iter().count();
        let rises = self.iter().is_sorted_by(|a, b| a < b);
        let last = self.iter().last().unwrap_or_default();
        whole
            && rises
            && count == self.len() as usize
            && last == self.last()
            && (count == 0 || (last as usize) < end)
    }
}

fn push(bytes: &mut Vec<u8>, mut number: u32) {
    while number >= u32::from(MORE) {
        bytes.push((number & 0x7f) as u8 | MORE);
        number >>= 7;
    }
    bytes.push((number & 0x7f) as u8);
}

struct Numbers<'a> {
    bytes: &'a [u8],
}

impl Iterator for Numbers<'_> {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        let (mut number, mut shift) = (0_u32, 0);
        loop {
            let (byte, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            number |= u32::from(byte & 0x7f).wrapping_shl(shift);
            if byte & MORE == 0 {
                return Some(number);
            }
            shift += 7;
        }
    }
}

/// How many ids are in at least one of `sets`.
pub(super) fn union_len<'a>(sets: impl Iterator<Item = &'a IdSet> + Clone) -> u64 {
    let mut some = sets.clone();
    match (some.next(), some.next()) {
        (None, _) => return 0,
        (Some(one), None) => return one.len().into(),
        _ => {}
    }
    let end = sets.clone().map(IdSet::last).max().unwrap_or_default() as usize;
    let mut seen = vec![0_u64; end / 64 + 1];
    let mut count = 0;
    for id in sets.flat_map(IdSet::iter) {
        let (word, bit) = (&mut seen[id as usize / 64], 1 << (id % 64));
        count += u64::from(*word & bit == 0);
        *word |= bit;
    }
    count
}

impl Serialize for IdSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.bytes)
    }
}

impl<'de> Deserialize<'de> for IdSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl de::Visitor<'_> for Bytes {
            type Value = IdSet;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the bytes of a set")
            }

            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<IdSet, E> {
                let bytes = bytes.into();
                Ok(IdSet { bytes })
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sets_are_what_went_in_and_unions_count_once(
            sets in prop::collection::vec(prop::collection::vec(0_u32..70_000, 0..300), 0..6)
        ) {
            let made: Vec<IdSet> = sets.iter().cloned().map(IdSet::new).collect();
            for (ids, set) in sets.iter().zip(&made) {
                let plain: BTreeSet<u32> = ids.iter().copied().collect();
                prop_assert!(set.iter().eq(plain.iter().copied()));
                prop_assert_eq!(set.len() as usize, plain.len());
                prop_assert!(set.is_sound(70_000));
                let last = plain.last().copied().unwrap_or(0);
                prop_assert!(plain.is_empty() || !set.is_sound(last as usize));
            }
            let union: BTreeSet<u32> = sets.iter().flatten().copied().collect();
            prop_assert_eq!(union_len(made.iter()), union.len() as u64);
        }

        #[test]
        fn spoilt_bytes_are_told_and_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let set = IdSet { bytes: bytes.into() };
            if set.is_sound(1 << 20) {
                let ids: Vec<u32> = set.iter().collect();
                prop_assert_eq!(union_len([&set, &set].into_iter()), ids.len() as u64);
            }
        }
    }
}
