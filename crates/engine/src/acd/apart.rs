//! Offers apart from the rules of a queue: an agent asks for a call, or gets back the one that he parked.
//!
//! Who asks is rung whatever state he is in, unless he is on a call, and has only himself to blame: a phone that he does not pick
//! up is no "no answer". After the call he is where he was, as after one that he makes himself.

use model::{AgentId, AgentState, Apart, CallId, CallState, Choice, OfferResult};

use super::Acd;
use super::record::{AgentSlot, CallSlot, Offer, OfferPhase};
use super::timer::Timer;

/// Why an agent does not get the call that he asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotGiven {
    #[error("the call neither waits nor rings, nor is it parked")]
    NotThere,
    #[error("the call is not parked")]
    NotParked,
    #[error("the call is parked: retrieve it")]
    IsParked,
    #[error("somebody else gets this call already")]
    Taken,
    #[error("the agent is on a call, or there is none")]
    AgentBusy,
    #[error("the agent is no member of the call's queue")]
    NotMember,
    #[error("calls of this queue that ring nobody's phone may not be picked out of its line")]
    InLine,
    #[error("the connection to the call's Asterisk is lost")]
    ServerLost,
}

impl Acd {
    /// May this agent have this call now, by picking it up or by fetching it from its slot?
    pub fn may_have(&self, id: CallId, agent: AgentId, how: Apart) -> Result<(), NotGiven> {
        self.wanted(id, agent, how).map(drop)
    }

    fn wanted(
        &self,
        id: CallId,
        agent: AgentId,
        how: Apart,
    ) -> Result<(CallSlot, AgentSlot), NotGiven> {
        let c = self.calls.slot(id).ok_or(NotGiven::NotThere)?;
        let record = &self.calls[c];
        let parked = record.call.state == CallState::Parked;
        let there = parked || matches!(record.call.state, CallState::Waiting | CallState::Ringing);
        let a = self.agents.slot(agent).ok_or(NotGiven::AgentBusy)?;
        let queue = record.queue.map(|q| (q, &self.queues[q].queue));
        match how {
            Apart::Retrieved if !parked => return Err(NotGiven::NotParked),
            Apart::PickedUp if parked => return Err(NotGiven::IsParked),
            _ if !there => return Err(NotGiven::NotThere),
            _ => {}
        }
        let (q, queue) = queue.ok_or(NotGiven::NotThere)?;
        let taken = record.offers.iter().any(|&other| {
            let offer = self.agents[other].offer.as_ref();
            offer.is_some_and(Offer::is_asked_for) || other == a
        });
        if record.frozen {
            Err(NotGiven::ServerLost)
        } else if taken {
            Err(NotGiven::Taken)
        } else if !self.is_free(agent) {
            Err(NotGiven::AgentBusy)
        } else if how == Apart::PickedUp && self.agents[a].membership(q).is_none() {
            Err(NotGiven::NotMember)
        } else if record.call.state == CallState::Waiting && !queue.pick_up_waiting {
            Err(NotGiven::InLine)
        } else {
            Ok((c, a))
        }
    }

    pub(super) fn call_wanted(&mut self, id: CallId, agent: AgentId, how: Apart) {
        let Ok((c, a)) = self.wanted(id, agent, how) else {
            return;
        };
        let dropped = self.end_offers(c, OfferResult::PickedUp);
        self.release(dropped);
        self.ring_apart(c, a, how);
    }

    /// Rings this agent alone. The call is in line, or in its slot.
    pub(super) fn ring_apart(&mut self, c: CallSlot, a: AgentSlot, how: Apart) {
        let record = &mut self.calls[c];
        let Some(q) = record.queue else { return };
        if record.call.state == CallState::Waiting {
            self.make_unofferable(c);
            self.calls[c].kept = None;
            self.arm(c);
        } else if record.call.state == CallState::Parked {
            self.timers.set(Timer::Call(c), &mut record.deadline, None);
        }
        let choice = Choice {
            apart: Some(how),
            ..self.only_choice(a, q)
        };
        self.ring(c, a, q, choice);
        if let Some(place) = self.calls[c].place {
            // A queue that rings everybody rings this agent alone.
            self.queues[q].joinable.remove(&place);
        }
    }

    /// What an agent goes back to after a call that was asked for.
    pub(super) fn goes_back_to(&self, a: AgentSlot) -> (Option<AgentState>, Option<String>) {
        let status = &self.agents[a].status;
        match status.state {
            AgentState::Break | AgentState::Offline => (Some(status.state), status.reason.clone()),
            _ => (status.next, status.next_reason.clone()),
        }
    }
}

impl Offer {
    /// Is it for an agent who has asked for the call?
    pub(super) fn is_asked_for(&self) -> bool {
        let asked = matches!(self.apart, Some(Apart::Retrieved | Apart::PickedUp));
        asked || self.phase != OfferPhase::Ringing
    }
}
