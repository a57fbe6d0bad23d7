//! A day of one source, counted: so that a month costs as much as its days and extensions, not as its calls.
//!
//! Days can be added up, and the sum is what counting all their rows at once would give: a call that goes on past midnight is
//! in both days, and the later one says what it counted again. Whoever was called is kept as a set, never as a number.

use std::collections::BTreeMap;
use std::hash::Hash;
use std::ops::{AddAssign, SubAssign};

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashSet};
use serde::{Deserialize, Serialize};

use super::call_key::CallKey;
use super::destinations::{DestinationId, Destinations, Place};
use super::id_set::{IdSet, union_len};
use super::pack::{Pack, Stored};
use super::rules::{Reading, Rules};

/// Of some calls. Signed, as one may be the difference of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sums {
    pub calls: i64,
    pub answered: i64,
    /// Of talk.
    pub seconds: i64,
    pub long_calls: i64,
    pub long_seconds: i64,
}

impl AddAssign for Sums {
    fn add_assign(&mut self, other: Self) {
        self.calls += other.calls;
        self.answered += other.answered;
        self.seconds += other.seconds;
        self.long_calls += other.long_calls;
        self.long_seconds += other.long_seconds;
    }
}

impl SubAssign for Sums {
    fn sub_assign(&mut self, other: Self) {
        self.calls -= other.calls;
        self.answered -= other.answered;
        self.seconds -= other.seconds;
        self.long_calls -= other.long_calls;
        self.long_seconds -= other.long_seconds;
    }
}

/// Of one extension or place on one day.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Tally {
    as_before: Counted,
    exact: Counted,
    /// Who was called, by the form in which they were dialled; each form once.
    seen: Vec<(u8, IdSet)>,
    /// The last row with a name: when, and which.
    name: Option<(i64, Box<str>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Counted {
    day: Sums,
    /// What the day before and this day count both.
    again: Sums,
}

impl Tally {
    /// The last name that a row had, and when, in seconds since 1970.
    pub fn name(&self) -> Option<(i64, &str)> {
        self.name.as_ref().map(|(at, name)| (*at, &**name))
    }

    fn bytes(&self) -> usize {
        let sets = self.seen.iter();
        let sets: usize = sets
            .map(|(_, set)| size_of::<(u8, IdSet)>() + set.bytes())
            .sum();
        let name = self.name.as_ref().map_or(0, |(_, name)| name.len());
        size_of::<Self>() + sets + name
    }

    fn counted(&mut self, reading: Reading) -> &mut Counted {
        match reading {
            Reading::AsBefore => &mut self.as_before,
            Reading::Exact => &mut self.exact,
        }
    }
}

/// One day of one source by [`Rules`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Roll {
    extensions: BTreeMap<Box<str>, Tally>,
    /// Nothing stands for what is nowhere.
    places: BTreeMap<Option<Place>, Tally>,
}

/// The rows of a pack from an instant until before another, in seconds since 1970.
#[derive(Debug, Clone, Copy)]
pub struct Span<'a> {
    pub pack: &'a Pack,
    pub from: i64,
    pub until: i64,
}

impl<'a> Span<'a> {
    pub fn all(pack: &'a Pack) -> Self {
        Self {
            pack,
            from: i64::MIN,
            until: i64::MAX,
        }
    }

    fn rows(self) -> impl Iterator<Item = Stored<'a>> {
        let within = self.from..self.until;
        self.pack
            .rows()
            .filter(move |row| within.contains(&row.at()))
    }
}

impl Roll {
    /// `before` is the source's day before, where there is one.
    pub fn of(
        day: Span<'_>,
        before: Option<Span<'_>>,
        rules: &Rules,
        known: &Destinations,
    ) -> Self {
        let spans = [Some(day), before].into_iter().flatten();
        let ours: HashSet<&str, FixedState> = spans
            .flat_map(|span| span.pack.extensions())
            .filter(|text| rules.is_extension(text))
            .collect();
        let extensions = tallies(day, before, rules, |row| {
            let counts = rules.counts_for_extension(row, known);
            (counts && ours.contains(row.extension())).then(|| row.extension())
        });
        let places = tallies(day, before, rules, |row| {
            Rules::counts_for_place(row, known).then(|| rules.place(known, row.destination()))
        });
        let owned = |(text, tally): (&str, Tally)| (text.into(), tally);
        let place = |(place, tally): (Option<&Place>, Tally)| (place.cloned(), tally);
        Self {
            extensions: extensions.into_iter().map(owned).collect(),
            places: places.into_iter().map(place).collect(),
        }
    }

    pub fn extensions(&self) -> &BTreeMap<Box<str>, Tally> {
        &self.extensions
    }

    pub fn places(&self) -> &BTreeMap<Option<Place>, Tally> {
        &self.places
    }

    /// About how much memory it takes.
    pub fn bytes(&self) -> usize {
        self.tallies().map(|tally| NODE + tally.bytes()).sum()
    }

    /// Whether it refers to none but the first `destinations`: what was kept elsewhere may have been spoilt.
    pub fn is_sound(&self, destinations: usize) -> bool {
        let mut sets = self.tallies().flat_map(|tally| &tally.seen);
        sets.all(|(_, seen)| seen.is_sound(destinations))
    }

    fn tallies(&self) -> impl Iterator<Item = &Tally> {
        self.extensions.values().chain(self.places.values())
    }
}

/// What a tree takes for one of its entries, about.
const NODE: usize = 64;

/// The groups of a day, each with a small number: texts are compared once for a row, not in every step of a sort.
struct Groups<G> {
    numbers: HashMap<G, u32, FixedState>,
    groups: Vec<G>,
}

impl<G: Hash + Eq + Copy> Groups<G> {
    fn number(&mut self, group: G) -> u32 {
        *self.numbers.entry(group).or_insert_with(|| {
            self.groups.push(group);
            u32::try_from(self.groups.len() - 1).expect("fewer groups than rows")
        })
    }
}

/// What the rows of a group come to, but for their calls.
#[derive(Default)]
struct Gathered<'a> {
    /// By the form in which they were dialled; there are a few.
    seen: Vec<(u8, Vec<DestinationId>)>,
    name: Option<(i64, &'a str)>,
}

impl<'a> Gathered<'a> {
    fn add(&mut self, row: &Stored<'a>) {
        let form = row.form();
        let at = self.seen.iter().position(|(seen, _)| *seen == form);
        let at = at.unwrap_or_else(|| {
            self.seen.push((form, Vec::new()));
            self.seen.len() - 1
        });
        self.seen[at].1.push(row.destination());
        if !row.name().is_empty() {
            self.name = Some((row.at(), row.name()));
        }
    }

    fn tally(mut self) -> Tally {
        self.seen.sort_unstable_by_key(|(form, _)| *form);
        let seen = self.seen.into_iter();
        Tally {
            seen: seen.map(|(form, ids)| (form, IdSet::new(ids))).collect(),
            name: self.name.map(|(at, name)| (at, name.into())),
            ..Tally::default()
        }
    }
}

/// Counts rows by `group`; rows without one are left out.
fn tallies<'a, G: Ord + Hash + Copy>(
    day: Span<'a>,
    before: Option<Span<'a>>,
    rules: &Rules,
    group: impl Fn(&Stored<'a>) -> Option<G>,
) -> BTreeMap<G, Tally> {
    let mut groups = Groups {
        numbers: HashMap::default(),
        groups: Vec::new(),
    };
    let mut gathered: Vec<Gathered<'a>> = Vec::new();
    let mut legs = Vec::new();
    for row in day.rows() {
        let Some(group) = group(&row) else { continue };
        let group = groups.number(group);
        if group as usize == gathered.len() {
            gathered.push(Gathered::default());
        }
        gathered[group as usize].add(&row);
        legs.push(Leg::new(group, &row));
    }
    let (again, earlier) = before.map_or_else(Default::default, |before| {
        let shared = shared(before.pack, day.pack);
        let is_shared = |leg: &Leg<'a>| shared.contains(leg.unique) || shared.contains(leg.linked);
        let earlier = before
            .rows()
            .filter_map(|row| Some(Leg::new(groups.number(group(&row)?), &row)));
        let earlier: Vec<_> = earlier.filter(is_shared).collect();
        let again: Vec<_> = legs.iter().filter(|leg| is_shared(leg)).cloned().collect();
        (again, earlier)
    });
    let mut tallies: Vec<Tally> = gathered.into_iter().map(Gathered::tally).collect();
    tallies.resize_with(groups.groups.len(), Tally::default);
    for reading in [Reading::AsBefore, Reading::Exact] {
        for (group, sums) in calls(&mut legs, reading, rules, |leg| leg.index(reading)) {
            tallies[group as usize].counted(reading).day += sums;
        }
        for (group, sums) in twice(&again, &earlier, reading, rules) {
            tallies[group as usize].counted(reading).again += sums;
        }
    }
    // A group of the day before alone has nothing to say but what both days count.
    let told = groups.groups.into_iter().zip(tallies);
    told.filter(|(_, tally)| *tally != Tally::default())
        .collect()
}

/// What counts of a row.
#[derive(Debug, Clone)]
struct Leg<'a> {
    group: u32,
    unique: &'a CallKey,
    linked: &'a CallKey,
    /// The same calls, by their places in the pack.
    unique_index: u32,
    linked_index: u32,
    answered: bool,
    billed: u32,
    talk: (i64, i64),
}

impl<'a> Leg<'a> {
    fn new(group: u32, row: &Stored<'a>) -> Self {
        Self {
            group,
            unique: row.unique(),
            linked: row.linked(),
            unique_index: row.unique_index(),
            linked_index: row.linked_index(),
            answered: Rules::is_answered(row),
            billed: row.billed(),
            talk: row.talk(),
        }
    }

    fn key(&self, reading: Reading) -> &'a CallKey {
        match reading {
            Reading::AsBefore => self.unique,
            Reading::Exact => self.linked,
        }
    }

    /// Tells the calls of one pack apart.
    fn index(&self, reading: Reading) -> u32 {
        match reading {
            Reading::AsBefore => self.unique_index,
            Reading::Exact => self.linked_index,
        }
    }
}

/// Each call's group and sums; `key` tells calls apart.
fn calls<'a, K: Ord>(
    legs: &mut [Leg<'a>],
    reading: Reading,
    rules: &Rules,
    key: impl Fn(&Leg<'a>) -> K + Copy,
) -> impl Iterator<Item = (u32, Sums)> {
    let call = move |leg: &Leg<'a>| (leg.group, key(leg));
    legs.sort_unstable_by_key(call);
    let calls = legs.chunk_by(move |a, b| call(a) == call(b));
    calls.map(move |legs| (legs[0].group, one(legs, reading, rules)))
}

/// One call.
fn one(legs: &[Leg<'_>], reading: Reading, rules: &Rules) -> Sums {
    let long = i64::from(rules.long_call_seconds);
    let talks = legs.iter().filter(|leg| leg.answered);
    let mut sums = Sums {
        calls: i64::from(!legs.is_empty()),
        answered: i64::from(talks.clone().next().is_some()),
        ..Sums::default()
    };
    match reading {
        Reading::AsBefore => {
            sums.seconds = talks.clone().map(|leg| i64::from(leg.billed)).sum();
            let long: Vec<i64> = talks
                .map(|leg| i64::from(leg.billed))
                .filter(|billed| *billed > long)
                .collect();
            sums.long_calls = i64::from(!long.is_empty());
            sums.long_seconds = long.iter().sum();
        }
        Reading::Exact => {
            sums.seconds = covered(talks.map(|leg| leg.talk).collect());
            if sums.seconds > long {
                sums.long_calls = 1;
                sums.long_seconds = sums.seconds;
            }
        }
    }
    sums
}

/// The time that at least one of `spans` takes.
pub(super) fn covered(mut spans: Vec<(i64, i64)>) -> i64 {
    spans.sort_unstable();
    let (mut covered, mut until) = (0, i64::MIN);
    for (from, to) in spans {
        covered += (to - from.max(until)).max(0);
        until = until.max(to);
    }
    covered
}

/// The calls of both packs.
fn shared<'a>(before: &'a Pack, day: &'a Pack) -> HashSet<&'a CallKey, FixedState> {
    let keys: HashSet<&CallKey, FixedState> = before.keys().iter().collect();
    day.keys().iter().filter(|key| keys.contains(key)).collect()
}

/// By how much the sums of two days are more than the sums of both at once.
fn twice(
    day: &[Leg<'_>],
    before: &[Leg<'_>],
    reading: Reading,
    rules: &Rules,
) -> BTreeMap<u32, Sums> {
    let mut again: BTreeMap<u32, Sums> = BTreeMap::new();
    let mut both = [day, before].concat();
    for (legs, is_more) in [
        (&mut day.to_vec(), true),
        (&mut before.to_vec(), true),
        (&mut both, false),
    ] {
        for (group, sums) in calls(legs, reading, rules, |leg| leg.key(reading)) {
            let again = again.entry(group).or_default();
            if is_more {
                *again += sums;
            } else {
                *again -= sums;
            }
        }
    }
    again.retain(|_, sums| *sums != Sums::default());
    again
}

/// Tallies of some days and sources, added up.
#[derive(Debug, Default)]
pub struct Total<'a> {
    as_before: Sums,
    exact: Sums,
    seen: BTreeMap<u8, Vec<&'a IdSet>>,
    name: Option<(i64, &'a str)>,
}

impl<'a> Total<'a> {
    /// `goes_on`: the same source's day before is in the total as well.
    pub fn add(&mut self, tally: &'a Tally, goes_on: bool) {
        for (sums, counted) in [
            (&mut self.as_before, tally.as_before),
            (&mut self.exact, tally.exact),
        ] {
            *sums += counted.day;
            if goes_on {
                *sums -= counted.again;
            }
        }
        for (form, seen) in &tally.seen {
            self.seen.entry(*form).or_default().push(seen);
        }
        let name = tally.name.as_ref().map(|(at, name)| (*at, &**name));
        self.name = self.name.max(name);
    }

    pub fn sums(&self, reading: Reading) -> Sums {
        match reading {
            Reading::AsBefore => self.as_before,
            Reading::Exact => self.exact,
        }
    }

    /// How many were called: as before, two ways to dial one number are two.
    pub fn destinations(&self, reading: Reading) -> u64 {
        let forms = self.seen.values();
        match reading {
            Reading::AsBefore => forms.map(|sets| union_len(sets.iter().copied())).sum(),
            Reading::Exact => union_len(forms.flatten().copied()),
        }
    }

    /// The last name that a row had.
    pub fn name(&self) -> &'a str {
        self.name.map_or("", |(_, name)| name)
    }
}
