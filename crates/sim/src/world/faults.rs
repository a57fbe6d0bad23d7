//! How often things go wrong on one day.

use rand::Rng;
use rand::rngs::SmallRng;

/// Shares of inputs or events, and counts per day.
#[derive(Debug, Clone)]
pub(super) struct Faults {
    pub(super) lost: f64,
    pub(super) late: f64,
    pub(super) doubled: f64,
    pub(super) bridge_failed: f64,
    /// Losses of the connection to an Asterisk, some of them restarts of it.
    pub(super) outages: u32,
    /// Restarts of ours.
    pub(super) crashes: u32,
    /// Changes of settings.
    pub(super) changes: u32,
    /// An agent changes state just when it hurts.
    pub(super) mischief: f64,
}

/// The longest that an input is on its way.
pub(super) const LATEST_MICROS: u64 = 3_000_000;

impl Faults {
    pub(super) fn none() -> Self {
        Self {
            lost: 0.0,
            late: 0.0,
            doubled: 0.0,
            bridge_failed: 0.0,
            outages: 0,
            crashes: 0,
            changes: 0,
            mischief: 0.0,
        }
    }

    /// A third of the days have faults in their messages, a third in their machines, and some have all at once.
    pub(super) fn random(chance: &mut SmallRng) -> Self {
        let wire = chance.random_bool(0.5);
        let machines = chance.random_bool(0.5);
        let mut share = |on: bool, most: f64| {
            if on {
                chance.random_range(0.0..most)
            } else {
                0.0
            }
        };
        let (lost, late, doubled) = (share(wire, 0.03), share(wire, 0.2), share(wire, 0.2));
        let (bridge_failed, mischief) = (share(true, 0.2), share(true, 0.4));
        let mut count = |on: bool, most: u32| if on { chance.random_range(0..=most) } else { 0 };
        Self {
            lost,
            late,
            doubled,
            bridge_failed,
            outages: count(machines, 3),
            crashes: count(machines, 2),
            changes: count(true, 12),
            mischief,
        }
    }
}
