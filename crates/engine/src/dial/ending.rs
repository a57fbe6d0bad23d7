//! The end of a placed call: one outcome, and everything that was bound to it set free.

use std::collections::{BTreeMap, VecDeque};

use model::{Call, CallId, CallState, EndedBy, EventBody, Outcome, ReservationId};

use super::{Command, Dialler, Leg, LegState, Step};
use crate::callerid::{Outcome as UseOutcome, Release};

/// Ended calls that are remembered, so that a request that comes again is answered and does not ring.
const MAX_ENDED: usize = 4_096;

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
    pub(super) fn give_up_asking(&mut self, id: CallId) {
        let step = self.dials.get(&id).map(|dial| dial.step);
        if step == Some(Step::Asking)
            && let Some(dial) = self.dials.remove(&id)
            && let Some(agent) = dial.call.agent
        {
            let talked = false;
            let call = id;
            self.commands.push_back(Command::Disengage {
                agent,
                call,
                talked,
            });
        }
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

    pub(super) fn hang_up_asked(&mut self, id: CallId) {
        let Some(dial) = self.dials.get(&id) else {
            return;
        };
        if dial.step == Step::Asking {
            return self.give_up_asking(id);
        }
        let outcome = dial.outcome();
        self.end(id, Ending::by(outcome, EndedBy::Agent));
    }

    pub(super) fn end(&mut self, id: CallId, ending: Ending) {
        let Some(mut dial) = self.dials.remove(&id) else {
            return;
        };
        if let Some(deadline) = dial.deadline {
            self.timers.remove(&(deadline, id));
        }
        let now = self.now.utc;
        let call = &mut dial.call;
        let talk = call.answered_at.map(|since| now.since(since));
        let talk_ms = talk.map(|talk| u64::try_from(talk.as_millis()).unwrap_or(u64::MAX));
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
                talk_ms,
            }));
        let (server, agent) = (call.server, call.agent);
        let reservation = call.placed.as_ref().and_then(|placed| placed.reservation);
        call.state = CallState::Ended;
        (call.ended_at, call.talk_ms) = (Some(now), talk_ms);
        (call.outcome, call.ended_by) = (Some(ending.outcome), Some(ending.ended_by));
        call.hangup_cause = ending.cause;
        let legs = [
            (Leg::Customer, dial.customer_leg),
            (Leg::Agent, dial.agent_leg),
        ];
        for (leg, state) in legs {
            if matches!(state, LegState::Asked | LegState::Seen) {
                self.let_go(id, server, leg);
            }
        }
        if dial.step >= Step::Connecting {
            self.commands
                .push_back(Command::TakeDown { call: id, server });
        }
        if let Some(reservation) = reservation {
            let outcome = UseOutcome {
                answered: dial.step >= Step::Connecting,
                talk: talk.unwrap_or_default(),
            };
            let why = match dial.customer_leg {
                LegState::None => Release::Deleted,
                _ => Release::CallEnded(Some(outcome)),
            };
            self.commands
                .push_back(Command::Release { reservation, why });
        }
        if let Some(agent) = agent {
            let (call, talked) = (id, dial.step == Step::Talking);
            self.commands.push_back(Command::Disengage {
                agent,
                call,
                talked,
            });
        }
        self.ended.note(dial.call);
    }
}

impl super::Dial {
    /// How it ends if it ends now.
    pub(super) fn outcome(&self) -> Outcome {
        match self.step {
            Step::Talking => Outcome::Answered,
            _ => Outcome::NotReached,
        }
    }
}
