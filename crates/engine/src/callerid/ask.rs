//! One question, one answer.

use std::sync::Arc;

use model::{CallerIdRule, E164, Place, ReservationId, Tier};
use rand::Rng as _;

use super::cell::{CellKey, MAX_PREFIX, MIN_PREFIX};
use super::health::standing;
use super::input::{
    Allocation, Asked, Command, Ended, Outcome, Refusal, Release, Restored, Status,
};
use super::line::Line;
use super::number::Number;
use super::{Allocator, CONTROL_EVERY, CellIndex, ClassIndex, MAX_GIVE_WAY, NumberIndex, Turn};

/// Looks into the cells of a question after the sticky number, most fitting first, until something is found.
pub(super) fn look_through<T>(
    place: &Place,
    rule: Option<&CallerIdRule>,
    mut look: impl FnMut(Tier, CellKey) -> Option<T>,
) -> Option<T> {
    if let Some(country) = place.country {
        let near = if let Some(code) = place.area_code {
            look(Tier::AreaCode, CellKey::AreaCode(country, code))
        } else {
            let longest = place.national.len().min(MAX_PREFIX);
            (MIN_PREFIX..=longest).rev().find_map(|length| {
                let prefix = place.national.first(length);
                look(Tier::AreaCode, CellKey::Prefix(country, prefix))
            })
        };
        let found = near
            .or_else(|| {
                let region = Arc::clone(place.region.as_ref()?);
                look(Tier::Region, CellKey::Region(country, region))
            })
            .or_else(|| look(Tier::Country, CellKey::Country(country)));
        if found.is_some() {
            return found;
        }
    }
    rule.and_then(|rule| look(Tier::Pool, CellKey::Pool(rule.pool.as_deref()?.into())))
        .or_else(|| look(Tier::DefaultPool, CellKey::DefaultPool))
}

/// All of these cells.
pub(super) fn cell_keys(place: &Place, rule: Option<&CallerIdRule>) -> Vec<(Tier, CellKey)> {
    let mut keys = Vec::new();
    look_through(place, rule, |tier, key| {
        keys.push((tier, key));
        None::<()>
    });
    keys
}

impl Allocator {
    pub(super) fn asked(&mut self, asked: Asked) {
        if let Err(retry_after) = self.agents.admit(&asked.agent, self.now.mono) {
            self.commands.push_back(Command::Refuse {
                ask: asked.ask,
                why: Refusal::TooManyQuestions { retry_after },
            });
            return;
        }
        let command = match self.choose(&asked) {
            Some((number, tier)) => self.present(number, tier, asked),
            None => Command::Refuse {
                ask: asked.ask,
                why: Refusal::Exhausted(Box::new(self.shortage(&asked))),
            },
        };
        self.commands.push_back(command);
    }

    fn choose(&mut self, asked: &Asked) -> Option<(NumberIndex, Tier)> {
        if let Some(number) = self.sticky(&asked.campaign, asked.to)
            && self.numbers[number].status == Status::Available
        {
            return Some((number, Tier::Sticky));
        }
        let rule = self.rules.get(&*asked.campaign).cloned();
        let mut cells = std::mem::take(&mut self.cells_asked);
        let chosen = look_through(&asked.place, rule.as_deref(), |tier, key| {
            cells.clear();
            self.find_cells(key, &asked.campaign, &mut cells);
            Some((self.pick(&cells)?, tier))
        });
        self.cells_asked = cells;
        chosen
    }

    /// The number that this person saw last, if it is to be seen again and the campaign may use it.
    pub(super) fn sticky(&self, campaign: &str, to: E164) -> Option<NumberIndex> {
        let (number, at) = self.persons.last(to)?;
        let days = self.rule(campaign).map_or(0, |rule| rule.sticky_days);
        let wanted = std::time::Duration::from_secs(u64::from(days) * 86_400);
        if self.now.utc.since(at) >= wanted.max(self.limits.floor) {
            return None;
        }
        let index = self.numbers.find_e164(number)?;
        let group = self.numbers[index].group;
        self.may_use(campaign, self.groups[group as usize].key.class)
            .then_some(index)
    }

    pub(super) fn rule(&self, campaign: &str) -> Option<&CallerIdRule> {
        self.rules.get(campaign).map(Arc::as_ref)
    }

    fn may_use(&self, campaign: &str, class: ClassIndex) -> bool {
        let class = &self.classes[class as usize];
        class.is_empty() || class.contains(campaign)
    }

    /// The cells with this key whose numbers the campaign may use.
    pub(super) fn find_cells(&self, key: CellKey, campaign: &str, cells: &mut Vec<CellIndex>) {
        let mut sought = (key, 0);
        cells.extend(self.by_cell.get(&sought));
        for &class in self.by_campaign.get(campaign).into_iter().flatten() {
            sought.1 = class;
            cells.extend(self.by_cell.get(&sought));
        }
    }

    /// The number of these cells whose turn it is.
    fn pick(&mut self, cells: &[CellIndex]) -> Option<NumberIndex> {
        if let Some(number) = self.pick_control(cells) {
            return Some(number);
        }
        for _ in 0..MAX_GIVE_WAY {
            let (_, number) = self.first(cells, Line::Healthy)?;
            if self.numbers[number].takes_turn() {
                return Some(number);
            }
            self.send_back(number);
        }
        self.first(cells, Line::Healthy).map(|(_, number)| number)
    }

    /// Now and then a resting number may show that it has recovered.
    fn pick_control(&mut self, cells: &[CellIndex]) -> Option<NumberIndex> {
        for &index in cells {
            let cell = &mut self.cells[index as usize];
            if cell.counts.resting == 0 {
                continue;
            }
            cell.since_control += 1;
            if cell.since_control >= CONTROL_EVERY
                && let Some((_, number)) = self.head(index, Line::Resting)
            {
                self.cells[index as usize].since_control = 0;
                return Some(number);
            }
        }
        None
    }

    fn first(&mut self, cells: &[CellIndex], line: Line) -> Option<(Turn, NumberIndex)> {
        cells.iter().filter_map(|&cell| self.head(cell, line)).min()
    }

    pub(super) fn next_turn(&mut self) -> Turn {
        let now = u64::try_from(self.now.utc.as_micros()).unwrap_or(0);
        self.last_turn = now.max(self.last_turn + 1);
        self.last_turn
    }

    fn present(&mut self, index: NumberIndex, tier: Tier, asked: Asked) -> Command {
        let windows = self.windows(index);
        let id = self
            .reservations
            .next_id(self.now.utc, self.chance.random());
        self.send_back(index);
        let number = &mut self.numbers[index];
        number.charge(self.now.utc, windows);
        let what = Restored {
            id,
            key: number.key,
            number: number.e164,
            to: asked.to,
            tier,
            campaign: asked.campaign,
            agent: asked.agent,
            made_at: self.now.utc,
            expires_at: self.now.utc.after(self.limits.reserved_for),
        };
        let expires = self.now.mono.after(self.limits.reserved_for);
        self.reservations
            .insert(what.clone(), index, expires, &mut number.reservation);
        self.persons.saw(asked.to, number.e164, self.now.utc);
        let allocation = Allocation {
            ask: asked.ask,
            reservation: what,
            presented: number.presented.clone(),
            area_code: self.groups[number.group as usize].area_code(),
            carrier: self.carriers[number.carrier as usize].clone(),
        };
        self.refresh_in(index, windows);
        Command::Present(Box::new(allocation))
    }

    pub(super) fn released(&mut self, id: ReservationId, why: Release) {
        if let Some(slot) = self.reservations.slot(id) {
            self.end_reservation(slot, why);
        } else if let Release::CallEnded(outcome) = why {
            self.outlasted_ended(id, outcome);
        }
    }

    pub(super) fn call_ended(&mut self, number: E164, to: E164, outcome: Option<Outcome>) {
        let Some(index) = self.numbers.find_e164(number) else {
            return;
        };
        let talk = outcome.map(|outcome| outcome.talk).unwrap_or_default();
        let began = self.now.utc.before(talk);
        let Number {
            key, reservation, ..
        } = self.numbers[index];
        let (mut fits, mut any) = (None, None);
        // Newest first, so the last one found is the oldest.
        for (slot, what) in self.reservations.of(reservation) {
            if what.to == to {
                any = Some(slot);
                if what.made_at <= began {
                    fits = Some(slot);
                }
            }
        }
        let outlasted = self.outlasted.newest(key, to, began);
        match (fits, outlasted, any) {
            (Some(slot), _, _) | (None, None, Some(slot)) => {
                self.end_reservation(slot, Release::CallEnded(outcome));
            }
            (None, Some(id), _) => self.outlasted_ended(id, outcome),
            (None, None, None) => {}
        }
    }

    fn outlasted_ended(&mut self, id: ReservationId, outcome: Option<Outcome>) {
        let Some(call) = self.outlasted.take(id) else {
            return;
        };
        let Some(outcome) = outcome else {
            return;
        };
        if let Some(index) = self.numbers.find(call.key) {
            self.learn(index, call.tier, outcome);
            self.refresh(index);
        }
        self.commands.push_back(Command::Outlasted(Ended {
            reservation: call.id,
            key: call.key,
            to: call.to,
            why: Release::CallEnded(Some(outcome)),
            at: self.now.utc,
        }));
    }

    /// A call that presented the number went so.
    fn learn(&mut self, index: NumberIndex, tier: Tier, outcome: Outcome) {
        let number = &mut self.numbers[index];
        let pool = &mut self.pools[self.groups[number.group as usize].pool as usize];
        number.scores.record(tier, outcome);
        pool.record(tier, outcome);
        (number.resting, number.weight) = standing(&number.scores, pool);
    }

    pub(super) fn end_reservation(&mut self, slot: u32, why: Release) {
        let Some(index) = self.reservations.at(slot).map(|open| open.number) else {
            return;
        };
        let number = &mut self.numbers[index];
        let Some(open) = self.reservations.remove(slot, &mut number.reservation) else {
            return;
        };
        number.in_use = number.in_use.saturating_sub(1);
        match why {
            Release::CallEnded(Some(outcome)) => self.learn(index, open.what.tier, outcome),
            Release::TimedOut => self.outlasted.insert(&open.what),
            _ => {}
        }
        self.refresh(index);
        self.commands.push_back(Command::End(Ended {
            reservation: open.what.id,
            key: open.what.key,
            to: open.what.to,
            why,
            at: self.now.utc,
        }));
    }
}
