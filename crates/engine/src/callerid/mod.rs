//! Caller ID: which of our own numbers the next outbound call presents.
//!
//! One [`Allocator`] knows every number, its caps, who is using it and how it fares. A question comes in as [`Input::Asked`],
//! the answer goes out as [`Command::Present`] or [`Command::Refuse`]: cap, concurrency and reservation are one step, so a
//! number can never go over a cap however many ask at once. It must never look through its numbers: the cost of an answer
//! grows with the logarithm of the pool.
//!
//! Numbers that are alike for every question (same campaigns, labels, country, region, area) form a *group*, and each has its
//! place in its group's line, least recently used first. A group is shown in one *cell* for every way in which it can be
//! found (an area code, a country, a pool); a cell orders its groups by the head of their lines.
//!
//! Of a big pool an answer waits for memory more than it computes, so what it touches is packed: a number and all that
//! changes with its calls fill three cache lines ([`number`]), an open reservation two, and its place in line is a list through the
//! numbers themselves ([`line`]). Nothing moves when it grows ([`chunks`]).
//!
//! Rules that are ours and not obvious:
//! - The head of a line whose health is ½ gives way to the next every second time.
//! - A number that fares significantly worse than its pool rests. One choice in [`CONTROL_EVERY`] of a cell goes to a resting number,
//!   so that it can show that it has recovered.
//! - Rotation has a floor: for [`Limits::floor`] a person sees the number that called last, if it may be used at all, whatever the
//!   campaign wants. Nobody gets round being blocked by calling from another number.
//! - A cap counts the clock's minute and hour (UTC) and the number's own local day. A clock that is set back goes on counting in
//!   the window it was in.
//! - An unverified number is never presented, unless [`Limits::present_unverified`].
//! - A call may outlast its reservation. The number is free then, and yet learns how the call went.
//! - A reservation that ends without an outcome (taken back, timed out, nobody saw it) says nothing about health.

mod agents;
mod ask;
mod calls;
mod cell;
mod chunks;
mod explain;
mod group;
mod health;
mod input;
mod line;
mod link;
mod number;
mod numbers;
mod outlasted;
mod persons;
mod refuse;
mod reservation;
mod setup;
mod shared;
#[cfg(test)]
mod tests;
mod windows;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use model::{CallerIdKey, CallerIdRule, E164, Instant, Now, ReservationId};
use rand::SeedableRng;
use rand::rngs::SmallRng;
use smol_str::SmolStr;

use crate::lookup::{Lookup, lookup};
use crate::zone::Zone;

pub use calls::{Calls, Channel, Heard, MAX_CALLS, Presented};
pub use cell::CellKey;
pub use explain::{Considered, Explanation, TierExplained};
pub use health::{
    HALVED_AT, Health, Interval, MIN_ANSWERS, MIN_ATTEMPTS, POOL_HALVED_AT, SHORT_SECONDS, Score,
};
pub use input::{
    Allocation, Asked, Command, Counts, Ended, Input, NumberState, Outcome, Refusal, Release,
    Restored, Shortage, Status, Usage,
};
pub use outlasted::MAX_OUTLASTED;
pub use shared::{PoolScore, Sign, cells_asked, cells_counted, cells_of, judge, pool_of};

use agents::Agents;
use cell::Cell;
use group::{Group, GroupKey};
use health::Pool;
use link::Link;
use numbers::Numbers;
use outlasted::Outlasted;
use persons::Persons;
use reservation::Reservations;

/// In a cell with resting numbers, one choice in so many goes to one of them.
pub const CONTROL_EVERY: u32 = 20;
/// How many heads of a line may give way to a healthier number in one choice.
pub const MAX_GIVE_WAY: u32 = 8;
/// The most numbers an explanation names in each tier.
pub const EXPLAINED: usize = 20;

/// What an installation allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Questions of one agent in any 60 s.
    pub per_agent: u32,
    /// How long a reservation lasts if nothing ends it.
    pub reserved_for: Duration,
    /// For how long a person sees the same number; at least an hour.
    pub floor: Duration,
    /// Persons whose last number is remembered.
    pub persons: usize,
    /// Agents whose questions are counted.
    pub agents: usize,
    /// Whether numbers that nobody vouches for may be presented.
    pub present_unverified: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            per_agent: 100,
            reserved_for: Duration::from_mins(5),
            floor: Duration::from_hours(24),
            persons: 1_000_000,
            agents: 100_000,
            present_unverified: false,
        }
    }
}

/// A name that many numbers share.
type Name = Arc<str>;
type ClassIndex = u32;
type CarrierIndex = u32;
type CellIndex = u32;
type GroupIndex = u32;
type NumberIndex = u32;
/// Orders a line: microseconds since 1970 of the last use, made unique.
type Turn = u64;

/// The engine that chooses caller IDs.
pub struct Allocator {
    now: Now,
    limits: Limits,
    chance: SmallRng,
    numbers: Numbers,
    groups: Vec<Group>,
    by_group: Lookup<GroupKey, GroupIndex>,
    cells: Vec<Cell>,
    by_cell: Lookup<(CellKey, ClassIndex), CellIndex>,
    pools: Vec<Pool>,
    by_pool: BTreeMap<group::PoolKey, u32>,
    /// Sets of campaigns; the first is the empty one, which means all.
    classes: Vec<BTreeSet<String>>,
    /// The classes that a campaign may use, besides the first.
    by_campaign: BTreeMap<String, Vec<ClassIndex>>,
    rules: BTreeMap<String, Arc<CallerIdRule>>,
    names: Lookup<Name, ()>,
    carriers: Vec<SmolStr>,
    by_carrier: Lookup<SmolStr, CarrierIndex>,
    zones: Vec<Zone>,
    reservations: Reservations,
    outlasted: Outlasted,
    persons: Persons,
    agents: Agents,
    /// Numbers at a cap, by the wall clock's moment at which the next window begins.
    capped: BTreeSet<(model::Timestamp, NumberIndex)>,
    counts: Counts,
    last_turn: Turn,
    /// The cells of the question at hand; empty between inputs.
    cells_asked: Vec<CellIndex>,
    commands: VecDeque<Command>,
}

impl Allocator {
    /// An engine without numbers. All its chance comes from `seed`.
    pub fn new(limits: Limits, seed: u64) -> Self {
        Self {
            now: Now::default(),
            chance: SmallRng::seed_from_u64(seed),
            numbers: Numbers::new(seed),
            groups: Vec::new(),
            by_group: lookup(seed),
            cells: Vec::new(),
            by_cell: lookup(seed),
            pools: Vec::new(),
            by_pool: BTreeMap::new(),
            classes: vec![BTreeSet::new()],
            by_campaign: BTreeMap::new(),
            rules: BTreeMap::new(),
            names: lookup(seed),
            carriers: Vec::new(),
            by_carrier: lookup(seed),
            zones: Vec::new(),
            reservations: Reservations::new(seed),
            outlasted: Outlasted::default(),
            persons: Persons::new(limits.persons, seed),
            agents: Agents::new(limits.per_agent, limits.agents, seed),
            capped: BTreeSet::new(),
            counts: Counts::default(),
            last_turn: 0,
            cells_asked: Vec::new(),
            commands: VecDeque::new(),
            limits,
        }
    }

    /// Takes in one thing that happened. What follows from it waits in [`next_command`](Self::next_command).
    pub fn handle(&mut self, now: Now, input: Input) {
        self.now = now;
        self.catch_up();
        match input {
            Input::NumberSet(number) => self.number_set(&number),
            Input::NumberRemoved(key) => self.number_removed(key),
            Input::RuleSet(rule) => {
                self.rules.insert(rule.campaign.clone(), Arc::new(rule));
            }
            Input::RuleRemoved(campaign) => {
                self.rules.remove(&campaign);
            }
            Input::UsageRestored { number, usage } => self.usage_restored(number, &usage),
            Input::ReservationRestored(restored) => self.reservation_restored(&restored),
            Input::ChargedAhead { uses } => self.charged_ahead(uses),
            Input::PersonRestored { to, number, at } => self.persons.saw(to, number, at),
            Input::Adopted(adopted) => self.adopted(&adopted),
            Input::Asked(asked) => self.asked(asked),
            Input::Released { reservation, why } => self.released(reservation, why),
            Input::CallEnded {
                number,
                to,
                outcome,
            } => self.call_ended(number, to, outcome),
            Input::Tick => {}
        }
    }

    /// The next thing to do, in order; `None` when all is said.
    pub fn next_command(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }

    /// When to call [`handle`](Self::handle) with a [`Input::Tick`] if nothing happens before.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let window = self.capped.first().map(|(at, _)| self.now.instant_of(*at));
        [self.reservations.first_expiry(), window]
            .into_iter()
            .flatten()
            .min()
    }

    /// Ends what has timed out, and lets those go on whose next window has begun.
    fn catch_up(&mut self) {
        while let Some(slot) = self.reservations.expired(self.now.mono) {
            self.end_reservation(slot, Release::TimedOut);
        }
        self.outlasted.forget(self.now.utc);
        while let Some(&(at, number)) = self.capped.first()
            && at <= self.now.utc
        {
            self.capped.remove(&(at, number));
            self.numbers[number].set_wakes_at(None);
            self.refresh(number);
        }
    }

    /// How many reservations are open.
    pub fn open(&self) -> usize {
        self.reservations.len()
    }

    /// All numbers by what they are doing.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The number with these digits.
    pub fn key(&self, number: E164) -> Option<CallerIdKey> {
        let index = self.numbers.find_e164(number)?;
        Some(self.numbers[index].key)
    }

    /// The digits of the number with this key.
    pub fn e164(&self, key: CallerIdKey) -> Option<E164> {
        let index = self.numbers.find(key)?;
        Some(self.numbers[index].e164)
    }

    /// Its open reservations, newest first.
    pub fn reservations_of(&self, key: CallerIdKey) -> impl Iterator<Item = &Restored> {
        let number = self.numbers.find(key);
        let newest = number.map_or(Link::NONE, |index| self.numbers[index].reservation);
        self.reservations.of(newest).map(|(_, what)| what)
    }

    /// The state of one number.
    pub fn number(&self, key: CallerIdKey) -> Option<NumberState> {
        let index = self.numbers.find(key)?;
        Some(self.state_of(index))
    }

    /// What is needed to go on with a number after a restart.
    pub fn usage(&self, key: CallerIdKey) -> Option<Usage> {
        let index = self.numbers.find(key)?;
        Some(self.numbers[index].usage())
    }

    /// The reservation with this id, if it is open.
    pub fn reservation(&self, id: ReservationId) -> Option<&Restored> {
        self.reservations.get(id)
    }

    /// Whether the end of this reservation's call would say anything: it is open, or its call may have outlasted it.
    pub fn awaits(&self, id: ReservationId) -> bool {
        self.reservations.get(id).is_some() || self.outlasted.contains(id)
    }

    /// How many calls that may have outlasted their reservations were given up, because there were too many.
    pub fn not_awaited(&self) -> u64 {
        self.outlasted.given_up()
    }

    /// All open reservations, in the order in which they expire.
    pub fn reservations(&self) -> impl Iterator<Item = &Restored> {
        self.reservations.by_expiry().map(|open| &open.what)
    }

    fn carrier(&mut self, name: &str) -> CarrierIndex {
        if let Some(&known) = self.by_carrier.get(name) {
            return known;
        }
        let index = group::place(self.carriers.len());
        let name = SmolStr::new(name);
        self.by_carrier.insert(name.clone(), index);
        self.carriers.push(name);
        index
    }

    fn intern(&mut self, name: &str) -> Name {
        if let Some((known, ())) = self.names.get_key_value(name) {
            return Arc::clone(known);
        }
        let name: Name = name.into();
        self.names.insert(Arc::clone(&name), ());
        name
    }
}
