//! The rolls that were asked for last, as many as have room.

use std::{collections::BTreeMap, sync::Arc};

use engine::stats::Roll;

/// What all of them take together, in bytes: a month of three busy servers has room.
const ROOM: usize = 64 << 20;

/// By the state of their day: see [`super::State`].
#[derive(Default)]
pub(super) struct Cache {
    rolls: BTreeMap<u64, Held>,
    bytes: usize,
    uses: u64,
}

struct Held {
    roll: Arc<Roll>,
    bytes: usize,
    /// Which use was its last.
    used: u64,
}

impl Cache {
    pub(super) fn get(&mut self, state: u64) -> Option<Arc<Roll>> {
        self.uses += 1;
        let held = self.rolls.get_mut(&state)?;
        held.used = self.uses;
        Some(Arc::clone(&held.roll))
    }

    pub(super) fn put(&mut self, state: u64, roll: Arc<Roll>) {
        let bytes = roll.bytes();
        if bytes > ROOM {
            return;
        }
        self.remove(state);
        while self.bytes + bytes > ROOM {
            let Some((oldest, _)) = self.rolls.iter().min_by_key(|(_, held)| held.used) else {
                break;
            };
            self.remove(*oldest);
        }
        self.uses += 1;
        self.bytes += bytes;
        let used = self.uses;
        self.rolls.insert(state, Held { roll, bytes, used });
    }

    pub(super) fn remove(&mut self, state: u64) {
        if let Some(held) = self.rolls.remove(&state) {
            self.bytes -= held.bytes;
        }
    }
}
