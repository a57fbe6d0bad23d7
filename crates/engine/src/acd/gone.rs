//! Calls that are over, remembered for a while so that a late or doubled word about them does no harm.

use std::collections::{BTreeMap, VecDeque};

use model::CallId;

/// How many ended calls are remembered. The oldest is forgotten first; only a word that comes later than this
/// many other calls could then be taken for a new call's.
pub(super) const GONE_LIMIT: usize = 65_536;

/// How a call came to be over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// Its `CallEnded` has been published.
    Ended,
    /// Its caller hung up before we heard that it had arrived.
    Early(Option<u16>),
}

#[derive(Default)]
pub(super) struct Gone {
    calls: BTreeMap<CallId, How>,
    order: VecDeque<CallId>,
}

impl Gone {
    pub(super) fn get(&self, call: CallId) -> Option<How> {
        self.calls.get(&call).copied()
    }

    pub(super) fn note(&mut self, call: CallId, how: How) {
        if self.calls.insert(call, how).is_none() {
            self.order.push_back(call);
        }
        if self.order.len() > GONE_LIMIT
            && let Some(oldest) = self.order.pop_front()
        {
            self.calls.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgets_the_oldest_first() {
        let id = |n: usize| CallId(uuid_of(n));
        let mut gone = Gone::default();
        for n in 0..=GONE_LIMIT {
            gone.note(id(n), How::Ended);
        }
        assert_eq!(gone.get(id(0)), None);
        assert_eq!(gone.get(id(1)), Some(How::Ended));
        assert_eq!(gone.calls.len(), GONE_LIMIT);
        assert_eq!(gone.order.len(), GONE_LIMIT);
    }

    fn uuid_of(n: usize) -> uuid::Uuid {
        uuid::Uuid::from_u128(n as u128)
    }
}
