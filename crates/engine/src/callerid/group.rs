//! Groups: numbers that are alike for every question, in line.

use std::cmp::Reverse;
use std::collections::binary_heap::PeekMut;

use model::{Country, Digits};

use super::cell::{CellKey, MAX_PREFIX, MIN_PREFIX};
use super::line::{Line, Order, Stand};
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
    healthy: Order,
    resting: Order,
    pub(super) members: Vec<NumberIndex>,
    /// Every cell that counts its numbers.
    pub(super) cells: Vec<CellIndex>,
    /// Those of them that show it.
    places: Vec<Shown>,
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
    fn turn(&self, line: Line) -> Turn {
        match line {
            Line::Healthy => self.healthy,
            Line::Resting => self.resting,
        }
    }

    fn turn_mut(&mut self, line: Line) -> &mut Turn {
        match line {
            Line::Healthy => &mut self.healthy,
            Line::Resting => &mut self.resting,
        }
    }
}

impl Group {
    pub(super) fn line(&self, line: Line) -> &Order {
        match line {
            Line::Healthy => &self.healthy,
            Line::Resting => &self.resting,
        }
    }

    fn line_mut(&mut self, line: Line) -> &mut Order {
        match line {
            Line::Healthy => &mut self.healthy,
            Line::Resting => &mut self.resting,
        }
    }

    fn place_mut(&mut self, cell: CellIndex) -> &mut Shown {
        let mut places = self.places.iter_mut();
        places
            .find(|place| place.cell == cell)
            .expect("a group has a place in each cell that shows it")
    }

    /// By which turn a cell shows it.
    fn shown(&self, cell: CellIndex, line: Line) -> Option<Turn> {
        let place = self.places.iter().find(|place| place.cell == cell)?;
        Some(place.turn(line))
    }

    /// The area code of all its numbers.
    pub(super) fn area_code(&self) -> Option<Digits> {
        match self.key.area {
            Area::Code(code) => Some(code),
            Area::Prefix(_) | Area::None => None,
        }
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
            healthy: Order::new(Line::Healthy),
            resting: Order::new(Line::Resting),
            members: Vec::new(),
            cells: Vec::new(),
            places: Vec::new(),
        };
        for cell_key in key.cell_keys() {
            let shown = cell_key.is_chosen_from();
            let cell = self.cell(cell_key, key.class);
            group.cells.push(cell);
            if shown {
                self.cells[cell as usize].groups.push(index);
                group.places.push(Shown {
                    cell,
                    healthy: ABSENT,
                    resting: ABSENT,
                });
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

    /// Puts a number that stands nowhere in its group's line.
    pub(super) fn join_line(&mut self, index: NumberIndex, line: Line) {
        let number = &self.numbers[index];
        let (group, turn) = (number.group, number.turn);
        let joined = &mut self.groups[group as usize];
        joined.line_mut(line).join(&mut self.numbers, index);
        self.show(group, line, turn);
    }

    /// Takes a number out of line. Cells find out when they next look.
    pub(super) fn leave_line(&mut self, index: NumberIndex) {
        let number = &self.numbers[index];
        if number.stand != Stand::Nowhere {
            let line = number.line;
            let left = &mut self.groups[number.group as usize];
            left.line_mut(line).leave(&mut self.numbers, index);
        }
    }

    /// Gives a number the newest turn.
    pub(super) fn send_back(&mut self, index: NumberIndex) {
        let turn = self.next_turn();
        self.leave_line(index);
        let number = &mut self.numbers[index];
        number.turn = turn;
        let line = if number.resting {
            Line::Resting
        } else {
            Line::Healthy
        };
        self.join_line(index, line);
    }

    /// Shows a group earlier, wherever one that joined its line at `turn` brings its head forward.
    fn show(&mut self, group: GroupIndex, line: Line, turn: Turn) {
        let mut crowded = None;
        for place in &mut self.groups[group as usize].places {
            if turn < place.turn(line) {
                *place.turn_mut(line) = turn;
                let cell = &mut self.cells[place.cell as usize];
                let most = 2 * cell.groups.len() + 8;
                let heads = cell.heads(line);
                heads.push(Reverse((turn, group)));
                if heads.len() > most {
                    crowded = Some(place.cell);
                }
            }
        }
        if let Some(cell) = crowded {
            self.clear_heads(cell, line);
        }
    }

    /// Drops what is left from before.
    fn clear_heads(&mut self, cell: CellIndex, line: Line) {
        let heads = self.cells[cell as usize].heads(line);
        let mut known = std::mem::take(heads).into_vec();
        known.retain(|Reverse((turn, group))| {
            self.groups[*group as usize].shown(cell, line) == Some(*turn)
        });
        known.sort_unstable();
        known.dedup();
        *heads = known.into();
    }

    /// The least recently used number of a cell, with its turn.
    pub(super) fn head(&mut self, cell: CellIndex, line: Line) -> Option<(Turn, NumberIndex)> {
        let heads = self.cells[cell as usize].heads(line);
        loop {
            let mut first = heads.peek_mut()?;
            let Reverse((shown, index)) = *first;
            let group = &mut self.groups[index as usize];
            if group.shown(cell, line) != Some(shown) {
                PeekMut::pop(first);
                continue;
            }
            let head = group.line_mut(line).head(&mut self.numbers);
            match head {
                Some((turn, _)) if turn == shown => return head,
                Some((turn, _)) => {
                    *group.place_mut(cell).turn_mut(line) = turn;
                    *first = Reverse((turn, index));
                }
                None => {
                    *group.place_mut(cell).turn_mut(line) = ABSENT;
                    PeekMut::pop(first);
                }
            }
        }
    }
}

pub(super) fn place(length: usize) -> u32 {
    u32::try_from(length).expect("fewer than 2^32 of a kind")
}
