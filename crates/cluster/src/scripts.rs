//! The scripts, and the keys they may touch: all of them under one hash tag, so that a cluster keeps them in one slot.

use redis::Script;

/// The keys of `shared.lua`, in its order.
pub(crate) const KEYS: [&str; 11] = [
    "{cordboard:cid}:clock",
    "{cordboard:cid}:zones",
    "{cordboard:cid}:said",
    "{cordboard:cid}:state",
    "{cordboard:cid}:lines",
    "{cordboard:cid}:wakes",
    "{cordboard:cid}:reserved",
    "{cordboard:cid}:expiry",
    "{cordboard:cid}:open",
    "{cordboard:cid}:rare",
    "{cordboard:cid}:scores",
];
/// The slot of all of them in a Redis Cluster: that of `cordboard:cid`, CRC-16 (XMODEM) modulo 16384.
pub(crate) const SLOT: u16 = 433;
pub(crate) const ZONES: &str = KEYS[1];

/// Which number a person saw last.
pub(crate) fn person(to: model::E164) -> String {
    format!("{{cordboard:cid}}:to:{}", to.digits())
}

/// The questions of an agent in the last minute.
pub(crate) fn agent(name: &str) -> String {
    format!("{{cordboard:cid}}:agent:{name}")
}

pub(crate) struct Scripts {
    pub(crate) open: Script,
    pub(crate) policy: Script,
    pub(crate) allocate: Script,
    pub(crate) set: Script,
    pub(crate) remove: Script,
    pub(crate) finish: Script,
    pub(crate) judge: Script,
    pub(crate) adopt: Script,
    pub(crate) recall: Script,
    pub(crate) tick: Script,
    pub(crate) show: Script,
    pub(crate) totals: Script,
    pub(crate) reservations: Script,
}

const WHOLE: &str = include_str!("scripts/whole.lua");
const SHARED: &str = include_str!("scripts/shared.lua");

impl Scripts {
    pub(crate) fn new() -> Self {
        Self::after(SHARED)
    }

    /// The same scripts by a clock that can be set.
    pub(crate) fn by_test_time() -> Self {
        let time = "call('LRANGE', '{cordboard:cid}:test-time', 0, 1)";
        Self::after(&SHARED.replace("call('TIME')", time))
    }

    fn after(shared: &str) -> Self {
        let script = |own: &str| Script::new(&format!("{WHOLE}{shared}{own}"));
        Self {
            open: Script::new(&format!("{WHOLE}{}", include_str!("scripts/open.lua"))),
            // The server that has the keys is asked, whichever of a cluster it is.
            policy: Script::new("return redis.call('INFO', 'memory')"),
            allocate: script(include_str!("scripts/allocate.lua")),
            set: script(include_str!("scripts/set.lua")),
            remove: script(include_str!("scripts/remove.lua")),
            finish: script(include_str!("scripts/finish.lua")),
            judge: script(include_str!("scripts/judge.lua")),
            adopt: script(include_str!("scripts/adopt.lua")),
            recall: script(include_str!("scripts/recall.lua")),
            tick: script(include_str!("scripts/tick.lua")),
            show: script(include_str!("scripts/show.lua")),
            totals: script(include_str!("scripts/totals.lua")),
            reservations: script(include_str!("scripts/reservations.lua")),
        }
    }
}
