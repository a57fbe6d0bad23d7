//! Groups: numbers that are alike for every question, in line.

use std::collections::BTreeSet;

use model::{Country, Digits};

use super::cell::{CellKey, MAX_PREFIX, MIN_PREFIX};
use super::number::Line;
use super::{Allocator, CellIndex, ClassIndex, GroupIndex, Name, NumberIndex, Turn};

/// What makes numbers alike.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct GroupKey {
    pub(super) class: ClassIndex,
    pub(super) labels: Vec<Name>,
    pub(super) country: Option<Country>,
    pub(super) region: Option<Name>,
    pub(super) area: Area,
}

/// Whose health is compared with whose.
pub(super) type PoolKey = (Vec<Name>, Option<Country>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Area {
    Code(Digits),
    /// The first digits of a national number without an area code.
    Prefix(Digits),
    None,
}

pub(super) struct Group {
    pub(super) key: GroupKey,
    pub(super) pool: u32,
    healthy: BTreeSet<(Turn, NumberIndex)>,
    resting: BTreeSet<(Turn, NumberIndex)>,
    pub(super) members: Vec<NumberIndex>,
    places: Vec<Shown>,
    /// Cells that only count it.
    counted: Vec<CellIndex>,
}

/// Where a group is shown, and by which turns.
struct Shown {
    cell: CellIndex,
    healthy: Turn,
    resting: Turn,
}

/// Not shown at all.
const ABSENT: Turn = Turn::MAX;

impl Shown {
    fn turn(&mut self, line: Line) -> &mut Turn {
        match line {
            Line::Healthy => &mut self.healthy,
            Line::Resting => &mut self.resting,
        }
    }
}

impl Group {
    pub(super) fn line(&self, line: Line) -> &BTreeSet<(Turn, NumberIndex)> {
        match line {
            Line::Healthy => &self.healthy,
            Line::Resting => &self.resting,
        }
    }

    fn line_mut(&mut self, line: Line) -> &mut BTreeSet<(Turn, NumberIndex)> {
        match line {
            Line::Healthy => &mut self.healthy,
            Line::Resting => &mut self.resting,
        }
    }

    /// Every cell that counts its numbers.
    pub(super) fn cells(&self) -> impl Iterator<Item = CellIndex> {
        self.places
            .iter()
            .map(|place| place.cell)
            .chain(self.counted.iter().copied())
    }
}

impl GroupKey {
    pub(super) fn cell_keys(&self) -> Vec<CellKey> {
        let mut keys = Vec::new();
        if let Some(country) = self.country {
            match self.area {
                Area::Code(code) => keys.push(CellKey::AreaCode(country, code)),
                Area::Prefix(digits) => keys.extend(
                    (MIN_PREFIX..=digits.len().min(MAX_PREFIX))
                        .map(|length| CellKey::Prefix(country, digits.first(length))),
                ),
                Area::None => {}
            }
            if let Some(region) = &self.region {
                keys.push(CellKey::Region(country, region.clone()));
            }
            keys.push(CellKey::Country(country));
        }
        if self.labels.is_empty() {
            keys.push(CellKey::DefaultPool);
            keys.extend(self.country.map(CellKey::CountryAndDefaultPool));
        }
        for label in &self.labels {
            keys.push(CellKey::Pool(label.clone()));
            keys.extend(
                self.country
                    .map(|country| CellKey::CountryAndPool(country, label.clone())),
            );
        }
        keys
    }
}

impl Allocator {
    /// The group with this key, made and shown in its cells if there is none. Groups stay when they are empty:
    /// their number is bounded by the places and pools that were ever in use.
    pub(super) fn group(&mut self, key: GroupKey) -> GroupIndex {
        if let Some(&known) = self.by_group.get(&key) {
            return known;
        }
        let index = place(self.groups.len());
        let mut group = Group {
            pool: self.pool((key.labels.clone(), key.country)),
            key: key.clone(),
            healthy: BTreeSet::new(),
            resting: BTreeSet::new(),
            members: Vec::new(),
            places: Vec::new(),
            counted: Vec::new(),
        };
        for cell_key in key.cell_keys() {
            let shown = cell_key.is_chosen_from();
            let cell = self.cell(cell_key, key.class);
            if shown {
                self.cells[cell as usize].groups.push(index);
                group.places.push(Shown {
                    cell,
                    healthy: ABSENT,
                    resting: ABSENT,
                });
            } else {
                group.counted.push(cell);
            }
        }
        self.groups.push(group);
        self.by_group.insert(key, index);
        index
    }

    fn cell(&mut self, key: CellKey, class: ClassIndex) -> CellIndex {
        let next = place(self.cells.len());
        let index = *self.by_cell.entry((key, class)).or_insert(next);
        if index == next {
            self.cells.push(super::Cell::default());
        }
        index
    }

    fn pool(&mut self, key: PoolKey) -> u32 {
        let next = place(self.pools.len());
        let index = *self.by_pool.entry(key).or_insert(next);
        if index == next {
            self.pools.push(super::Pool::default());
        }
        index
    }

    /// Puts a number in line, and shows its group earlier where that brings its head forward.
    pub(super) fn join_line(
        &mut self,
        group: GroupIndex,
        line: Line,
        turn: Turn,
        number: NumberIndex,
    ) {
        let joined = &mut self.groups[group as usize];
        joined.line_mut(line).insert((turn, number));
        for place in &mut joined.places {
            let cell = place.cell;
            let shown = place.turn(line);
            if turn < *shown {
                let heads = self.cells[cell as usize].heads(line);
                heads.remove(&(*shown, group));
                heads.insert((turn, group));
                *shown = turn;
            }
        }
    }

    /// Takes a number out of line. Cells find out when they next look.
    pub(super) fn leave_line(
        &mut self,
        group: GroupIndex,
        line: Line,
        turn: Turn,
        number: NumberIndex,
    ) {
        self.groups[group as usize]
            .line_mut(line)
            .remove(&(turn, number));
    }

    /// The least recently used number of a cell, with its turn.
    pub(super) fn head(&mut self, cell: CellIndex, line: Line) -> Option<(Turn, NumberIndex)> {
        loop {
            let heads = self.cells[cell as usize].heads(line);
            let (shown, index) = *heads.first()?;
            let group = &mut self.groups[index as usize];
            let head = group.line(line).first().copied();
            if let Some((turn, _)) = head
                && turn == shown
            {
                return head;
            }
            heads.remove(&(shown, index));
            let actual = head.map_or(ABSENT, |(turn, _)| turn);
            if head.is_some() {
                heads.insert((actual, index));
            }
            if let Some(place) = group.places.iter_mut().find(|place| place.cell == cell) {
                *place.turn(line) = actual;
            }
        }
    }
}

pub(super) fn place(length: usize) -> u32 {
    u32::try_from(length).expect("fewer than 2^32 of a kind")
}
