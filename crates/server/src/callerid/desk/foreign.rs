//! Numbers that stand in other nodes' tables only, and that the shared pool chose for calls of this one.
//!
//! Their uses are counted and written down like all others, so that a pool that has forgotten can be told of them. They are
//! inactive here: this node must never present one by itself.

#[cfg(test)]
mod tests;

use engine::callerid::{Input, Restored, Usage};
use model::{CallerId, CallerIdKey, E164, Now, Timestamp};
use serde::{Deserialize, Serialize};

use super::Desk;

/// What has to be known of such a number to count its uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::callerid) struct Foreign {
    pub(in crate::callerid) e164: E164,
    /// IANA name.
    time_zone: String,
}

impl Foreign {
    pub(in crate::callerid) fn of(e164: E164, time_zone: &str) -> Self {
        Self {
            e164,
            time_zone: time_zone.to_owned(),
        }
    }

    pub(in crate::callerid) fn said(&self, key: CallerIdKey, at: Timestamp) -> CallerId {
        CallerId {
            time_zone: self.time_zone.clone(),
            active: false,
            ..CallerId::new(key, &self.e164.to_string(), self.e164, at)
        }
    }
}

impl Desk {
    /// The key of a reserved number, which is known from now on; nothing where another number has its key.
    pub(super) fn known(
        &mut self,
        now: Now,
        made: &Restored,
        time_zone: &str,
    ) -> Option<CallerIdKey> {
        if let Some(key) = self.allocator.key(made.number) {
            return Some(key);
        }
        if self.allocator.e164(made.key).is_some() {
            return None;
        }
        let foreign = Foreign::of(made.number, time_zone);
        let said = foreign.said(made.key, now.utc);
        self.foreign.insert(made.key, foreign);
        self.handle(now, Input::NumberSet(Box::new(said)));
        Some(made.key)
    }

    /// A number that was foreign until now keeps its uses and its open reservations.
    pub(super) fn number_set(&mut self, now: Now, said: Box<CallerId>) {
        let known = self.allocator.key(said.e164);
        let Some(key) = known.filter(|key| self.foreign.remove(key).is_some()) else {
            self.handle(now, Input::NumberSet(said));
            return;
        };
        self.handle(now, Input::Tick);
        let usage = self.allocator.usage(key).unwrap_or_default();
        let open = self.open(key);
        // Its reservations go on: that they end is not written down.
        self.allocator.handle(now, Input::NumberRemoved(key));
        while self.allocator.next_command().is_some() {}
        let number = said.id;
        self.handle(now, Input::NumberSet(said));
        let usage = Box::new(usage);
        self.handle(now, Input::UsageRestored { number, usage });
        for made in open {
            let made = Restored {
                key: number,
                ..made
            };
            self.handle(now, Input::ReservationRestored(made));
        }
    }

    pub(super) fn foreign_usages(&self) -> Vec<(E164, Usage)> {
        let usage = |(key, foreign): (&CallerIdKey, &Foreign)| {
            Some((foreign.e164, self.allocator.usage(*key)?))
        };
        self.foreign.iter().filter_map(usage).collect()
    }
}
