//! Servers that are lost and found again, and restarts of ours: what we believed against what is really there.

use std::collections::BTreeMap;

use model::{Call, CallId, CallState, Direction, EndedBy, ServerId};

use super::{Command, Dial, Dialler, Ending, Leg, LegState, Routing, Step};

impl Dialler {
    pub(super) fn server_lost(&mut self, server: ServerId) {
        self.lost.insert(server);
        for call in self.calls_of(server) {
            self.arm(call);
        }
    }

    pub(super) fn server_resynced(
        &mut self,
        server: ServerId,
        legs: &[(CallId, Leg, bool)],
        bridges: &[(CallId, bool)],
    ) {
        self.lost.remove(&server);
        let up: BTreeMap<(CallId, Leg), bool> = legs
            .iter()
            .map(|&(call, leg, up)| ((call, leg), up))
            .collect();
        for &(call, leg, _) in legs {
            if !self.is_open(call) {
                self.hang_up(call, server, leg);
            }
        }
        for &(call, _) in bridges {
            if !self.is_open(call) {
                self.commands.push_back(Command::TakeDown { call, server });
            }
        }
        for call in self.calls_of(server) {
            self.compare(call, &up, bridges.contains(&(call, true)));
        }
    }

    fn compare(&mut self, id: CallId, up: &BTreeMap<(CallId, Leg), bool>, bridged: bool) {
        let Some(dial) = self.dials.get_mut(&id) else {
            return;
        };
        let server = dial.call.server;
        for leg in [Leg::Agent, Leg::Customer] {
            let there = up.contains_key(&(id, leg));
            let state = dial.leg(leg);
            match *state {
                LegState::Asked if there => *state = LegState::Seen,
                LegState::Seen if !there => {
                    *state = LegState::Gone;
                    let outcome = dial.outcome();
                    return self.end(id, Ending::by(outcome, EndedBy::System));
                }
                // One that was asked for lately may come yet.
                _ => {}
            }
        }
        let is_up = |leg| up.get(&(id, leg)) == Some(&true);
        match dial.step {
            Step::RingingAgent if is_up(Leg::Agent) => {
                return self.leg_answered(id, Leg::Agent, server);
            }
            Step::CallingCustomer | Step::Connecting if bridged => {
                self.begin(id, Step::Connecting);
                return self.connected(id);
            }
            Step::CallingCustomer if is_up(Leg::Customer) => {
                return self.leg_answered(id, Leg::Customer, server);
            }
            Step::Connecting | Step::Talking if !bridged => {
                self.commands
                    .push_back(Command::Connect { call: id, server });
            }
            _ => {}
        }
        self.arm(id);
    }

    pub(super) fn restored(&mut self, call: Call) {
        let (Direction::Outbound, Some(agent)) = (call.direction, call.agent) else {
            return;
        };
        let step = match call.state {
            CallState::Ringing => Step::RingingAgent,
            CallState::Connecting => Step::CallingCustomer,
            CallState::Talking => Step::Talking,
            CallState::Waiting | CallState::Parked | CallState::Ended => return,
        };
        self.lost.insert(call.server);
        let id = call.id;
        let dial = Dial {
            step,
            extension: String::new(),
            routing: Routing::default(),
            to: call.caller.e164.as_deref().and_then(|to| to.parse().ok()),
            agent_leg: LegState::Seen,
            customer_leg: match step {
                Step::Asking | Step::RingingAgent => LegState::None,
                _ => LegState::Seen,
            },
            until: step.limit().map(|limit| self.now.mono.after(limit)),
            deadline: None,
            call,
        };
        self.dials.insert(id, dial);
        self.commands.push_back(Command::Engage { agent, call: id });
    }

    fn calls_of(&self, server: ServerId) -> Vec<CallId> {
        let dials = self.dials.iter();
        let of = dials.filter(|(_, dial)| dial.call.server == server);
        of.map(|(id, _)| *id).collect()
    }
}
