//! Calls that may go on although their reservation has run out: the number is free again, and yet it is to learn how they went.
//!
//! Nobody knows whether such a call was ever placed, so each is awaited for [`LONGEST`] at most, and of more than
//! [`MAX_OUTLASTED`] the oldest is given up.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use model::{CallerIdKey, E164, ReservationId, Tier, Timestamp};
use uuid::Uuid;

use super::input::Restored;

/// Calls that are awaited at a time.
pub const MAX_OUTLASTED: usize = 65_536;
/// No call goes on for longer when its reservation has run out.
pub(super) const LONGEST: Duration = Duration::from_hours(24);

/// What is known of such a call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Awaited {
    pub(super) id: ReservationId,
    pub(super) key: CallerIdKey,
    pub(super) to: E164,
    pub(super) tier: Tier,
    over_at: Timestamp,
}

/// By reservation, whose ids are in the order in which they were made.
#[derive(Default)]
pub(super) struct Outlasted {
    by_id: BTreeMap<ReservationId, Awaited>,
    by_call: BTreeSet<(CallerIdKey, E164, ReservationId)>,
    given_up: u64,
}

impl Outlasted {
    pub(super) fn insert(&mut self, made: &Restored) {
        let awaited = Awaited {
            id: made.id,
            key: made.key,
            to: made.to,
            tier: made.tier,
            over_at: made.expires_at,
        };
        self.by_call.insert((made.key, made.to, made.id));
        self.by_id.insert(made.id, awaited);
        if self.by_id.len() > MAX_OUTLASTED
            && let Some((&oldest, _)) = self.by_id.first_key_value()
        {
            self.take(oldest);
            self.given_up += 1;
        }
    }

    pub(super) fn take(&mut self, id: ReservationId) -> Option<Awaited> {
        let awaited = self.by_id.remove(&id)?;
        self.by_call.remove(&(awaited.key, awaited.to, id));
        Some(awaited)
    }

    /// The newest of a number to a person that was made at `until` or before.
    pub(super) fn newest(
        &self,
        key: CallerIdKey,
        to: E164,
        until: Timestamp,
    ) -> Option<ReservationId> {
        let first = (key, to, ReservationId(Uuid::nil()));
        let last = (key, to, ReservationId::new(until, u128::MAX));
        let found = self.by_call.range(first..=last).next_back();
        found.map(|&(_, _, id)| id)
    }

    /// Gives up those that no call can last since.
    pub(super) fn forget(&mut self, now: Timestamp) {
        while let Some((&id, oldest)) = self.by_id.first_key_value()
            && now.since(oldest.over_at) > LONGEST
        {
            self.take(id);
        }
    }

    pub(super) fn contains(&self, id: ReservationId) -> bool {
        self.by_id.contains_key(&id)
    }

    /// How many were given up because there were too many.
    pub(super) fn given_up(&self) -> u64 {
        self.given_up
    }
}
