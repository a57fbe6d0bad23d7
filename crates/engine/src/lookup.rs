//! Hash maps for look-ups on hot paths. Their order is nobody's business: they are never iterated over, and they hash with a
//! seed that they are handed, so that an engine that uses them still replays.

use foldhash::quality::FixedState;

pub(crate) type Lookup<K, V> = hashbrown::HashMap<K, V, FixedState>;

/// An empty map. A seed that nobody else knows keeps others from filling one bucket.
pub(crate) fn lookup<K, V>(seed: u64) -> Lookup<K, V> {
    Lookup::with_hasher(FixedState::with_seed(seed))
}
