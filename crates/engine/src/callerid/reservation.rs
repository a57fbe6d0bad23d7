//! Open reservations: found by id, by number, and by what expires first.
//!
//! All last equally long, so the order in which they are made is the order in which they expire: a list, not a tree.
//! An id that is made here says in its last 32 bits where its reservation stands, so that finding it costs no look-up.

use model::{Instant, ReservationId, Timestamp};
use uuid::Uuid;

use crate::lookup::{Lookup, lookup};

use super::NumberIndex;
use super::chunks::Chunks;
use super::input::Restored;
use super::link::Link;

type Slot = u32;

pub(super) struct Reservations {
    open: Chunks<Option<Open>>,
    free: Vec<Slot>,
    /// Those that stand elsewhere than their ids say: they were made by others, or before a restart.
    moved: Lookup<ReservationId, Slot>,
    /// What expires first and last.
    first: Link,
    last: Link,
}

/// Two cache lines.
#[repr(align(64))]
pub(super) struct Open {
    pub(super) what: Restored,
    pub(super) number: NumberIndex,
    expires: Instant,
    /// The next older one of the same number.
    older: Link,
    /// The neighbours by expiry.
    before: Link,
    after: Link,
}

const _: () = assert!(size_of::<Option<Open>>() == 2 * 64);

impl Reservations {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            open: Chunks::default(),
            free: Vec::new(),
            moved: lookup(seed),
            first: Link::NONE,
            last: Link::NONE,
        }
    }

    /// A name for the next one to be opened: 42 bits of `random` tell it from others of the same millisecond.
    pub(super) fn next_id(&self, at: Timestamp, random: u128) -> ReservationId {
        let slot = self.free.last().copied();
        let slot = slot.unwrap_or_else(|| self.open.len());
        let mut bytes = ReservationId::new(at, random).0.into_bytes();
        bytes[SLOT..].copy_from_slice(&slot.to_be_bytes());
        ReservationId(Uuid::from_bytes(bytes))
    }

    /// Opens one, and makes it the newest of its number, whose newest was `newest`.
    pub(super) fn insert(
        &mut self,
        what: Restored,
        number: NumberIndex,
        expires: Instant,
        newest: &mut Link,
    ) {
        let id = what.id;
        let open = Some(Open {
            what,
            number,
            expires,
            older: *newest,
            before: Link::NONE,
            after: Link::NONE,
        });
        let slot = if let Some(slot) = self.free.pop() {
            self.open[slot] = open;
            slot
        } else {
            self.open.push(open)
        };
        *newest = Link::to(slot);
        if named(id) != slot {
            self.moved.insert(id, slot);
        }
        self.link(slot, expires);
    }

    /// Behind the last that does not expire later: at the end, but for restored ones that come out of order.
    fn link(&mut self, slot: Slot, expires: Instant) {
        let mut before = self.last;
        while let Some(at) = before.get()
            && let Some(other) = self.at(at)
            && other.expires > expires
        {
            before = other.before;
        }
        let me = Link::to(slot);
        let after = match before.get() {
            Some(before) => std::mem::replace(&mut self.entry(before).after, me),
            None => std::mem::replace(&mut self.first, me),
        };
        match after.get() {
            Some(after) => self.entry(after).before = me,
            None => self.last = me,
        }
        let entry = self.entry(slot);
        entry.before = before;
        entry.after = after;
    }

    /// Closes one. Costs as much as its number has newer ones.
    pub(super) fn remove(&mut self, slot: Slot, newest: &mut Link) -> Option<Open> {
        self.at(slot)?;
        let closed = self.open[slot].take()?;
        self.free.push(slot);
        if named(closed.what.id) != slot {
            self.moved.remove(&closed.what.id);
        }
        match closed.before.get() {
            Some(before) => self.entry(before).after = closed.after,
            None => self.first = closed.after,
        }
        match closed.after.get() {
            Some(after) => self.entry(after).before = closed.before,
            None => self.last = closed.before,
        }
        let mut link = newest;
        while let Some(at) = link.get()
            && at != slot
        {
            link = &mut self.open[at].as_mut()?.older;
        }
        *link = closed.older;
        Some(closed)
    }

    fn entry(&mut self, slot: Slot) -> &mut Open {
        self.open[slot]
            .as_mut()
            .expect("a linked reservation is open")
    }

    pub(super) fn slot(&self, id: ReservationId) -> Option<Slot> {
        let named = named(id);
        match self.at(named) {
            Some(open) if open.what.id == id => Some(named),
            _ => self.moved.get(&id).copied(),
        }
    }

    pub(super) fn at(&self, slot: Slot) -> Option<&Open> {
        self.open.get(slot)?.as_ref()
    }

    pub(super) fn get(&self, id: ReservationId) -> Option<&Restored> {
        Some(&self.at(self.slot(id)?)?.what)
    }

    /// Those of one number, newest first, from the slot of its newest.
    pub(super) fn of(&self, newest: Link) -> impl Iterator<Item = (Slot, &Restored)> {
        self.linked(newest, |open| open.older)
            .map(|(slot, open)| (slot, &open.what))
    }

    /// What expires next, and then.
    pub(super) fn by_expiry(&self) -> impl Iterator<Item = &Open> {
        self.linked(self.first, |open| open.after)
            .map(|(_, open)| open)
    }

    fn linked(
        &self,
        first: Link,
        next: impl Fn(&Open) -> Link,
    ) -> impl Iterator<Item = (Slot, &Open)> {
        let at = |link: Link| link.get().and_then(|slot| Some((slot, self.at(slot)?)));
        std::iter::successors(at(first), move |(_, open)| at(next(open)))
    }

    pub(super) fn first_expiry(&self) -> Option<Instant> {
        Some(self.at(self.first.get()?)?.expires)
    }

    pub(super) fn expired(&self, now: Instant) -> Option<Slot> {
        self.first
            .get()
            .filter(|&slot| self.at(slot).is_some_and(|open| open.expires <= now))
    }

    pub(super) fn len(&self) -> usize {
        self.open.len() as usize - self.free.len()
    }
}

/// Where the slot stands in an id's bytes.
const SLOT: usize = 12;

/// The slot that an id says, if it was made here.
fn named(id: ReservationId) -> Slot {
    let [.., a, b, c, d] = id.0.into_bytes();
    Slot::from_be_bytes([a, b, c, d])
}
