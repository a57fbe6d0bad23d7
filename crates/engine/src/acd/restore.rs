//! After a restart of ours: calls and agents as the journal left them.
//!
//! Restoring publishes nothing, since nothing has happened. Restored calls are frozen until their server's
//! `ServerResynced` says what became of them. Calls and agents may come in any order.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use model::{
    Agent, AgentId, AgentState, AgentStatus, AnswerOn, Call, CallState, OfferId, OfferResult,
    Queue, QueueId,
};

use super::record::{
    AgentSlot, CallRecord, CallSlot, Offer, OfferPhase, QueueRecord, QueueSlot, Tally,
};
use super::timer::Timer;
use super::{Acd, CallRestored, RING_GRACE};

impl Acd {
    pub(super) fn call_restored(&mut self, restored: CallRestored) {
        let CallRestored {
            call,
            offers,
            entered_at,
        } = restored;
        let id = call.id;
        if self.calls.slot(id).is_some()
            || self.gone.get(id).is_some()
            || call.state == CallState::Ended
        {
            return;
        }
        self.lost.insert(call.server);
        let queue = call.queue.map(|id| self.queue_or_tombstone(id));
        let queued_at = call.queued_at.unwrap_or(call.arrived_at);
        let answered = call.answered_at.is_some()
            || queue.is_some_and(|q| self.queues[q].queue.answer_on == AnswerOn::Queue);
        let (state, priority) = (call.state, call.priority);
        let c = self.calls.insert(
            id,
            CallRecord {
                queue,
                place: None,
                entered: entered_at.unwrap_or(queued_at),
                deadline: None,
                kept: None,
                offers: Vec::new(),
                ring_penalty: u8::MAX,
                frozen: true,
                fresh: false,
                answered,
                visited: call.queue.into_iter().collect(),
                call,
            },
        );
        if state != CallState::Parked {
            self.calls[c].place = queue.map(|_| (Reverse(priority), queued_at, id, c));
        }
        if let Some(q) = queue {
            self.reattach(c, q, state, &offers);
        }
        self.resume(c);
    }

    /// The record of a queue, though it may have been removed meanwhile.
    fn queue_or_tombstone(&mut self, id: QueueId) -> QueueSlot {
        if let Some(q) = self.queues.slot(id) {
            return q;
        }
        let zone = self.zone("UTC");
        let mut record = QueueRecord::new(Queue::new(id, "removed"), zone);
        record.removed = true;
        self.queues.insert(id, record)
    }

    /// Somebody who was removed while on this call, and is gone when it ends.
    fn agent_tombstone(&mut self, id: AgentId) -> AgentSlot {
        self.agent_set(Agent {
            id,
            name: "removed".to_owned(),
            extension: String::new(),
            user: None,
            skills: BTreeMap::new(),
            active: false,
        });
        let a = self.agents.slot(id).expect("it has just been set");
        self.agents[a].removed = true;
        a
    }

    /// Binds the agents who were ringing or talking.
    fn reattach(
        &mut self,
        c: CallSlot,
        q: QueueSlot,
        state: CallState,
        offers: &[(OfferId, AgentId)],
    ) {
        let call = &self.calls[c].call;
        let answered = call.offer.zip(call.agent);
        match state {
            CallState::Ringing | CallState::Parked => {
                for &(offer, agent) in offers {
                    self.attach(c, q, offer, agent, OfferPhase::Ringing);
                }
            }
            CallState::Connecting | CallState::Talking => {
                let phase = if state == CallState::Talking {
                    OfferPhase::Connected
                } else {
                    OfferPhase::Answered
                };
                let mut all = answered.into_iter().chain(offers.iter().copied());
                while let Some((offer, agent)) = all.next()
                    && !self.attach(c, q, offer, agent, phase)
                {}
            }
            CallState::Waiting | CallState::Ended => {}
        }
    }

    fn attach(
        &mut self,
        c: CallSlot,
        q: QueueSlot,
        id: OfferId,
        agent: AgentId,
        phase: OfferPhase,
    ) -> bool {
        let a = match self.agents.slot(agent) {
            Some(a) => a,
            None if phase == OfferPhase::Ringing => return false,
            None => self.agent_tombstone(agent),
        };
        let record = &self.agents[a];
        let busy = matches!(record.status.state, AgentState::Ringing | AgentState::Busy);
        let elsewhere = record.status.offer.is_some_and(|offer| offer != id);
        if record.offer.is_some() || (record.restored && (!busy || elsewhere)) {
            return false;
        }
        let ring = Duration::from_secs(self.queues[q].queue.ring_seconds.into());
        let index = self.calls[c].offers.len();
        self.calls[c].offers.push(a);
        self.offers.insert(id, a);
        self.agents[a].offer = Some(Offer {
            id,
            call: c,
            queue: q,
            place: index,
            phase,
            apart: None,
            made: self.now.mono,
            answered: (phase != OfferPhase::Ringing).then_some(self.now.mono),
            until: self.now.mono.after(ring + RING_GRACE),
        });
        let status = self.agents[a].status.clone();
        self.resume_offer(a, status);
        true
    }

    /// The call is where its offers say it is.
    fn resume(&mut self, c: CallSlot) {
        let record = &mut self.calls[c];
        let bound = !record.offers.is_empty();
        if record.call.state == CallState::Parked
            && let Some(q) = record.queue
        {
            self.queues[q].parked += 1;
            return;
        }
        let (Some(q), Some(place)) = (record.queue, record.place) else {
            record.call.state = CallState::Waiting;
            return;
        };
        let queue = &mut self.queues[q];
        match record.call.state {
            CallState::Connecting | CallState::Talking if bound => {
                queue.served += 1;
                return;
            }
            CallState::Ringing if bound => queue.ringing += 1,
            _ => wait_again(&mut record.call),
        }
        queue.line.insert(place);
    }

    pub(super) fn agent_restored(&mut self, id: AgentId, status: AgentStatus, calls_today: u32) {
        let Some(a) = self.agents.slot(id) else {
            return;
        };
        if self.agents[a].restored {
            return;
        }
        self.agents[a].restored = true;
        self.restore_tally(a, calls_today);
        let busy = matches!(status.state, AgentState::Ringing | AgentState::Busy);
        let bound = self.agents[a].offer.as_ref().map(|offer| offer.phase);
        match (busy, bound) {
            (true, Some(_)) => self.resume_offer(a, status),
            (true, None) => {
                self.quiet_status(a, status);
                self.dangling.push(id);
            }
            (false, Some(OfferPhase::Ringing)) => {
                // The journal has the agent elsewhere already: the offer is over.
                if let Some(offer) = self.end_offer(a, OfferResult::AgentLeft) {
                    self.back_to_waiting(offer.call);
                }
                self.resume_idle(a, status);
            }
            (false, Some(_)) => {}
            (false, None) => self.resume_idle(a, status),
        }
    }

    fn restore_tally(&mut self, a: AgentSlot, calls: u32) {
        let now = self.now.utc;
        self.agents[a].tallies = self
            .zones
            .iter_mut()
            .map(|zone| Tally {
                day: zone.today(now),
                calls,
            })
            .collect();
    }

    /// An agent bound by an offer: what the call says, with the agent's own wishes.
    fn resume_offer(&mut self, a: AgentSlot, status: AgentStatus) {
        let Some(offer) = &self.agents[a].offer else {
            return;
        };
        let state = match offer.phase {
            OfferPhase::Ringing => AgentState::Ringing,
            _ => AgentState::Busy,
        };
        let since = if status.state == state {
            status.since
        } else {
            self.now.utc
        };
        let status = AgentStatus {
            call: Some(self.calls[offer.call].call.id),
            offer: Some(offer.id),
            next: status.next,
            next_reason: status.next_reason,
            ..AgentStatus::plain(state, since)
        };
        self.quiet_status(a, status);
    }

    fn resume_idle(&mut self, a: AgentSlot, status: AgentStatus) {
        if !self.agents[a].employed() {
            return;
        }
        let state = status.state;
        let until = status.until.map(|until| self.now.instant_of(until));
        let due = match state {
            AgentState::WrapUp => until.or(Some(self.now.mono)),
            AgentState::NoAnswer => until,
            _ => None,
        };
        self.agents[a].idle_since = status.since;
        self.quiet_status(a, status);
        let record = &mut self.agents[a];
        self.timers.set(Timer::Agent(a), &mut record.deadline, due);
        if state == AgentState::Available {
            self.seekers.push(a);
        }
    }

    /// A state that is only remembered, not new.
    fn quiet_status(&mut self, a: AgentSlot, status: AgentStatus) {
        let from = self.agents[a].status.state;
        if from != status.state {
            self.unlist(a);
            self.recount(a, from, status.state);
        }
        self.agents[a].status = status;
    }

    /// Agents whose offer belongs to no call that we know are set free.
    pub(super) fn settle_dangling(&mut self) {
        for id in std::mem::take(&mut self.dangling) {
            let Some(a) = self.agents.slot(id) else {
                continue;
            };
            let record = &self.agents[a];
            let busy = matches!(record.status.state, AgentState::Ringing | AgentState::Busy);
            if busy && !record.bound() {
                self.relieve(a);
            }
        }
    }
}

/// Whom nobody is known to serve must be served again.
fn wait_again(call: &mut Call) {
    let comes_from_slot = matches!(call.state, CallState::Waiting | CallState::Ringing);
    call.state = CallState::Waiting;
    if comes_from_slot && call.answered_at.is_some() {
        return;
    }
    call.agent = None;
    call.offer = None;
    call.answered_at = None;
    call.wait_ms = None;
}
