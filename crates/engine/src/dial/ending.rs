//! The end of a placed call: one outcome, and everything that was bound to it set free.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use model::{Call, CallId, CallState, EndedBy, EventBody, Now, Outcome, ReservationId};

use super::{Command, Dial, Dialler, Leg, LegState, Step, WhyNot};
use crate::callerid::{Outcome as UseOutcome, Release};

/// Ended calls that are remembered, so that a request that comes again is answered and does not ring.
pub const MAX_ENDED: usize = 4_096;

/// How a call ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ending {
    pub(super) outcome: Outcome,
    pub(super) ended_by: EndedBy,
    pub(super) cause: Option<u16>,
}

impl Ending {
    pub(super) fn by(outcome: Outcome, ended_by: EndedBy) -> Self {
        Self {
            outcome,
            ended_by,
            cause: None,
        }
    }
}

/// The last calls that have ended; the oldest is forgotten first.
#[derive(Default)]
pub(super) struct Ended {
    calls: BTreeMap<CallId, Call>,
    order: VecDeque<CallId>,
}

impl Ended {
    pub(super) fn get(&self, call: CallId) -> Option<&Call> {
        self.calls.get(&call)
    }

    fn note(&mut self, call: Call) {
        self.order.push_back(call.id);
        self.calls.insert(call.id, call);
        if self.order.len() > MAX_ENDED
            && let Some(oldest) = self.order.pop_front()
        {
            self.calls.remove(&oldest);
        }
    }
}

impl Dialler {
    /// Nothing has been placed: the call leaves no trace.
    pub(super) fn give_up_asking(&mut self, id: CallId, why: WhyNot) {
        let dial = self.dials.get(&id);
        if dial.is_some_and(|dial| dial.step == Step::Asking) {
            self.forget(id);
            self.commands
                .push_back(Command::NotPlaced { call: id, why });
        }
    }

    fn forget(&mut self, id: CallId) -> Option<Dial> {
        let dial = self.dials.remove(&id)?;
        if let Some(deadline) = dial.deadline {
            self.timers.remove(&(deadline, id));
        }
        Some(dial)
    }

    pub(super) fn release_unused(&mut self, reservation: Option<ReservationId>) {
        if let Some(reservation) = reservation {
            let why = Release::Deleted;
            self.commands
                .push_back(Command::Release { reservation, why });
        }
    }

    pub(super) fn leg_ended(&mut self, id: CallId, leg: Leg, cause: Option<u16>) {
        let Some(dial) = self.dials.get_mut(&id) else {
            return;
        };
        if *dial.leg(leg) == LegState::None {
            return;
        }
        *dial.leg(leg) = LegState::Gone;
        if leg == Leg::Customer && self.goes_elsewhere(id, cause) {
            return;
        }
        let Some(dial) = self.dials.get(&id) else {
            return;
        };
        let ended_by = match leg {
            Leg::Agent => EndedBy::Agent,
            Leg::Customer => EndedBy::Caller,
        };
        let ending = Ending {
            cause,
            ..Ending::by(dial.outcome(), ended_by)
        };
        self.end(id, ending);
    }

    /// Nobody's phone was rung.
    pub(super) fn leg_refused(&mut self, id: CallId, leg: Leg, cause: Option<u16>) {
        let Some(dial) = self.dials.get_mut(&id) else {
            return;
        };
        if *dial.leg(leg) == LegState::Asked {
            *dial.leg(leg) = LegState::None;
            if leg == Leg::Customer && self.goes_elsewhere(id, cause) {
                return;
            }
            let Some(dial) = self.dials.get(&id) else {
                return;
            };
            let ending = Ending {
                cause,
                ..Ending::by(dial.outcome(), EndedBy::System)
            };
            self.end(id, ending);
        }
    }

    /// A leg that was seen speaks for itself; any other must not ring on.
    pub(super) fn leg_unsure(&mut self, id: CallId, leg: Leg) {
        let Some(dial) = self.dials.get_mut(&id) else {
            return;
        };
        if *dial.leg(leg) == LegState::Asked {
            let ending = Ending::by(dial.outcome(), EndedBy::System);
            self.end(id, ending);
        }
    }

    pub(super) fn hang_up_asked(&mut self, id: CallId) {
        let Some(dial) = self.dials.get(&id) else {
            return;
        };
        let outcome = dial.outcome();
        let ended_by = match dial.step {
            Step::Asking => return self.give_up_asking(id, WhyNot::HungUp),
            Step::Talking => EndedBy::Agent,
            _ => EndedBy::System,
        };
        self.end(id, Ending::by(outcome, ended_by));
    }

    pub(super) fn handed_over(&mut self, id: CallId) {
        if let Some(dial) = self.dials.get_mut(&id)
            && dial.step == Step::Talking
        {
            dial.customer_leg = LegState::Gone;
            self.end(id, Ending::by(Outcome::Answered, EndedBy::Agent));
        }
    }

    pub(super) fn end(&mut self, id: CallId, ending: Ending) {
        let Some(mut dial) = self.forget(id) else {
            return;
        };
        dial.close(self.now, ending);
        let call = &dial.call;
        self.commands
            .push_back(Command::Publish(EventBody::CallEnded {
                call: id,
                queue: None,
                agent: call.agent,
                outcome: ending.outcome,
                overflow_reason: None,
                ended_by: ending.ended_by,
                hangup_cause: ending.cause,
                wait_ms: None,
                talk_ms: call.talk_ms,
            }));
        self.let_legs_go(&dial);
        self.let_others_go(&dial);
        self.ended.note(dial.call);
    }

    fn let_legs_go(&mut self, dial: &Dial) {
        let (call, server) = (dial.call.id, dial.call.server);
        let legs = [
            (Leg::Customer, dial.customer_leg),
            (Leg::Agent, dial.agent_leg),
        ];
        for (leg, state) in legs {
            if matches!(state, LegState::Asked | LegState::Seen) {
                self.hang_up(call, server, leg);
            }
        }
        if dial.step >= Step::Connecting {
            self.commands.push_back(Command::TakeDown { call, server });
        }
    }

    /// The number and the agent.
    fn let_others_go(&mut self, dial: &Dial) {
        let placed = dial.call.placed.as_ref();
        if let Some(reservation) = placed.and_then(|placed| placed.reservation) {
            let why = dial.release();
            self.commands
                .push_back(Command::Release { reservation, why });
        }
        if let Some(agent) = dial.call.agent {
            let (call, talked) = (dial.call.id, dial.step == Step::Talking);
            self.commands.push_back(Command::Disengage {
                agent,
                call,
                talked,
            });
        }
    }
}

impl Dial {
    /// How it ends if it ends now.
    pub(super) fn outcome(&self) -> Outcome {
        match self.step {
            Step::Talking => Outcome::Answered,
            _ => Outcome::NotReached,
        }
    }
    fn close(&mut self, now: Now, ending: Ending) {
        let call = &mut self.call;
        let talk = call.answered_at.map(|since| now.utc.since(since));
        call.talk_ms = talk.map(|talk| u64::try_from(talk.as_millis()).unwrap_or(u64::MAX));
        call.state = CallState::Ended;
        call.ended_at = Some(now.utc);
        (call.outcome, call.ended_by) = (Some(ending.outcome), Some(ending.ended_by));
        call.hangup_cause = ending.cause;
    }

    /// What its number is told. One with which nobody's phone was seen ringing has made no call.
    fn release(&self) -> Release {
        if matches!(self.customer_leg, LegState::None | LegState::Asked) {
            return Release::Deleted;
        }
        let talk = self.call.talk_ms.map(Duration::from_millis);
        Release::CallEnded(Some(UseOutcome {
            answered: self.step >= Step::Connecting,
            talk: talk.unwrap_or_default(),
        }))
    }
}
