//! One number: its caps, its uses, and what it is doing.

use model::{CallerId, CallerIdKey, E164, Timestamp};
use smol_str::SmolStr;

use super::health::Scores;
use super::input::{Status, Usage};
use super::line::{Line, Stand};
use super::link::Link;
use super::windows::{self, HOUR, MINUTE, Window, Windows};
use super::{CarrierIndex, GroupIndex, Turn};

/// Three cache lines, because the longest wait of an answer is for memory: what every question and every end changes, what they
/// only read, and what one of them needs. Texts that many share, and what its group says as well, stand elsewhere.
#[repr(C, align(64))]
pub(super) struct Number {
    pub(super) turn: Turn,
    last_used: Moment,
    pub(super) minute: Window,
    pub(super) hour: Window,
    pub(super) day: Window,
    /// The newest of its open reservations; each knows the next.
    pub(super) reservation: Link,
    /// The neighbours in line.
    pub(super) before: Link,
    pub(super) after: Link,
    pub(super) in_use: u16,
    pub(super) status: Status,
    pub(super) line: Line,
    pub(super) stand: Stand,
    pub(super) resting: bool,
    /// Its share of turns, in percent, and what it has saved up.
    pub(super) weight: u8,
    pub(super) credit: u8,

    pub(super) key: CallerIdKey,
    pub(super) e164: E164,
    /// When its caps let it go on; it stands among the capped ones then.
    wakes_at: Moment,
    pub(super) per_minute: u32,
    pub(super) hourly: u32,
    pub(super) daily: u32,
    pub(super) max_concurrent: u16,
    pub(super) zone: u16,
    pub(super) group: GroupIndex,
    pub(super) carrier: CarrierIndex,
    /// Where it stands among its group's members.
    pub(super) member: u32,
    pub(super) active: bool,
    pub(super) presentable: bool,

    pub(super) scores: Scores,
    pub(super) presented: SmolStr,
}

const _: () = assert!(size_of::<Number>() == 3 * 64);

/// A moment that may be missing, in the eight bytes of one that may not.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Moment(i64);

impl Moment {
    const NONE: Self = Self(i64::MIN);
}

impl From<Option<Timestamp>> for Moment {
    fn from(at: Option<Timestamp>) -> Self {
        at.map_or(Self::NONE, |at| Self(at.as_micros()))
    }
}

impl From<Moment> for Option<Timestamp> {
    fn from(at: Moment) -> Self {
        (at != Moment::NONE).then(|| Timestamp::from_micros(at.0))
    }
}

impl Number {
    /// One of which nothing is said yet, and to which nothing has happened.
    pub(super) fn new(key: CallerIdKey, e164: E164, group: GroupIndex) -> Self {
        Self {
            turn: 0,
            last_used: Moment::NONE,
            minute: Window::default(),
            hour: Window::default(),
            day: Window::default(),
            reservation: Link::NONE,
            before: Link::NONE,
            after: Link::NONE,
            in_use: 0,
            status: Status::Inactive,
            line: Line::Healthy,
            stand: Stand::Nowhere,
            resting: false,
            weight: 100,
            credit: 0,
            key,
            e164,
            wakes_at: Moment::NONE,
            per_minute: 0,
            hourly: 0,
            daily: 0,
            max_concurrent: 0,
            zone: 0,
            group,
            carrier: 0,
            member: 0,
            active: false,
            presentable: false,
            scores: Scores::default(),
            presented: SmolStr::default(),
        }
    }

    /// Takes over what an administrator says, and leaves alone what has happened.
    pub(super) fn configure(&mut self, said: &CallerId, present_unverified: bool) {
        self.presented = SmolStr::new(&said.number);
        self.max_concurrent = said.max_concurrent;
        self.per_minute = said.per_minute_limit.unwrap_or(u32::MAX);
        self.hourly = said.hourly_limit;
        self.daily = said.daily_limit;
        self.active = said.active;
        self.presentable = present_unverified || said.verified.is_some();
    }

    pub(super) fn last_used(&self) -> Option<Timestamp> {
        self.last_used.into()
    }

    pub(super) fn wakes_at(&self) -> Option<Timestamp> {
        self.wakes_at.into()
    }

    pub(super) fn set_wakes_at(&mut self, at: Option<Timestamp>) {
        self.wakes_at = at.into();
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
    pub(super) fn charge(&mut self, now: Timestamp, windows: Windows) {
        self.charge_ahead(windows, 1);
        self.in_use += 1;
        self.last_used = Some(now).into();
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
            last_used_at: self.last_used(),
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
        self.last_used = usage.last_used_at.into();
        self.turn = usage
            .last_used_at
            .map_or(0, |at| u64::try_from(at.as_micros()).unwrap_or(0));
        self.scores = Scores(usage.scores);
        self.resting = usage.resting;
    }
}
