//! Offers: ringing an agent's phone for a call, and every way in which that leads to nothing.

use std::time::Duration;

use model::{
    AgentState, AgentStatus, Apart, CallState, Choice, EventBody, OfferId, OfferResult, Strategy,
};
use rand::Rng;

use super::end::millis;
use super::record::{AgentSlot, CallSlot, Offer, OfferPhase, QueueSlot};
use super::{Acd, Command, OfferFailure, RING_GRACE};

impl Acd {
    /// Rings `a` for `c`. The agent is available and the call in line.
    pub(super) fn ring(&mut self, c: CallSlot, a: AgentSlot, q: QueueSlot, choice: Choice) {
        let id = OfferId::new(self.now.utc, self.chance.random());
        let timeout = self.ring_time(c, q);
        let (next, next_reason) = self.goes_back_to(a);
        let asked_for = matches!(choice.apart, Some(Apart::Retrieved | Apart::PickedUp));
        let place = self.mark_ringing(c, q);
        let record = &mut self.calls[c];
        let call = record.call.id;
        let index = record.offers.len();
        record.offers.push(a);

        let queue = &mut self.queues[q];
        queue.offers_made += 1;
        if queue.queue.strategy == Strategy::RingAll
            && let Some(place) = place
        {
            queue.joinable.insert(place);
        }
        let until = self.now.mono.after(timeout + RING_GRACE);
        let agent = &mut self.agents[a];
        agent.offer = Some(Offer {
            id,
            call: c,
            queue: q,
            place: index,
            phase: OfferPhase::Ringing,
            apart: choice.apart,
            made: self.now.mono,
            answered: None,
            until,
        });
        let (agent_id, extension) = (agent.agent.id, agent.agent.extension.clone());
        let queue_id = queue.queue.id;
        self.offers.insert(id, a);
        self.publish(EventBody::CallOffered {
            call,
            queue: queue_id,
            offer: id,
            agent: agent_id,
            choice,
        });
        let status = AgentStatus {
            call: Some(call),
            offer: Some(id),
            next,
            next_reason,
            ..AgentStatus::plain(AgentState::Ringing, self.now.utc)
        };
        self.set_status(a, status, Some(until));
        // After `set_status`: while listed, an agent's turn in this queue must not change.
        let made = self.queues[q].offers_made;
        let mut memberships = self.agents[a].memberships.iter_mut();
        if let Some(membership) = memberships.find(|m| m.queue == q) {
            membership.last_offered = made;
        }
        self.command(Command::Offer {
            offer: id,
            call,
            agent: agent_id,
            extension,
            timeout,
            asked_for,
        });
    }

    /// The queue's ring time, or what is left of the longest wait.
    fn ring_time(&self, c: CallSlot, q: QueueSlot) -> Duration {
        let whole = Duration::from_secs(self.queues[q].queue.ring_seconds.into());
        let left = self.calls[c]
            .deadline
            .map(|deadline| deadline.since(self.now.mono));
        left.map_or(whole, |left| left.min(whole))
    }

    fn mark_ringing(&mut self, c: CallSlot, q: QueueSlot) -> Option<super::record::Place> {
        let place = self.calls[c].place?;
        if self.calls[c].call.state == CallState::Waiting {
            self.make_unofferable(c);
            self.calls[c].call.state = CallState::Ringing;
            self.queues[q].ringing += 1;
        }
        Some(place)
    }

    /// Takes the agent's offer out of the books, saying how it ended. Talking ones have ended as answered before.
    pub(super) fn end_offer(&mut self, a: AgentSlot, result: OfferResult) -> Option<Offer> {
        let offer = self.agents[a].offer.take()?;
        self.offers.remove(&offer.id);
        let call = &mut self.calls[offer.call];
        call.offers.swap_remove(offer.place);
        if let Some(&moved) = call.offers.get(offer.place)
            && let Some(moved) = &mut self.agents[moved].offer
        {
            moved.place = offer.place;
        }
        if offer.phase != OfferPhase::Connected {
            self.publish_offer_end(a, &offer, result);
        }
        Some(offer)
    }

    pub(super) fn publish_offer_end(&mut self, a: AgentSlot, offer: &Offer, result: OfferResult) {
        let rang = offer.answered.unwrap_or(self.now.mono).since(offer.made);
        self.publish(EventBody::OfferEnded {
            call: self.calls[offer.call].call.id,
            queue: self.queues[offer.queue].queue.id,
            offer: offer.id,
            agent: self.agents[a].agent.id,
            result,
            ring_ms: millis(rang),
        });
    }

    pub(super) fn offer_failed(&mut self, id: OfferId, why: OfferFailure) {
        let Some(a) = self.ringing(id) else {
            return;
        };
        let (result, reason) = match why {
            OfferFailure::NoAnswer => (OfferResult::Missed, "missed"),
            OfferFailure::Busy => (OfferResult::PhoneBusy, "phone busy"),
            OfferFailure::Declined => (OfferResult::Declined, "declined"),
            OfferFailure::Unreachable => (OfferResult::Unreachable, "unreachable"),
        };
        self.offer_came_to_nothing(a, result, reason);
    }

    pub(super) fn offer_declined(&mut self, id: OfferId) {
        if let Some(a) = self.ringing(id) {
            self.offer_came_to_nothing(a, OfferResult::Declined, "declined");
            self.command(Command::Withdraw { offer: id });
        }
    }

    /// Asterisk should have reported the end of ringing by now.
    pub(super) fn ring_time_over(&mut self, a: AgentSlot) {
        if let Some(offer) = self.agents[a].offer.as_ref().map(|offer| offer.id) {
            self.offer_came_to_nothing(a, OfferResult::Missed, "missed");
            self.command(Command::Withdraw { offer });
        }
    }

    pub(super) fn offer_came_to_nothing(
        &mut self,
        a: AgentSlot,
        result: OfferResult,
        reason: &str,
    ) {
        let Some(offer) = self.end_offer(a, result) else {
            return;
        };
        if offer.is_asked_for() {
            self.relieve(a);
        } else {
            let pause = self.queues[offer.queue].queue.no_answer_seconds;
            self.pause(a, reason, pause.map(|s| Duration::from_secs(s.into())));
        }
        self.back_to_waiting(offer.call);
    }

    /// The agent whose phone rings with this offer.
    pub(super) fn ringing(&self, id: OfferId) -> Option<AgentSlot> {
        let a = *self.offers.get(&id)?;
        let offer = self.agents[a].offer.as_ref()?;
        (offer.phase == OfferPhase::Ringing).then_some(a)
    }
}
