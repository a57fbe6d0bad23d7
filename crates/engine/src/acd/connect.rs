//! From the agent's answer to the conversation, and the ways in which the bridge fails.

use model::{
    AgentState, AgentStatus, CallState, EndedBy, EventBody, OfferId, OfferResult, Outcome,
    OverflowReason,
};

use super::end::{Ending, millis};
use super::record::{AgentSlot, CallSlot, OfferPhase, Tally};
use super::{Acd, BRIDGE_PAUSE, CONNECT_TIMEOUT, Command};

impl Acd {
    pub(super) fn offer_answered(&mut self, id: OfferId) {
        match self.ringing(id) {
            Some(a) => self.picked_up(a, true),
            None if self.offers.contains_key(&id) => {}
            // The caller is gone, or somebody was faster: the agent's leg must not hang in the air.
            None => self.command(Command::Disconnect { offer: id }),
        }
    }

    /// The agent has the call; all others who ring for it are let go. `connect`: the bridge is still to be built.
    pub(super) fn picked_up(&mut self, a: AgentSlot, connect: bool) {
        let Some(offer) = &mut self.agents[a].offer else {
            return;
        };
        offer.phase = OfferPhase::Answered;
        offer.answered = Some(self.now.mono);
        offer.until = self.now.mono.after(CONNECT_TIMEOUT);
        let (id, c, place, until) = (offer.id, offer.call, offer.place, offer.until);

        if self.calls[c].call.state == CallState::Parked {
            self.leave_slot(c);
        } else {
            self.leave_line(c);
        }
        let record = &mut self.calls[c];
        record.call.state = CallState::Connecting;
        record.offers.swap(0, place);
        let swapped = record.offers[place];
        let (call, frozen) = (record.call.id, record.frozen);
        if let Some(q) = record.queue {
            self.queues[q].served += 1;
        }
        for (agent, index) in [(swapped, place), (a, 0)] {
            if let Some(offer) = &mut self.agents[agent].offer {
                offer.place = index;
            }
        }
        let (next, next_reason) = self.goes_back_to(a);
        let status = AgentStatus {
            call: Some(call),
            offer: Some(id),
            next,
            next_reason,
            ..AgentStatus::plain(AgentState::Busy, self.now.utc)
        };
        self.set_status(a, status, (!frozen).then_some(until));
        if connect {
            self.command(Command::Connect { call, offer: id });
        }
        let mut losers = Vec::new();
        while let [_, .., loser] = self.calls[c].offers[..] {
            if let Some(offer) = self.end_offer(loser, OfferResult::LostRace) {
                losers.push((loser, offer.id, OfferPhase::Ringing));
            }
        }
        self.release(losers);
    }

    pub(super) fn connected(&mut self, id: OfferId) {
        let Some(&a) = self.offers.get(&id) else {
            return self.command(Command::Disconnect { offer: id });
        };
        match self.agents[a].offer.as_ref().map(|offer| offer.phase) {
            Some(OfferPhase::Ringing) => {
                self.picked_up(a, false);
                self.talk(a);
            }
            Some(OfferPhase::Answered) => self.talk(a),
            Some(OfferPhase::Connected) | None => {}
        }
    }

    fn talk(&mut self, a: AgentSlot) {
        let Some(mut offer) = self.agents[a].offer.take() else {
            return;
        };
        self.publish_offer_end(a, &offer, OfferResult::Answered);
        offer.phase = OfferPhase::Connected;
        let agent = self.agents[a].agent.id;
        let now = self.now.utc;
        let record = &mut self.calls[offer.call];
        let call = &mut record.call;
        call.state = CallState::Talking;
        call.agent = Some(agent);
        call.offer = Some(offer.id);
        record.answered = true;
        let (id, queue) = (call.id, self.queues[offer.queue].queue.id);
        let again = call.answered_at.is_some();
        let body = if again {
            EventBody::CallRetrieved {
                call: id,
                queue,
                offer: offer.id,
                agent,
                slot: call.control.unpark(now),
            }
        } else {
            let wait_ms = millis(now.since(call.queued_at.unwrap_or(call.arrived_at)));
            call.answered_at = Some(now);
            call.wait_ms = Some(wait_ms);
            EventBody::CallAnswered {
                call: id,
                queue,
                offer: offer.id,
                agent,
                wait_ms,
            }
        };
        self.publish(body);
        let record = &mut self.agents[a];
        record.offer = Some(offer);
        self.timers
            .set(super::Timer::Agent(a), &mut record.deadline, None);
        if !again {
            self.count_call(a);
        }
    }

    /// One more call today, in every zone's today.
    fn count_call(&mut self, a: AgentSlot) {
        let tallies = &mut self.agents[a].tallies;
        tallies.resize(self.zones.len(), Tally::default());
        for (tally, zone) in tallies.iter_mut().zip(&mut self.zones) {
            let day = zone.today(self.now.utc);
            if tally.day != day {
                *tally = Tally { day, calls: 0 };
            }
            tally.calls += 1;
        }
    }

    pub(super) fn connect_failed(&mut self, id: OfferId) {
        if let Some(a) = self.connecting(id) {
            self.bridge_failed(a, OfferResult::BridgeFailed);
        }
    }

    /// The caller goes back to the old place in line, the agent rests a little.
    pub(super) fn bridge_failed(&mut self, a: AgentSlot, result: OfferResult) {
        let Some(offer) = self.end_offer(a, result) else {
            return;
        };
        if self.agents[a].status.next.is_some() {
            self.relieve(a);
        } else {
            self.pause(a, "bridge failed", Some(BRIDGE_PAUSE));
        }
        self.command(Command::Disconnect { offer: offer.id });
        self.back_in_line(offer.call);
    }

    /// A call that was being connected waits again, in line or in its slot.
    pub(super) fn back_in_line(&mut self, c: CallSlot) {
        if self.calls[c].call.control.parked.is_some() {
            return self.put_into_slot(c);
        }
        self.leave_service(c);
        self.calls[c].answered = true;
        self.join_line(c);
        let open = self.calls[c].queue.is_some_and(|q| self.queues[q].open());
        if open || self.calls[c].frozen {
            self.play_music(c);
        } else {
            self.overflow(c, OverflowReason::QueueRemoved);
        }
    }

    pub(super) fn agent_hung_up(&mut self, id: OfferId, _cause: Option<u16>) {
        let Some(&a) = self.offers.get(&id) else {
            return;
        };
        let Some(offer) = &self.agents[a].offer else {
            return;
        };
        match offer.phase {
            OfferPhase::Ringing => {
                self.offer_came_to_nothing(a, OfferResult::Missed, "missed");
            }
            OfferPhase::Answered => self.bridge_failed(a, OfferResult::BridgeFailed),
            OfferPhase::Connected => {
                let c = offer.call;
                let call = self.calls[c].call.id;
                self.end_call(c, Ending::by(Outcome::Answered, EndedBy::Agent));
                self.command(Command::HangUp { call });
            }
        }
    }

    /// The agent whose bridge is being built for this offer.
    pub(super) fn connecting(&self, id: OfferId) -> Option<AgentSlot> {
        let a = *self.offers.get(&id)?;
        let offer = self.agents[a].offer.as_ref()?;
        (offer.phase == OfferPhase::Answered).then_some(a)
    }
}
