//! Caps: uses counted in the clock's minute and hour and in the local day.

use model::Timestamp;

pub(super) const MINUTE: i64 = 60_000_000;
pub(super) const HOUR: i64 = 60 * MINUTE;

/// Uses in one window of the clock. It only moves forward, so that a clock set back frees nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Window {
    pub(super) id: u32,
    pub(super) used: u32,
}

impl Window {
    pub(super) fn used_in(self, id: u32) -> u32 {
        if id > self.id { 0 } else { self.used }
    }

    pub(super) fn charge(&mut self, id: u32, uses: u32) {
        self.used = self.used_in(id).saturating_add(uses);
        self.id = self.id.max(id);
    }
}

/// The windows that a moment is in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Windows {
    pub(super) minute: u32,
    pub(super) hour: u32,
    pub(super) day: u32,
    pub(super) midnight: Timestamp,
}

impl Windows {
    pub(super) fn at(now: Timestamp, zone: &mut crate::zone::Zone) -> Self {
        Self {
            minute: id(now, MINUTE),
            hour: id(now, HOUR),
            day: zone.today(now),
            midnight: zone.next_midnight(),
        }
    }
}

fn id(now: Timestamp, length: i64) -> u32 {
    let micros = u64::try_from(now.as_micros()).unwrap_or(0);
    u32::try_from(micros / length.unsigned_abs()).unwrap_or(0)
}

/// When window `id` of this length is over.
pub(super) fn end(id: u32, length: i64) -> Timestamp {
    Timestamp::from_micros((i64::from(id) + 1) * length)
}
