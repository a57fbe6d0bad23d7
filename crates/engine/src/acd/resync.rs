//! Servers that are lost and found again: what we believed against what is really there.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    CallId, CallState, EndedBy, NoAgents, OfferId, OfferResult, Outcome, OverflowReason, ServerId,
    Strategy,
};

use super::end::Ending;
use super::record::{AgentSlot, CallSlot, OfferPhase};
use super::timer::Timer;
use super::{Acd, CONNECT_TIMEOUT, Command, Snapshot};

/// A snapshot in a form that answers questions.
struct Seen {
    calls: BTreeSet<CallId>,
    /// Leg there: is it up?
    legs: BTreeMap<OfferId, bool>,
    bridged: BTreeSet<OfferId>,
}

impl Acd {
    /// Costs one look at every call: a lost server is rare.
    pub(super) fn server_lost(&mut self, server: ServerId) {
        self.lost.insert(server);
        let calls: Vec<CallSlot> = self
            .calls
            .slots()
            .filter(|c| self.calls[*c].call.server == server)
            .collect();
        for c in calls {
            self.freeze(c);
        }
    }

    fn freeze(&mut self, c: CallSlot) {
        self.make_unofferable(c);
        let record = &mut self.calls[c];
        record.frozen = true;
        record.kept = None;
        self.timers.set(Timer::Call(c), &mut record.deadline, None);
        if let (Some(q), Some(place)) = (record.queue, record.place) {
            self.queues[q].joinable.remove(&place);
        }
        for index in 0..record.offers.len() {
            let a = self.calls[c].offers[index];
            let agent = &mut self.agents[a];
            self.timers.set(Timer::Agent(a), &mut agent.deadline, None);
        }
    }

    pub(super) fn server_resynced(&mut self, server: ServerId, snapshot: &Snapshot) {
        self.lost.remove(&server);
        let seen = Seen {
            calls: snapshot.calls.iter().copied().collect(),
            legs: snapshot.offers.iter().copied().collect(),
            bridged: snapshot.bridged.iter().copied().collect(),
        };
        let calls: Vec<CallSlot> = self
            .calls
            .slots()
            .filter(|c| self.calls[*c].call.server == server)
            .collect();
        for c in calls {
            let record = &mut self.calls[c];
            record.frozen = false;
            let fresh = std::mem::take(&mut record.fresh);
            if fresh || seen.calls.contains(&record.call.id) {
                self.reconcile(c, &seen);
            } else {
                self.missing(c, snapshot.restarted);
            }
        }
    }

    /// A caller who is not there any more.
    fn missing(&mut self, c: CallSlot, restarted: bool) {
        let ending = match self.calls[c].call.state {
            CallState::Talking => Ending::by(Outcome::Answered, EndedBy::System),
            CallState::Connecting => Ending::by(Outcome::Failed, EndedBy::System),
            _ if restarted => Ending::by(Outcome::Failed, EndedBy::System),
            _ => Ending::by(Outcome::Abandoned, EndedBy::Caller),
        };
        self.end_call(c, ending);
    }

    /// A caller who is still there: what became of the agents' legs?
    fn reconcile(&mut self, c: CallSlot, seen: &Seen) {
        match self.calls[c].call.state {
            CallState::Waiting => {}
            CallState::Ringing | CallState::Parked => {
                for a in self.calls[c].offers.clone() {
                    self.reconcile_ringing(a, seen);
                }
            }
            CallState::Connecting => {
                if let Some(&a) = self.calls[c].offers.first() {
                    self.reconcile_connecting(a, seen);
                }
            }
            CallState::Talking | CallState::Ended => return self.reconcile_talking(c, seen),
        }
        // Who was being connected may have overflowed and ended by now, if the queue was removed meanwhile.
        if self.calls.try_get(c).is_some() {
            self.thaw(c);
        }
    }

    fn reconcile_ringing(&mut self, a: AgentSlot, seen: &Seen) {
        let Some(offer) = &self.agents[a].offer else {
            return;
        };
        let (id, call) = (offer.id, offer.call);
        if seen.bridged.contains(&id) {
            return self.connected(id);
        }
        match seen.legs.get(&id) {
            Some(true) => self.offer_answered(id),
            Some(false) => {}
            None => {
                self.end_offer(a, OfferResult::ServerLost);
                self.relieve(a);
                self.back_to_waiting(call);
            }
        }
    }

    fn reconcile_connecting(&mut self, a: AgentSlot, seen: &Seen) {
        let until = self.now.mono.after(CONNECT_TIMEOUT);
        let Some(offer) = &mut self.agents[a].offer else {
            return;
        };
        let id = offer.id;
        if seen.bridged.contains(&id) {
            self.connected(id);
        } else if seen.legs.contains_key(&id) {
            // The command may have been lost on the way; a second one does no harm.
            offer.until = until;
            let call = self.calls[offer.call].call.id;
            self.command(Command::Connect { call, offer: id });
        } else {
            self.bridge_failed(a, OfferResult::ServerLost);
        }
    }

    fn reconcile_talking(&mut self, c: CallSlot, seen: &Seen) {
        let leg = self.calls[c]
            .offers
            .first()
            .and_then(|&a| self.agents[a].offer.as_ref())
            .map(|offer| offer.id);
        let up = leg.is_some_and(|id| seen.legs.contains_key(&id) || seen.bridged.contains(&id));
        if !up {
            let call = self.calls[c].call.id;
            self.end_call(c, Ending::by(Outcome::Answered, EndedBy::System));
            self.command(Command::HangUp { call });
        }
    }

    /// Decisions are made for the call again.
    fn thaw(&mut self, c: CallSlot) {
        let record = &self.calls[c];
        for index in 0..record.offers.len() {
            let a = self.calls[c].offers[index];
            let agent = &mut self.agents[a];
            let due = agent
                .offer
                .as_ref()
                .filter(|offer| offer.phase != OfferPhase::Connected)
                .map(|offer| offer.until);
            self.timers.set(Timer::Agent(a), &mut agent.deadline, due);
        }
        let record = &self.calls[c];
        if record.call.state == CallState::Parked {
            self.play_in_slot(c);
            if self.calls[c].offers.is_empty() {
                self.arm(c);
            }
            return;
        }
        if !matches!(record.call.state, CallState::Waiting | CallState::Ringing) {
            return;
        }
        let (Some(q), Some(place)) = (record.queue, record.place) else {
            return self.turn_away(c, Outcome::Unrouted, None);
        };
        let waiting = record.call.state == CallState::Waiting;
        if !self.queues[q].open() {
            return self.overflow(c, OverflowReason::QueueRemoved);
        }
        if waiting {
            self.make_offerable(c);
        } else if self.queues[q].queue.strategy == Strategy::RingAll {
            self.queues[q].joinable.insert(place);
        }
        let queue = &self.queues[q];
        if queue.queue.no_agents == NoAgents::OverflowAll && !queue.staffed() {
            self.emptied.push(q);
        }
        self.arm(c);
    }
}
