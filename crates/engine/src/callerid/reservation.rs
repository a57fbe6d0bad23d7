//! Open reservations: found by id, by number, and by what expires first.
//!
//! All last equally long, so the order in which they are made is the order in which they expire: a list, not a tree.

use model::{Instant, ReservationId};

use crate::lookup::{Lookup, lookup};

use super::NumberIndex;
use super::group::place;
use super::input::Restored;

type Slot = u32;

pub(super) struct Reservations {
    open: Vec<Option<Open>>,
    free: Vec<Slot>,
    by_id: Lookup<ReservationId, Slot>,
    /// What expires first and last.
    first: Option<Slot>,
    last: Option<Slot>,
}

pub(super) struct Open {
    pub(super) what: Restored,
    pub(super) number: NumberIndex,
    expires: Instant,
    /// The next older one of the same number.
    older: Option<Slot>,
    /// The neighbours by expiry.
    before: Option<Slot>,
    after: Option<Slot>,
}

impl Reservations {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            open: Vec::new(),
            free: Vec::new(),
            by_id: lookup(seed),
            first: None,
            last: None,
        }
    }

    /// Opens one, and makes it the newest of its number, whose newest was `newest`.
    pub(super) fn insert(
        &mut self,
        what: Restored,
        number: NumberIndex,
        expires: Instant,
        newest: &mut Option<Slot>,
    ) {
        let id = what.id;
        let open = Some(Open {
            what,
            number,
            expires,
            older: *newest,
            before: None,
            after: None,
        });
        let slot = if let Some(slot) = self.free.pop() {
            self.open[slot as usize] = open;
            slot
        } else {
            self.open.push(open);
            place(self.open.len() - 1)
        };
        *newest = Some(slot);
        self.by_id.insert(id, slot);
        self.link(slot, expires);
    }

    /// Behind the last that does not expire later: at the end, but for restored ones that come out of order.
    fn link(&mut self, slot: Slot, expires: Instant) {
        let mut before = self.last;
        while let Some(at) = before
            && let Some(other) = self.at(at)
            && other.expires > expires
        {
            before = other.before;
        }
        let after = match before {
            Some(before) => self.entry(before).after.replace(slot),
            None => self.first.replace(slot),
        };
        match after {
            Some(after) => self.entry(after).before = Some(slot),
            None => self.last = Some(slot),
        }
        let entry = self.entry(slot);
        entry.before = before;
        entry.after = after;
    }

    /// Closes one. Costs as much as its number has newer ones.
    pub(super) fn remove(&mut self, slot: Slot, newest: &mut Option<Slot>) -> Option<Open> {
        let closed = self.open.get_mut(slot as usize)?.take()?;
        self.free.push(slot);
        self.by_id.remove(&closed.what.id);
        match closed.before {
            Some(before) => self.entry(before).after = closed.after,
            None => self.first = closed.after,
        }
        match closed.after {
            Some(after) => self.entry(after).before = closed.before,
            None => self.last = closed.before,
        }
        let mut link = newest;
        while let Some(at) = *link
            && at != slot
        {
            link = &mut self.open[at as usize].as_mut()?.older;
        }
        *link = closed.older;
        Some(closed)
    }

    fn entry(&mut self, slot: Slot) -> &mut Open {
        self.open[slot as usize]
            .as_mut()
            .expect("a linked reservation is open")
    }

    pub(super) fn slot(&self, id: ReservationId) -> Option<Slot> {
        self.by_id.get(&id).copied()
    }

    pub(super) fn at(&self, slot: Slot) -> Option<&Open> {
        self.open.get(slot as usize)?.as_ref()
    }

    pub(super) fn get(&self, id: ReservationId) -> Option<&Restored> {
        Some(&self.at(self.slot(id)?)?.what)
    }

    /// Those of one number, newest first, from the slot of its newest.
    pub(super) fn of(&self, newest: Option<Slot>) -> impl Iterator<Item = (Slot, &Restored)> {
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
        first: Option<Slot>,
        next: impl Fn(&Open) -> Option<Slot>,
    ) -> impl Iterator<Item = (Slot, &Open)> {
        let at = |slot: Option<Slot>| slot.and_then(|slot| Some((slot, self.at(slot)?)));
        std::iter::successors(at(first), move |(_, open)| at(next(open)))
    }

    pub(super) fn first_expiry(&self) -> Option<Instant> {
        Some(self.at(self.first?)?.expires)
    }

    pub(super) fn expired(&self, now: Instant) -> Option<Slot> {
        self.first
            .filter(|&slot| self.at(slot).is_some_and(|open| open.expires <= now))
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }
}
