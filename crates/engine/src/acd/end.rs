//! The end of a call: one outcome, published once, and everybody who was bound to it set free.

use model::{CallId, CallState, EndedBy, EventBody, OfferId, OfferResult, Outcome, OverflowReason};

use super::gone::How;
use super::record::{AgentSlot, CallSlot, OfferPhase};
use super::{Acd, Command};

/// How a call ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ending {
    pub(super) outcome: Outcome,
    pub(super) ended_by: EndedBy,
    pub(super) cause: Option<u16>,
    pub(super) overflow_reason: Option<OverflowReason>,
}

impl Ending {
    pub(super) fn by(outcome: Outcome, ended_by: EndedBy) -> Self {
        Self {
            outcome,
            ended_by,
            cause: None,
            overflow_reason: None,
        }
    }
}

/// An offer that has ended in our books and whose leg and agent have yet to be let go.
pub(super) type Dropped = Vec<(AgentSlot, OfferId, OfferPhase)>;

impl Acd {
    pub(super) fn end_call(&mut self, c: CallSlot, ending: Ending) {
        let state = self.calls[c].call.state;
        let dropped = self.end_offers(c, OfferResult::CallerGone);
        match state {
            CallState::Waiting | CallState::Ringing => self.leave_line(c),
            CallState::Parked => self.leave_slot(c),
            CallState::Connecting | CallState::Talking | CallState::Ended => self.leave_service(c),
        }
        let record = &self.calls[c];
        let call = &record.call;
        // Whoever has talked, and waits or is parked since, was answered.
        let outcome = match call.answered_at {
            Some(_) => Outcome::Answered,
            None => ending.outcome,
        };
        let wait_ms = call.wait_ms.or_else(|| {
            let since = call.queued_at?;
            Some(millis(self.now.utc.since(since)))
        });
        let talk_ms = call
            .answered_at
            .map(|since| millis(self.now.utc.since(since)));
        let id = call.id;
        self.publish(EventBody::CallEnded {
            call: id,
            queue: call.queue,
            agent: call.agent,
            outcome,
            overflow_reason: ending.overflow_reason,
            ended_by: ending.ended_by,
            hangup_cause: ending.cause,
            wait_ms,
            talk_ms,
        });
        self.gone.note(id, How::Ended);
        self.release(dropped);
        self.calls.remove(id);
    }

    /// Ends all offers of a call in our books; the agents and legs are let go by [`release`](Self::release).
    pub(super) fn end_offers(&mut self, c: CallSlot, result: OfferResult) -> Dropped {
        let mut dropped = Vec::with_capacity(self.calls[c].offers.len());
        while let Some(&a) = self.calls[c].offers.last() {
            let Some(offer) = self.agents[a].offer.as_ref() else {
                break;
            };
            dropped.push((a, offer.id, offer.phase));
            self.end_offer(a, result);
        }
        dropped
    }

    pub(super) fn release(&mut self, dropped: Dropped) {
        for (a, offer, phase) in dropped {
            match phase {
                OfferPhase::Ringing => {
                    self.relieve(a);
                    self.command(Command::Withdraw { offer });
                }
                OfferPhase::Answered => {
                    self.relieve(a);
                    self.command(Command::Disconnect { offer });
                }
                OfferPhase::Connected => {
                    self.after_talk(a);
                    self.command(Command::Disconnect { offer });
                }
            }
        }
    }

    /// A call that was being connected or talking leaves its agent's side of the queue.
    pub(super) fn leave_service(&mut self, c: CallSlot) {
        if let Some(q) = self.calls[c].queue {
            let queue = &mut self.queues[q];
            queue.served -= 1;
            if queue.removed {
                self.retiring.push(q);
            }
        }
    }

    fn after_talk(&mut self, a: AgentSlot) {
        let queue = self.agents[a]
            .status
            .call
            .and_then(|call| self.calls.get(call))
            .and_then(|record| record.queue);
        match queue {
            Some(q) => self.wrap_up(a, q),
            None => self.make_available(a, true),
        }
    }

    pub(super) fn caller_hung_up(&mut self, id: CallId, cause: Option<u16>) {
        let Some(c) = self.calls.slot(id) else {
            if self.gone.get(id).is_none() {
                self.gone.note(id, How::Early(cause));
            }
            return;
        };
        let outcome = match self.calls[c].call.state {
            CallState::Talking => Outcome::Answered,
            _ => Outcome::Abandoned,
        };
        self.end_call(
            c,
            Ending {
                cause,
                ..Ending::by(outcome, EndedBy::Caller)
            },
        );
    }

    pub(super) fn call_continued(&mut self, id: CallId) {
        if let Some(c) = self.calls.slot(id) {
            let outcome = match self.calls[c].call.state {
                CallState::Talking => Outcome::Answered,
                _ => Outcome::Overflowed,
            };
            self.end_call(c, Ending::by(outcome, EndedBy::System));
        }
    }

    pub(super) fn call_handed_over(&mut self, id: CallId) {
        let talking = |c: &CallSlot| self.calls[*c].call.state == CallState::Talking;
        if let Some(c) = self.calls.slot(id).filter(talking) {
            self.end_call(c, Ending::by(Outcome::Answered, EndedBy::Agent));
        }
    }

    pub(super) fn hang_up_asked(&mut self, id: CallId) {
        let Some(c) = self.calls.slot(id) else {
            return;
        };
        let ending = match self.calls[c].call.state {
            CallState::Talking => Ending::by(Outcome::Answered, EndedBy::Agent),
            _ => Ending::by(Outcome::Rejected, EndedBy::System),
        };
        self.end_call(c, ending);
        self.command(Command::HangUp { call: id });
    }
}

/// Whole milliseconds, as figures are written down.
pub(super) fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
