//! Customers and those whom they were given to: nobody's call any more, but in our hands until one of them goes.

use std::collections::{HashMap, HashSet};

use asterisk::ari::{Client, HangupReason, Snapshot};
use model::CallId;

use crate::telephony::{execute::end_channel, names::Names};

/// Two who talk, or are about to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::telephony) struct Pair {
    pub(in crate::telephony) call: CallId,
    pub(in crate::telephony) channels: Vec<String>,
}

/// All of one Asterisk.
#[derive(Debug, Default)]
pub(in crate::telephony) struct Pairs {
    by_channel: HashMap<String, CallId>,
    together: HashMap<CallId, Pair>,
    /// About to be put together. Whoever goes meanwhile is still the call's own.
    pending: HashMap<CallId, Pending>,
}

#[derive(Debug)]
struct Pending {
    pair: Pair,
    /// One of them has gone.
    parted: bool,
}

/// What a snapshot tells of pairs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::telephony) struct Compared {
    /// Whose call was given away, and nobody has said so yet.
    pub(in crate::telephony) given: Vec<CallId>,
    /// Of whom one has gone.
    pub(in crate::telephony) parted: Vec<Pair>,
}

impl Pairs {
    /// These two are about to be put together. Known before it is done, so that no end is missed.
    pub(in crate::telephony) fn begin(&mut self, pair: Pair) {
        let parted = false;
        self.pending.insert(pair.call, Pending { pair, parted });
    }

    /// They were put together; gives them if one has gone since.
    pub(in crate::telephony) fn done(&mut self, call: CallId) -> Option<Pair> {
        let Pending { pair, parted } = self.pending.remove(&call)?;
        if parted {
            return Some(pair);
        }
        self.hold(pair);
        None
    }

    /// They were not put together.
    pub(in crate::telephony) fn forget(&mut self, call: CallId) {
        self.pending.remove(&call);
    }

    /// A channel is gone; who was together, if it was one of two.
    pub(in crate::telephony) fn part(&mut self, channel: &str) -> Option<Pair> {
        let pending = self.pending.values_mut();
        for pending in pending.filter(|one| one.pair.channels.iter().any(|id| id == channel)) {
            pending.parted = true;
        }
        let call = *self.by_channel.get(channel)?;
        self.drop_pair(call)
    }

    /// Is it one of two who are left to themselves?
    pub(in crate::telephony) fn has(&self, channel: &str) -> bool {
        self.by_channel.contains_key(channel)
    }

    /// A snapshot may be older than what was done since: who is known and still there stays together.
    pub(in crate::telephony) fn compare(&mut self, names: &Names, found: &Snapshot) -> Compared {
        let there: HashSet<_> = found.channels.iter().map(|one| one.id.as_str()).collect();
        let mut compared = Compared::default();
        let known: Vec<CallId> = self.together.keys().copied().collect();
        for call in known {
            let pair = &self.together[&call];
            if !pair.channels.iter().all(|id| there.contains(id.as_str())) {
                compared.parted.extend(self.drop_pair(call));
            }
        }
        for bridge in &found.bridges {
            let Some(call) = names.call_of_transfer_bridge(&bridge.id) else {
                continue;
            };
            if self.together.contains_key(&call) {
                continue;
            }
            let channels = bridge.channels.clone();
            let pair = Pair { call, channels };
            if pair.channels.len() > 1 {
                self.pending.remove(&call);
                self.hold(pair);
                compared.given.push(call);
            } else if !self.pending.contains_key(&call) {
                compared.parted.push(pair);
            }
        }
        compared
    }

    fn hold(&mut self, pair: Pair) {
        for channel in &pair.channels {
            self.by_channel.insert(channel.clone(), pair.call);
        }
        self.together.insert(pair.call, pair);
    }

    fn drop_pair(&mut self, call: CallId) -> Option<Pair> {
        let pair = self.together.remove(&call)?;
        for channel in &pair.channels {
            self.by_channel.remove(channel);
        }
        Some(pair)
    }
}

/// Whoever is left is let go, and their bridge taken down.
pub(in crate::telephony) async fn end(client: Client, names: Names, pair: Pair) {
    for channel in &pair.channels {
        end_channel(&client, channel, HangupReason::Normal).await;
    }
    let bridge = names.transfer_bridge(pair.call);
    if let Err(error) = client.bridges().destroy(&bridge).await
        && !error.is_not_found()
    {
        tracing::warn!(%error, bridge, "could not take a bridge down");
    }
}

#[cfg(test)]
mod tests {
    use asterisk::ari::{Application, Bridge, Channel};
    use uuid::Uuid;

    use super::*;

    fn call(number: u128) -> CallId {
        CallId(Uuid::from_u128(number))
    }

    fn pair(of: u128, channels: &[&str]) -> Pair {
        Pair {
            call: call(of),
            channels: channels.iter().map(|&id| id.to_owned()).collect(),
        }
    }

    fn together(of: u128, channels: &[&str]) -> Pairs {
        let mut pairs = Pairs::default();
        pairs.begin(pair(of, channels));
        assert_eq!(pairs.done(call(of)), None);
        pairs
    }

    fn found(names: &Names, channels: &[&str], bridges: &[(u128, &[&str])]) -> Snapshot {
        let bridge = |&(of, channels): &(u128, &[&str])| Bridge {
            id: names.transfer_bridge(call(of)),
            channels: channels.iter().map(|&id| id.to_owned()).collect(),
            ..Bridge::default()
        };
        let channel = |&id: &&str| Channel {
            id: id.to_owned(),
            ..Channel::default()
        };
        Snapshot {
            channels: channels.iter().map(channel).collect(),
            bridges: bridges.iter().map(bridge).collect(),
            endpoints: Vec::new(),
            application: Application::default(),
        }
    }

    #[test]
    fn the_first_who_goes_parts_them() {
        let mut pairs = together(1, &["a", "b"]);
        assert!(pairs.has("a") && pairs.has("b") && !pairs.has("c"));
        assert_eq!(pairs.part("c"), None);
        assert_eq!(pairs.part("b"), Some(pair(1, &["a", "b"])));
        assert_eq!(pairs.part("a"), None);
        assert!(!pairs.has("a"));
    }

    #[test]
    fn who_goes_before_they_are_together_parts_nobody() {
        let mut pairs = Pairs::default();
        pairs.begin(pair(1, &["a", "b"]));
        assert_eq!(pairs.part("b"), None);
        assert!(!pairs.has("a"));
        pairs.forget(call(1));
        assert_eq!(pairs.done(call(1)), None);
        // Unless they were put together all the same.
        pairs.begin(pair(1, &["a", "b"]));
        assert_eq!(pairs.part("b"), None);
        assert_eq!(pairs.done(call(1)), Some(pair(1, &["a", "b"])));
    }

    #[test]
    fn an_older_snapshot_parts_nobody() {
        let names = Names::new("cordboard");
        let mut pairs = together(1, &["a", "b"]);
        let before = found(&names, &["a", "b", "c"], &[]);
        assert_eq!(pairs.compare(&names, &before), Compared::default());
        assert!(pairs.has("a") && pairs.has("b"));
        let gone = found(&names, &["a"], &[(1, &["a"])]);
        let parted = vec![pair(1, &["a", "b"]), pair(1, &["a"])];
        assert_eq!(pairs.compare(&names, &gone).parted, parted);
        assert!(!pairs.has("a"));
    }

    #[test]
    fn a_snapshot_shows_pairs_that_nobody_told_of() {
        let names = Names::new("cordboard");
        let mut pairs = Pairs::default();
        pairs.begin(pair(1, &["a", "b"]));
        pairs.begin(pair(4, &["x", "y"]));
        let bridges: &[(u128, &[&str])] =
            &[(1, &["a", "b"]), (2, &["c", "d"]), (3, &["e"]), (4, &["x"])];
        let shown = found(&names, &["a", "b", "c", "d", "e", "x", "y"], bridges);
        let compared = pairs.compare(&names, &shown);
        assert_eq!(compared.given, [call(1), call(2)]);
        assert_eq!(compared.parted, [pair(3, &["e"])]);
        assert!(pairs.has("a") && pairs.has("d") && !pairs.has("e") && !pairs.has("x"));
        assert_eq!(pairs.done(call(4)), None);
        assert!(pairs.has("x"));
    }
}
