//! What the allocator is made of, changing while calls run, and coming back after a restart.

use std::collections::BTreeSet;

use model::{CallerId, CallerIdKey, Digits};

use super::cell::MAX_PREFIX;
use super::group::{Area, place};
use super::health::standing;
use super::input::{Counts, Release, Restored, Usage};
use super::line::{Line, Stand};
use super::number::Number;
use super::shared::group_key;
use super::windows::Windows;
use super::{Allocator, ClassIndex, GroupIndex, NumberIndex, Zone};

impl Allocator {
    pub(super) fn number_set(&mut self, said: &CallerId) {
        match self.numbers.find(said.id) {
            Some(index) if self.numbers[index].e164 == said.e164 => {
                self.changed(index, said);
            }
            Some(_) => {
                self.number_removed(said.id);
                self.number_set(said);
            }
            None if self.numbers.find_e164(said.e164).is_some() => {}
            None => self.number_added(said),
        }
    }

    fn number_added(&mut self, said: &CallerId) {
        let group = self.group_of(said);
        let index = self.numbers.add(Number::new(said.id, said.e164, group));
        self.enter_group(index);
        self.configure(index, said);
    }

    fn changed(&mut self, index: NumberIndex, said: &CallerId) {
        let group = self.group_of(said);
        if self.numbers[index].group != group {
            self.leave_group(index);
            self.numbers[index].group = group;
            self.enter_group(index);
        }
        self.configure(index, said);
    }

    fn configure(&mut self, index: NumberIndex, said: &CallerId) {
        let carrier = self.carrier(&said.carrier);
        let zone = self.zone(&said.time_zone);
        let number = &mut self.numbers[index];
        number.carrier = carrier;
        number.zone = zone;
        number.configure(said, self.limits.present_unverified);
        self.refresh(index);
    }

    pub(super) fn number_removed(&mut self, key: CallerIdKey) {
        let Some(index) = self.numbers.find(key) else {
            return;
        };
        while let Some(slot) = self.numbers[index].reservation.get() {
            self.end_reservation(slot, Release::NumberRemoved);
        }
        self.leave_group(index);
        let number = &mut self.numbers[index];
        if let Some(at) = number.wakes_at() {
            self.capped.remove(&(at, index));
            number.set_wakes_at(None);
        }
        self.numbers.remove(index);
    }

    pub(super) fn usage_restored(&mut self, key: CallerIdKey, usage: &Usage) {
        let Some(index) = self.numbers.find(key) else {
            return;
        };
        self.leave_line(index);
        let number = &mut self.numbers[index];
        number.restore(usage);
        let pool = &mut self.pools[self.groups[number.group as usize].pool as usize];
        pool.add(&number.scores);
        (_, number.weight) = standing(&number.scores, pool);
        self.refresh(index);
    }

    pub(super) fn reservation_restored(&mut self, restored: &Restored) {
        let Some(index) = self.numbers.find(restored.key) else {
            return;
        };
        if self.reservations.get(restored.id).is_some() {
            return;
        }
        let number = &mut self.numbers[index];
        number.in_use = number.in_use.saturating_add(1);
        self.open_again(index, restored);
    }

    fn open_again(&mut self, index: NumberIndex, open: &Restored) {
        let number = &mut self.numbers[index];
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
        let Some(index) = self.numbers.find(adopted.key) else {
            return;
        };
        if self.reservations.get(adopted.id).is_some() {
            return;
        }
        let windows = self.windows(index);
        self.send_back(index);
        self.numbers[index].charge(self.now.utc, windows);
        self.persons
            .saw(adopted.to, adopted.number, adopted.made_at);
        self.open_again(index, adopted);
    }

    pub(super) fn charged_ahead(&mut self, uses: u32) {
        for index in self.numbers.indices() {
            let windows = self.windows(index);
            self.numbers[index].charge_ahead(windows, uses);
            self.refresh_in(index, windows);
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
        let number = &mut self.numbers[index];
        let (group, status) = (number.group, number.status);
        let members = &mut self.groups[group as usize].members;
        number.member = place(members.len());
        members.push(index);
        self.count(group, |counts| *counts.of(status) += 1);
    }

    fn leave_group(&mut self, index: NumberIndex) {
        self.leave_line(index);
        let number = &self.numbers[index];
        let (group, member, status) = (number.group, number.member, number.status);
        let members = &mut self.groups[group as usize].members;
        members.swap_remove(member as usize);
        if let Some(&moved) = members.get(member as usize) {
            self.numbers[moved].member = member;
        }
        self.count(group, |counts| *counts.of(status) -= 1);
    }

    /// Counts a change in a group, wherever it is counted.
    fn count(&mut self, group: GroupIndex, change: impl Fn(&mut Counts)) {
        change(&mut self.counts);
        for &cell in &self.groups[group as usize].cells {
            change(&mut self.cells[cell as usize].counts);
        }
    }

    /// Looks anew at what a number is doing, and puts it where it belongs.
    pub(super) fn refresh(&mut self, index: NumberIndex) {
        let windows = self.windows(index);
        self.refresh_in(index, windows);
    }

    /// The same, in these windows. A number that cannot be presented may stay in line: it leaves when its turn comes.
    pub(super) fn refresh_in(&mut self, index: NumberIndex, windows: Windows) {
        let number = &mut self.numbers[index];
        let (status, wakes_at) = number.status_at(windows);
        let (was, waked_at) = (number.status, number.wakes_at());
        number.status = status;
        if wakes_at != waked_at {
            number.set_wakes_at(wakes_at);
            if let Some(at) = waked_at {
                self.capped.remove(&(at, index));
            }
            if let Some(at) = wakes_at {
                self.capped.insert((at, index));
            }
        }
        if let Some(line) = Line::of(status)
            && (number.stand == Stand::Nowhere || number.line != line)
        {
            self.leave_line(index);
            self.join_line(index, line);
        }
        if status != was {
            let group = self.numbers[index].group;
            self.count(group, |counts| {
                *counts.of(was) -= 1;
                *counts.of(status) += 1;
            });
        }
    }

    pub(super) fn windows(&mut self, index: NumberIndex) -> Windows {
        let zone = self.numbers[index].zone;
        Windows::at(self.now.utc, &mut self.zones[usize::from(zone)])
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
