//! One number: its caps, its uses, and what it is doing.

use model::{CallerId, CallerIdKey, Digits, E164, Timestamp};
use smol_str::SmolStr;

use super::health::Scores;
use super::input::{Status, Usage};
use super::windows::{self, HOUR, MINUTE, Window, Windows};
use super::{GroupIndex, Turn};

/// A line of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    Healthy,
    Resting,
}

pub(super) struct Number {
    pub(super) key: CallerIdKey,
    pub(super) e164: E164,
    /// Here and not behind a pointer: the longest wait of an answer is for memory.
    pub(super) presented: SmolStr,
    pub(super) carrier: SmolStr,
    pub(super) area_code: Option<Digits>,
    pub(super) group: GroupIndex,
    /// Where it stands among its group's members.
    pub(super) member: u32,
    pub(super) zone: u16,

    pub(super) max_concurrent: u16,
    pub(super) per_minute: u32,
    pub(super) hourly: u32,
    pub(super) daily: u32,
    pub(super) active: bool,
    pub(super) presentable: bool,

    pub(super) minute: Window,
    pub(super) hour: Window,
    pub(super) day: Window,
    pub(super) last_used: Option<Timestamp>,
    pub(super) in_use: u16,
    /// The newest of its open reservations; each knows the next.
    pub(super) reservation: Option<u32>,

    pub(super) turn: Turn,
    pub(super) lined: Option<(Line, Turn)>,
    pub(super) status: Status,
    /// When its caps let it go on; it stands among the capped ones then.
    pub(super) wakes_at: Option<Timestamp>,

    pub(super) scores: Scores,
    pub(super) resting: bool,
    /// Its share of turns, in percent, and what it has saved up.
    pub(super) weight: u8,
    pub(super) credit: u8,
}

impl Number {
    /// Takes over what an administrator says, and leaves alone what has happened.
    pub(super) fn configure(&mut self, said: &CallerId, zone: u16, present_unverified: bool) {
        self.area_code = said.area_code.as_deref().and_then(Digits::new);
        self.zone = zone;
        self.max_concurrent = said.max_concurrent;
        self.per_minute = said.per_minute_limit.unwrap_or(u32::MAX);
        self.hourly = said.hourly_limit;
        self.daily = said.daily_limit;
        self.active = said.active;
        self.presentable = present_unverified || said.verified.is_some();
    }

    /// What it is doing at this moment, and when its caps will let it go on by themselves.
    pub(super) fn status_at(&self, now: Windows) -> (Status, Option<Timestamp>) {
        if !self.presentable {
            return (Status::Unverified, None);
        }
        if !self.active {
            return (Status::Inactive, None);
        }
        if self.per_minute == 0 || self.hourly == 0 || self.daily == 0 {
            return (Status::Capped, None);
        }
        if let Some(until) = self.capped_until(now) {
            return (Status::Capped, Some(until));
        }
        let status = if self.in_use >= self.max_concurrent {
            Status::Reserved
        } else if self.resting {
            Status::Resting
        } else {
            Status::Available
        };
        (status, None)
    }

    /// The end of the last window whose cap is reached.
    fn capped_until(&self, now: Windows) -> Option<Timestamp> {
        let minute = (self.minute.used_in(now.minute) >= self.per_minute)
            .then(|| windows::end(self.minute.id, MINUTE));
        let hour =
            (self.hour.used_in(now.hour) >= self.hourly).then(|| windows::end(self.hour.id, HOUR));
        let day = (self.day.used_in(now.day) >= self.daily).then_some(now.midnight);
        [minute, hour, day].into_iter().flatten().max()
    }

    /// One use more.
    pub(super) fn charge(&mut self, now: Timestamp, windows: Windows, turn: Turn) {
        self.charge_ahead(windows, 1);
        self.in_use += 1;
        self.last_used = Some(now);
        self.turn = turn;
    }

    /// Uses that count against the caps alone.
    pub(super) fn charge_ahead(&mut self, windows: Windows, uses: u32) {
        self.minute.charge(windows.minute, uses);
        self.hour.charge(windows.hour, uses);
        self.day.charge(windows.day, uses);
    }

    /// Whether it takes its turn at the head of the line, or gives way to the next.
    pub(super) fn takes_turn(&mut self) -> bool {
        self.credit += self.weight;
        if self.credit < 100 {
            return false;
        }
        self.credit -= 100;
        true
    }

    pub(super) fn usage(&self) -> Usage {
        let pair = |window: Window| (window.id, window.used);
        Usage {
            last_used_at: self.last_used,
            minute: pair(self.minute),
            hour: pair(self.hour),
            day: pair(self.day),
            scores: self.scores.0,
            resting: self.resting,
        }
    }

    pub(super) fn restore(&mut self, usage: &Usage) {
        let window = |(id, used)| Window { id, used };
        self.minute = window(usage.minute);
        self.hour = window(usage.hour);
        self.day = window(usage.day);
        self.last_used = usage.last_used_at;
        self.turn = usage
            .last_used_at
            .map_or(0, |at| u64::try_from(at.as_micros()).unwrap_or(0));
        self.scores = Scores(usage.scores);
        self.resting = usage.resting;
    }
}
