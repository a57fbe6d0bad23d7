//! Rows of a source on their way into the packs of its days.

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{Arc, RwLock},
};

use engine::stats::{CallKey, Destinations, Disposition, NumberPlan, Pack, Packing, Row};
use jiff::tz::TimeZone;

use super::{
    clock::{Clock, Day, begin, day_of},
    place::place,
    source::{Part, Raw, Sink, name},
};

pub(super) struct Sorting {
    plan: NumberPlan,
    clock: Clock,
    /// Where days begin.
    home: TimeZone,
    /// Instants of other rows are not wanted.
    wanted: Range<i64>,
    known: Arc<RwLock<Destinations>>,
    packs: BTreeMap<Day, Packing>,
    /// The day of the last row, and from when until when it is.
    day: (Day, Range<i64>),
    rows: u64,
}

impl Sorting {
    pub(super) fn new(
        plan: NumberPlan,
        clock: Clock,
        home: TimeZone,
        wanted: Range<i64>,
        known: Arc<RwLock<Destinations>>,
    ) -> Self {
        Self {
            plan,
            clock,
            home,
            wanted,
            known,
            packs: BTreeMap::new(),
            day: (0, 0..0),
            rows: 0,
        }
    }

    /// Takes the rows that were kept of a day and are not read again.
    pub(super) fn keep(&mut self, day: Day, pack: &Pack) {
        let packing = self.packs.entry(day).or_default();
        for row in pack.rows().filter(|row| !self.wanted.contains(&row.at())) {
            packing.keep(&row);
        }
    }

    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    pub(super) fn finish(self) -> BTreeMap<Day, Pack> {
        let packs = self.packs.into_iter();
        packs
            .map(|(day, packing)| (day, packing.finish()))
            .collect()
    }

    fn day(&mut self, instant: i64) -> Day {
        if !self.day.1.contains(&instant) {
            let day = day_of(&self.home, instant);
            self.day = (day, begin(&self.home, day)..begin(&self.home, day + 1));
        }
        self.day.0
    }
}

impl Sink for Sorting {
    fn take(&mut self, mut row: Raw<'_>) {
        row.text = row.text.map(bounded);
        let uniqueid = row.get(Part::UniqueId);
        let made = CallKey::new(uniqueid).second();
        let at = self.clock.instant(row.calldate, made);
        if !self.wanted.contains(&at) {
            return;
        }
        self.rows += 1;
        let day = self.day(at);
        let (destination, form) = {
            let mut known = self
                .known
                .write()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            known.intern(&self.plan, row.get(Part::Destination), place)
        };
        let linkedid = Some(row.get(Part::LinkedId)).filter(|id| !id.is_empty());
        self.packs.entry(day).or_default().add(&Row {
            at,
            uniqueid,
            linkedid: linkedid.unwrap_or(uniqueid),
            extension: row.get(Part::Extension),
            name: name(row.get(Part::Name)),
            caller: row.get(Part::Source),
            destination,
            form: form.code(),
            did: row.get(Part::Did),
            from_peer: peer(row.get(Part::Channel)),
            to_peer: peer(row.get(Part::DestinationChannel)),
            application: row.get(Part::Application),
            account: row.get(Part::Account),
            disposition: Disposition::read(row.get(Part::Disposition)),
            duration: seconds(row.duration),
            billed: seconds(row.billed),
            recorded: !row.get(Part::Recording).is_empty(),
        });
    }
}

/// The most bytes of a text: a file may have longer ones.
const MAX_TEXT: usize = 255;

fn bounded(text: &str) -> &str {
    let mut end = text.len().min(MAX_TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Some tables have times below zero, from clocks that were set.
fn seconds(number: i64) -> u32 {
    u32::try_from(number.max(0)).unwrap_or(u32::MAX)
}

/// Technology and peer of a channel: `PJSIP/trunk` of `PJSIP/trunk-00000001`.
fn peer(channel: &str) -> &str {
    channel.rsplit_once('-').map_or(channel, |(peer, _)| peer)
}
