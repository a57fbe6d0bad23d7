//! Call detail records by who, where or what, and by interval: a day of a source at a time.
//!
//! A conversation is counted once in each group that it has rows of, in the interval in which the first of them began, and with
//! all the time that they took. It may go on over midnight: what the next day knows as well is held back until that day is
//! counted. How many there are at once is followed beside it, by [`load`](super::load).

use std::collections::BTreeMap;
use std::ops::Range;

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashSet};
use roaring::RoaringBitmap;

use super::call_key::CallKey;
use super::destinations::{Destinations, Place};
use super::load::{Lines, Load};
use super::pack::{Disposition, Pack, Stored};
use super::plan::{Dialled, NumberPlan};
use super::roll::covered;
use super::rules::Rules;

/// By what calls are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum By {
    /// Not at all.
    All,
    Extension,
    Country,
    /// Technology and peer of the channel that was called.
    Trunk,
    /// What was presented: `src`.
    CallerId,
    /// `accountcode`.
    Campaign,
    /// Calls from outside, by the number that was dialled.
    Did,
}

/// One of those that calls are told apart by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    All,
    Text(Box<str>),
    Place(Option<Place>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum GroupOf<'a> {
    All,
    Text(&'a str),
    Place(Option<&'a Place>),
}

impl From<GroupOf<'_>> for Group {
    fn from(group: GroupOf<'_>) -> Self {
        match group {
            GroupOf::All => Self::All,
            GroupOf::Text(text) => Self::Text(text.into()),
            GroupOf::Place(place) => Self::Place(place.cloned()),
        }
    }
}

impl By {
    pub fn is_inbound(self) -> bool {
        self == Self::Did
    }

    /// Nothing for a row that does not count.
    pub(super) fn group<'a>(
        self,
        row: &Stored<'a>,
        rules: &'a Rules,
        known: &'a Destinations,
    ) -> Option<GroupOf<'a>> {
        let counts = if self.is_inbound() {
            !row.did().is_empty()
        } else {
            rules.is_attempt(row, known)
        };
        if !counts {
            return None;
        }
        Some(match self {
            Self::All => GroupOf::All,
            Self::Extension => {
                let extension = row.extension();
                return rules
                    .is_extension(extension)
                    .then_some(GroupOf::Text(extension));
            }
            Self::Country => GroupOf::Place(rules.place(known, row.destination())),
            Self::Trunk => GroupOf::Text(row.to_peer()),
            Self::CallerId => GroupOf::Text(row.caller()),
            Self::Campaign => GroupOf::Text(row.account()),
            Self::Did => GroupOf::Text(row.did()),
        })
    }
}

/// What became of a call, the best last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Class {
    #[default]
    Other,
    Failed,
    Congestion,
    Busy,
    NoAnswer,
    Answered,
}

impl Class {
    /// A row that its table has as answered may not be a conversation: announcements and queues answer as well.
    fn of(row: &Stored<'_>, inbound: bool) -> Self {
        match row.disposition() {
            Disposition::Answered if Rules::is_answered(row) => Self::Answered,
            Disposition::Answered if inbound && Rules::is_served(row) => Self::Answered,
            Disposition::Answered if inbound => Self::NoAnswer,
            Disposition::Answered | Disposition::Other => Self::Other,
            Disposition::NoAnswer => Self::NoAnswer,
            Disposition::Busy => Self::Busy,
            Disposition::Congestion => Self::Congestion,
            Disposition::Failed => Self::Failed,
        }
    }
}

/// What is asked.
#[derive(Debug, Clone)]
pub struct Ask {
    pub by: By,
    /// A conversation of at most so many seconds is short.
    pub short_call_seconds: u32,
    /// Where intervals begin, in seconds since 1970, and where the last one ends.
    pub borders: Vec<i64>,
    /// In which cell each interval is counted; without it each is one.
    pub cell_of: Option<Vec<u32>>,
    /// Only what this names: a group's text, a place's code, name, or both.
    pub only: Option<Box<str>>,
    /// The most cells.
    pub max_cells: usize,
}

/// How far before the first interval calls are looked for that go on into it, in seconds.
const LOOK_BACK: i64 = 86_400;

impl Ask {
    /// Of which time rows are wanted: those that are counted, and those before that may go on.
    pub fn wanted(&self) -> Range<i64> {
        match (self.borders.first(), self.borders.last()) {
            (Some(from), Some(until)) => from - LOOK_BACK..*until,
            _ => 0..0,
        }
    }

    fn begin(&self) -> i64 {
        self.borders.first().copied().unwrap_or_default()
    }

    fn cell(&self, interval: u32) -> u32 {
        match &self.cell_of {
            Some(cells) => cells.get(interval as usize).copied().unwrap_or_default(),
            None => interval,
        }
    }
}

/// Whether `name` is what people call this group: its text; of a place its code, its name, or both.
pub(super) fn is_called(group: GroupOf<'_>, name: &str) -> bool {
    match group {
        GroupOf::All => true,
        GroupOf::Text(text) => text == name,
        GroupOf::Place(Some(place)) => {
            let behind = name.strip_prefix(&*place.code);
            let both = behind.and_then(|rest| rest.strip_prefix(' '));
            *place.code == *name || *place.name == *name || both == Some(&*place.name)
        }
        GroupOf::Place(None) => name.is_empty(),
    }
}

/// More cells than were allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it would have more than {0} rows")]
pub struct TooMany(pub usize);

/// Of some calls.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Counts {
    pub attempts: i64,
    pub answered: i64,
    pub no_answer: i64,
    pub busy: i64,
    pub congestion: i64,
    pub failed: i64,
    pub other: i64,
    pub short: i64,
    pub talk_seconds: i64,
    pub load: Load,
    people: RoaringBitmap,
}

impl Counts {
    pub fn people(&self) -> i64 {
        i64::try_from(self.people.len()).unwrap_or(i64::MAX)
    }

    fn add(&mut self, call: &Call, short_call_seconds: u32) {
        self.attempts += 1;
        *match call.class {
            Class::Answered => &mut self.answered,
            Class::NoAnswer => &mut self.no_answer,
            Class::Busy => &mut self.busy,
            Class::Congestion => &mut self.congestion,
            Class::Failed => &mut self.failed,
            Class::Other => &mut self.other,
        } += 1;
        if call.class == Class::Answered {
            let talk = covered(call.talks.clone());
            self.talk_seconds += talk;
            self.short += i64::from(talk <= i64::from(short_call_seconds));
        }
        self.people.extend(&call.people);
    }
}

/// A number of a group; groups are as many as the source has names.
type GroupId = u32;

/// A conversation in one group.
#[derive(Debug, Clone, Default)]
struct Call {
    first: Option<i64>,
    class: Class,
    talks: Vec<(i64, i64)>,
    people: Vec<u32>,
}

impl Call {
    fn add(&mut self, leg: &Leg) {
        self.first = Some(self.first.map_or(leg.at, |first| first.min(leg.at)));
        self.class = self.class.max(leg.class);
        if leg.class == Class::Answered {
            self.talks.push(leg.talk);
        }
        self.people.push(leg.person);
    }
}

/// What counts of a row.
#[derive(Debug, Clone, Copy)]
struct Leg {
    group: GroupId,
    /// Which of its pack's keys.
    linked: u32,
    at: i64,
    class: Class,
    talk: (i64, i64),
    /// When it ended.
    end: i64,
    person: u32,
}

/// Who called: numbers in any notation are one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Caller {
    Number(u64),
    Text(Box<str>),
}

/// Counts days of sources, each in its order.
#[derive(Debug)]
pub struct Counting {
    ask: Ask,
    groups: HashMap<Group, GroupId, FixedState>,
    names: HashMap<GroupId, (i64, Box<str>), FixedState>,
    callers: HashMap<Caller, u32, FixedState>,
    cells: BTreeMap<(GroupId, u32), Counts>,
    total: Counts,
    /// Calls that the next day of their source knows as well.
    open: HashMap<(u16, Option<GroupId>, CallKey), Call, FixedState>,
    lines: Lines<Option<GroupId>>,
}

/// One day of one source.
#[derive(Debug, Clone, Copy)]
pub struct Day<'a> {
    /// Which source; the same key in another is another call.
    pub source: u16,
    pub pack: &'a Pack,
    /// The day after it, where that has rows.
    pub next: Option<&'a Pack>,
    pub plan: &'a NumberPlan,
    /// The source's: it may have countries of its own.
    pub rules: &'a Rules,
    /// When it ends, in seconds since 1970.
    pub end: i64,
}

/// What was counted.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Counted {
    /// By group, with the last name that its rows had, and the interval's place among the borders.
    pub cells: BTreeMap<(Group, u32), Counts>,
    pub names: BTreeMap<Group, Box<str>>,
    /// Each call once, whatever groups it has.
    pub total: Counts,
}

impl Counting {
    pub fn new(ask: Ask) -> Self {
        Self {
            groups: HashMap::default(),
            names: HashMap::default(),
            callers: HashMap::default(),
            cells: BTreeMap::new(),
            total: Counts::default(),
            open: HashMap::default(),
            lines: Lines::new(ask.borders.clone()),
            ask,
        }
    }

    /// Counts one day of a source. Days come in their order, each of all sources before the next.
    pub fn day(&mut self, day: Day<'_>, known: &Destinations) -> Result<(), TooMany> {
        let mut legs = self.legs(&day, known);
        let next: HashSet<&CallKey, FixedState> =
            day.next.into_iter().flat_map(Pack::keys).collect();
        legs.sort_unstable_by_key(|leg| (leg.group, leg.linked));
        self.take(&legs, &day, &next, |leg| Some(leg.group))?;
        legs.sort_unstable_by_key(|leg| leg.linked);
        self.take(&legs, &day, &next, |_| None)?;
        let over: Vec<_> = self
            .open
            .extract_if(|(source, _, key), _| *source == day.source && !next.contains(key))
            .collect();
        for ((_, group, _), call) in over {
            self.close(group, &call)?;
        }
        Ok(())
    }

    fn legs(&mut self, day: &Day<'_>, known: &Destinations) -> Vec<Leg> {
        let wanted = self.ask.wanted();
        let inbound = self.ask.by.is_inbound();
        let mut groups: HashMap<GroupOf<'_>, Option<GroupId>, FixedState> = HashMap::default();
        let mut callers: HashMap<&str, u32, FixedState> = HashMap::default();
        let mut legs = Vec::new();
        for row in day.pack.rows().filter(|row| wanted.contains(&row.at())) {
            let Some(of) = self.ask.by.group(&row, day.rules, known) else {
                continue;
            };
            let group = groups.entry(of).or_insert_with(|| {
                let next = GroupId::try_from(self.groups.len()).expect("fewer groups than rows");
                let only = self.ask.only.as_deref();
                let wanted = only.is_none_or(|only| is_called(of, only));
                wanted.then(|| *self.groups.entry(of.into()).or_insert(next))
            });
            let Some(group) = *group else { continue };
            let person = if inbound {
                *callers
                    .entry(row.caller())
                    .or_insert_with_key(|text| person(&mut self.callers, day.plan, text))
            } else {
                row.destination()
            };
            if self.ask.by == By::Extension && !row.name().is_empty() {
                let last = self.names.entry(group).or_default();
                if (row.at(), row.name()) > (last.0, &*last.1) {
                    *last = (row.at(), row.name().into());
                }
            }
            legs.push(Leg {
                group,
                linked: row.linked_index(),
                at: row.at(),
                class: Class::of(&row, inbound),
                talk: row.talk(),
                end: row.talk().1,
                person,
            });
        }
        legs
    }

    /// Takes in calls, by `group` or without.
    fn take(
        &mut self,
        legs: &[Leg],
        day: &Day<'_>,
        next: &HashSet<&CallKey, FixedState>,
        group: impl Fn(&Leg) -> Option<GroupId>,
    ) -> Result<(), TooMany> {
        let begin = self.ask.begin();
        let mut rows = Vec::new();
        let call = |leg: &Leg| (group(leg), leg.linked);
        for legs in legs.chunk_by(|a, b| call(a) == call(b)) {
            let (group, linked) = call(&legs[0]);
            let key = &day.pack.keys()[linked as usize];
            rows.clear();
            rows.extend(legs.iter().map(|leg| (leg.at, leg.end)));
            self.lines.add((day.source, group, key), &mut rows, day.end);
            let mut counted = legs.iter().filter(|leg| leg.at >= begin).peekable();
            if counted.peek().is_none() {
                continue;
            }
            let before = if self.open.is_empty() {
                None
            } else {
                self.open.remove(&(day.source, group, key.clone()))
            };
            let mut call = before.unwrap_or_default();
            for leg in counted {
                call.add(leg);
            }
            if next.contains(key) {
                self.open.insert((day.source, group, key.clone()), call);
            } else {
                self.close(group, &call)?;
            }
        }
        Ok(())
    }

    fn close(&mut self, group: Option<GroupId>, call: &Call) -> Result<(), TooMany> {
        let short = self.ask.short_call_seconds;
        let Some(group) = group else {
            self.total.add(call, short);
            return Ok(());
        };
        let first = call.first.unwrap_or_default();
        let after = self.ask.borders.partition_point(|border| *border <= first);
        let interval = u32::try_from(after.saturating_sub(1)).unwrap_or(u32::MAX);
        let cell = (group, self.ask.cell(interval));
        self.cells.entry(cell).or_default().add(call, short);
        self.bounded()
    }

    fn bounded(&self) -> Result<(), TooMany> {
        if self.cells.len() > self.ask.max_cells {
            return Err(TooMany(self.ask.max_cells));
        }
        Ok(())
    }

    /// All sources' days until `end` have been counted.
    pub fn end_day(&mut self, end: i64) -> Result<(), TooMany> {
        let Self {
            ask,
            cells,
            total,
            lines,
            ..
        } = self;
        lines.end_day(end, |group, interval, load| {
            let counts = match group {
                Some(group) => cells.entry((group, ask.cell(interval))).or_default(),
                None => &mut *total,
            };
            counts.load.add(load);
        });
        self.bounded()
    }

    pub fn finish(mut self) -> Result<Counted, TooMany> {
        self.end_day(self.ask.borders.last().copied().unwrap_or_default())?;
        for ((_, group, _), call) in std::mem::take(&mut self.open) {
            self.close(group, &call)?;
        }
        let mut groups: BTreeMap<GroupId, Group> = BTreeMap::new();
        groups.extend(self.groups.into_iter().map(|(group, id)| (id, group)));
        let cells = self.cells.into_iter();
        let cells = cells.map(|((id, interval), counts)| ((groups[&id].clone(), interval), counts));
        let names = self.names.into_iter();
        Ok(Counted {
            cells: cells.collect(),
            names: names
                .map(|(id, (_, name))| (groups[&id].clone(), name))
                .collect(),
            total: self.total,
        })
    }
}

fn person(callers: &mut HashMap<Caller, u32, FixedState>, plan: &NumberPlan, text: &str) -> u32 {
    let caller = match plan.read(text) {
        Dialled::Number(_, number) => Caller::Number(number.digits()),
        Dialled::Internal(text) | Dialled::Text(text) => Caller::Text(text.into()),
    };
    let next = u32::try_from(callers.len()).expect("fewer callers than rows");
    *callers.entry(caller).or_insert(next)
}

#[cfg(test)]
mod tests;
