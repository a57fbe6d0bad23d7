//! The physical truth: which channels exist. What the engine believes about them is its own affair.

use std::collections::BTreeMap;

use engine::acd::{Input, Snapshot};
use model::{AgentId, CallId, OfferId, ServerId};

#[derive(Debug, Clone)]
pub(super) struct CallerLeg {
    pub(super) server: ServerId,
    /// What the engine is told on arrival, for when it has to be told again.
    pub(super) arrival: Input,
    pub(super) bridged: Option<OfferId>,
}

#[derive(Debug, Clone)]
pub(super) struct AgentLeg {
    pub(super) call: CallId,
    pub(super) server: ServerId,
    pub(super) agent: AgentId,
    pub(super) up: bool,
    pub(super) bridged: bool,
}

#[derive(Debug, Default)]
pub(super) struct Pbx {
    pub(super) callers: BTreeMap<CallId, CallerLeg>,
    pub(super) legs: BTreeMap<OfferId, AgentLeg>,
}

impl Pbx {
    pub(super) fn in_use(&self, agent: AgentId) -> bool {
        self.legs.values().any(|leg| leg.agent == agent)
    }

    /// The caller's channel is gone; the agent's leg stays until somebody takes it down.
    pub(super) fn drop_caller(&mut self, call: CallId) -> Option<CallerLeg> {
        let caller = self.callers.remove(&call)?;
        if let Some(leg) = caller.bridged.and_then(|offer| self.legs.get_mut(&offer)) {
            leg.bridged = false;
        }
        Some(caller)
    }

    pub(super) fn drop_leg(&mut self, offer: OfferId) -> Option<AgentLeg> {
        let leg = self.legs.remove(&offer)?;
        if let Some(caller) = self.callers.get_mut(&leg.call)
            && caller.bridged == Some(offer)
        {
            caller.bridged = None;
        }
        Some(leg)
    }

    /// Both into one bridge, if both are there.
    pub(super) fn bridge(&mut self, offer: OfferId) -> bool {
        let Some(leg) = self.legs.get_mut(&offer) else {
            return false;
        };
        let Some(caller) = self.callers.get_mut(&leg.call) else {
            return false;
        };
        if !leg.up || caller.bridged.is_some_and(|other| other != offer) {
            return false;
        }
        leg.bridged = true;
        caller.bridged = Some(offer);
        true
    }

    pub(super) fn snapshot(&self, server: ServerId, restarted: bool) -> Snapshot {
        let callers = self
            .callers
            .iter()
            .filter(|(_, caller)| caller.server == server);
        let legs = || self.legs.iter().filter(|(_, leg)| leg.server == server);
        Snapshot {
            calls: callers.map(|(call, _)| *call).collect(),
            offers: legs().map(|(offer, leg)| (*offer, leg.up)).collect(),
            bridged: legs()
                .filter(|(_, leg)| leg.bridged)
                .map(|(offer, _)| *offer)
                .collect(),
            restarted,
        }
    }
}
