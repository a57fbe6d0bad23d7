//! Open reservations: found by id, by number, and by what expires first.

use std::collections::{BTreeMap, BTreeSet};

use model::{Instant, ReservationId};

use super::NumberIndex;
use super::group::place;
use super::input::Restored;

type Slot = u32;

#[derive(Default)]
pub(super) struct Reservations {
    open: Vec<Option<Open>>,
    free: Vec<Slot>,
    by_id: BTreeMap<ReservationId, Slot>,
    expiries: BTreeSet<(Instant, Slot)>,
}

pub(super) struct Open {
    pub(super) what: Restored,
    pub(super) number: NumberIndex,
    expires: Instant,
    /// The next older one of the same number.
    next: Option<Slot>,
}

impl Reservations {
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
            next: *newest,
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
        self.expiries.insert((expires, slot));
    }

    /// Closes one. Costs as much as its number has newer ones.
    pub(super) fn remove(&mut self, slot: Slot, newest: &mut Option<Slot>) -> Option<Open> {
        let closed = self.open.get_mut(slot as usize)?.take()?;
        self.free.push(slot);
        self.by_id.remove(&closed.what.id);
        self.expiries.remove(&(closed.expires, slot));
        let mut link = newest;
        while let Some(at) = *link
            && at != slot
        {
            link = &mut self.open[at as usize].as_mut()?.next;
        }
        *link = closed.next;
        Some(closed)
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
        let link = |slot: Option<Slot>| slot.and_then(|slot| Some((slot, self.at(slot)?)));
        std::iter::successors(link(newest), move |(_, open)| link(open.next))
            .map(|(slot, open)| (slot, &open.what))
    }

    /// All, in the order in which they were made.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Restored> {
        self.by_id
            .values()
            .filter_map(|&slot| Some(&self.at(slot)?.what))
    }

    /// What expires next, and then.
    pub(super) fn by_expiry(&self) -> impl Iterator<Item = &Open> {
        self.expiries.iter().filter_map(|&(_, slot)| self.at(slot))
    }

    pub(super) fn first_expiry(&self) -> Option<Instant> {
        self.expiries.first().map(|(at, _)| *at)
    }

    pub(super) fn expired(&self, now: Instant) -> Option<Slot> {
        self.expiries
            .first()
            .filter(|(at, _)| *at <= now)
            .map(|(_, slot)| *slot)
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }
}
