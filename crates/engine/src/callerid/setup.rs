//! What the allocator is made of, changing while calls run, and coming back after a restart.

use std::collections::BTreeSet;

use model::{CallerId, CallerIdKey, Digits};
use smol_str::SmolStr;

use super::cell::MAX_PREFIX;
use super::group::{Area, place};
use super::health::{Scores, judge};
use super::input::{Counts, Release, Restored, Status, Usage};
use super::number::Number;
use super::shared::group_key;
use super::windows::{Window, Windows};
use super::{Allocator, ClassIndex, NumberIndex, Zone};

impl Allocator {
    pub(super) fn number_set(&mut self, said: &CallerId) {
        match self.by_key.get(&said.id).copied() {
            Some(index) if self.numbers[index as usize].e164 == said.e164 => {
                self.changed(index, said);
            }
            Some(_) => {
                self.number_removed(said.id);
                self.number_set(said);
            }
            None if self.by_e164.contains_key(&said.e164) => {}
            None => self.number_added(said),
        }
    }

    fn number_added(&mut self, said: &CallerId) {
        let group = self.group_of(said);
        let number = Number {
            key: said.id,
            e164: said.e164,
            presented: SmolStr::default(),
            carrier: SmolStr::default(),
            area_code: None,
            group,
            member: 0,
            zone: 0,
            max_concurrent: 0,
            per_minute: 0,
            hourly: 0,
            daily: 0,
            active: false,
            presentable: false,
            minute: Window::default(),
            hour: Window::default(),
            day: Window::default(),
            last_used: None,
            in_use: 0,
            reservation: None,
            turn: 0,
            lined: None,
            status: Status::Inactive,
            wakes_at: None,
            scores: Scores::default(),
            resting: false,
            weight: 100,
            credit: 0,
        };
        let index = if let Some(index) = self.free.pop() {
            self.numbers[index as usize] = number;
            index
        } else {
            self.numbers.push(number);
            place(self.numbers.len() - 1)
        };
        self.by_key.insert(said.id, index);
        self.by_e164.insert(said.e164, index);
        self.enter_group(index);
        self.configure(index, said);
    }

    fn changed(&mut self, index: NumberIndex, said: &CallerId) {
        let group = self.group_of(said);
        if self.numbers[index as usize].group != group {
            self.leave_group(index);
            self.numbers[index as usize].group = group;
            self.enter_group(index);
        }
        self.configure(index, said);
    }

    fn configure(&mut self, index: NumberIndex, said: &CallerId) {
        let carrier = self.carrier(&said.carrier);
        let zone = self.zone(&said.time_zone);
        let number = &mut self.numbers[index as usize];
        number.presented = SmolStr::new(&said.number);
        number.carrier = carrier;
        number.configure(said, zone, self.limits.present_unverified);
        self.refresh(index);
    }

    pub(super) fn number_removed(&mut self, key: CallerIdKey) {
        let Some(index) = self.by_key.remove(&key) else {
            return;
        };
        while let Some(slot) = self.numbers[index as usize].reservation {
            self.end_reservation(slot, Release::NumberRemoved);
        }
        self.leave_group(index);
        let number = &mut self.numbers[index as usize];
        self.by_e164.remove(&number.e164);
        if let Some(at) = number.wakes_at.take() {
            self.capped.remove(&(at, index));
        }
        self.free.push(index);
    }

    pub(super) fn usage_restored(&mut self, key: CallerIdKey, usage: &Usage) {
        let Some(&index) = self.by_key.get(&key) else {
            return;
        };
        let number = &mut self.numbers[index as usize];
        number.restore(usage);
        let pool = &mut self.pools[self.groups[number.group as usize].pool as usize];
        pool.add(&number.scores);
        number.weight = judge(&number.scores, pool).weight;
        self.refresh(index);
    }

    pub(super) fn reservation_restored(&mut self, restored: &Restored) {
        let Some(&index) = self.by_key.get(&restored.key) else {
            return;
        };
        if self.reservations.get(restored.id).is_some() {
            return;
        }
        let number = &mut self.numbers[index as usize];
        number.in_use = number.in_use.saturating_add(1);
        self.open_again(index, restored);
    }

    fn open_again(&mut self, index: NumberIndex, open: &Restored) {
        let number = &mut self.numbers[index as usize];
        self.reservations.insert(
            open.clone(),
            index,
            self.now.instant_of(open.expires_at),
            &mut number.reservation,
        );
        self.refresh(index);
    }

    /// The use counts, and its call is going on: chosen here or elsewhere is the same from now on.
    pub(super) fn adopted(&mut self, adopted: &Restored) {
        let Some(&index) = self.by_key.get(&adopted.key) else {
            return;
        };
        if self.reservations.get(adopted.id).is_some() {
            return;
        }
        let windows = self.windows(index);
        let turn = self.next_turn();
        self.numbers[index as usize].charge(self.now.utc, windows, turn);
        self.persons
            .saw(adopted.to, adopted.number, adopted.made_at);
        self.open_again(index, adopted);
    }

    pub(super) fn charged_ahead(&mut self, uses: u32) {
        for index in (0..self.numbers.len()).map(place) {
            let key = self.numbers[index as usize].key;
            if self.by_key.get(&key) != Some(&index) {
                continue;
            }
            let windows = self.windows(index);
            self.numbers[index as usize].charge_ahead(windows, uses);
            self.refresh(index);
        }
    }

    fn group_of(&mut self, said: &CallerId) -> u32 {
        let class = self.class(&said.campaigns);
        let key = group_key(said, class, |name| self.intern(name));
        self.group(key)
    }

    fn class(&mut self, campaigns: &BTreeSet<String>) -> ClassIndex {
        if let Some(known) = self.classes.iter().position(|class| class == campaigns) {
            return place(known);
        }
        let index = place(self.classes.len());
        self.classes.push(campaigns.clone());
        for campaign in campaigns {
            self.by_campaign
                .entry(campaign.clone())
                .or_default()
                .push(index);
        }
        index
    }

    fn zone(&mut self, name: &str) -> u16 {
        let known = self.zones.iter().position(|zone| zone.name() == name);
        let index = known.unwrap_or_else(|| {
            self.zones.push(Zone::new(name, self.now.utc));
            self.zones.len() - 1
        });
        u16::try_from(index).expect("fewer than 65,536 time zones")
    }

    fn enter_group(&mut self, index: NumberIndex) {
        let number = &mut self.numbers[index as usize];
        let group = &mut self.groups[number.group as usize];
        number.member = place(group.members.len());
        group.members.push(index);
        self.count(index, |counts, status| *counts.of(status) += 1);
    }

    fn leave_group(&mut self, index: NumberIndex) {
        self.count(index, |counts, status| *counts.of(status) -= 1);
        let number = &mut self.numbers[index as usize];
        let (group, member) = (number.group, number.member);
        let lined = number.lined.take();
        let members = &mut self.groups[group as usize].members;
        members.swap_remove(member as usize);
        if let Some(&moved) = members.get(member as usize) {
            self.numbers[moved as usize].member = member;
        }
        if let Some((line, turn)) = lined {
            self.leave_line(group, line, turn, index);
        }
    }

    fn count(&mut self, index: NumberIndex, count: impl Fn(&mut Counts, Status)) {
        let number = &self.numbers[index as usize];
        count(&mut self.counts, number.status);
        for cell in self.groups[number.group as usize].cells() {
            count(&mut self.cells[cell as usize].counts, number.status);
        }
    }

    /// Looks anew at what a number is doing, and puts it where it belongs.
    pub(super) fn refresh(&mut self, index: NumberIndex) {
        let windows = self.windows(index);
        let number = &self.numbers[index as usize];
        let (status, wakes_at) = number.status_at(windows);
        let lined = super::ask::line_of(status).map(|line| (line, number.turn));
        let (group, was_lined) = (number.group, number.lined);
        if status != number.status {
            self.count(index, |counts, status| *counts.of(status) -= 1);
            self.numbers[index as usize].status = status;
            self.count(index, |counts, status| *counts.of(status) += 1);
        }
        if lined != was_lined {
            if let Some((line, turn)) = was_lined {
                self.leave_line(group, line, turn, index);
            }
            if let Some((line, turn)) = lined {
                self.join_line(group, line, turn, index);
            }
            self.numbers[index as usize].lined = lined;
        }
        let number = &mut self.numbers[index as usize];
        if wakes_at != number.wakes_at {
            if let Some(at) = number.wakes_at {
                self.capped.remove(&(at, index));
            }
            if let Some(at) = wakes_at {
                self.capped.insert((at, index));
            }
            number.wakes_at = wakes_at;
        }
    }

    pub(super) fn windows(&mut self, index: NumberIndex) -> Windows {
        let zone = self.numbers[index as usize].zone;
        Windows::at(self.now.utc, &mut self.zones[zone as usize])
    }
}

pub(super) fn area(said: &CallerId) -> Area {
    if let Some(code) = said.area_code.as_deref().and_then(Digits::new) {
        return Area::Code(code);
    }
    said.national().map_or(Area::None, |national| {
        Area::Prefix(national.first(MAX_PREFIX))
    })
}
