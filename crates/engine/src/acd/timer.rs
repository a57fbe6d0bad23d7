//! Deadlines: one per call and one per agent at most, so their number is bounded by what they belong to.

use std::collections::BTreeSet;

use model::Instant;

use super::record::{AgentSlot, CallSlot};

/// Whose deadline it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// The longest wait is over.
    Call(CallSlot),
    /// Ringing, connecting, wrap-up or pause is over.
    Agent(AgentSlot),
}

#[derive(Default)]
pub(super) struct Timers(BTreeSet<(Instant, Timer)>);

impl Timers {
    /// Replaces `held`, the deadline that `timer` had, by `due`.
    pub(super) fn set(&mut self, timer: Timer, held: &mut Option<Instant>, due: Option<Instant>) {
        if *held == due {
            return;
        }
        if let Some(at) = *held {
            self.0.remove(&(at, timer));
        }
        if let Some(at) = due {
            self.0.insert((at, timer));
        }
        *held = due;
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.0.first().map(|(at, _)| *at)
    }

    /// The first that is due, which stays until it is set anew.
    pub(super) fn due(&self, now: Instant) -> Option<Timer> {
        self.0
            .first()
            .filter(|(at, _)| *at <= now)
            .map(|(_, timer)| *timer)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
