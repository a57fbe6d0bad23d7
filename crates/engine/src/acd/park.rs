//! Parked calls: in a slot, with music and without an agent, until somebody fetches them.
//!
//! Nobody is forgotten in a slot. When the time there is over, whoever parked the call is rung, if available; else, or if they do
//! not pick up, the caller is in line again, by the time of arrival, which is to say first. Where that line leads nowhere, as nobody
//! is there, the caller stays in the slot and is looked at again soon. Hung up in the slot, the call was answered all the same.

use std::cmp::Reverse;
use std::time::Duration;

use model::{AgentId, AgentState, Apart, Call, CallId, CallState, Control, EventBody, Parked};

use super::record::{AgentSlot, CallSlot};
use super::timer::Timer;
use super::{Acd, Command};

/// How soon a call is looked at again whose time is over, and for whom nobody is there.
pub const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// What a call is parked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parking {
    pub slot: u32,
    /// How long the call stays there at most.
    pub time: Duration,
    /// Who asked for it.
    pub by: String,
    /// What had been done to the call while it talked.
    pub control: Control,
}

impl Acd {
    /// Calls in slots, those included that are just being fetched.
    pub fn parked(&self) -> impl Iterator<Item = (&Call, &Parked)> {
        let calls = self.calls.iter().map(|record| &record.call);
        calls.filter_map(|call| Some((call, call.control.parked.as_ref()?)))
    }

    pub(super) fn call_parked(&mut self, id: CallId, parking: Parking) {
        let talking = |c: &CallSlot| self.calls[*c].call.state == CallState::Talking;
        let Some(c) = self.calls.slot(id).filter(talking) else {
            return;
        };
        let (Some(q), Some(agent)) = (self.calls[c].queue, self.calls[c].call.agent) else {
            return;
        };
        let until = self.now.utc.after(parking.time);
        let call = &mut self.calls[c].call;
        call.control = parking.control;
        call.control.park(Parked {
            slot: parking.slot,
            by: agent,
            since: self.now.utc,
            until,
        });
        let body = EventBody::CallParked {
            call: id,
            queue: self.queues[q].queue.id,
            agent,
            by: parking.by,
            slot: parking.slot,
            until,
        };
        self.publish(body);
        let dropped = self.end_offers(c, model::OfferResult::Answered);
        self.release(dropped);
        self.put_into_slot(c);
    }

    /// The call has nobody (any more) and is in its slot.
    pub(super) fn put_into_slot(&mut self, c: CallSlot) {
        let record = &mut self.calls[c];
        record.call.state = CallState::Parked;
        record.place = None;
        record.answered = true;
        let Some(q) = record.queue else { return };
        self.leave_service(c);
        self.queues[q].parked += 1;
        self.play_in_slot(c);
        self.arm(c);
    }

    /// A second time does no harm.
    pub(super) fn play_in_slot(&mut self, c: CallSlot) {
        let record = &self.calls[c];
        if let Some(q) = record.queue {
            let (call, class) = (record.call.id, self.queues[q].queue.music_class.clone());
            self.command(Command::Park { call, class });
        }
    }

    /// Out of the slot: somebody has it, or it is over.
    pub(super) fn leave_slot(&mut self, c: CallSlot) {
        let record = &mut self.calls[c];
        self.timers.set(Timer::Call(c), &mut record.deadline, None);
        if let Some(q) = record.queue {
            let queue = &mut self.queues[q];
            queue.parked -= 1;
            if queue.removed {
                self.retiring.push(q);
            }
        }
    }

    /// The time in the slot is over.
    pub(super) fn parked_long(&mut self, c: CallSlot) {
        let record = &self.calls[c];
        let Some(parked) = record.call.control.parked else {
            return;
        };
        if !record.offers.is_empty() {
            // Looked at again when that has come to nothing.
            return;
        }
        if let Some(a) = self.waiting_for(parked.by) {
            return self.ring_apart(c, a, Apart::CameBack);
        }
        let queue = record.queue.map(|q| &self.queues[q]);
        if queue.is_some_and(|queue| queue.open() && queue.staffed()) {
            return self.back_from_slot(c);
        }
        let due = self.now.mono.after(LOOK_AGAIN);
        let record = &mut self.calls[c];
        self.timers
            .set(Timer::Call(c), &mut record.deadline, Some(due));
    }

    fn waiting_for(&self, agent: AgentId) -> Option<AgentSlot> {
        let a = self.agents.slot(agent)?;
        let available = self.agents[a].status.state == AgentState::Available;
        available.then_some(a)
    }

    /// Into the line of its queue again. The log knows one stay there, the one that was answered.
    fn back_from_slot(&mut self, c: CallSlot) {
        self.leave_slot(c);
        let now = self.now.utc;
        let record = &mut self.calls[c];
        let slot = record.call.control.unpark(now).unwrap_or_default();
        let call = &record.call;
        let (id, queued_at) = (call.id, call.queued_at.unwrap_or(call.arrived_at));
        record.place = Some((Reverse(call.priority), queued_at, id, c));
        record.entered = now;
        let Some(q) = record.queue else { return };
        let queue = self.queues[q].queue.id;
        self.publish(EventBody::CallReturned {
            call: id,
            queue,
            slot,
        });
        self.join_line(c);
    }
}
