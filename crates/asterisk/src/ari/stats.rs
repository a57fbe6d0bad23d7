//! Figures about one connection, for metrics.

use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) connects: AtomicU64,
    pub(super) events: AtomicU64,
    pub(super) unknown_events: AtomicU64,
    pub(super) unknown_members: AtomicU64,
    pub(super) malformed: AtomicU64,
    pub(super) missed: AtomicU64,
    pub(super) echoes_lost: AtomicU64,
    pub(super) requests: AtomicU64,
    pub(super) rejected: AtomicU64,
    pub(super) timeouts: AtomicU64,
    pub(super) unreachable: AtomicU64,
    pub(super) overloaded: AtomicU64,
}

pub(super) fn add(counter: &AtomicU64, amount: u64) {
    counter.fetch_add(amount, Ordering::Relaxed);
}

/// Counts since [`Client::connect`](super::Client::connect).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Connections that were opened and brought a snapshot.
    pub connects: u64,
    /// Events delivered.
    pub events: u64,
    /// Of these, types this crate does not know.
    pub unknown_events: u64,
    /// Members this crate does not know.
    pub unknown_members: u64,
    /// Messages that were no events.
    pub malformed: u64,
    /// Events dropped because the consumer was too slow.
    pub missed: u64,
    /// Connections given up because they brought no events any more, while requests were answered.
    pub echoes_lost: u64,
    pub requests: u64,
    pub rejected: u64,
    pub timeouts: u64,
    pub unreachable: u64,
    pub overloaded: u64,
}

impl Counters {
    pub(super) fn read(&self) -> Stats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            connects: read(&self.connects),
            events: read(&self.events),
            unknown_events: read(&self.unknown_events),
            unknown_members: read(&self.unknown_members),
            malformed: read(&self.malformed),
            missed: read(&self.missed),
            echoes_lost: read(&self.echoes_lost),
            requests: read(&self.requests),
            rejected: read(&self.rejected),
            timeouts: read(&self.timeouts),
            unreachable: read(&self.unreachable),
            overloaded: read(&self.overloaded),
        }
    }
}
