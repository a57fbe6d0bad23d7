//! Everybody who was ever called, each once, with a small number: so that sets of them are bitmaps.

use std::hash::BuildHasher as _;

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashTable};
use model::E164;
use serde::{Deserialize, Serialize};

use super::plan::{Dialled, Form, NumberPlan};

/// A place among [`Destinations`].
pub type DestinationId = u32;

/// Where a number is: a country, or what a site's own table makes of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// What its numbers begin with, as the table writes it: `+421`.
    pub code: Box<str>,
    pub name: Box<str>,
}

/// A place among those that are known.
type PlaceId = u16;
const NOWHERE: PlaceId = PlaceId::MAX;

/// Who was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination<'a> {
    Number(E164),
    Internal(&'a str),
    Text(&'a str),
}

/// Texts are told from numbers by this bit, which no number of 15 digits has; internal ones by the next as well.
const TEXT: u64 = 1 << 63;
const INTERNAL: u64 = 1 << 62;

/// Grows only: a number that was given stands for ever for the same.
#[derive(Debug, Default)]
pub struct Destinations {
    /// By what stands in `entries`: there are millions, and each stands there only.
    ids: HashTable<DestinationId>,
    hasher: FixedState,
    entries: Vec<u64>,
    places: Vec<PlaceId>,
    known_places: Vec<Place>,
    texts: HashMap<Box<str>, u64, FixedState>,
    text_of: Vec<Box<str>>,
}

impl Destinations {
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The number of whom `dialled` reaches by `plan`, and how they were dialled. `place` is asked for each new number once.
    pub fn intern(
        &mut self,
        plan: &NumberPlan,
        dialled: &str,
        place: impl FnOnce(E164) -> Option<Place>,
    ) -> (DestinationId, Form) {
        match plan.read(dialled) {
            Dialled::Number(form, number) => (self.add(Destination::Number(number), place), form),
            Dialled::Internal(text) => {
                (self.add(Destination::Internal(text), |_| None), Form::AS_IS)
            }
            Dialled::Text(text) => (self.add(Destination::Text(text), |_| None), Form::AS_IS),
        }
    }

    pub fn add(
        &mut self,
        destination: Destination<'_>,
        place: impl FnOnce(E164) -> Option<Place>,
    ) -> DestinationId {
        let key = match destination {
            Destination::Number(number) => number.digits(),
            Destination::Internal(text) => self.text(text) | INTERNAL,
            Destination::Text(text) => self.text(text),
        };
        if let Some(id) = self.id(key) {
            return id;
        }
        let id = DestinationId::try_from(self.entries.len()).expect("fewer than 2^32 destinations");
        self.entries.push(key);
        let (hasher, entries) = (&self.hasher, &self.entries);
        let hash = |id: &DestinationId| hasher.hash_one(entries[*id as usize]);
        self.ids.insert_unique(hash(&id), id, hash);
        let place = match destination {
            Destination::Number(number) => place(number),
            Destination::Internal(_) | Destination::Text(_) => None,
        };
        let place = place.map_or(NOWHERE, |place| self.place_id(place));
        self.places.push(place);
        id
    }

    fn id(&self, key: u64) -> Option<DestinationId> {
        let is_it = |id: &DestinationId| self.entries[*id as usize] == key;
        self.ids.find(self.hasher.hash_one(key), is_it).copied()
    }

    fn text(&mut self, text: &str) -> u64 {
        if let Some(key) = self.texts.get(text) {
            return *key;
        }
        let key = TEXT | self.text_of.len() as u64;
        self.text_of.push(text.into());
        self.texts.insert(text.into(), key);
        key
    }

    /// Nothing for an id that was never given.
    pub fn get(&self, id: DestinationId) -> Option<Destination<'_>> {
        let key = *self.entries.get(id as usize)?;
        if key & TEXT == 0 {
            return E164::from_digits(key).map(Destination::Number);
        }
        let text = &**self.text_of.get((key & !(TEXT | INTERNAL)) as usize)?;
        Some(if key & INTERNAL == 0 {
            Destination::Text(text)
        } else {
            Destination::Internal(text)
        })
    }

    pub fn find(&self, destination: Destination<'_>) -> Option<DestinationId> {
        let key = match destination {
            Destination::Number(number) => number.digits(),
            Destination::Internal(text) => *self.texts.get(text)? | INTERNAL,
            Destination::Text(text) => *self.texts.get(text)?,
        };
        self.id(key)
    }

    fn place_id(&mut self, place: Place) -> PlaceId {
        // Calls go to a few places most of the time, but there are only some hundred of them.
        let found = self.known_places.iter().position(|known| *known == place);
        let at = found.unwrap_or_else(|| {
            self.known_places.push(place);
            self.known_places.len() - 1
        });
        PlaceId::try_from(at).expect("fewer than 65,535 places")
    }

    /// Nothing for internal numbers, what is no number, and numbers of nowhere.
    pub fn place(&self, id: DestinationId) -> Option<&Place> {
        let place = usize::from(*self.places.get(id as usize)?);
        self.known_places.get(place)
    }

    pub fn is_internal(&self, id: DestinationId) -> bool {
        let internal = TEXT | INTERNAL;
        self.entries
            .get(id as usize)
            .is_some_and(|key| key & internal == internal)
    }
}
